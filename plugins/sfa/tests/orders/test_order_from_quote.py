"""Orders from quotations: whole, in part, and never more than was offered by all of them together."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest

from crmkit.plugin import BadInput, Conflict, CrmError, Money, Refused, change
from crmkit_sfa.orders.amending import amend, cancel
from crmkit_sfa.orders.entering import open_quantities, order_from_quote
from crmkit_sfa.orders.entities import Order, OrderLine
from crmkit_sfa.orders.placing import confirm
from crmkit_sfa.quotes.entities import Quote, QuoteLine


def ordered(shop: Any, quote: Quote, quantities: dict[int, Decimal] | None = None) -> Order:
    with shop.crm.session() as session:
        ctx = shop.crm.context(session, "sfa")
        return confirm(ctx, order_from_quote(ctx, quote, quantities))


def test_a_whole_quotation_comes_to_the_same(shop: Any) -> None:
    quote = shop.quote(discount=Decimal(5))
    order = ordered(shop, quote)
    assert (order.net, order.tax, order.gross) == (quote.net, quote.tax, quote.gross)
    assert (order.quote_id, order.customer_id, order.discount) == (quote.id, quote.customer_id, Decimal(5))
    with pytest.raises(Conflict, match=r"all of quotation Q-[0-9]+ is ordered already"):
        ordered(shop, quote)


def test_parts_of_a_quotation_until_nothing_is_left(shop: Any) -> None:
    quote = shop.quote()
    first = ordered(shop, quote, {1: Decimal(4)})
    assert first.net == Money.of("133.32", "EUR")
    with shop.crm.session(reads=True) as session:
        assert open_quantities(shop.crm.context(session, "sfa"), quote) == {1: Decimal(6), 2: Decimal(4)}
    with pytest.raises(Refused, match=r"Pump: 11 ordered, quotation Q-[0-9]+ offers 10"):
        ordered(shop, quote, {1: Decimal(7)})
    rest = ordered(shop, quote)
    assert first.net + rest.net == quote.net
    assert first.number < rest.number


def test_what_is_cancelled_may_be_ordered_again(quick: Any) -> None:
    quote = quick.quote()
    first = ordered(quick, quote)
    with quick.crm.session() as session:
        cancel(quick.crm.context(session, "sfa"), first, "too early", {1: Decimal(3)})
    assert ordered(quick, quote).net == Money.of("99.99", "EUR")


def test_an_amendment_orders_no_more_than_was_offered(quick: Any) -> None:
    order = ordered(quick, quick.quote(), {1: Decimal(4)})
    with quick.crm.session() as session:
        line = change(session.find(OrderLine, order_id=order.id), quantity=Decimal(12))
    with (
        pytest.raises(Refused, match=r"Pump: 12 ordered, quotation Q-[0-9]+ offers 10"),
        quick.crm.session() as session,
    ):
        amend(quick.crm.context(session, "sfa"), order, "more", [line])


def test_only_what_was_accepted_is_ordered(quick: Any) -> None:
    quote = quick.quote(status="draft")
    with pytest.raises(Conflict, match=r"quotation Q-[0-9]+ is draft; only accepted ones are ordered"):
        ordered(quick, quote)
    order = quick.order(confirmed=False, quote_id=quote.id)
    with quick.crm.session(reads=True) as session:
        line = session.find(QuoteLine, quote_id=quote.id)
    with pytest.raises(Refused, match=r"of quotation Q-[0-9]+, which is draft"), quick.crm.session() as session:
        session.add(OrderLine(order_id=order.id, position=3, quote_line_id=line.id, unit_price=line.unit_price))


@pytest.mark.parametrize(
    ("quantities", "said"),
    [
        ({3: Decimal(1)}, "has no position 3; known: 1, 2"),
        ({1: Decimal(0)}, "expected a quantity above 0"),
        ({}, "needs a position"),
    ],
    ids=["unknown", "nothing", "empty"],
)
def test_what_cannot_be_ordered(quick: Any, quantities: dict[int, Decimal], said: str) -> None:
    quote = quick.quote()
    with pytest.raises(BadInput, match=said):
        ordered(quick, quote, quantities)


def test_two_at_once_never_order_more_than_was_offered(postgres_shop: Any) -> None:
    shop = postgres_shop
    quote = shop.quote()
    start = Barrier(4)

    def one(_: int) -> str:
        start.wait()
        try:
            return ordered(shop, quote, {1: Decimal(4)}).status
        except CrmError as error:
            return error.code

    with ThreadPoolExecutor(4) as pool:
        outcomes = sorted(pool.map(one, range(4)))
    assert outcomes == ["confirmed", "confirmed", "refused", "refused"]
    with shop.crm.session(reads=True) as session:
        orders = session.list(Order, quote_id=quote.id)
        lines = session.list(OrderLine, order_id=[order.id for order in orders])
        assert sum(line.quantity for line in lines) == Decimal(8)
        assert len({order.number for order in orders}) == 2


def test_two_writers_of_lines_at_once_never_order_more(postgres_shop: Any) -> None:
    """Also those who write lines themselves, without the use case."""
    shop = postgres_shop
    quote = shop.quote()
    with shop.crm.session(reads=True) as session:
        line = session.find(QuoteLine, quote_id=quote.id, position=1)
    orders = [shop.order(confirmed=False, quote_id=quote.id) for _ in range(2)]
    start = Barrier(2)

    def one(order: Order) -> str:
        try:
            with shop.crm.session() as session:
                session.add(
                    OrderLine(
                        order_id=order.id,
                        position=3,
                        quote_line_id=line.id,
                        quantity=Decimal(6),
                        unit_price=line.unit_price,
                    )
                )
                start.wait()
            return "written"
        except CrmError as error:
            return error.code

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(one, orders)) == ["refused", "written"]
