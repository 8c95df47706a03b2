"""The lifecycles in force, as derive hooks need them: stored or about to be, and the first step of a record through one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import is_
from typing import Any
from uuid import UUID

from crmkit.core.errors import NotFound, did_you_mean
from crmkit.core.lifecycle import Lifecycle, StageTrack, StageTransition
from crmkit.core.lifecycle_definition import LifecycleDefinition
from crmkit.core.lifecycle_reading import lifecycle_to_data
from crmkit.core.messages import msg, shown
from crmkit.services.lifecycle.begun import ways_begun
from crmkit.services.lifecycle.defining import REGISTERED, definition_of
from crmkit.services.lifecycle.moving import StageCause, first_step, first_steps
from crmkit.store.session import Session


def lifecycles_in_force(session: Session, registered: Iterable[LifecycleDefinition]) -> LifecyclesInForce:
    """Return the lifecycles in force; in a flush, the same object until lifecycles are added or changed in it."""
    if not session.flushing:
        return LifecyclesInForce(session, registered)
    # The states themselves, not their ids: nothing else can take their identity while they are kept.
    pending = [after for _, after in session.work.pending.get("lifecycle", {}).values()]
    known = session.work.kept.get(_KEPT)
    if known is not None and len(known[0]) == len(pending) and all(map(is_, known[0], pending)):
        found: LifecyclesInForce = known[1]
        return found
    found = LifecyclesInForce(session, registered)
    session.work.kept[_KEPT] = pending, found
    return found


_KEPT = "lifecycles in force"


class LifecyclesInForce:
    """The lifecycles in force by name, for hooks within a flush: stored ones, else those that plugins bring.

    ``made`` are the definitions that were asked for and are not stored yet; who begins a record's way there writes them.
    """

    def __init__(self, session: Session, registered: Iterable[LifecycleDefinition]) -> None:
        self._registered = {definition.name: definition for definition in registered}
        with session.acting_as(session.actor.elevated()):
            stored = session.peek_all(Lifecycle, "active", [True])
        self._stored = {lifecycle.name: lifecycle for lifecycle in stored}
        self._definitions: dict[UUID, LifecycleDefinition] = {}
        self._begun = ways_begun(session)
        self.made: list[Lifecycle] = []

    def lifecycle(self, name: str) -> Lifecycle:
        """Return the lifecycle called ``name``; raises NotFound with the closest name."""
        found = self._stored.get(name)
        if found is None:
            definition = self._registered.get(name)
            if definition is None:
                known = {*self._stored, *self._registered}
                raise NotFound(msg("no lifecycle {name}; {hint}", name=shown(name), hint=did_you_mean(name, known)))
            found = Lifecycle(
                name=definition.name,
                label=definition.label,
                entity=definition.entity,
                definition=lifecycle_to_data(definition),
                source=REGISTERED,
            )
            self._stored[name] = found
            self.made.append(found)
        return found

    def definition(self, name: str) -> LifecycleDefinition:
        """Return what the lifecycle called ``name`` defines; raises NotFound."""
        lifecycle = self.lifecycle(name)
        known = self._definitions.get(lifecycle.id)
        if known is None:
            known = self._definitions[lifecycle.id] = definition_of(lifecycle)
        return known

    def first_step(
        self,
        name: str,
        record: Any,
        at: datetime,
        stage: str = "",
        *,
        reason: str = "",
        cause: StageCause = "plugin",
    ) -> tuple[StageTrack, StageTransition]:
        """Return the track of a record and the transition that it begins with; raises NotFound for an unknown stage."""
        lifecycle, definition = self.lifecycle(name), self.definition(name)
        return first_step(lifecycle, definition, lifecycle.entity, record, at, stage, reason, cause)

    def first_steps(
        self,
        name: str,
        record: Any,
        steps: Sequence[tuple[datetime, str]],
        *,
        reason: str = "",
        cause: StageCause = "plugin",
    ) -> tuple[StageTrack, list[StageTransition]]:
        """Return the track of a record that has come through ``steps`` and its transitions, as they will be stored.

        Each step is an instant, none before the one ahead of it, and another stage than that; ``reason`` is that of the
        last one. Raises NotFound for an unknown stage.
        """
        lifecycle, definition = self.lifecycle(name), self.definition(name)
        track, made = first_steps(lifecycle, definition, record, steps, reason, cause)
        self._begun.note(track, made)
        return track, made
