"""Which lifecycles there are, and which of them a record goes through."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from crmkit.core.entity import Part
from crmkit.core.errors import ValidationFailed
from crmkit.core.lifecycle import Lifecycle, StageTrack
from crmkit.core.lifecycle_definition import LifecycleDefinition
from crmkit.services.lifecycle.defining import active_lifecycles, definition_of
from crmkit.store.session import Session


def lifecycles_known(
    session: Session, registered: Iterable[LifecycleDefinition], entity: str = ""
) -> list[tuple[Lifecycle, LifecycleDefinition]]:
    """Return the lifecycles in force that the actor may read, of an entity or of all, by name, each with what it defines.

    ``registered`` ones that nobody needed yet are not stored and count as well. One that was stored in a form that cannot
    be read any more is left out.
    """
    known: list[tuple[Lifecycle, LifecycleDefinition]] = []
    for lifecycle in active_lifecycles(session):
        if not entity or lifecycle.entity == entity:
            with suppress(ValidationFailed):
                known.append((lifecycle, definition_of(lifecycle)))
    with session.acting_as(session.actor.elevated()):
        stored = {lifecycle.name for lifecycle in session.list(Lifecycle)}
    known += [
        (Lifecycle(name=one.name, label=one.label, entity=one.entity), one)
        for one in registered
        if one.name not in stored and (not entity or one.entity == entity)
    ]
    return sorted(known, key=lambda pair: pair[0].name)


def tracks_of(session: Session, record: Part) -> list[StageTrack]:
    """Return a record's ways through lifecycles that the actor may see, the oldest first."""
    entity = session.database.registry.of(record).name
    return session.list(StageTrack, entity=entity, record_id=record.id)
