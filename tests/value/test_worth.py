"""The pure rules of worth: shares, fifths, rates."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.errors import BadInput
from crmkit.core.values.ids import new_id
from crmkit.core.worth import Rates, Retention, Worth, fifths, key_accounts, pareto, repeat_rate, rfm

AMOUNTS = st.lists(st.decimals(min_value=-1000, max_value=100_000, places=2), max_size=40)


def worth(revenue: int, purchases: int = 1, cost: int | None = 0, serve: int = 0, day: int = 1) -> Worth:
    at = datetime(2026, 1, day, tzinfo=UTC) if purchases else None
    return Worth(
        customer_id=new_id(),
        name=f"c{revenue}",
        revenue=Decimal(revenue),
        product_cost=None if cost is None else Decimal(cost),
        cost_to_serve=Decimal(serve),
        purchases=purchases,
        first_purchase=at,
        last_purchase=at,
    )


def test_pareto_counts_whole_customers_rounded_up() -> None:
    ten, twenty, half = pareto([Decimal(n) for n in (50, 30, 10, 5, 5)])
    assert (ten.customers, ten.share_of_total) == (1, Decimal("0.5"))
    assert (twenty.customers, twenty.share_of_total) == (1, Decimal("0.5"))
    assert (half.customers, half.share_of_total) == (3, Decimal("0.9"))


@given(AMOUNTS)
def test_pareto_shares_never_fall_and_never_pass_one(amounts: list[Decimal]) -> None:
    points = pareto(amounts)
    assert bool(points) == any(amount > 0 for amount in amounts)
    shares = [point.share_of_total for point in points]
    assert shares == sorted(shares)
    for point in points:
        assert point.share_of_customers <= point.share_of_total + Decimal("1e-20")
        assert point.share_of_total <= 1


@given(st.dictionaries(st.integers(), st.integers(0, 20), min_size=1, max_size=60))
def test_fifths_keep_order_and_ties(values: dict[int, int]) -> None:
    scores = fifths(values)
    assert set(scores.values()) <= {1, 2, 3, 4, 5}
    for a in values:
        for b in values:
            if values[a] < values[b]:
                assert scores[a] <= scores[b]
            if values[a] == values[b]:
                assert scores[a] == scores[b]


def test_margin_and_profit_are_unknown_without_a_cost() -> None:
    assert worth(100, cost=None).margin is None
    assert worth(100, cost=None).profit is None
    assert worth(100, cost=60, serve=50).profit == Decimal(-10)


def test_rfm_scores_buyers_only() -> None:
    best, worst, visitor = worth(100, 9, day=9), worth(1, 1, day=1), worth(0, 0)
    scores = rfm([best, worst, visitor])
    assert str(scores[worst.customer_id]) == "111"
    assert str(scores[best.customer_id]) == "333"
    assert visitor.customer_id not in scores


def test_key_accounts_are_best_by_purchases_and_margin() -> None:
    often_and_much, often, much = worth(900, 50), worth(10, 60, cost=5), worth(1000, 1)
    others = [worth(20 + n, 2) for n in range(7)]
    assert key_accounts([often_and_much, often, much, *others]) == [often_and_much]


def test_repeat_and_retention_say_nothing_about_nobody() -> None:
    assert repeat_rate([]) is None
    assert repeat_rate([worth(1, 1), worth(1, 3), worth(0, 0)]) == Decimal("0.5")
    assert Retention(0, 0).rate is None
    assert Retention(4, 3).rate == Decimal("0.75")


def test_rates_hold_from_their_day_until_the_next_one() -> None:
    rates = Rates([("EUR", "USD", date(2026, 1, 1), Decimal("1.1")), ("EUR", "USD", date(2026, 2, 1), Decimal("1.2"))])
    assert rates.convert(Decimal(10), "EUR", "USD", date(2026, 1, 31)) == Decimal("11.0")
    assert rates.convert(Decimal(10), "EUR", "USD", date(2026, 2, 1)) == Decimal("12.0")
    assert rates.convert(Decimal(12), "USD", "EUR", date(2026, 3, 1)) == Decimal(10)
    assert rates.convert(Decimal(5), "CNY", "CNY", date(2000, 1, 1)) == Decimal(5)
    with pytest.raises(BadInput, match="EUR to USD on 2025-12-31"):
        rates.convert(Decimal(10), "EUR", "USD", date(2025, 12, 31))
