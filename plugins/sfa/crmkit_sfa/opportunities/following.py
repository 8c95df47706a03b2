"""Opportunities follow their transitions, and their history follows both: in one save, whatever was written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from operator import attrgetter
from typing import Any
from uuid import UUID

from crmkit.core.lifecycle import StageTrack, StageTransition
from crmkit.core.lifecycle_history import Interval
from crmkit.plugin import Change, Context, change
from crmkit_sfa.opportunities.days import day_of
from crmkit_sfa.opportunities.entities import Opportunity, OpportunityHistory
from crmkit_sfa.opportunities.intervals import State, Step, states
from crmkit_sfa.opportunities.pipeline import ENTITY, Pipelines, StageSettings
from crmkit_sfa.opportunities.saving import Saving, saving_of
from crmkit_sfa.opportunities.way import WHY, pasts_of, tracks_of

_FACTS = {
    **{name: name for name in ("pipeline", "amount", "close_on", "probability", "forecast_category")},
    "salesperson_id": "owner_id",
    "salesteam_id": "team_id",
}
"""What a row of the history tells, and which field of the opportunity says it; the stage comes from the transitions."""

_read_facts = attrgetter(*_FACTS.values())


def followed(ctx: Context, changes: Sequence[Change]) -> list[Any]:
    """Return the opportunities whose transitions changed as these say, and their history."""
    known = saving_of(ctx)
    told = known.steps
    changes = [c for c in changes if told.get(c.after.id) is not c.after]
    if not changes:
        return []
    ids = list({state.track_id for c in changes for state in (c.before, c.after) if state is not None})
    with ctx.elevated(WHY):
        tracks = [one for one in ctx.session.peek_all(StageTrack, "id", ids) if one.entity == ENTITY]
        if not tracks:
            return []
        found = ctx.session.peek_all(Opportunity, "id", [track.record_id for track in tracks])
    opportunities = {one.id: one for one in found}
    pasts = pasts_of(ctx, tracks)
    pipelines = known.pipelines
    followers: dict[UUID, Opportunity] = {}
    made: dict[UUID, tuple[Interval, ...]] = {}
    for track in tracks:
        one = opportunities.get(track.record_id)
        # One that went over to another pipeline stands where that one says.
        if one is None or not pasts[track.id] or pipelines.lifecycle(one.pipeline).id != track.lifecycle_id:
            continue
        followers[one.id] = _standing(ctx, one, pasts[track.id][-1], pipelines)
        made[one.id] = pasts[track.id]
    return [*followers.values(), *_history(ctx, followers, made, pipelines)]


def retold(ctx: Context, changes: Sequence[Change]) -> list[Any]:
    """Return the history of opportunities that changed in what it tells.

    New ones have theirs from their transitions; it is told anew where another rule has changed them since.
    """
    known = saving_of(ctx)
    told = {c.after.id: c.after for c in changes if _tells_otherwise(c, known)}
    if not told:
        return []
    tracks = tracks_of(ctx, told)
    pipelines = known.pipelines
    current = [t for t in tracks if pipelines.lifecycle(told[t.record_id].pipeline).id == t.lifecycle_id]
    pasts = pasts_of(ctx, current)
    return _history(ctx, told, {track.record_id: pasts[track.id] for track in current}, pipelines)


def _tells_otherwise(c: Change, known: Saving) -> bool:
    if c.created:
        return known.told.get(c.after.id, c.after) is not c.after
    return any(c.changed(name) for name in _FACTS.values())


def _standing(ctx: Context, one: Opportunity, now: Interval, pipelines: Pipelines) -> Opportunity:
    """Return the opportunity where its transitions say."""
    if (one.stage, one.entered_at) == (now.stage, now.start):
        return one
    settings = pipelines.settings(one.pipeline, now.stage)
    closed = settings.category != "open"
    stays = closed and one.category == settings.category and one.closed_on is not None
    return change(
        one,
        stage=now.stage,
        category=settings.category,
        entered_at=now.start,
        closed_on=(one.closed_on if stays else day_of(ctx, now.start)) if closed else None,
        reason=now.transition.reason or one.reason if closed else one.reason,
    )


# -- history ----------------------------------------------------------------------------------------------------------


def history_of_new(
    one: Opportunity, transitions: Sequence[StageTransition], pipelines: Pipelines
) -> list[OpportunityHistory]:
    """Return the history of a new opportunity that has come through ``transitions``, in their order, to where it stands.

    Each stage brought its usual facts along; the last interval tells what the opportunity says.
    """
    facts = _facts(one)
    made: list[OpportunityHistory] = []
    for step, following in pairwise(transitions):
        if step.occurred_at != following.occurred_at:
            settings = pipelines.settings(one.pipeline, step.to_stage)
            made.append(
                OpportunityHistory(
                    opportunity_id=one.id,
                    valid_from=step.occurred_at,
                    valid_to=following.occurred_at,
                    stage=step.to_stage,
                    category=settings.category,
                    **{**facts, **_usual(settings)},
                )
            )
    last = transitions[-1]
    now = OpportunityHistory(
        opportunity_id=one.id, valid_from=last.occurred_at, stage=last.to_stage, category=one.category, **facts
    )
    return [*made, now]


def _history(
    ctx: Context,
    opportunities: Mapping[UUID, Opportunity],
    pasts: Mapping[UUID, tuple[Interval, ...]],
    pipelines: Pipelines,
) -> list[OpportunityHistory]:
    """Return the rows of history that are to be written, so that they tell what was."""
    with ctx.elevated(WHY):
        stored = ctx.session.peek_all(OpportunityHistory, "opportunity_id", list(pasts))
    rows: dict[UUID, list[OpportunityHistory]] = {id: [] for id in pasts}
    for row in sorted(stored, key=lambda row: (row.valid_from, row.id)):
        rows[row.opportunity_id].append(row)
    now = ctx.clock.now()
    made: list[OpportunityHistory] = []
    for id, past in pasts.items():
        one = opportunities[id]
        steps = [_step(interval, pipelines.known(one.pipeline, interval.stage)) for interval in past]
        # What this save has written already is no past: it is told anew.
        known = [_state(row) for row in rows[id] if row.version]
        told = states(steps, known, now, _facts(one))
        made += _rewritten(now, one, rows[id], told)
    return made


def _step(interval: Interval, settings: StageSettings | None) -> Step:
    if settings is None:  # of an earlier revision of the pipeline, which is gone
        return Step(interval.start, interval.stage, "open")
    return Step(interval.start, interval.stage, settings.category, _usual(settings))


def _usual(settings: StageSettings) -> dict[str, Any]:
    return {"probability": settings.probability, "forecast_category": settings.forecast}


def _facts(one: Opportunity) -> dict[str, Any]:
    return dict(zip(_FACTS, _read_facts(one), strict=True))


def _state(row: OpportunityHistory) -> State:
    facts = {fact: getattr(row, fact) for fact in _FACTS}
    return State(row.valid_from, row.valid_to, row.stage, row.category, facts)


def _rewritten(
    now: datetime, one: Opportunity, rows: Sequence[OpportunityHistory], told: Sequence[State]
) -> list[OpportunityHistory]:
    """Return the rows that differ from what is told: changed, new and left over ones."""
    if not rows:
        return [_row(one, state) for state in told]
    by_start: dict[Any, OpportunityHistory] = {}
    spare: list[OpportunityHistory] = []
    for row in rows:
        if row.valid_from in by_start:
            spare.append(row)
        by_start.setdefault(row.valid_from, row)
    made: list[OpportunityHistory] = []
    for state in told:
        found = by_start.pop(state.start, None)
        if found is None:
            made.append(_row(one, state))
            continue
        values = {"valid_to": state.end, "stage": state.stage, "category": state.category, **state.facts}
        if any(getattr(found, name) != value for name, value in values.items()):
            made.append(change(found, **values))
    gone = [*spare, *by_start.values()]
    return [*made, *(change(row, deleted_at=now) for row in gone)]


def _row(one: Opportunity, state: State) -> OpportunityHistory:
    category: Any = state.category
    return OpportunityHistory(
        opportunity_id=one.id,
        valid_from=state.start,
        valid_to=state.end,
        stage=state.stage,
        category=category,
        **state.facts,
    )
