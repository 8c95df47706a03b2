"""From the event log to ``after_customers_erased_committed``: the erasures that were committed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID

from crmkit.core.journal import Event
from crmkit.core.personal_data import Erasure
from crmkit.hooks.causation import Cause
from crmkit.hooks.personal_data import CustomersErased, ErasedCustomer
from crmkit.store.chunks import distinct_chunks
from crmkit.store.session import Session


def committed_erasures(session: Session, events: Sequence[Event], cause: Cause) -> Iterator[CustomersErased]:
    """Yield what events of tombstones tell: a new one is an erasure."""
    made = [event.record_id for event in events if event.type == "erasure.created"]
    erased = tuple(
        ErasedCustomer(one.id, (one.customer_id, *map(UUID, one.predecessors)))
        for chunk in distinct_chunks(made)
        for one in session.list(Erasure, id=chunk, deleted=True)
    )
    if erased:
        yield CustomersErased(erased, cause)
