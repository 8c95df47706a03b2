"""From the event log to ``after_handover_committed``: the hand-overs that ran to their end, and those taken back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID

from crmkit.core.handover import HandOver, HandOverBatch
from crmkit.core.journal import AuditEntry, Event
from crmkit.core.staff import User
from crmkit.hooks.causation import Cause
from crmkit.hooks.handover import HandedOver
from crmkit.store.session import Session

_ENDS = ("finished", "undone")


def committed_handovers(session: Session, events: Sequence[Event], cause: Cause) -> Iterator[HandedOver]:
    """Yield the hand-overs whose state became ``finished`` or ``undone`` by ``events``, in the order of these."""
    if not events:
        return
    for entry in session.list(AuditEntry, id=[event.id for event in events]):
        state = list(entry.delta.get("state", ()))[-1:]
        if entry.action != "updated" or not state or state[0] not in _ENDS:
            continue
        handover = session.find(HandOver, id=entry.record_id)
        user = None if handover is None else session.find(User, id=handover.user_id)
        if handover is not None and user is not None:
            yield HandedOver(handover.id, user, moved(session, handover.id), state[0] == "undone", cause)


def moved(session: Session, handover_id: UUID) -> dict[UUID, dict[str, int]]:
    """Return how many records of each entity passed to each heir; those that name the heir as owner alone."""
    found: dict[UUID, dict[str, int]] = {}
    for batch in session.list(HandOverBatch, handover_id=handover_id):
        if batch.state in ("done", "undone"):
            for move in batch.moves:
                if move["field"] == "owner_id":
                    of_heir = found.setdefault(UUID(move["heir"]), {})
                    of_heir[move["entity"]] = of_heir.get(move["entity"], 0) + len(move["ids"])
    return found
