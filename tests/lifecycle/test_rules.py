"""Which rules act, and when: pure, so that all cases can be tried."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.lifecycle_rules import RuleLoop, Standing, Step, steps_due
from crmkit.services.lifecycle.defining import default_lifecycle
from tests.lifecycle.conftest import lifecycle

START = datetime(2024, 1, 1, tzinfo=UTC)
CUSTOMER = default_lifecycle()


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def steps(purchases: list[float], until: float, standing: Standing | None = None) -> list[tuple[str, float]]:
    """The stages that the shipped lifecycle leads to, each with its day."""
    begun = standing or Standing("prospect", day(0), first=True)
    found = steps_due(CUSTOMER, begun, {"purchase": [day(p) for p in sorted(purchases)]}, (), day(until))
    return [(step.stage, (step.at - START) / timedelta(days=1)) for step in found]


@pytest.mark.parametrize(
    ("purchases", "until", "expected"),
    [
        ([], 1_000, []),
        ([5], 94.9, [("customer", 5)]),
        ([5], 95, [("customer", 5), ("at_risk", 95)]),
        # Bought on the last day of the ninety: still in time.
        ([5, 95], 96, [("customer", 5)]),
        ([5, 95.5], 96, [("customer", 5), ("at_risk", 95), ("customer", 95.5)]),
        ([5], 370, [("customer", 5), ("at_risk", 95), ("lost", 370)]),
        ([5, 400], 400, [("customer", 5), ("at_risk", 95), ("lost", 370), ("won_back", 400)]),
        ([5, 400], 490, [("customer", 5), ("at_risk", 95), ("lost", 370), ("won_back", 400), ("at_risk", 490)]),
        # Purchases before the relationship count: that is how a prospect turns out to be a customer.
        ([-30], 0, [("customer", 0)]),
        ([-200], 0, [("customer", 0), ("at_risk", 0)]),
    ],
)
def test_the_shipped_rules(purchases: list[float], until: float, expected: list[tuple[str, float]]) -> None:
    assert steps(purchases, until) == expected


def test_what_a_person_decided_stands_for_the_whole_time_of_the_rule() -> None:
    decided = Standing("customer", day(300))
    assert steps([250], 389, decided) == []
    assert steps([250], 390, decided) == [("at_risk", 390)]
    # Whoever came there by a rule is counted from the purchase.
    assert steps([250], 389, Standing("customer", day(300), chosen=False)) == [("at_risk", 340)]


def test_a_person_who_calls_a_customer_lost_is_not_overruled_by_an_old_purchase() -> None:
    assert steps([5, 20], 1_000, Standing("lost", day(30))) == []
    assert steps([5, 31], 32, Standing("lost", day(30))) == [("won_back", 31)]


def test_a_purchase_recorded_late_corrects_what_its_absence_caused() -> None:
    quiet = CUSTOMER.rules[1]
    noticed = Standing("at_risk", day(95), chosen=False, by=quiet)
    assert steps([5], 100, noticed) == []
    assert steps([5, 80], 100, noticed) == [("customer", 95)]


def test_of_several_rules_the_first_due_acts_then_the_first_defined() -> None:
    made = lifecycle(
        "new",
        "slow",
        "fast",
        "same",
        rules=[
            {"name": "slow", "from": "new", "to": "slow", "after": "2 days"},
            {"name": "fast", "from": "new", "to": "fast", "after": "1 day"},
            {"name": "same", "from": "new", "to": "same", "after": "24 hours"},
        ],
    )
    assert steps_due(made, Standing("new", day(0)), {}, (), day(9)) == [Step(made.rules[1], "fast", day(1))]


def test_a_condition_moves_when_it_is_seen_to_hold() -> None:
    rules = [{"name": "big", "from": "new", "to": "big", "when": "name = x", "after": "1 day"}]
    made = lifecycle("new", "big", rules=rules)
    standing = Standing("new", day(0))
    assert steps_due(made, standing, {}, (), day(9)) == []
    assert steps_due(made, standing, {}, {"big"}, day(0.5)) == []
    assert steps_due(made, standing, {}, {"big"}, day(9)) == [Step(made.rules[0], "big", day(9))]


def flipping(**details: Any) -> Any:
    there = {"name": "there", "from": "a", "to": "b", "when": "name = x", **details}
    back = {"name": "back", "from": "b", "to": "a", "when": "name = x", **details}
    return lifecycle("a", "b", rules=[there, back])


def test_rules_that_flip_back_and_forth_are_a_loop_that_names_them() -> None:
    with pytest.raises(RuleLoop) as caught:
        steps_due(flipping(), Standing("a", day(0)), {}, {"there", "back"}, day(1))
    assert caught.value.rules == ("there", "back", "there")


def test_with_a_time_to_wait_they_flip_once_in_that_time() -> None:
    made = flipping(after="7 days")
    (step,) = steps_due(made, Standing("a", day(0)), {}, {"there", "back"}, day(8))
    assert (step.stage, step.at) == ("b", day(8))
    again = Standing("b", step.at, chosen=False, by=step.rule)
    assert steps_due(made, again, {}, {"there", "back"}, day(14)) == []


@given(
    st.lists(st.integers(-100, 1_500), max_size=12),
    st.lists(st.integers(0, 1_600), min_size=1, max_size=6),
)
def test_looking_often_gives_the_same_history_as_looking_once(purchases: list[int], looks: list[int]) -> None:
    at_once = steps([float(p) for p in purchases], max(looks))
    standing, found = Standing("prospect", day(0), first=True), []
    for look in sorted(looks):
        known = {"purchase": [day(p) for p in sorted(purchases) if p <= look]}
        some = steps_due(CUSTOMER, standing, known, (), day(look))
        found += some
        if some:
            standing = Standing(some[-1].stage, some[-1].at, chosen=False, by=some[-1].rule)
    assert [(step.stage, (step.at - START) / timedelta(days=1)) for step in found] == at_once


@given(st.lists(st.floats(-100, 1_500), max_size=12), st.floats(0, 1_600))
def test_steps_go_forward_in_time_and_never_beyond_now(purchases: list[float], until: float) -> None:
    days = [at for _, at in steps(purchases, until)]
    assert all(0 <= at <= until + 1e-9 for at in days)
    assert all(one <= following for one, following in pairwise(days))
