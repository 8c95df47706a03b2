"""Money that is planned, comes in, pays, is released, given back and written off."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from crmkit.core.interaction import Interaction, InteractionParticipant
from crmkit.plugin import BadInput, Conflict, Money, Refused
from crmkit.testing.making import AsUser
from crmkit_sfa.orders.entities import Order
from crmkit_sfa.receipts.allocating import (
    allocate_oldest,
    outstanding_of,
    release_allocation,
    write_off,
)
from crmkit_sfa.receipts.entities import PlannedReceipt
from crmkit_sfa.receipts.planning import plan
from crmkit_sfa.receipts.recording import refund


def eur(amount: str) -> Money:
    return Money.of(amount, "EUR")


def moved(books: Any, customer: Any) -> list[tuple[str, str, Money | None]]:
    with books.crm.session(reads=True) as session:
        ids = [one.interaction_id for one in session.list(InteractionParticipant, customer_id=customer)]
        return [(one.kind, one.status, one.money) for one in session.list(Interaction, id=ids, order="id")]


def test_instalments_are_exactly_the_order(books: Any) -> None:
    planned = books.planned(books.order("100.01"), "33.3% 0 days", "33.3% 2026-04-01", "33.4% 60 days")
    assert [one.amount for one in planned] == [eur("33.30"), eur("33.30"), eur("33.41")]
    assert [one.due_on for one in planned] == [date(2026, 3, 1), date(2026, 4, 1), date(2026, 4, 30)]
    assert [one.outstanding for one in planned] == [one.amount for one in planned]


def test_terms_of_payment_stand_in_for_instalments(quick: Any) -> None:
    (only,) = quick.planned(quick.order())
    assert (only.amount, only.due_on) == (eur("1000"), date(2026, 3, 31))
    with (
        quick.crm.session() as session,
        pytest.raises(BadInput, match="no terms of payment 30 day; did you mean 30 days"),
    ):
        plan(quick.crm.context(session, "sfa"), quick.order(), terms="30 day")


def test_an_order_is_planned_once_and_anew(quick: Any) -> None:
    order = quick.order()
    first = quick.planned(order, "30% 0 days", "70% 30 days")
    with pytest.raises(Conflict, match="is planned already; plan it anew"):
        quick.planned(order)
    quick.paid(quick.receipt(order.customer_id, "300"), first)
    with quick.crm.session() as session:
        planned = plan(quick.crm.context(session, "sfa"), order, terms="30 days", anew=True)
    assert [(one.amount, one.outstanding) for one in planned] == [(eur("300"), eur("0")), (eur("700"), eur("700"))]


@pytest.mark.parametrize(
    ("instalments", "said"),
    [
        (("50% 0 days", "49% 1 day"), "the percentages sum up to 99, expected 100"),
        (("999.99 0 days",), "sum up to 999.99 EUR, expected 1000 EUR"),
        (("600 0 days", "50% 1 day"), "sum up to 1100.00 EUR, expected 1000 EUR"),
        (("0% 0 days",), "above 0"),
        (("ten 0 days",), "expected a share and a day"),
        (("100% soon",), "expected a share and a day"),
        (("0.001 0 days", "999.999 1 day"), "to its minor unit"),
    ],
    ids=["percent", "amount", "both", "nothing", "words", "when", "places"],
)
def test_instalments_that_are_not_the_whole(quick: Any, instalments: tuple[str, ...], said: str) -> None:
    order = quick.order()
    with pytest.raises(BadInput, match=said):
        quick.planned(order, *instalments)


def test_only_placed_orders_are_planned_and_not_beyond_them(quick: Any) -> None:
    order, day = quick.order(), date(2026, 4, 1)
    draft = Order(customer_id=order.customer_id, currency="EUR", number="D-1", net=eur("5"))
    with quick.crm.session() as session:
        session.add(draft)
    for planned, said in (
        (PlannedReceipt(order_id=order.id, due_on=day, amount=eur("1000.01")), "expected no more than 1000 EUR"),
        (PlannedReceipt(order_id=draft.id, due_on=day, amount=eur("5")), "order D-1 is draft; confirm it"),
        (PlannedReceipt(order_id=order.id, due_on=day, amount=Money.of(5, "USD")), "expected an amount in EUR"),
    ):
        with pytest.raises(Refused, match=said), quick.crm.session() as session:
            session.add(planned)


# -- paying -----------------------------------------------------------------------------------------------------------


def test_a_receipt_pays_in_part_and_its_rest_is_credit(books: Any) -> None:
    order = books.order()
    planned = books.planned(order, "30% 0 days", "70% 30 days")
    receipt = books.receipt(order.customer_id, "500")
    assert [one.settled for one in books.paid(receipt, planned)] == [eur("300"), eur("200")]
    assert books.outstanding(planned) == [0, Decimal(500)]
    more = books.receipt(order.customer_id, "620.50")
    books.paid(more, planned)
    assert books.outstanding(planned) == [0, 0]
    assert books.now(more).credit == eur("120.50")


def test_credit_pays_for_the_next_order(quick: Any) -> None:
    first, second = quick.order("100"), quick.order("50")
    paid = quick.receipt(first.customer_id, "120")
    quick.paid(paid, quick.planned(first))
    quick.paid(paid, quick.planned(second))
    assert quick.now(paid).credit == eur("0")


def test_one_receipt_pays_for_several_orders_the_oldest_first(books: Any) -> None:
    customer = books.customer()
    late = books.planned(books.order("100", customer=customer), "100% 60 days")
    early = books.planned(books.order("80", customer=customer), "100% 10 days")
    receipt = books.receipt(customer.id, "120")
    with books.crm.session() as session:
        allocate_oldest(books.crm.context(session, "sfa"), receipt)
    assert books.outstanding([*early, *late]) == [0, Decimal(60)]
    with books.crm.session(reads=True) as session:
        owed = outstanding_of(books.crm.context(session, "sfa"), customer.id)
        assert [one.id for one in owed] == [late[0].id]


def test_the_same_bank_line_is_taken_once(books: Any) -> None:
    customer = books.customer()
    first = books.receipt(customer.id, "10", key="bank-1")
    again = books.receipt(customer.id, "10", key="bank-1")
    assert again.id == first.id
    assert moved(books, customer.id) == [("payment", "completed", eur("10"))]
    with pytest.raises(Conflict, match="bank-1 was recorded already: 10 EUR on 2026-03-15"):
        books.receipt(customer.id, "11", key="bank-1")


def test_releasing_makes_it_outstanding_again(quick: Any) -> None:
    order = quick.order()
    planned = quick.planned(order)
    receipt = quick.receipt(order.customer_id, "400")
    (paid,) = quick.paid(receipt, planned)
    with quick.crm.session() as session:
        ctx = quick.crm.context(session, "sfa")
        made = release_allocation(ctx, paid, "wrong customer")
        assert made is not None
        assert made.amount == eur("-400")
        assert release_allocation(ctx, paid, "again") is None
    assert quick.outstanding(planned) == [Decimal(1000)]
    assert quick.now(receipt).credit == eur("400")


def test_a_refund_of_what_was_paid_is_outstanding_again(books: Any) -> None:
    order = books.order()
    (planned,) = books.planned(order)
    receipt = books.receipt(order.customer_id, "1000")
    books.paid(receipt, [planned])
    with books.crm.session() as session:
        ctx = books.crm.context(session, "sfa")
        made = refund(ctx, receipt, eur("250"), "damaged", planned=planned, key="r-1")
        assert refund(ctx, receipt, eur("250"), "damaged", planned=planned, key="r-1").id == made.id
    assert books.outstanding([planned]) == [Decimal(250)]
    now = books.now(receipt)
    assert (now.allocated, now.refunded, now.credit) == (eur("750"), eur("250"), eur("0"))
    assert moved(books, order.customer_id)[1:] == [
        ("payment", "completed", eur("1000")),
        ("refund", "completed", eur("250")),
    ]


def test_no_more_is_refunded_than_is_left(quick: Any) -> None:
    order = quick.order()
    planned = quick.planned(order)
    receipt = quick.receipt(order.customer_id, "600")
    quick.paid(receipt, planned, amount=eur("500"))
    with quick.crm.session() as session:
        ctx = quick.crm.context(session, "sfa")
        with pytest.raises(BadInput, match=r"100.01 EUR cannot be refunded: 100 EUR of the receipt is not allocated"):
            refund(ctx, receipt, eur("100.01"), "too much")
        with pytest.raises(BadInput, match="501 EUR cannot be refunded: 500 EUR of the receipt pays for it"):
            refund(ctx, receipt, eur("501"), "too much", planned=planned[0])
        with pytest.raises(BadInput, match="needs a reason"):
            refund(ctx, receipt, eur("1"), "")


def test_a_small_difference_is_written_off_with_the_permission(quick: Any) -> None:
    order = quick.order("100")
    planned = quick.planned(order)
    quick.paid(quick.receipt(order.customer_id, "99.20"), planned)
    clerk = AsUser(quick.crm)("* * all", login="clerk")
    chief = AsUser(quick.crm)("* * all", "* sfa.write_off all", login="chief")
    with pytest.raises(Refused, match=r"takes the permission sfa.write_off"), quick.crm.session(clerk) as session:
        write_off(quick.crm.context(session, "sfa"), planned[0], "bank charges")
    with quick.crm.session(chief) as session:
        made = write_off(quick.crm.context(session, "sfa"), planned[0], "bank charges")
    assert (made.kind, made.amount) == ("write_off", eur("0.80"))
    assert quick.outstanding(planned) == [0]
    with quick.crm.session() as session, pytest.raises(Conflict, match="nothing is outstanding there"):
        write_off(quick.crm.context(session, "sfa"), planned[0], "again")
