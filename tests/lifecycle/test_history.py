"""Folding transitions to history: pure, and the same for every order of recording."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import uuid4

import attrs
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.entity import change
from crmkit.core.lifecycle import StageTransition
from crmkit.core.lifecycle_history import fold, in_order, stage_at, standing_since

START = datetime(2026, 1, 1, tzinfo=UTC)
TRACK = uuid4()


def step(stage: str, day: int) -> StageTransition:
    return StageTransition(track_id=TRACK, to_stage=stage, occurred_at=START + timedelta(days=day))


@st.composite
def transitions(draw: st.DrawFn) -> list[StageTransition]:
    """Transitions as they were recorded: few days and stages, so that instants and stages repeat."""
    drawn = draw(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 4)), max_size=12))
    return [step(stage, day) for stage, day in drawn]


@given(transitions(), st.randoms(use_true_random=False))
def test_history_does_not_depend_on_the_order_in_which_transitions_are_read(recorded, random) -> None:
    shuffled = list(recorded)
    random.shuffle(shuffled)
    assert fold(shuffled) == fold(recorded)


@given(transitions())
def test_history_has_no_gaps_and_neighbours_differ(recorded) -> None:
    history = fold(recorded)
    assert bool(history) is bool(recorded)
    for one, following in pairwise(history):
        assert one.end == following.start
        assert one.start <= following.start
        assert one.stage != following.stage
    if history:
        assert history[-1].end is None
        assert history[0].start == min(transition.occurred_at for transition in recorded)


@given(transitions(), st.integers(-1, 5))
def test_the_stage_at_an_instant_is_that_of_the_last_transition_until_then(recorded, day) -> None:
    instant = START + timedelta(days=day)
    until = [transition for transition in recorded if transition.occurred_at <= instant]
    # The model: replay by date; at one date the later recorded wins, and ids grow as transitions are made.
    expected = max(until, key=lambda transition: (transition.occurred_at, transition.id)).to_stage if until else None
    assert stage_at(fold(recorded), instant) == expected


@given(transitions(), st.sampled_from("abc"), st.integers(0, 4))
def test_a_back_dated_transition_changes_only_the_time_until_the_next_one(recorded, stage, day) -> None:
    late = step(stage, day)
    before, after = fold(recorded), fold([*recorded, late])
    following = min((t.occurred_at for t in recorded if t.occurred_at > late.occurred_at), default=None)
    for hours in range(-12, 6 * 24, 6):
        instant = START + timedelta(hours=hours)
        touched = instant >= late.occurred_at and (following is None or instant < following)
        assert stage_at(after, instant) == (stage if touched else stage_at(before, instant))


def test_of_two_transitions_at_one_instant_the_later_recorded_stands_last() -> None:
    first, second = step("a", 1), step("b", 1)
    history = fold([second, first])
    assert [(i.stage, i.start == i.end) for i in history] == [("a", True), ("b", False)]


def test_a_step_to_the_same_stage_starts_nothing_new() -> None:
    history = fold([step("a", 0), step("b", 5), step("b", 3)])
    assert [(interval.stage, interval.start) for interval in history] == [
        ("a", START),
        ("b", START + timedelta(days=3)),
    ]


def test_deleted_transitions_do_not_count() -> None:
    kept, gone = step("a", 0), change(step("b", 1), deleted_at=START)
    assert in_order([gone, kept]) == [kept]
    assert [interval.stage for interval in fold([gone, kept])] == ["a"]
    assert attrs.asdict(fold([kept])[0])["end"] is None


@given(transitions())
def test_a_record_stands_where_its_last_interval_began(recorded) -> None:
    past = fold(recorded)
    assert standing_since(in_order(recorded)) == (past[-1].transition if past else None)
