"""Domain events that were committed: for the hook that is told of them, and for documents made of events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from crmkit.core.domain_event import DOMAIN_EVENT, DomainEvent, creates
from crmkit.core.journal import Event
from crmkit.hooks.causation import Cause
from crmkit.hooks.domain_events import DomainEvents
from crmkit.store.chunks import in_chunks
from crmkit.store.session import Session


def committed_domain_events(session: Session, events: Sequence[Event], cause: Cause) -> Iterator[DomainEvents]:
    """Yield the domain events that events tell of, by the entity that they happened to."""
    told = domain_events_of(session, events)
    by_entity: dict[str, list[DomainEvent]] = {}
    for event in events:
        found = told.get(event.id)
        if found is not None:
            by_entity.setdefault(found.entity, []).append(found)
    for entity, some in by_entity.items():
        yield DomainEvents(entity, tuple(some), cause)


def domain_events_of(session: Session, events: Sequence[Event]) -> Mapping[UUID, DomainEvent]:
    """Return the domain events that events of the log are, by the id of the event; those that are gone are left out."""
    made = {
        event.id: event.record_id
        for event in events
        if event.entity == DOMAIN_EVENT and creates(event.entity, event.type)
    }
    found: dict[UUID, DomainEvent] = {}
    for chunk in in_chunks(list(made.values())):
        found.update({one.id: one for one in session.list(DomainEvent, id=chunk, deleted=True)})
    return {id: found[record] for id, record in made.items() if record in found}
