"""Hooks of lifecycles: definitions that plugins bring, and records that move from stage to stage."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from crmkit.core.frozen import frozen
from crmkit.core.lifecycle import StageTrack, StageTransition
from crmkit.core.lifecycle_definition import LifecycleDefinition
from crmkit.hooks.causation import ROOT, Cause
from crmkit.hooks.kinds import Kind, hookspec
from crmkit.hooks.protocols import Context
from crmkit.hooks.records import Refuse
from crmkit.hooks.setup import Setup


@frozen
class StageMove:
    """One step of one record in the lifecycle called ``lifecycle``.

    ``from_stage`` is where the record stood before the step (empty: nowhere yet); ``track`` is as it is after the step,
    which for a back-dated one may be another stage than ``to_stage``.
    """

    lifecycle: str
    track: StageTrack
    transition: StageTransition
    from_stage: str

    @property
    def to_stage(self) -> str:
        """Where the step leads."""
        return self.transition.to_stage

    @property
    def record_id(self) -> Any:
        """The id of the record that moves."""
        return self.track.record_id


@frozen
class StageMoves:
    """The steps of records of one entity, and what caused them."""

    entity: str
    moves: tuple[StageMove, ...]
    cause: Cause = ROOT

    @property
    def size(self) -> int:
        """How many steps there are."""
        return len(self.moves)


class LifecycleSpecs:
    """Called at start-up, then whenever records move in a lifecycle."""

    @hookspec(kind=Kind.REGISTER, since="0.1")
    def register_lifecycles(self, ctx: Context, call: Setup) -> list[LifecycleDefinition]:
        """Return lifecycles of the plugin; a definition that changed becomes a new revision."""

    @hookspec(kind=Kind.GUARD, since="0.1", per_entity=True)
    def guard_stage_transition(self, ctx: Context, call: StageMoves) -> Refuse | Iterable[Refuse] | None:
        """Return ``Refuse`` for steps that must not happen, by the id of the record that moves."""

    @hookspec(kind=Kind.NOTIFY, since="0.1", per_entity=True)
    def after_stage_changed_committed(self, ctx: Context, call: StageMoves) -> None:
        """React to steps that are committed. May be delivered again after a crash: work with the transition's id."""
