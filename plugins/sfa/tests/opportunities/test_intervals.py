"""The history of an opportunity as intervals: pure rules, and what holds for every history."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from crmkit_sfa.opportunities.intervals import State, Step, states

START = datetime(2026, 1, 1, tzinfo=UTC)
STAGES = ("a", "b", "c")


def at(hour: int) -> datetime:
    return START + timedelta(hours=hour)


def steps_of(stages: list[tuple[int, str]]) -> list[Step]:
    """Return the steps in their order, each to another stage than the one before."""
    found: list[Step] = []
    for hour, stage in sorted(dict(stages).items()):
        if not found or found[-1].stage != stage:
            found.append(Step(at(hour), stage, "open", {"probability": STAGES.index(stage)}))
    return found


def facts(amount: int, probability: int = 0) -> dict[str, Any]:
    return {"amount": amount, "probability": probability}


def stage_at(told: list[State], instant: datetime) -> str | None:
    return next((s.stage for s in told if s.start <= instant and (s.end is None or instant < s.end)), None)


stages = st.lists(st.tuples(st.integers(0, 40), st.sampled_from(STAGES)), min_size=1, max_size=6)
writings = st.lists(st.tuples(st.integers(41, 80), st.integers(0, 3)), max_size=6, unique_by=lambda one: one[0])


@given(stages, writings)
def test_intervals_have_no_gaps_and_the_last_one_tells_the_present(
    moves: list[tuple[int, str]], changes: list[tuple[int, int]]
) -> None:
    steps = steps_of(moves)
    told = states(steps, [], at(40), facts(9))
    for hour, amount in sorted(changes):
        told = states(steps, told, at(hour), facts(amount, told[-1].facts["probability"]))
        assert told[-1].facts["amount"] == amount
    assert told[0].start == steps[0].at
    assert [one.end for one in told] == [*(one.start for one in told[1:]), None]
    assert all(one.end is None or one.start < one.end for one in told)
    for one, other in pairwise(told):
        assert (one.stage, one.facts) != (other.stage, other.facts)


@given(stages, st.tuples(st.integers(0, 40), st.sampled_from(STAGES)))
def test_a_step_that_is_entered_late_makes_the_stages_of_one_entered_in_time(
    moves: list[tuple[int, str]], late: tuple[int, str]
) -> None:
    known = states(steps_of(moves), [], at(50), facts(1))
    steps = steps_of([*moves, late])
    told = states(steps, known, at(60), known[-1].facts)
    for hour in range(41):
        expected = [step.stage for step in steps if step.at <= at(hour)]
        assert stage_at(told, at(hour)) == (expected[-1] if expected else None)


def test_what_was_known_stands_when_a_step_is_entered_late() -> None:
    steps = [Step(at(0), "a", "open", {"probability": 10})]
    told = states(steps, [], at(0), facts(5, 10))
    told = states(steps, told, at(20), facts(7, 10))
    late = [*steps, Step(at(10), "b", "open", {"probability": 25})]
    told = states(late, told, at(30), facts(7, 25))
    assert [(one.start, one.stage, one.facts["amount"], one.facts["probability"]) for one in told] == [
        (at(0), "a", 5, 10),
        (at(10), "b", 5, 25),
        (at(20), "b", 7, 25),
    ]


def test_without_steps_there_is_no_history() -> None:
    assert states([], [], at(0), facts(1)) == []


def test_of_several_first_steps_at_one_instant_the_last_one_counts() -> None:
    steps = [Step(at(0), "a", "open", {"probability": 0}), Step(at(0), "b", "open", {"probability": 1})]
    steps.append(Step(at(2), "c", "won", {"probability": 2}))
    facts = {"probability": 50, "amount": 7}
    assert states(steps, [], at(9), facts) == [
        State(at(0), at(2), "b", "open", {"probability": 1, "amount": 7}),
        State(at(2), None, "c", "won", facts),
    ]
