"""The rules of the write path: a track's stage follows from its transitions, and nothing else can set it.

Whoever adds a transition, through a service or not, has the track computed anew; a track that says anything else than
its transitions is refused. So every way to write keeps them in agreement.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID

from crmkit.core.entity import change, changed_fields
from crmkit.core.lifecycle import Lifecycle, Relationship, StageTrack, StageTransition
from crmkit.core.lifecycle_checks import entity_errors
from crmkit.core.lifecycle_definition import LifecycleDefinition
from crmkit.core.lifecycle_history import in_order, standing_since
from crmkit.core.messages import msg
from crmkit.hooks.kinds import hookimpl
from crmkit.hooks.protocols import Context
from crmkit.hooks.records import RecordBatch, Refuse
from crmkit.services.append_only import is_rewriting
from crmkit.services.lifecycle.begun import ways_begun

_FIXED = ("name", "revision", "entity", "definition")


class LifecycleRules:
    """The core's part in the hooks of saving, for lifecycles."""

    @hookimpl(specname="derive_records", tryfirst=True, entities=("stage_transition", "relationship"))
    def derive_stages(self, ctx: Context, call: RecordBatch) -> list[Any]:
        """Start relationships in their lifecycle; compute tracks from transitions."""
        if call.entity == "relationship":
            new = [c.after for c in call.changes if c.created and c.after.deleted_at is None]
            from crmkit.services.lifecycle.moving import handed_over

            session: Any = ctx.session
            return [*_started(ctx, new), *handed_over(session, call.changes)]
        return _projected(ctx, call)

    @hookimpl(specname="guard_records", entities=("lifecycle",))
    def guard_lifecycles(self, ctx: Context, call: RecordBatch) -> list[Refuse]:
        """Refuse definitions that cannot be read, and changes of those that were stored."""
        from crmkit.services.lifecycle.defining import definition_of

        found: list[Refuse] = []
        session: Any = ctx.session
        for c in call.changes:
            if c.before is not None:
                fixed = [name for name in _FIXED if c.changed(name)]
                if fixed:
                    reason = msg(
                        "{field} of a lifecycle is never changed; define a new revision", field=", ".join(fixed)
                    )
                    found.append(Refuse(reason, c.after.id))
                continue
            definition = definition_of(c.after)
            errors = entity_errors(definition, session.database.registry, "lifecycle")
            if errors:
                found.append(Refuse(msg("{error}", error=errors[0].render()), c.after.id))
            elif (definition.name, definition.entity) != (c.after.name, c.after.entity):
                reason = msg("the definition is of {name} for {entity}", name=definition.name, entity=definition.entity)
                found.append(Refuse(reason, c.after.id))
        return found

    @hookimpl(specname="guard_records", entities=("stage_track",))
    def guard_tracks(self, ctx: Context, call: RecordBatch) -> list[Refuse]:
        """Refuse a track that says anything else than its transitions."""
        session: Any = ctx.session
        begun = ways_begun(session)
        tracks = {
            c.after.id: c.after for c in call.changes if c.after.deleted_at is None and not begun.has_track(c.after)
        }
        steps = _transitions(ctx, tracks)
        definitions = _definitions(ctx, tracks.values())
        return [
            Refuse(reason, track.id)
            for track in tracks.values()
            if (reason := _disagreement(track, steps[track.id], definitions.get(track.lifecycle_id))) is not None
        ]

    @hookimpl(specname="guard_records", entities=("stage_transition",))
    def guard_transitions(self, ctx: Context, call: RecordBatch) -> list[Refuse]:
        """Refuse steps that the definition does not allow, then ask ``guard_stage_transition`` about the rest."""
        from crmkit.services.lifecycle.guarding import refused_steps

        found = list(_rewritten(ctx, call))
        created = [c.after for c in call.changes if c.created and c.after.deleted_at is None]
        if created and not found:
            found += refused_steps(ctx, created, call.cause)
        return found


def _started(ctx: Context, relationships: list[Relationship]) -> list[Any]:
    """Return tracks and first steps of new relationships, in each lifecycle that is for relationships."""
    from crmkit.services.lifecycle.defining import definition_of
    from crmkit.services.lifecycle.moving import first_step

    session: Any = ctx.session
    if not relationships:
        return []
    with session.acting_as(session.actor.elevated()):
        lifecycles = [one for one in session.peek_all(Lifecycle, "entity", ["relationship"]) if one.active]
        if not lifecycles:
            return []
        tracks = session.peek_all(StageTrack, "record_id", [relationship.id for relationship in relationships])
    begun = {(track.lifecycle_id, track.record_id) for track in tracks}
    made: list[Any] = []
    for lifecycle in lifecycles:
        definition = definition_of(lifecycle)
        for relationship in relationships:
            if (lifecycle.id, relationship.id) not in begun:
                at = beginning(relationship, ctx.clock.now())
                made += first_step(lifecycle, definition, "relationship", relationship, at, cause="plugin")
    return made


def beginning(record: Any, now: datetime) -> datetime:
    """Return when the way of a record begins: with the day in its field ``since``, where it has one, else now."""
    since = getattr(record, "since", None)
    return now if since is None else min(now, datetime.combine(since, time(), UTC))


def _projected(ctx: Context, call: RecordBatch) -> list[Any]:
    """Return the tracks that follow from changed transitions, and new transitions with the stage they lead from."""
    session: Any = ctx.session
    # Merging moves transitions from one track to another, and undoing a merge back.
    begun = ways_begun(session)
    ids = {c.after.track_id for c in call.changes if not begun.has_step(c.after)}
    if not ids:
        return []
    ids.update(c.before.track_id for c in call.changes if c.before is not None)
    with session.acting_as(session.actor.elevated()):
        tracks = {track.id: track for id in ids if (track := session.peek(StageTrack, id)) is not None}
    steps = _transitions(ctx, tracks)
    definitions = _definitions(ctx, tracks.values())
    fresh = {c.after.id for c in call.changes if c.created}
    made: list[Any] = []
    for track in tracks.values():
        ordered = in_order(steps[track.id])
        before = ""
        for step in ordered:
            if step.from_stage != before and step.id in fresh:
                made.append(change(step, from_stage=before))
            before = step.to_stage
        last = standing_since(ordered)
        definition = definitions.get(track.lifecycle_id)
        stage = definition.find(last.to_stage) if last is not None and definition is not None else None
        if stage is None or last is None:
            continue
        if (track.stage, track.category, track.entered_at) != (stage.name, stage.category, last.occurred_at):
            made.append(change(track, stage=stage.name, category=stage.category, entered_at=last.occurred_at))
    return made


def _disagreement(track: StageTrack, steps: list[StageTransition], definition: LifecycleDefinition | None) -> Any:
    last = standing_since(in_order(steps))
    if last is None:
        return msg("a track begins with its first transition; start the record instead")
    if definition is None:
        return msg("there is no such lifecycle")
    stage = definition.find(last.to_stage)
    if stage is None:
        return msg("lifecycle {lifecycle} has no stage {stage}", lifecycle=definition.name, stage=last.to_stage)
    if track.entity != definition.entity:
        return msg("lifecycle {lifecycle} is for {entity}", lifecycle=definition.name, entity=definition.entity)
    if (track.stage, track.category, track.entered_at) != (stage.name, stage.category, last.occurred_at):
        return msg(
            "a stage is never set by hand: by its transitions the record stands in {stage}, not in {given}; move it",
            stage=stage.name,
            given=track.stage,
        )
    return None


def _rewritten(ctx: Context, call: RecordBatch) -> Iterator[Refuse]:
    session: Any = ctx.session
    if is_rewriting(session):
        return
    for c in call.changes:
        if c.before is None:
            continue
        fields = [name for name in changed_fields(c.before, c.after) if name != "deleted_at"]
        if fields:
            yield Refuse(msg("a transition is never changed; move the record again"), c.after.id)
        elif c.deleted:
            with session.acting_as(session.actor.elevated()):
                track = session.peek(StageTrack, c.after.track_id)
            if track is not None and track.deleted_at is None:
                yield Refuse(msg("a transition is deleted with its track alone; move the record again"), c.after.id)


def _transitions(ctx: Context, ids: Iterable[UUID]) -> dict[UUID, list[StageTransition]]:
    """Return the living transitions of tracks, those about to be written included; a rule sees all of them."""
    session: Any = ctx.session
    found: dict[UUID, list[StageTransition]] = {id: [] for id in ids}
    if found:
        with session.acting_as(session.actor.elevated()):
            for step in session.peek_all(StageTransition, "track_id", list(found)):
                found[step.track_id].append(step)
    return found


def _definitions(ctx: Context, tracks: Iterable[StageTrack]) -> dict[UUID, LifecycleDefinition]:
    from crmkit.services.lifecycle.defining import definition_of

    session: Any = ctx.session
    found: dict[UUID, LifecycleDefinition] = {}
    with session.acting_as(session.actor.elevated()):
        for id in {track.lifecycle_id for track in tracks}:
            lifecycle = session.peek(Lifecycle, id)
            if lifecycle is not None:
                found[id] = definition_of(lifecycle)
    return found
