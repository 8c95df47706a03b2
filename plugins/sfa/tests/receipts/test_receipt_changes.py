"""Money of several currencies, and what becomes of it when the order changes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from crmkit.core.interaction import Interaction, InteractionParticipant
from crmkit.plugin import BadInput, Conflict, Money, change
from crmkit.testing.making import AsUser
from crmkit_sfa.orders.amending import amend, cancel
from crmkit_sfa.orders.entities import Order, OrderLine
from crmkit_sfa.receipts.allocating import (
    gain_of,
)
from crmkit_sfa.receipts.entities import Receipt
from crmkit_sfa.receipts.planning import plan_of
from crmkit_sfa.receipts.recording import refund


def eur(amount: str) -> Money:
    return Money.of(amount, "EUR")


def moved(books: Any, customer: Any) -> list[tuple[str, str, Money | None]]:
    with books.crm.session(reads=True) as session:
        ids = [one.interaction_id for one in session.list(InteractionParticipant, customer_id=customer)]
        return [(one.kind, one.status, one.money) for one in session.list(Interaction, id=ids, order="id")]


def worths(books: Any, customer: Any) -> list[tuple[Decimal, int]]:
    with books.crm.session(reads=True) as session:
        known = books.crm.services_for(session).customer_worths("EUR")
        return [(one.revenue, one.purchases) for one in known if one.customer_id == customer]


def test_another_currency_at_the_rate_of_the_day(books: Any) -> None:
    order = books.order("1000")
    planned = books.planned(order)
    receipt = books.receipt(order.customer_id, "500", "USD", received_on=date(2026, 3, 10))
    with pytest.raises(BadInput, match="no exchange rate from USD to EUR on 2026-03-10; add one"):
        books.paid(receipt, planned)
    books.rate("EUR", "USD", "1.25", date(2026, 3, 9))
    books.rate("EUR", "USD", "1.10", date(2026, 3, 11))
    (paid,) = books.paid(receipt, planned)
    assert (paid.amount, paid.settled, paid.rate) == (Money.of(500, "USD"), eur("400"), Decimal("0.8"))
    assert books.outstanding(planned) == [Decimal(600)]


def test_the_bank_says_what_it_made_of_it(quick: Any) -> None:
    order = quick.order("1000")
    planned = quick.planned(order)
    receipt = quick.receipt(order.customer_id, "1100", "USD")
    (paid,) = quick.paid(receipt, planned, settled=eur("1000"))
    assert (paid.settled, paid.rate, quick.outstanding(planned)) == (eur("1000"), Decimal("0.909091"), [0])


def test_more_of_another_currency_than_is_due_leaves_credit(quick: Any) -> None:
    quick.rate("JPY", "EUR", "0.0061")
    order = quick.order("100")
    planned = quick.planned(order)
    receipt = quick.receipt(order.customer_id, "20000", "JPY")
    (paid,) = quick.paid(receipt, planned)
    assert (paid.amount, paid.settled) == (Money.of(16393, "JPY"), eur("100"))
    assert quick.now(receipt).credit == Money.of(3607, "JPY")


def test_gain_and_loss_of_exchange_rates(quick: Any) -> None:
    quick.rate("CHF", "EUR", "0.80", date(2026, 3, 1))
    quick.rate("CHF", "EUR", "0.90", date(2026, 3, 10))
    order = quick.order("1000", "CHF")
    planned = quick.planned(order)
    receipt = quick.receipt(order.customer_id, "1000", "CHF", received_on=date(2026, 3, 12))
    (paid,) = quick.paid(receipt, planned)
    with quick.crm.session(reads=True) as session:
        assert gain_of(quick.crm.context(session, "sfa"), paid, receipt, order) == eur("100.00")


def test_a_gain_of_less_than_a_cent_is_none(quick: Any) -> None:
    quick.rate("NOK", "EUR", "0.1", date(2026, 3, 1))
    quick.rate("NOK", "EUR", "0.09999", date(2026, 3, 10))
    order = quick.order("10", "NOK")
    receipt = quick.receipt(order.customer_id, "10", "NOK", received_on=date(2026, 3, 12))
    (paid,) = quick.paid(receipt, quick.planned(order))
    with quick.crm.session(reads=True) as session:
        assert str(gain_of(quick.crm.context(session, "sfa"), paid, receipt, order)) == "0.00 EUR"


# -- when the order changes -------------------------------------------------------------------------------------------


def test_a_cheaper_order_takes_from_the_last_instalments_and_gives_credit(books: Any) -> None:
    order = books.order("1000")
    planned = books.planned(order, "50% 0 days", "50% 30 days")
    receipt = books.receipt(order.customer_id, "700")
    books.paid(receipt, planned)
    with books.crm.session() as session:
        line = session.find(OrderLine, order_id=order.id)
        order, _ = amend(books.crm.context(session, "sfa"), order, "less", [change(line, unit_price=eur("600"))])
    assert books.outstanding(planned) == [0, 0]
    assert [books.now(one).settled for one in planned] == [eur("500"), eur("100")]
    assert books.now(receipt).credit == eur("100")


def test_a_dearer_order_asks_for_more_at_last(quick: Any) -> None:
    order = quick.order("1000")
    planned = quick.planned(order, "50% 0 days", "50% 30 days")
    with quick.crm.session() as session:
        line = session.find(OrderLine, order_id=order.id)
        amend(quick.crm.context(session, "sfa"), order, "more", [change(line, unit_price=eur("1200"))])
    assert quick.outstanding(planned) == [Decimal(500), Decimal(700)]


def test_a_cancelled_order_expects_nothing_and_gives_all_back(books: Any) -> None:
    order = books.order("1000")
    planned = books.planned(order, "50% 0 days", "50% 30 days")
    receipt = books.receipt(order.customer_id, "700")
    books.paid(receipt, planned)
    with books.crm.session() as session:
        ctx = books.crm.context(session, "sfa")
        order, _ = cancel(ctx, order, "bankrupt")
        assert plan_of(ctx, order) == []
        refund(ctx, receipt, eur("700"), "bankrupt")
    assert books.outstanding(planned) == [0, 0]
    now = books.now(receipt)
    assert (now.allocated, now.refunded, now.credit) == (eur("0"), eur("700"), eur("0"))
    assert worths(books, order.customer_id) == []
    with pytest.raises(Conflict, match="is cancelled and takes no money"):
        books.paid(books.receipt(order.customer_id, "5"), planned)


def test_revenue_and_cash_are_not_counted_twice(quick: Any) -> None:
    order = quick.order("1000")
    quick.paid(quick.receipt(order.customer_id, "1000"), quick.planned(order))
    assert worths(quick, order.customer_id) == [(Decimal(1000), 1)]
    assert moved(quick, order.customer_id) == [
        ("purchase", "completed", eur("1000")),
        ("payment", "completed", eur("1000")),
    ]


def test_whoever_cancels_an_order_need_not_see_what_paid_for_it(quick: Any) -> None:
    """A salesperson's order, paid by a receipt of the accountant's that the salesperson does not see."""
    entities = ("customer", "sfa_order", "sfa_order_line", "sfa_order_amendment")
    sam = AsUser(quick.crm)(*[f"{entity} * own" for entity in entities], login="sam")
    order = quick.order("1000", owner_id=sam.user_id)
    receipt = quick.receipt(order.customer_id, "700")
    quick.paid(receipt, quick.planned(order))
    with quick.crm.session(sam) as session:
        assert session.list(Receipt) == []
        cancel(quick.crm.context(session, "sfa"), session.get(Order, order.id), "bankrupt")
    assert quick.now(receipt).credit == eur("700")
    assert worths(quick, order.customer_id) == []
