"""What follows from an opportunity that is entered or changed: what was left out, and the steps of its pipeline."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from crmkit.core.frozen import frozen
from crmkit.core.lifecycle import StageTrack, StageTransition
from crmkit.core.lifecycle_definition import LifecycleDefinition
from crmkit.plugin import Change, Context, change
from crmkit_sfa.opportunities.days import Days
from crmkit_sfa.opportunities.entities import Opportunity
from crmkit_sfa.opportunities.following import history_of_new
from crmkit_sfa.opportunities.saving import Saving, saving_of
from crmkit_sfa.opportunities.way import pasts_of, tracks_of
from crmkit_sfa.opportunities.weighing import weighed


@frozen
class Entry:
    """An opportunity as it will be, with the pipeline that it is in, and the way there that has begun already."""

    change: Change
    opportunity: Opportunity
    definition: LifecycleDefinition
    track: StageTrack | None


def entered(ctx: Context, changes: Sequence[Change]) -> list[Any]:
    """Return the opportunities with what was left out, and the tracks and transitions that their stages need.

    Raises NotFound for an unknown pipeline or stage, BadInput for a lifecycle that is no pipeline.
    """
    known = saving_of(ctx)
    told = known.told
    changes = [c for c in changes if told.get(c.after.id) is not c.after and (c.created or _concerned(c))]
    if not changes:
        return []
    found = tracks_of(ctx, [c.after.id for c in changes])
    tracks: dict[UUID, list[StageTrack]] = {}
    for track in found:
        tracks.setdefault(track.record_id, []).append(track)
    entries = [
        entry
        for c in changes
        if (entry := _entry(ctx, c, known, tracks.get(c.after.id, ()))) is not None  # None: all is said and done
    ]
    return _steps(ctx, entries, known)


def _concerned(c: Change) -> bool:
    return any(c.changed(name) for name in _FIELDS)


_FIELDS = (
    *("pipeline", "stage", "category", "entered_at", "closed_on", "opened_on"),
    *("probability", "probability_source", "forecast_category", "forecast_source"),
)


def _entry(ctx: Context, c: Change, known: Saving, tracks: Sequence[StageTrack]) -> Entry | None:
    pipelines, odds, days = known.pipelines, known.odds, known.days
    given: Opportunity = c.after
    name = given.pipeline or ctx.config.opportunities.pipeline
    lifecycle = pipelines.lifecycle(name).id
    track = next((one for one in tracks if one.lifecycle_id == lifecycle), None) if tracks else None
    if c.created and track is not None and (track.stage, track.entered_at) == (given.stage, given.entered_at):
        return None
    definition = pipelines.definition(name)
    moved_over = c.before is not None and c.before.pipeline not in ("", name)
    stage = given.stage or given.opening_stage or definition.first
    if moved_over and definition.find(stage) is None:
        stage = definition.first
    settings = pipelines.settings(name, stage)
    opening = given.opening_stage
    if c.created and not opening:
        opening = stage if settings.category == "open" else definition.first
    moved = c.created or c.before.stage != stage or moved_over
    values = {
        "pipeline": name,
        "stage": stage,
        "category": settings.category,
        "opening_stage": opening,
        "opened_on": given.opened_on or days.today,
        **weighed(ctx, c, name, stage, settings, odds, moved=moved),
    }
    if moved:
        values |= _moved(ctx, days, c, settings.category, values["opened_on"])
    return Entry(c, change(given, **values), definition, track)


def _moved(ctx: Context, days: Days, c: Change, category: str, opened_on: date) -> dict[str, Any]:
    """Return the day on which an opportunity was closed and the instant at which it came to its stage."""
    before: Opportunity | None = c.before
    # Found out earlier in this save; time goes on meanwhile.
    known = c.after.entered_at if before is None or c.changed("entered_at") else None
    if category == "open":
        at = days.beginning(opened_on) if before is None else ctx.clock.now()
        return {"closed_on": None, "entered_at": known or at}
    closed_on = c.after.closed_on if before is None or c.changed("closed_on") else None
    closed_on = closed_on or days.today
    at = days.beginning(closed_on)
    if before is None:
        at = max(at, days.beginning(opened_on))
    elif before.entered_at is not None:
        at = max(at, before.entered_at)
    return {"closed_on": closed_on, "entered_at": known or at}


# -- the steps of the pipeline ----------------------------------------------------------------------------------------


def _steps(ctx: Context, entries: Sequence[Entry], known: Saving) -> list[Any]:
    """Return the opportunities, with tracks, transitions and history where they stand elsewhere than they say."""
    made: list[Any] = []
    elsewhere: list[tuple[Entry, StageTrack]] = []
    for entry in entries:
        one, track = entry.opportunity, entry.track
        if track is None:
            made += [one, *_begun(ctx, entry, known)]
        elif track.stage != one.stage:
            made.append(one)
            elsewhere.append((entry, track))
        else:
            # Since when, its transitions say; nobody writes that.
            made.append(one if one.entered_at == track.entered_at else change(one, entered_at=track.entered_at))
    return [*known.pipelines.in_force.made, *made, *_moves(ctx, elsewhere)]


def _begun(ctx: Context, entry: Entry, known: Saving) -> list[Any]:
    """Return the track of an opportunity that is new in its pipeline, with its first steps; a new one's history, too."""
    one, name, in_force = entry.opportunity, entry.definition.name, known.pipelines.in_force
    if not entry.change.created:
        return list(in_force.first_step(name, one, ctx.clock.now(), one.stage, cause="user"))
    opening = one.opening_stage
    at = known.days.beginning(one.opened_on) if one.opened_on else ctx.clock.now()
    cause: Literal["user", "import"] = "import" if one.source else "user"
    if opening == one.stage:
        track, transitions = in_force.first_steps(name, one, [(at, opening)], cause=cause)
    else:
        steps = [(at, opening), (one.entered_at or at, one.stage)]
        track, transitions = in_force.first_steps(name, one, steps, reason=one.reason, cause=cause)
    if (one.entered_at, one.stage) != (track.entered_at, track.stage) or track.entered_at < at:
        # The transitions make another way of it: what follows from them is worked out from them.
        return [track, *transitions]
    known.told[one.id] = one
    known.steps.update((step.id, step) for step in transitions)
    return [track, *transitions, *history_of_new(one, transitions, known.pipelines)]


def _moves(ctx: Context, elsewhere: Iterable[tuple[Entry, StageTrack]]) -> list[StageTransition]:
    moving = [(entry, track) for entry, track in elsewhere if entry.change.changed("stage")]
    if not moving:
        return []
    pasts = pasts_of(ctx, [track for _, track in moving])
    made = []
    for entry, track in moving:
        one, past = entry.opportunity, pasts[track.id]
        # A step that was added in this save is on its way to the track already.
        if past and past[-1].stage == one.stage:
            continue
        at: datetime = one.entered_at or ctx.clock.now()
        made.append(StageTransition(track_id=track.id, to_stage=one.stage, occurred_at=at, reason=one.reason))
    return made
