"""Orders of which nothing more is to come."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from crmkit.plugin import Conflict, Money, change
from crmkit_sfa.orders.amending import amend, cancel
from crmkit_sfa.orders.entities import Order, OrderLine
from crmkit_sfa.orders.placing import close, deliver


def eur(amount: str) -> Money:
    return Money.of(amount, "EUR")


def test_a_closed_order_is_not_amended(shop: Any) -> None:
    order = shop.order()
    with shop.crm.session() as session:
        order = close(shop.crm.context(session, "sfa"), order)
    with shop.crm.session() as session, pytest.raises(Conflict, match="is closed; expected a confirmed one"):
        amend(shop.crm.context(session, "sfa"), order, "dearer", shop_lines(session, order))
    with shop.crm.session(reads=True) as session:
        now = session.get(Order, order.id)
    assert (now.status, now.revision, now.gross) == ("closed", 1, order.gross)


def shop_lines(session: Any, order: Order) -> list[OrderLine]:
    lines = session.list(OrderLine, order_id=order.id, order="position")
    return [change(line, quantity=line.quantity + 1) for line in lines]


def test_a_closed_order_is_cancelled_all_the_same(quick: Any) -> None:
    order = quick.order()
    with quick.crm.session() as session:
        ctx = quick.crm.context(session, "sfa")
        order, _ = cancel(ctx, close(ctx, order), "came back")
    assert (order.status, order.gross) == ("cancelled", eur("0"))


def test_cancelling_what_was_not_delivered_fulfils_the_order(shop: Any) -> None:
    order = shop.order()
    with shop.crm.session() as session:
        ctx = shop.crm.context(session, "sfa")
        order = deliver(ctx, order, {1: Decimal(2)})
        order, _ = cancel(ctx, order, "late", {2: Decimal(1)})
        assert order.status == "confirmed"
        order, amendment = cancel(ctx, order, "late", {1: Decimal(1)})
    assert (order.status, order.net) == ("fulfilled", eur("66.66"))
    assert amendment is not None
    assert {"field": "status", "before": "confirmed", "after": "fulfilled"} in amendment.changes


def test_ordering_no_more_than_was_delivered_fulfils_the_order(quick: Any) -> None:
    order = quick.order()
    with quick.crm.session() as session:
        ctx = quick.crm.context(session, "sfa")
        order = deliver(ctx, order, {1: Decimal(2), 2: Decimal(1)})
        pump = session.find(OrderLine, order_id=order.id, position=1)
        order, _ = amend(ctx, order, "two are enough", [change(pump, quantity=Decimal(2))])
    assert order.status == "fulfilled"


def test_an_amendment_alone_fulfils_nothing(quick: Any) -> None:
    customer = quick.customer()
    with quick.crm.session() as session:
        told = Order(customer_id=customer.id, currency="EUR", status="confirmed", net=eur("10"), gross=eur("10"))
        session.add(told)
        session.flush()
        order, _ = amend(quick.crm.context(session, "sfa"), session.get(Order, told.id), "later", discount=Decimal(1))
    assert order.status == "confirmed"
