from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.plugin import BadInput
from crmkit_sfa.dealers.facts import STANDARD_CRITERIA
from crmkit_sfa.scorecards.scoring import (
    CENT,
    Criterion,
    number,
    plain_criterion,
    points_of,
    problems,
    read_criterion,
    scored,
)

SCALE = Decimal(100)
numbers = st.decimals(-1_000_000, 1_000_000, places=2)


@st.composite
def criteria(draw: Callable[..., object]) -> list[Criterion]:
    names = draw(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=6, unique=True))
    made = []
    for name in names:  # type: ignore[attr-defined]
        worst, best = draw(st.tuples(numbers, numbers).filter(lambda pair: pair[0] != pair[1]))  # type: ignore[misc]
        made.append(Criterion(name=name, weight=draw(st.decimals("0.01", 100, places=2)), worst=worst, best=best))  # type: ignore[arg-type]
    return made


@st.composite
def judged(draw: Callable[..., object]) -> tuple[list[Criterion], dict[str, Decimal]]:
    some: list[Criterion] = draw(criteria())  # type: ignore[assignment]
    values: dict[str, Decimal] = draw(st.dictionaries(st.sampled_from([one.name for one in some]), numbers))  # type: ignore[assignment]
    return some, values


@given(judged())
def test_a_total_lies_between_the_smallest_and_the_largest_points(
    case: tuple[list[Criterion], dict[str, Decimal]],
) -> None:
    some, values = case
    score = scored(some, values, SCALE)
    assert (score.total is None) == (not values)
    assert score.points.keys() == values.keys()
    if score.total is not None:
        # Points and total are rounded each for itself.
        assert min(score.points.values()) - CENT <= score.total <= max(score.points.values()) + CENT
        assert 0 <= score.total <= SCALE


@given(judged(), st.decimals("0.01", 100, places=2))
def test_only_the_proportions_of_weights_count(
    case: tuple[list[Criterion], dict[str, Decimal]], factor: Decimal
) -> None:
    some, values = case
    heavier = [attrs.evolve(one, weight=one.weight * factor) for one in some]
    assert scored(heavier, values, SCALE) == scored(some, values, SCALE)


@given(judged(), st.randoms())
def test_the_order_of_criteria_does_not_count(case: tuple[list[Criterion], dict[str, Decimal]], random: object) -> None:
    some, values = case
    mixed = list(some)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert scored(mixed, values, SCALE) == scored(some, values, SCALE)


@given(criteria(), numbers, numbers)
def test_what_is_nearer_to_the_best_never_gives_less(some: list[Criterion], one: Decimal, other: Decimal) -> None:
    criterion = some[0]
    rising = criterion.best > criterion.worst
    better, worse = (max(one, other), min(one, other)) if rising else (min(one, other), max(one, other))
    assert points_of(criterion, worse, SCALE) <= points_of(criterion, better, SCALE)


@given(criteria())
def test_the_best_of_all_is_the_scale_and_the_worst_nothing(some: list[Criterion]) -> None:
    for side, total in (("best", SCALE), ("worst", Decimal(0))):
        score = scored(some, {one.name: getattr(one, side) for one in some}, SCALE)
        assert (score.total, score.covered) == (total, SCALE)


@given(judged())
def test_what_has_no_value_has_no_part_in_it(case: tuple[list[Criterion], dict[str, Decimal]]) -> None:
    some, values = case
    known = [one for one in some if one.name in values]
    assert scored(some, values, SCALE).total == scored(known, values, SCALE).total


@given(criteria())
def test_criteria_are_read_as_they_were_kept(some: list[Criterion]) -> None:
    assert [read_criterion(plain_criterion(one)) for one in some] == some
    assert problems(some, SCALE) == []


def test_less_is_better_where_the_worst_is_larger() -> None:
    response = Criterion(name="response", worst=Decimal(40), best=Decimal(0))
    assert [points_of(response, Decimal(v), SCALE) for v in (50, 40, 10, 0)] == [0, 0, 75, 100]


@pytest.mark.parametrize(
    ("some", "count"),
    [
        ([], 1),
        ([Criterion(name="a"), Criterion(name="a")], 1),
        ([Criterion(name="a", weight=Decimal(0))], 1),
        ([Criterion(name="a", worst=Decimal(1), best=Decimal(1))], 1),
        ([Criterion(name="")], 1),
        (list(STANDARD_CRITERIA), 0),
    ],
    ids=["none", "twice", "no weight", "no span", "no name", "standard"],
)
def test_what_is_wrong_is_named(some: list[Criterion], count: int) -> None:
    assert len(problems(some, SCALE)) == count


@pytest.mark.parametrize("value", ["much", "NaN", "Infinity", ""], ids=["word", "nan", "infinite", "empty"])
def test_a_number_is_a_number(value: str) -> None:
    with pytest.raises(BadInput):
        number("weight", value)
    with pytest.raises(BadInput):
        read_criterion({"name": "a", "weight": value})
