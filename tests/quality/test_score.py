"""The arithmetic of scores."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.quality_score import POINTS, STATES, State, Tally, as_score, percent, record_points, weighted

states = st.sampled_from(STATES)
weights = st.integers(1, 100)
things = st.lists(st.tuples(weights, states), max_size=20)


@st.composite
def tallies(draw: st.DrawFn) -> Tally:
    expected = draw(st.integers(0, 1_000))
    present = draw(st.integers(0, expected))
    valid = draw(st.integers(0, present))
    return Tally(expected, present, valid, draw(st.integers(0, valid)))


def test_shares_are_in_per_cent_and_rounded_half_up() -> None:
    assert percent(1, 3) == Decimal("33.3")
    assert percent(1, 800) == Decimal("0.1")
    assert percent(3, 2_000) == Decimal("0.2")
    assert percent(0, 7) == Decimal("0.0")
    assert percent(0, 0) is None


def test_each_dimension_rests_on_what_the_one_before_left() -> None:
    tally = Tally(expected=10, present=8, valid=6, current=3)
    assert (tally.completeness, tally.validity, tally.timeliness) == (Decimal(80), Decimal(75), Decimal(50))
    assert tally.score == Decimal(30)  # 0.8 x 0.75 x 0.5
    assert Tally().score is None


def test_weights_count_a_thing_as_often_as_they_say() -> None:
    mail, owner = Tally(4, 2, 2, 2), Tally(4, 4, 4, 4)
    assert weighted([(3, mail), (1, owner)]).score == Decimal("62.5")  # (3 x 2 + 1 x 4) / (3 x 4 + 1 x 4)
    assert weighted([]) == Tally()


def test_of_one_record_only_what_is_good_scores() -> None:
    assert record_points([(3, "good"), (2, "old"), (2, "missing"), (1, "wrong"), (9, "")]) == 3_750
    assert record_points([(1, "good"), (2, "missing")]) == 3_333
    assert record_points([(5, "")]) is None
    assert record_points([]) is None
    assert as_score(3_750) == Decimal("37.5")
    assert as_score(9_999) == Decimal("99.9")
    assert as_score(POINTS) == Decimal(100)
    assert as_score(0) == Decimal(0)


@given(tallies())
def test_the_score_is_the_product_of_the_dimensions(tally: Tally) -> None:
    shares = (tally.completeness, tally.validity, tally.timeliness)
    if None in shares:
        # Where nothing is left to ask for, nothing is good.
        assert tally.current == 0
        assert tally.score in (None, Decimal(0))
    else:
        exact = Decimal(tally.current) * 100 / tally.expected
        assert tally.score is not None
        assert abs(tally.score - exact) <= Decimal("0.05")
        assert tally.score <= min(share for share in shares if share is not None)


@given(things)
def test_points_are_between_nothing_and_all(found: list[tuple[int, State]]) -> None:
    points = record_points(found)
    expected = [(weight, state) for weight, state in found if state]
    assert (points is None) == (not expected)
    if points is not None:
        assert 0 <= points <= POINTS
        assert (points == POINTS) == all(state == "good" for _, state in expected)


@given(things, weights, st.sampled_from(["missing", "wrong", "old"]))
def test_mending_something_never_lowers_a_score(found: list[tuple[int, State]], weight: int, bad: State) -> None:
    before, after = record_points([*found, (weight, bad)]), record_points([*found, (weight, "good")])
    assert before is not None
    assert after is not None
    assert after > before or (after == before and sum(w for w, _ in found) >= POINTS)


@given(st.lists(st.tuples(weights, tallies()), max_size=8), weights)
def test_the_unit_of_weights_does_not_matter(found: list[tuple[int, Tally]], factor: int) -> None:
    more = [(weight * factor, tally) for weight, tally in found]
    assert weighted(more).score == weighted(found).score


@given(st.lists(tallies(), max_size=8))
def test_tallies_add_up_in_any_order(found: list[Tally]) -> None:
    assert sum(found, start=Tally()) == sum(reversed(found), start=Tally())
