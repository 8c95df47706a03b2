"""What must not happen to money, whoever writes it, and whoever writes at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest

from crmkit.core.customer import Customer
from crmkit.core.interaction import Interaction, InteractionParticipant
from crmkit.plugin import AccessDenied, BadInput, CrmError, Money, Refused, change
from crmkit.testing.making import AsUser
from crmkit_sfa.orders.entities import Order
from crmkit_sfa.receipts.allocating import (
    allocate,
)
from crmkit_sfa.receipts.entities import Allocation, PlannedReceipt, Receipt, Refund
from crmkit_sfa.receipts.recording import record


def eur(amount: str) -> Money:
    return Money.of(amount, "EUR")


def moved(books: Any, customer: Any) -> list[tuple[str, str, Money | None]]:
    with books.crm.session(reads=True) as session:
        ids = [one.interaction_id for one in session.list(InteractionParticipant, customer_id=customer)]
        return [(one.kind, one.status, one.money) for one in session.list(Interaction, id=ids, order="id")]


def test_the_ledger_is_not_rewritten(quick: Any) -> None:
    order = quick.order()
    planned = quick.planned(order)
    receipt = quick.receipt(order.customer_id, "400")
    (paid,) = quick.paid(receipt, planned)
    for written, said in (
        (change(paid, amount=eur("1")), "release it instead"),
        (change(quick.now(receipt), amount=eur("9")), "amount of a receipt stand"),
        (change(quick.now(planned[0]), amount=eur("9")), "amount and order of a planned receipt stand"),
        (change(quick.now(planned[0]), planned_on=date(2026, 4, 1)), "plan the order anew"),
    ):
        with pytest.raises(Refused, match=said), quick.crm.session() as session:
            session.update(written)
    for kept in (paid, quick.now(receipt), quick.now(planned[0])):
        with pytest.raises(Refused), quick.crm.session() as session:
            session.delete(kept)


def test_balances_are_not_what_somebody_writes(quick: Any) -> None:
    receipt = quick.receipt(quick.customer().id, "400")
    with quick.crm.session() as session:
        session.update(change(receipt, credit=eur("9999"), allocated=eur("-9599")))
    assert quick.now(receipt).credit == eur("400")


def test_more_than_there_is_is_not_allocated(quick: Any) -> None:
    order = quick.order()
    (planned,) = quick.planned(order)
    receipt = quick.receipt(order.customer_id, "400")
    with quick.crm.session() as session, pytest.raises(BadInput, match="401 EUR cannot be allocated: 400 EUR is left"):
        allocate(quick.crm.context(session, "sfa"), receipt, [planned], eur("401"))
    for amount, said in (("401", "does not cover 401 EUR allocated"), ("0", "amount above 0"), ("1.001", "minor unit")):
        with pytest.raises(Refused, match=said), quick.crm.session() as session:
            session.add(Allocation(receipt_id=receipt.id, planned_id=planned.id, amount=eur(amount)))
    big = quick.receipt(order.customer_id, "2000")
    with pytest.raises(Refused, match="1000 EUR more than is outstanding"), quick.crm.session() as session:
        session.add(Allocation(receipt_id=big.id, planned_id=planned.id, amount=eur("2000")))


def test_money_is_not_of_the_future_and_not_negative(quick: Any) -> None:
    customer = quick.customer()
    with pytest.raises(Refused, match="expected a day not in the future"):
        quick.receipt(customer.id, "1", received_on=date(2026, 3, 16))
    with pytest.raises(Refused, match=r"sfa_receipt\.amount is -1 EUR, expected an amount above 0"):
        quick.receipt(customer.id, "-1")


def test_two_at_once_never_allocate_more_than_came_in(postgres_books: Any) -> None:
    books = postgres_books
    customer = books.customer()
    planned = [books.planned(books.order("100", customer=customer))[0] for _ in range(4)]
    receipt = books.receipt(customer.id, "250")
    start = Barrier(4)

    def one(target: PlannedReceipt) -> str:
        start.wait()
        try:
            return str(books.paid(receipt, [target])[0].settled)
        except CrmError as error:
            return error.code

    with ThreadPoolExecutor(4) as pool:
        outcomes = sorted(pool.map(one, planned))
    assert outcomes == ["100 EUR", "100 EUR", "50 EUR", "bad_input"]
    assert books.now(receipt).credit == eur("0")
    assert sum(books.outstanding(planned)) == Decimal(150)


def test_two_writers_of_allocations_at_once_never_allocate_more(postgres_books: Any) -> None:
    """Also those who write allocations themselves, without the use case."""
    books = postgres_books
    customer = books.customer()
    planned = [books.planned(books.order("100", customer=customer))[0] for _ in range(2)]
    receipt = books.receipt(customer.id, "150")
    start = Barrier(2)

    def one(target: PlannedReceipt) -> str:
        try:
            with books.crm.session() as session:
                session.add(Allocation(receipt_id=receipt.id, planned_id=target.id, amount=eur("100")))
                start.wait()
            return "written"
        except CrmError as error:
            return error.code

    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(pool.map(one, planned))
    assert outcomes in (["stale_version", "written"], ["refused", "written"])
    assert books.now(receipt).credit == eur("50")


def test_two_who_record_the_same_bank_line_at_once(postgres_books: Any) -> None:
    books = postgres_books
    customer = books.customer()
    start = Barrier(3)

    def one(_: int) -> Any:
        start.wait()
        with books.crm.session() as session:
            ctx = books.crm.context(session, "sfa")
            return record(ctx, session.get(Customer, customer.id), eur("10"), key="bank-2").receipt.id

    with ThreadPoolExecutor(3) as pool:
        assert len(set(pool.map(one, range(3)))) == 1
    assert moved(books, customer.id) == [("payment", "completed", eur("10"))]


# -- rights -----------------------------------------------------------------------------------------------------------


def test_a_salesperson_works_with_own_orders_and_receipts_alone(quick: Any) -> None:
    rights = [f"{entity} * own" for entity in ("customer", "sfa_order", "sfa_order_line", "sfa_planned_receipt")]
    rights += [f"{entity} * own" for entity in ("sfa_receipt", "sfa_allocation", "interaction")]
    anna = AsUser(quick.crm)(*rights, login="anna")
    order = quick.order()
    receipt = quick.receipt(order.customer_id, "5")
    with quick.crm.session(anna, reads=True) as session:
        assert (session.list(Order), session.list(Receipt)) == ([], [])
    with quick.crm.session(anna) as session, pytest.raises(CrmError, match="no sfa_receipt with id"):
        allocate(quick.crm.context(session, "sfa"), receipt, [])
    with pytest.raises(AccessDenied), quick.crm.session(anna) as session:
        session.add(Refund(receipt_id=receipt.id, amount=eur("5"), reason="mine"))
