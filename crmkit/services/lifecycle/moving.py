"""A record's way through a lifecycle: start it, move it, read its history."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Literal

from crmkit.core.entity import Part, change, changed_fields
from crmkit.core.errors import BadInput, Conflict, NotFound, StaleVersion
from crmkit.core.lifecycle import Lifecycle, StageTrack, StageTransition
from crmkit.core.lifecycle_definition import LifecycleDefinition, StageDefinition
from crmkit.core.lifecycle_history import Interval, fold
from crmkit.core.messages import msg
from crmkit.hooks.records import Change
from crmkit.services.lifecycle.defining import active_lifecycle, active_lifecycles, definition_of
from crmkit.store.session import Session

StageCause = Literal["user", "rule", "import", "plugin"]


def start(
    session: Session,
    record: Part,
    *,
    lifecycle: str = "",
    stage: str = "",
    at: datetime | None = None,
    reason: str = "",
    cause: StageCause = "user",
) -> StageTrack:
    """Begin a record's way in a lifecycle, at ``stage`` or the definition's first, now or at an earlier instant.

    ``lifecycle`` may be left out where the record's entity has one only. Raises Conflict when it has begun already.
    """
    session.flush()
    entity = session.database.registry.of(record).name
    record = session.get(type(record), record.id)
    current = _lifecycle_for(session, entity, lifecycle)
    if session.find(StageTrack, lifecycle_id=current.id, entity=entity, record_id=record.id) is not None:
        raise Conflict(
            msg(
                "{entity} {record} is in lifecycle {lifecycle} already",
                entity=entity,
                record=record.id,
                lifecycle=current.name,
            )
        )
    instant = at or session.clock.now()
    track, transition = first_step(current, definition_of(current), entity, record, instant, stage, reason, cause)
    session.add(track, transition)
    session.flush()
    return session.get(StageTrack, track.id)


def move(
    session: Session,
    target: Part,
    to: str,
    *,
    lifecycle: str = "",
    reason: str = "",
    at: datetime | None = None,
    cause: StageCause = "user",
) -> StageTrack:
    """Move a record to the stage ``to``, now or at an earlier instant, and return its track.

    ``target`` is the record or its track. A track must be as it is in the database: StaleVersion is raised when
    somebody else moved the record since it was read. Raises NotFound for an unknown stage, BadInput when the record
    stands there already, and Refused when the definition or a plugin does not allow the step.
    """
    session.flush()
    track = track_of(session, target, lifecycle)
    if isinstance(target, StageTrack) and target.version != track.version:
        raise StaleVersion("stage_track", target.id, target.version)
    stage = definition_of(session.get(Lifecycle, track.lifecycle_id)).stage(to)
    if at is None and track.stage == stage.name:
        raise BadInput(msg("the record stands in stage {stage} already", stage=stage.name))
    instant = at or session.clock.now()
    session.add(
        StageTransition(track_id=track.id, to_stage=stage.name, occurred_at=instant, reason=reason, cause=cause)
    )
    session.flush()
    return session.get(StageTrack, track.id)


def track_of(session: Session, target: Part, lifecycle: str = "") -> StageTrack:
    """Return the track of a record, as it is now; raises NotFound when it has none in the lifecycle."""
    if isinstance(target, StageTrack):
        return session.get(StageTrack, target.id)
    entity = session.database.registry.of(target).name
    current = _lifecycle_for(session, entity, lifecycle)
    found = session.find(StageTrack, lifecycle_id=current.id, entity=entity, record_id=target.id)
    if found is None:
        raise NotFound(
            msg(
                "{entity} {record} is not in lifecycle {lifecycle}",
                entity=entity,
                record=target.id,
                lifecycle=current.name,
            )
        )
    return found


def history(session: Session, target: Part, *, lifecycle: str = "") -> tuple[Interval, ...]:
    """Return in which stages a record or track stood, from when to when, oldest first."""
    track = track_of(session, target, lifecycle)
    return fold(session.list(StageTransition, track_id=track.id))


def first_step(
    lifecycle: Lifecycle,
    definition: LifecycleDefinition,
    entity: str,
    record: Any,
    at: datetime,
    stage: str = "",
    reason: str = "",
    cause: StageCause = "user",
) -> tuple[StageTrack, StageTransition]:
    """Return the track of a record and the transition that it begins with; both have the record's owner and team."""
    begun = definition.stage(stage or definition.first)
    track = _track(lifecycle, entity, record, begun, at)
    return track, StageTransition(track_id=track.id, to_stage=begun.name, occurred_at=at, reason=reason, cause=cause)


def first_steps(
    lifecycle: Lifecycle,
    definition: LifecycleDefinition,
    record: Any,
    steps: Sequence[tuple[datetime, str]],
    reason: str,
    cause: StageCause,
) -> tuple[StageTrack, list[StageTransition]]:
    """Return the track of a record that has come through ``steps``, and its transitions; the last has the reason."""
    at, name = steps[-1]
    track = _track(lifecycle, lifecycle.entity, record, definition.stage(name), at)
    made: list[StageTransition] = []
    before = ""
    for number, (at, name) in enumerate(steps, 1):
        made.append(
            StageTransition(
                track_id=track.id,
                from_stage=before,
                to_stage=definition.stage(name).name,
                occurred_at=at,
                reason=reason if number == len(steps) else "",
                cause=cause,
            )
        )
        before = name
    return track, made


def _track(lifecycle: Lifecycle, entity: str, record: Any, stage: StageDefinition, at: datetime) -> StageTrack:
    return StageTrack(
        lifecycle_id=lifecycle.id,
        entity=entity,
        record_id=record.id,
        stage=stage.name,
        category=stage.category,
        entered_at=at,
        owner_id=getattr(record, "owner_id", None),
        team_id=getattr(record, "team_id", None),
    )


def handed_over(session: Session, changes: Iterable[Change]) -> list[StageTrack]:
    """Return the tracks of records that changes give another owner or team, with the same; for derive hooks."""
    records = {
        c.after.id: c.after for c in changes if not c.created and (c.changed("owner_id") or c.changed("team_id"))
    }
    if not records:
        return []
    with session.acting_as(session.actor.elevated()):
        tracks = session.peek_all(StageTrack, "record_id", list(records))
    owned = [(track, records[track.record_id]) for track in tracks]
    made = [(track, change(track, owner_id=one.owner_id, team_id=one.team_id)) for track, one in owned]
    return [new for track, new in made if changed_fields(track, new)]


def _lifecycle_for(session: Session, entity: str, name: str) -> Lifecycle:
    if name:
        found = active_lifecycle(session, name)
        if found.entity != entity:
            raise BadInput(
                msg(
                    "lifecycle {lifecycle} is for {wanted}, not for {entity}",
                    lifecycle=name,
                    wanted=found.entity,
                    entity=entity,
                )
            )
        return found
    possible = [lifecycle for lifecycle in active_lifecycles(session) if lifecycle.entity == entity]
    if not possible:
        raise NotFound(msg("there is no lifecycle for {entity}", entity=entity))
    if len(possible) > 1:
        names = ", ".join(lifecycle.name for lifecycle in possible)
        raise BadInput(msg("{entity} has several lifecycles; name one of {names}", entity=entity, names=names))
    return possible[0]
