"""What follows from an opportunity that is entered or changed: what was left out, and the steps of its pipeline."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Literal

import attrs

from crmkit.core.lifecycle import StageTrack, StageTransition
from crmkit.core.lifecycle_definition import LifecycleDefinition
from crmkit.core.lifecycle_history import fold
from crmkit.plugin import BadInput, Change, Context, FieldError, ValidationFailed, change, msg
from crmkit_sfa.opportunities.days import beginning_of
from crmkit_sfa.opportunities.entities import Opportunity
from crmkit_sfa.opportunities.pipeline import ENTITY, stage_settings
from crmkit_sfa.opportunities.weighing import weighed


@attrs.frozen
class Entry:
    """An opportunity as it will be, with the pipeline that it is in and when it comes to its stage."""

    change: Change
    opportunity: Opportunity
    definition: LifecycleDefinition
    lifecycle_id: Any


def entered(ctx: Context, changes: Sequence[Change]) -> list[Any]:
    """Return the opportunities with what was left out, and the tracks and transitions that their stages need.

    Raises NotFound for an unknown pipeline or stage, ValidationFailed for a closing day that cannot be.
    """
    changes = [c for c in changes if c.created or _concerned(c)]
    if not changes:
        return []
    pipelines = ctx.services.lifecycles_in_force()
    return _steps(ctx, [_entry(ctx, c, pipelines) for c in changes], pipelines)


def _concerned(c: Change) -> bool:
    return any(c.changed(name) for name in _FIELDS)


_FIELDS = (
    *("pipeline", "stage", "category", "entered_at", "closed_on", "opened_on"),
    *("probability", "probability_source", "forecast_category", "forecast_source"),
)


def _entry(ctx: Context, c: Change, pipelines: Any) -> Entry:
    given: Opportunity = c.after
    name = given.pipeline or ctx.config.opportunities.pipeline
    lifecycle, definition = pipelines.lifecycle(name), pipelines.definition(name)
    if lifecycle.entity != ENTITY:
        raise BadInput(
            msg("lifecycle {lifecycle} is for {entity}, no pipeline", lifecycle=name, entity=lifecycle.entity)
        )
    moved_over = c.before is not None and c.before.pipeline not in ("", name)
    stage = given.stage or given.opening_stage or definition.first
    if moved_over and definition.find(stage) is None:
        stage = definition.first
    settings = stage_settings(definition.stage(stage))
    opening = given.opening_stage
    if c.created and not opening:
        opening = stage if settings.category == "open" else definition.first
    filled = change(
        given,
        pipeline=name,
        stage=stage,
        category=settings.category,
        opening_stage=opening,
        opened_on=given.opened_on or ctx.today(),
    )
    moved = c.created or c.before.stage != stage or moved_over
    if moved:
        filled = _moved(ctx, c, filled)
    return Entry(c, weighed(ctx, c, filled, settings, moved=moved), definition, lifecycle.id)


def _moved(ctx: Context, c: Change, opportunity: Opportunity) -> Opportunity:
    """Return it with the day on which it was closed and the instant at which it came to its stage."""
    before: Opportunity | None = c.before
    opened_on = opportunity.opened_on or ctx.today()
    # Found out earlier in this save; time goes on meanwhile.
    known = opportunity.entered_at if before is None or c.changed("entered_at") else None
    if opportunity.category == "open":
        at = beginning_of(ctx, opened_on) if before is None else ctx.clock.now()
        return change(opportunity, closed_on=None, entered_at=known or at)
    closed_on = opportunity.closed_on if before is None or c.changed("closed_on") else None
    closed_on = closed_on or ctx.today()
    at = beginning_of(ctx, closed_on)
    if closed_on > ctx.today():
        raise _wrong("closed_on", closed_on, msg("a day that is not in the future"))
    if before is None:
        if closed_on < opened_on:
            raise _wrong("closed_on", closed_on, msg("a day not before {day}, when it was opened", day=opened_on))
        at = max(at, beginning_of(ctx, opened_on))
    elif before.entered_at is not None:
        at = max(at, before.entered_at)
    return change(opportunity, closed_on=closed_on, entered_at=known or at)


def _wrong(field: str, value: object, expected: Any) -> ValidationFailed:
    return ValidationFailed([FieldError(f"{ENTITY}.{field}", "range", value, expected)])


# -- the steps of the pipeline ----------------------------------------------------------------------------------------


def _steps(ctx: Context, entries: Sequence[Entry], pipelines: Any) -> list[Any]:
    """Return the opportunities, with tracks and transitions where they stand elsewhere than they say."""
    by_id = {entry.opportunity.id: entry for entry in entries}
    with ctx.elevated("the way of an opportunity is followed whoever sees it"):
        stored = ctx.session.peek_all(StageTrack, "record_id", list(by_id))
    tracks = {(track.record_id, track.lifecycle_id): track for track in stored}
    made: list[Any] = []
    elsewhere: list[tuple[Entry, StageTrack]] = []
    for id, entry in by_id.items():
        track = tracks.get((id, entry.lifecycle_id))
        if track is not None and track.stage == entry.opportunity.stage:
            # Since when, its transitions say; nobody writes that.
            made.append(change(entry.opportunity, entered_at=track.entered_at))
            continue
        made.append(entry.opportunity)
        if track is None:
            made += _begun(ctx, entry, pipelines)
        else:
            elsewhere.append((entry, track))
    return [*pipelines.made, *made, *_moves(ctx, elsewhere)]


def _begun(ctx: Context, entry: Entry, pipelines: Any) -> list[StageTrack | StageTransition]:
    """Return the track of an opportunity that is new in its pipeline, with its first steps."""
    one = entry.opportunity
    created = entry.change.created
    opening = one.opening_stage if created else one.stage
    at = beginning_of(ctx, one.opened_on) if created and one.opened_on else ctx.clock.now()
    cause: Literal["user", "import"] = "import" if created and one.source else "user"
    track, first = pipelines.first_step(entry.definition.name, one, at, opening, cause=cause)
    if opening == one.stage:
        return [track, first]
    then = StageTransition(
        track_id=track.id, to_stage=one.stage, occurred_at=one.entered_at or at, reason=one.reason, cause=cause
    )
    return [track, first, then]


def _moves(ctx: Context, elsewhere: Iterable[tuple[Entry, StageTrack]]) -> list[StageTransition]:
    moving = [(entry, track) for entry, track in elsewhere if entry.change.changed("stage")]
    if not moving:
        return []
    with ctx.elevated("the way of an opportunity is followed whoever sees it"):
        known = ctx.session.peek_all(StageTransition, "track_id", [track.id for _, track in moving])
    made = []
    for entry, track in moving:
        one = entry.opportunity
        past = fold(step for step in known if step.track_id == track.id)
        # A step that was added in this save is on its way to the track already.
        if past and past[-1].stage == one.stage:
            continue
        at: datetime = one.entered_at or ctx.clock.now()
        made.append(StageTransition(track_id=track.id, to_stage=one.stage, occurred_at=at, reason=one.reason))
    return made
