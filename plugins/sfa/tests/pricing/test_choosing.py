"""Which price counts: the rules without a database."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.plugin import Money, change
from crmkit_sfa.pricing.choosing import Buyer, chosen, rate_for
from crmkit_sfa.pricing.entities import Price, PriceList, TaxRate

PRODUCT, SEGMENT = UUID(int=1), UUID(int=2)
DAY = date(2026, 3, 15)


def price_list(number: int, **values: Any) -> PriceList:
    return PriceList(id=UUID(int=100 + number), name=f"list {number}", currency="EUR", **values)


def price(of: PriceList, amount: str, **values: Any) -> Price:
    return Price(price_list_id=of.id, product_id=PRODUCT, price=Money.of(amount, "EUR"), **values)


EVERYBODY, GERMAN, VIP, LARGE, AGREED = (
    price_list(0, priority=9),
    price_list(1, country="DE"),
    price_list(2, tag="vip"),
    price_list(3, segment_id=SEGMENT),
    price_list(4),
)
LISTS = [EVERYBODY, GERMAN, VIP, LARGE, AGREED]


@pytest.mark.parametrize(
    ("buyer", "expected"),
    [
        (Buyer(agreed={AGREED.id: False}), EVERYBODY),
        (Buyer(country="DE", agreed={AGREED.id: False}), GERMAN),
        (Buyer(country="DE", tags=frozenset({"vip"}), agreed={AGREED.id: False}), VIP),
        (Buyer("DE", frozenset({"vip"}), frozenset({SEGMENT}), {AGREED.id: False}), LARGE),
        (Buyer("DE", frozenset({"vip"}), frozenset({SEGMENT}), {AGREED.id: True}), AGREED),
    ],
    ids=["everybody", "country", "tag", "segment", "agreed"],
)
def test_the_most_specific_list_counts_before_priority(buyer: Buyer, expected: PriceList) -> None:
    prices = [price(one, str(at)) for at, one in enumerate(LISTS, 10)]
    answer = chosen(LISTS, prices, buyer, Decimal(1), DAY)
    assert answer.price_list == expected
    assert [one.price_list for one in answer.considered if one.taken] == [expected]
    assert {one.name for one in answer.considered} == {one.name for one in LISTS}
    assert all(str(one.why) for one in answer.considered)


@pytest.mark.parametrize(
    ("changes", "taken"),
    [
        ({"active": False}, False),
        ({"valid_from": date(2026, 3, 16)}, False),
        ({"valid_until": date(2026, 3, 14)}, False),
        ({"valid_from": DAY, "valid_until": DAY}, True),
    ],
    ids=["not in use", "not yet", "no longer", "on that day"],
)
def test_a_list_counts_while_it_is_valid(changes: dict[str, Any], taken: bool) -> None:
    one = change(GERMAN, **changes)
    answer = chosen([EVERYBODY, one], [price(EVERYBODY, "2"), price(one, "1")], Buyer(country="DE"), Decimal(1), DAY)
    assert (answer.price_list == one) is taken


def test_of_equally_specific_lists_priority_then_the_later_begin_counts() -> None:
    older, newer = price_list(5, valid_from=date(2025, 1, 1)), price_list(6, valid_from=date(2026, 1, 1))
    first = price_list(7, valid_from=date(2024, 1, 1), priority=1)
    prices = [price(one, "1") for one in (older, newer, first)]
    assert chosen([older, newer], prices, Buyer(), Decimal(1), DAY).price_list == newer
    assert chosen([older, newer, first], prices, Buyer(), Decimal(1), DAY).price_list == first


@given(
    st.lists(st.tuples(st.integers(1, 50), st.integers(1, 10_000)), min_size=1, unique_by=lambda pair: pair[0]),
    st.integers(1, 60),
)
def test_the_largest_quantity_reached_counts(breaks: list[tuple[int, int]], quantity: int) -> None:
    prices = [price(EVERYBODY, str(amount), from_quantity=Decimal(break_)) for break_, amount in breaks]
    answer = chosen([EVERYBODY], prices, Buyer(), Decimal(quantity), DAY)
    reached = [(break_, amount) for break_, amount in breaks if break_ <= quantity]
    if reached:
        assert answer.price == Money.of(str(max(reached)[1]), "EUR")
    else:
        assert answer.price is None
        assert str(min(breaks)[0]) in str(answer.considered[0].why)


def test_a_dated_price_takes_the_place_of_an_older_one() -> None:
    old = price(EVERYBODY, "10")
    new = price(EVERYBODY, "12", valid_from=date(2026, 4, 1))
    for day, expected in ((DAY, old), (date(2026, 4, 1), new)):
        assert chosen([EVERYBODY], [old, new], Buyer(), Decimal(1), day).price == expected.price


def test_the_tax_rate_that_names_most_counts_and_of_those_the_newest() -> None:
    rates = [
        TaxRate(rate=Decimal(0)),
        TaxRate(country="DE", rate=Decimal(16), valid_from=date(2020, 7, 1)),
        TaxRate(country="DE", rate=Decimal(19), valid_from=date(2021, 1, 1)),
        TaxRate(country="DE", category="books", rate=Decimal(7)),
        TaxRate(country="DE", rate=Decimal(21), valid_from=date(2027, 1, 1)),
    ]

    def rate(country: str, category: str, day: date) -> int | None:
        found = rate_for(rates, country, category, day)
        return None if found is None else int(found.rate)

    assert (rate("DE", "", DAY), rate("DE", "books", DAY), rate("FR", "", DAY)) == (19, 7, 0)
    assert (rate("DE", "", date(2020, 12, 31)), rate("DE", "", date(2027, 1, 1))) == (16, 21)
    assert rate_for(rates[1:], "FR", "", DAY) is None
