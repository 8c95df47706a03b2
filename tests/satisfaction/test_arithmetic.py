"""The arithmetic of satisfaction, without any database."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.satisfaction import (
    Tally,
    mean_score,
    net_promoter,
    rounded,
    satisfaction,
    share,
    weighted_satisfaction,
)

ANSWERS = st.lists(st.tuples(st.integers(0, 10), st.integers(0, 10)), max_size=30)
SCORES = st.lists(st.integers(0, 10), min_size=1, max_size=40)


def rated(*answers: tuple[int, int]) -> Tally:
    """Add up answers, each what was expected and what was experienced."""
    return Tally(
        rated=len(answers),
        expected=Decimal(sum(a for a, _ in answers)),
        experienced=Decimal(sum(b for _, b in answers)),
        below=sum(b < a for a, b in answers),
    )


def scored(*scores: int) -> Tally:
    return Tally(
        scored=len(scores),
        score=Decimal(sum(scores)),
        promoters=sum(score >= 9 for score in scores),
        detractors=sum(score <= 6 for score in scores),
    )


def test_satisfaction_is_what_was_experienced_over_what_was_expected() -> None:
    assert satisfaction(rated((8, 6))) == Decimal("0.75")
    assert satisfaction(rated((8, 8))) == 1
    assert satisfaction(rated((5, 10))) == 2
    # One low expectation does not outweigh the rest: the mean of the single ratios would be 5.4.
    assert rounded(satisfaction(rated((1, 10), (10, 8)))) == Decimal("1.636")


@pytest.mark.parametrize("tally", [Tally(), rated((0, 5)), Tally(asked=9, answered=2)])
def test_without_data_there_is_no_guess(tally: Tally) -> None:
    assert satisfaction(tally) is None
    assert weighted_satisfaction([(Decimal(1), tally)]) is None
    assert net_promoter(tally) is None
    assert mean_score(tally) is None
    assert share(0, 0) is None
    assert rounded(None) is None


def test_weights_count_only_where_there_are_answers() -> None:
    half, full = rated((10, 5)), rated((10, 10))
    assert weighted_satisfaction([(Decimal(1), half), (Decimal(3), full)]) == Decimal("0.875")
    assert weighted_satisfaction([(Decimal(1), half), (Decimal(3), Tally())]) == Decimal("0.5")
    assert weighted_satisfaction([(Decimal(0), half)]) is None


@given(st.lists(st.tuples(st.integers(1, 9), ANSWERS), min_size=1, max_size=6))
def test_the_whole_lies_between_its_parts(parts: list[tuple[int, list[tuple[int, int]]]]) -> None:
    tallies = [(Decimal(weight), rated(*answers)) for weight, answers in parts]
    known = [c for _, tally in tallies if (c := satisfaction(tally)) is not None]
    whole = weighted_satisfaction(tallies)
    if whole is None:
        assert known == []
    else:
        hair = Fraction(1, 10**40)
        assert Fraction(min(known)) - hair <= Fraction(whole) <= Fraction(max(known)) + hair


@given(ANSWERS, ANSWERS)
def test_tallies_add_up(some: list[tuple[int, int]], more: list[tuple[int, int]]) -> None:
    assert rated(*some) + rated(*more) == rated(*some, *more)


@given(ANSWERS)
def test_satisfaction_agrees_with_exact_fractions(answers: list[tuple[int, int]]) -> None:
    expected, experienced = sum(a for a, _ in answers), sum(b for _, b in answers)
    c = satisfaction(rated(*answers))
    if expected:
        assert c is not None
        assert abs(Fraction(c) - Fraction(experienced, expected)) < Fraction(1, 10**40)
    else:
        assert c is None


@given(SCORES)
def test_promoters_less_detractors_within_their_bounds(scores: list[int]) -> None:
    found = net_promoter(scored(*scores))
    assert found is not None
    exact = Fraction(100 * sum((s >= 9) - (s <= 6) for s in scores), len(scores))
    assert abs(Fraction(found.score) - exact) <= Fraction(1, 20)
    assert -100 <= found.low <= found.score <= found.high <= 100
    mirrored = net_promoter(scored(*[{True: 0, False: 8}[s >= 9] if s > 6 else 10 for s in scores]))
    assert mirrored is not None
    assert (mirrored.score, mirrored.low, mirrored.high) == (-found.score, -found.high, -found.low)


def test_a_known_interval() -> None:
    # 100 answers, 50 promoters, 20 detractors: (50.75 - 20.75) / 103 = 0.29126, variance (0.69417 - 0.08483) / 103.
    found = net_promoter(scored(*[10] * 50, *[8] * 30, *[3] * 20))
    assert found is not None
    assert (found.score, found.low, found.high) == (Decimal("30.0"), Decimal("16.5"), Decimal("41.8"))


@given(SCORES, st.integers(2, 20))
def test_more_answers_of_the_same_kind_never_widen_the_interval(scores: list[int], times: int) -> None:
    few, many = net_promoter(scored(*scores)), net_promoter(scored(*scores * times))
    assert few is not None
    assert many is not None
    assert many.score == few.score
    assert many.high - many.low <= few.high - few.low + Decimal("0.2")


def test_effort_is_the_mean_score() -> None:
    assert rounded(mean_score(scored(7, 6, 6)), 2) == Decimal("6.33")
