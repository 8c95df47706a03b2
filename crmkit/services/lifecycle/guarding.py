"""Whether steps may happen: what the definition says of them, then what plugins say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from crmkit.core.errors import Refused
from crmkit.core.filter import parse
from crmkit.core.lifecycle import Lifecycle, StageTrack, StageTransition
from crmkit.core.lifecycle_checks import subject_entity
from crmkit.core.lifecycle_definition import LifecycleDefinition, StageDefinition
from crmkit.core.lifecycle_history import in_order
from crmkit.core.messages import msg
from crmkit.hooks.causation import Cause
from crmkit.hooks.lifecycle import StageMove, StageMoves
from crmkit.hooks.protocols import Context
from crmkit.hooks.records import Refuse
from crmkit.hooks.run import refusals
from crmkit.services.lifecycle.defining import definition_of


def refused_steps(ctx: Context, created: Sequence[StageTransition], cause: Cause) -> list[Refuse]:
    """Return what speaks against new transitions by their definitions; raises Refused when a plugin refuses some."""
    session: Any = ctx.session
    with session.acting_as(session.actor.elevated()):
        tracks = {id: session.peek(StageTrack, id) for id in {step.track_id for step in created}}
        steps: dict[Any, list[StageTransition]] = {}
        for step in session.peek_all(StageTransition, "track_id", list(tracks)):
            steps.setdefault(step.track_id, []).append(step)
        lifecycles = {
            track.lifecycle_id: session.peek(Lifecycle, track.lifecycle_id) for track in tracks.values() if track
        }
    ways = {id: in_order(some) for id, some in steps.items()}
    now = ctx.clock.now()
    definitions = {id: definition_of(lifecycle) for id, lifecycle in lifecycles.items() if lifecycle is not None}
    found: list[Refuse] = []
    moves: dict[str, list[StageMove]] = {}
    entering: dict[tuple[Any, str], list[tuple[StageTrack, StageTransition]]] = {}
    asked = {
        entity: session.hooks.caller("guard_stage_transition", entity).has_impls
        for entity in {track.entity for track in tracks.values() if track is not None}
    }
    for step in created:
        track = tracks[step.track_id]
        definition = definitions.get(track.lifecycle_id) if track is not None else None
        if definition is None:
            found.append(Refuse(msg("there is no such track"), step.id))
            continue
        ordered = ways[step.track_id]
        place = _place_of(step, ordered)
        before = ordered[place - 1].to_stage if place else ""
        after = ordered[place + 1].to_stage if place + 1 < len(ordered) else ""
        problems = list(_against(now, step, definition, before, after))
        found += problems
        if not problems:
            if asked[track.entity]:
                moves.setdefault(track.entity, []).append(StageMove(definition.name, track, step, before))
            stage = definition.stage(step.to_stage)
            if stage.criteria and not after:
                entering.setdefault((track.lifecycle_id, stage.name), []).append((track, step))
    for (lifecycle, name), some in entering.items():
        found += _unmet(session, definitions[lifecycle], definitions[lifecycle].stage(name), some)
    if not found:
        for entity, some_moves in moves.items():
            _ask(session, entity, some_moves, cause)
    return found


def _place_of(step: StageTransition, ordered: Sequence[StageTransition]) -> int:
    for place, one in enumerate(ordered):
        if one is step:
            return place
    return next(place for place, one in enumerate(ordered) if one.id == step.id)


def _against(
    now: datetime, step: StageTransition, definition: LifecycleDefinition, before: str, after: str
) -> Iterator[Refuse]:
    stage = definition.find(step.to_stage)
    if stage is None:
        names = ", ".join(definition.names)
        reason = msg(
            "lifecycle {lifecycle} has no stage {stage}; known: {names}",
            lifecycle=definition.name,
            stage=step.to_stage,
            names=names,
        )
        yield Refuse(reason, step.id)
        return
    if step.occurred_at > now and step.rule != "remap":
        yield Refuse(msg("{at} lies in the future", at=step.occurred_at.isoformat()), step.id)
    # A stage that is gone, or none at all, leads everywhere.
    left, followed = definition.find(before), definition.find(after)
    if left is not None and left.name != stage.name and not left.allows(stage.name):
        yield Refuse(msg("from {before}, a record does not go to {stage}", before=before, stage=stage.name), step.id)
    if followed is not None and followed.name != stage.name and not stage.allows(followed.name):
        reason = msg("the record went to {after} next, which does not follow {stage}", after=after, stage=stage.name)
        yield Refuse(reason, step.id)
    if step.cause == "rule":
        if all(rule.name != step.rule for rule in definition.rules):
            yield Refuse(
                msg("lifecycle {lifecycle} has no rule {rule}", lifecycle=definition.name, rule=step.rule), step.id
            )
    elif stage.reason and not step.reason.strip():
        yield Refuse(msg("a record goes to {stage} for a reason; give it", stage=stage.name), step.id)


def _unmet(
    session: Any,
    definition: LifecycleDefinition,
    stage: StageDefinition,
    entering: Sequence[tuple[StageTrack, StageTransition]],
) -> Iterator[Refuse]:
    """Ask the database which records meet the stage's criteria: those that were stored before this flush."""
    registry = session.database.registry
    subject = subject_entity(definition, registry)
    with session.acting_as(session.actor.elevated()):
        subjects = {track.record_id: track.record_id for track, _ in entering}
        if definition.subject:
            cls = registry.get(definition.entity).cls
            records = session.peek_all(cls, "id", list(subjects))
            subjects = {record.id: getattr(record, definition.subject) for record in records}
        predicate = parse(stage.criteria, registry, subject.name)
        wanted = [id for id in subjects.values() if id is not None]
        rows = session.reader.list(session.connection, subject.cls, predicate, equal={"id": wanted})
        meeting = {row.id for row in rows}
    for track, step in entering:
        if subjects.get(track.record_id) not in meeting:
            reason = msg(
                "the record does not meet the criteria of {stage}: {criteria}",
                stage=stage.name,
                criteria=stage.criteria,
            )
            yield Refuse(reason, step.id)


def _ask(session: Any, entity: str, moves: Sequence[StageMove], cause: Cause) -> None:
    caller = session.hooks.caller("guard_stage_transition", entity)
    found = refusals(caller, session.contexts, StageMoves(entity, tuple(moves), cause))
    if found:
        # Plugins know the record that moves; who reads the error, the transitions.
        by_record: dict[object, list[Any]] = {None: [None]}
        for move in moves:
            for id in {move.record_id, move.track.id, move.transition.id}:
                by_record.setdefault(id, []).append(move.transition.id)
        told = [(r.plugin, r.reason, id) for r in found for id in by_record.get(r.record_id, [None])]
        error = Refused(told[0][0], told[0][1], told)
        error.hook = caller.info.name
        raise error
