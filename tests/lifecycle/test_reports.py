"""Reports agree with the histories that they count."""

from __future__ import annotations

import random
from datetime import timedelta
from statistics import mean, median

import pytest

from crmkit.core.lifecycle import Relationship, StageTrack
from crmkit.core.lifecycle_history import stage_at
from crmkit.core.values.clock import FixedClock
from crmkit.runtime.crm import Crm
from crmkit.services.lifecycle.defining import define
from crmkit.services.lifecycle.moving import history, move, start
from crmkit.services.lifecycle.reports import conversions, reactions, stage_counts, times_in_stage
from tests.lifecycle.conftest import DAY, add_customer, evaluate, lifecycle, noon, related

STAGES = "abc"


@pytest.fixture
def moved(crm: Crm, clock: FixedClock) -> Crm:
    """Eight records that moved at random, back-dated and to stages they stood in, over forty days."""
    dice = random.Random(7)
    with crm.session() as session:
        define(session, lifecycle(*STAGES))
        for _ in range(8):
            record = add_customer(session)
            start(session, record, stage=dice.choice(STAGES), at=noon(clock, dice.randrange(40)))
            for _ in range(dice.randrange(6)):
                move(session, record, dice.choice(STAGES), at=noon(clock, dice.randrange(40)))
    return crm


def histories(crm: Crm) -> list:
    with crm.session(reads=True) as session:
        return [history(session, track) for track in session.list(StageTrack)]


def test_counts_at_any_date_are_those_of_the_histories(moved: Crm, clock: FixedClock) -> None:
    known = histories(moved)
    with moved.session(reads=True) as session:
        for ago in (41, 39, 30, 20, 10, 0.5, 0):
            found = {one.stage: one.count for one in stage_counts(session, "deal", noon(clock, ago))}
            there = [stage_at(past, noon(clock, ago)) for past in known]
            assert found == {stage: there.count(stage) for stage in STAGES}
        assert sum(one.count for one in stage_counts(session, "deal")) == 8


def test_conversion_and_time_in_stage_are_those_of_the_histories(moved: Crm, clock: FixedClock) -> None:
    known = histories(moved)
    for since, until in ((None, None), (noon(clock, 30), noon(clock, 10))):
        steps: dict[tuple[str, str], int] = {}
        lasted: dict[str, list[timedelta]] = {}
        standing: dict[str, int] = {}
        for past in known:
            for one, following in zip(past, [*past[1:], None], strict=True):
                if (since is None or one.start >= since) and (until is None or one.start < until):
                    key = (one.stage, following.stage if following else "")
                    steps[key] = steps.get(key, 0) + 1
                    lasted.setdefault(one.stage, [])
                    if one.end is None:
                        standing[one.stage] = standing.get(one.stage, 0) + 1
                    else:
                        lasted[one.stage].append(one.end - one.start)
        with moved.session(reads=True) as session:
            found = conversions(session, "deal", since, until)
            times = times_in_stage(session, "deal", since, until)
        assert {(one.stage, one.to): one.count for one in found} == steps
        for one in found:
            assert one.entered == sum(count for (stage, _), count in steps.items() if stage == one.stage)
            assert one.share == one.count / one.entered
        assert {one.stage: one.ended for one in times} == {stage: len(some) for stage, some in lasted.items()}
        for one in times:
            whole = [duration / timedelta(seconds=1) for duration in lasted[one.stage]]
            assert one.standing == standing.get(one.stage, 0)
            assert (one.median is None) is (one.mean is None) is (not whole)
            if one.median is not None and one.mean is not None:
                assert one.median.total_seconds() == pytest.approx(median(whole))
                assert one.mean.total_seconds() == pytest.approx(mean(whole))


def test_reaction_is_the_time_from_when_a_rule_was_due_to_the_move(shop: Crm, clock: FixedClock) -> None:
    with shop.session() as session:
        for ago in (10, 4, 1):
            related(session, add_customer(session, noon(clock, ago)), noon(clock, 20))
    evaluate(shop)
    with shop.session(reads=True) as session:
        (one,) = reactions(session, "customer")
        assert (one.rule, one.stage, one.count) == ("first_purchase", "customer", 3)
        assert (one.median, one.mean) == (4 * DAY, 5 * DAY)
        assert [late.count for late in reactions(session, "customer", since=noon(clock, 5))] == [2]
        assert reactions(session, "customer", until=noon(clock, 15)) == []


def test_deleted_records_do_not_count(shop: Crm, clock: FixedClock) -> None:
    with shop.session() as session:
        gone, _ = (related(session, add_customer(session), noon(clock, 5)) for _ in range(2))
        session.delete(session.get(Relationship, gone.id))
    with shop.session(reads=True) as session:
        assert [one.count for one in stage_counts(session, "customer") if one.count] == [1]
        assert [one.entered for one in conversions(session, "customer")] == [1]


def test_a_stage_that_is_gone_is_still_counted_in_the_past(crm: Crm, clock: FixedClock) -> None:
    with crm.session() as session:
        define(session, lifecycle("old", "b"))
        start(session, add_customer(session), at=noon(clock, 5))
        define(session, lifecycle("b"), remap={"old": "b"})
    with crm.session(reads=True) as session:
        found = [(one.stage, one.category, one.count) for one in stage_counts(session, "deal", noon(clock, 1))]
        assert found == [("b", "open", 0), ("old", "", 1)]
        assert [(one.stage, one.to) for one in conversions(session, "deal")] == [("b", ""), ("old", "b")]
