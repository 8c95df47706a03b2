"""From the event log to ``after_interactions_logged_committed``: the interactions that were committed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from crmkit.core.interaction import Interaction
from crmkit.core.journal import Event
from crmkit.hooks.causation import Cause
from crmkit.hooks.interactions import InteractionsLogged
from crmkit.store.chunks import in_chunks
from crmkit.store.session import Session


def committed_interactions(session: Session, events: Sequence[Event], cause: Cause) -> Iterator[InteractionsLogged]:
    """Yield what events of new interactions tell, all in one call; later changes of them are none of it."""
    logged = [event.record_id for event in events if event.type == "interaction.created"]
    interactions = tuple(one for chunk in in_chunks(logged) for one in session.list(Interaction, id=chunk))
    if interactions:
        yield InteractionsLogged(interactions, cause)
