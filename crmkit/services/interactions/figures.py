"""What contacts with customers add up to: the last one, the first one, and counts by channel and direction.

They are computed when asked for, from the interactions themselves, so that they are right after whatever happened to
these: a merge, an undo, a correction, an erasure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from crmkit.core.customer import Customer
from crmkit.core.frozen import frozen
from crmkit.store.contacts import contact_rows
from crmkit.store.session import Session


@frozen
class ContactFigures:
    """The contacts with one customer. ``counts`` are by channel and direction; no channel and no direction are empty."""

    customer_id: UUID
    contacts: int = 0
    first_contact: datetime | None = None
    last_contact: datetime | None = None
    last_inbound: datetime | None = None
    last_outbound: datetime | None = None
    counts: Mapping[tuple[str, str], int] = MappingProxyType({})

    def by_channel(self) -> Mapping[str, int]:
        """How many contacts each channel had."""
        return self._by(0)

    def by_direction(self) -> Mapping[str, int]:
        """How many contacts each direction had."""
        return self._by(1)

    def _by(self, place: int) -> Mapping[str, int]:
        found: Counter[str] = Counter()
        for key, count in self.counts.items():
            found[key[place]] += count
        return MappingProxyType(dict(sorted(found.items())))


def contact_figures(
    session: Session,
    customers: Iterable[Customer | UUID],
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> dict[UUID, ContactFigures]:
    """Return the figures of each customer that the actor sees, in the order given; of interactions the actor may see.

    A contact is a completed interaction up to now that is not internal, no note, and no automatic answer; it counts
    once for a customer, in however many roles. ``since`` and ``until`` are both included.
    """
    wanted = list(dict.fromkeys(customer if isinstance(customer, UUID) else customer.id for customer in customers))
    now = session.clock.now()
    until = now if until is None else min(until, now)
    seen, rows = contact_rows(session, wanted, since, until)
    by_customer: dict[UUID, list[Any]] = {id: [] for id in wanted if id in seen}
    for row in rows:
        by_customer[row[0]].append(row)
    return {id: _figures(id, found) for id, found in by_customer.items()}


def _figures(customer: UUID, rows: Sequence[Any]) -> ContactFigures:
    if not rows:
        return ContactFigures(customer)
    return ContactFigures(
        customer,
        contacts=sum(row[3] for row in rows),
        first_contact=min(row[4] for row in rows),
        last_contact=max(row[5] for row in rows),
        last_inbound=max((row[5] for row in rows if row[2] == "inbound"), default=None),
        last_outbound=max((row[5] for row in rows if row[2] == "outbound"), default=None),
        counts=MappingProxyType({(row[1], row[2]): row[3] for row in sorted(rows, key=lambda row: (row[1], row[2]))}),
    )
