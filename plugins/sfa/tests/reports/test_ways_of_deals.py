"""The rules that funnels follow, and funnels against a slow model that looks at one deal after another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit import Crm
from crmkit.core.values.clock import FixedClock
from crmkit_sfa.funnel.cohort import CohortFunnel, cohort_funnels
from crmkit_sfa.funnel.flow import FlowFunnel, flow_funnels
from crmkit_sfa.funnel.ways import entered, last_open, moves, steps, stood, symbol
from crmkit_sfa.reporting.distribution import survival_median
from crmkit_sfa.reporting.range import DayRange

STAGES = ("prospecting", "engaging", "proposal", "negotiation")
START = datetime(2025, 1, 1, tzinfo=UTC)
BOTH = pytest.mark.parametrize("crm", ["sqlite", "postgresql"], indirect=True)


def way(*names: str) -> str:
    """Write a way with names; a star marks what is recent."""
    return "".join(
        symbol("open", STAGES.index(name.rstrip("*")), name.endswith("*"))
        if name.rstrip("*") in STAGES
        else symbol(name.rstrip("*"), None, name.endswith("*"))  # type: ignore[arg-type]
        for name in names
    )


def test_a_way_tells_where_a_deal_stood_and_what_it_was_lost_from() -> None:
    found = steps(way("prospecting", "proposal", "engaging", "engaging", "lost"))
    assert [step.place for step in found] == [0, 2, 1, None]
    assert stood(found) == {0, 1, 2}
    assert last_open(found) == 1
    assert [move.back for move in moves(found)] == [False, False, True, False]


def test_a_deal_comes_to_the_stages_that_it_passes() -> None:
    assert entered(steps(way("prospecting", "negotiation*")), 4) == {1, 2, 3}
    assert entered(steps(way("engaging", "won*")), 4) == {2, 3}
    assert entered(steps(way("proposal*")), 4) == {0, 1, 2}
    assert entered(steps(way("proposal", "engaging*")), 4) == frozenset()
    assert entered(steps(way("lost", "engaging*")), 4) == {1}
    assert entered(steps(way("prospecting", "engaging", "lost*")), 4) == frozenset()


Way = list[tuple[datetime, str]]


@st.composite
def ways(draw: st.DrawFn) -> Way:
    """Ways through the pipeline: any order of stages, ends and reopenings, never twice the same in a row."""
    at = START + timedelta(days=draw(st.integers(0, 40)))
    names = [draw(st.sampled_from(STAGES))]
    for _ in range(draw(st.integers(0, 5))):
        names.append(draw(st.sampled_from([one for one in (*STAGES, "won", "lost") if one != names[-1]])))
    found = []
    for name in names:
        found.append((at, name))
        at += timedelta(hours=draw(st.integers(1, 24 * 30)))
    return found


NOW = START + timedelta(days=400)
SINCE, UNTIL = date(2025, 1, 20), date(2025, 3, 1)


def slow_cohort(deals: Sequence[Way]) -> dict[str, Any]:
    """Count one deal after another, by the words of the definitions."""
    found: dict[str, Any] = {name: Counter() for name in ("reached", "skipped", "moved_on", "lost", "open")}
    found |= {name: Counter() for name in ("standing", "back", "lost_from")}
    days: dict[int, tuple[Counter[int], Counter[int]]] = {place: (Counter(), Counter()) for place in range(4)}
    for deal in deals:
        names = [name for _, name in deal]
        seen = {STAGES.index(name) for name in names if name in STAGES}
        outcome = names[-1] if names[-1] in ("won", "lost") else "open"
        furthest = 3 if outcome == "won" else max(seen)
        for place in range(furthest + 1):
            found["reached"][place] += 1
            found["skipped"][place] += place not in seen
            further = place < furthest or outcome == "won"
            found["moved_on" if further else outcome][place] += 1
        if outcome == "open":
            found["standing"][STAGES.index(names[-1])] += 1
        if outcome == "lost":
            found["lost_from"][STAGES.index([name for name in names if name in STAGES][-1])] += 1
        for before, after in pairwise(names):
            if before in STAGES and after in STAGES and STAGES.index(after) < STAGES.index(before):
                found["back"][STAGES.index(before)] += 1
        for place in seen:
            spent, still = timedelta(), False
            for number, (at, name) in enumerate(deal):
                if name == STAGES[place]:
                    end = deal[number + 1][0] if number + 1 < len(deal) else None
                    spent += (end or NOW) - at
                    still = still or end is None
            days[place][still][spent.days] += 1
    found["median"] = {place: survival_median(*pair) for place, pair in days.items()}
    return found


def slow_flow(deals: Sequence[Way]) -> dict[str, Any]:
    """Replay each deal through the period."""
    since, until = (datetime.combine(day, datetime.min.time(), UTC) for day in (SINCE, UNTIL))
    found: dict[str, Any] = {name: Counter() for name in ("at_start", "entered", "back", "lost_from", "at_end")}
    told = Counter[str]()
    for deal in deals:
        came: set[int] = set()
        place: int | None = None
        outcome = ""
        standing: dict[str, int | None] = {"at_start": None, "at_end": None}
        for at, name in deal:
            new = STAGES.index(name) if name in STAGES else None
            if at < since:
                standing["at_start"] = new
            if at < until:
                standing["at_end"] = new
            if since <= at < until:
                reopened = outcome in ("won", "lost") and new is not None
                told["opened"] += outcome == ""
                told["won"] += name == "won"
                told["lost"] += name == "lost"
                told["reopened"] += reopened
                first = 0 if place is None else place + 1
                if reopened and new is not None:
                    came.add(new)
                elif name == "won" and outcome != "lost":
                    came.update(range(first, 4))
                elif new is not None:
                    came.update(range(first, new + 1))
                if place is not None and new is not None and new < place:
                    found["back"][place] += 1
                if place is not None and name == "lost":
                    found["lost_from"][place] += 1
            place, outcome = new, name if new is None else "open"
        for name, stage in standing.items():
            if stage is not None:
                found[name][stage] += 1
        for one in came:
            found["entered"][one] += 1
    return {**found, "told": told}


def told_cohort(funnel: CohortFunnel) -> dict[str, Any]:
    names = ("reached", "skipped", "moved_on", "lost", "open", "standing", "back", "lost_from")
    found: dict[str, Any] = {
        name: Counter({place: getattr(stage, name) for place, stage in enumerate(funnel.stages)}) for name in names
    }
    return {**found, "median": {place: stage.time.median for place, stage in enumerate(funnel.stages)}}


def told_flow(funnel: FlowFunnel) -> dict[str, Any]:
    names = ("at_start", "entered", "back", "lost_from", "at_end")
    found: dict[str, Any] = {
        name: Counter({place: getattr(stage, name) for place, stage in enumerate(funnel.stages)}) for name in names
    }
    told = ("opened", "won", "lost", "reopened")
    return {**found, "told": Counter({name: getattr(funnel, name) for name in told})}


@BOTH
def test_funnels_say_what_a_slow_model_says(
    crm: Crm,
    clock: FixedClock,
    told: Callable[..., None],
    deal: Callable[..., Any],
    wiped: Callable[[Crm], None],
) -> None:
    clock.set(NOW)

    @settings(max_examples=50 if crm.database.dialect == "sqlite" else 15)
    @given(st.lists(ways(), min_size=1, max_size=12))
    def agree(deals: list[Way]) -> None:
        wiped(crm)
        told(crm, *(deal(steps=tuple(one)) for one in deals))
        with crm.session(reads=True) as session:
            ctx = crm.context(session, "sfa")
            (cohort,) = cohort_funnels(ctx)
            flows = flow_funnels(ctx, days=DayRange(SINCE, UNTIL))
        assert told_cohort(cohort) == slow_cohort(deals)
        for stage in cohort.stages:
            assert stage.reached == stage.moved_on + stage.lost + stage.open
        assert told_flow(flows[0] if flows else FlowFunnel(stages=())) == slow_flow(deals)

    agree()
