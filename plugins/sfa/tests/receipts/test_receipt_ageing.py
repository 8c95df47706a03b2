"""Who owes how much for how long, as of any day; what is due; and telling once of what is overdue."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit.core.interaction import Interaction, InteractionParticipant
from crmkit.core.staff import User
from crmkit.plugin import BadInput, Money, change
from crmkit_sfa.orders.amending import cancel
from crmkit_sfa.receipts.ageing import BUCKETS, Ageing, ageing, bucket_of
from crmkit_sfa.receipts.allocating import release_allocation
from crmkit_sfa.receipts.entities import Adjustment, Allocation, PlannedReceipt
from crmkit_sfa.receipts.instalments import Instalment
from crmkit_sfa.receipts.overdue import due_list, tell_overdue
from crmkit_sfa.receipts.planning import plan, postpone
from crmkit_sfa.receipts.recording import refund


def aged(books: Any, day: date, by: Any = "customer") -> Ageing:
    with books.crm.session(reads=True) as session:
        return ageing(books.crm.context(session, "sfa"), day, by)


def row_of(found: Ageing, key: Any, currency: str = "EUR") -> tuple[list[Decimal], Decimal]:
    rows = [row for row in found.rows if row.key == key and row.currency == currency]
    return (list(rows[0].amounts), rows[0].credit) if rows else ([Decimal(0)] * 5, Decimal(0))


@pytest.mark.parametrize(
    ("days", "bucket"),
    [
        *[(-1, "not due"), (0, "not due"), (1, "1-30"), (30, "1-30"), (31, "31-60"), (60, "31-60"), (61, "61-90")],
        *[(90, "61-90"), (91, "> 90"), (4000, "> 90")],
    ],
)
def test_buckets(days: int, bucket: str) -> None:
    assert BUCKETS[bucket_of(date(2026, 3, 1), date(2026, 3, 1) + timedelta(days))] == bucket


def test_money_grows_older_until_it_is_paid(books: Any) -> None:
    order = books.order("1000.50")
    planned = books.planned(order, "30% 0 days", "70% 45 days")
    receipt = books.receipt(order.customer_id, "400", received_on=date(2026, 3, 12))
    books.paid(receipt, planned, allocated_on=date(2026, 3, 14))
    expected = {
        date(2026, 2, 28): ([0, 0, 0, 0, 0], 0),
        date(2026, 3, 1): (["1000.50", 0, 0, 0, 0], 0),
        date(2026, 3, 2): (["700.35", "300.15", 0, 0, 0], 0),
        date(2026, 3, 13): (["700.35", "300.15", 0, 0, 0], 400),
        date(2026, 3, 14): (["600.50", 0, 0, 0, 0], 0),
        date(2026, 4, 16): ([0, "600.50", 0, 0, 0], 0),
        date(2026, 5, 16): ([0, 0, "600.50", 0, 0], 0),
        date(2026, 6, 15): ([0, 0, 0, "600.50", 0], 0),
        date(2026, 7, 15): ([0, 0, 0, 0, "600.50"], 0),
    }
    for day, (amounts, credit) in expected.items():
        told = row_of(aged(books, day), order.customer_id)
        assert told == ([Decimal(amount) for amount in amounts], Decimal(credit)), day


def test_a_past_day_stays_as_it_was(quick: Any) -> None:
    order = quick.order("100")
    planned = quick.planned(order, "100% 5 days")
    receipt = quick.receipt(order.customer_id, "60", received_on=date(2026, 3, 10))
    (paid,) = quick.paid(receipt, planned, allocated_on=date(2026, 3, 10))
    before = row_of(aged(quick, date(2026, 3, 11)), order.customer_id)
    with quick.crm.session() as session:
        ctx = quick.crm.context(session, "sfa")
        release_allocation(ctx, paid, "wrong")
        refund(ctx, receipt, Money.of(60, "EUR"), "wrong")
        cancel(ctx, order, "wrong")
    assert row_of(aged(quick, date(2026, 3, 11)), order.customer_id) == before == ([0, 40, 0, 0, 0], 0)
    assert row_of(aged(quick, date(2026, 3, 15)), order.customer_id) == ([0, 0, 0, 0, 0], 0)


def test_planning_anew_leaves_past_days_alone(books: Any) -> None:
    order = books.order("1428", ordered_on=date(2025, 3, 1))
    books.planned(order, "30% 2025-03-11", "70% 2025-04-30")
    with books.crm.session() as session:
        given = [Instalment(date(2026, 6, 1), percent=Decimal(100))]
        (planned,) = plan(books.crm.context(session, "sfa"), order, given, anew=True)
    assert planned.planned_on == date(2026, 3, 15)
    told = {day: row_of(aged(books, day), order.customer_id)[0] for day in (date(2025, 5, 15), date(2026, 3, 15))}
    assert told[date(2025, 5, 15)] == [0, Decimal("999.60"), 0, Decimal("428.40"), 0]
    assert told[date(2026, 3, 15)] == [1428, 0, 0, 0, 0]
    # Money that came in before is credit until there is what it pays for.
    receipt = books.receipt(order.customer_id, "428", received_on=date(2026, 3, 10))
    (paid,) = books.paid(receipt, [planned], allocated_on=date(2026, 3, 10))
    assert paid.allocated_on == date(2026, 3, 15)
    assert row_of(aged(books, date(2026, 3, 12)), order.customer_id) == ([0, 0, 0, 0, 1428], 428)
    assert row_of(aged(books, date(2026, 3, 15)), order.customer_id) == ([1000, 0, 0, 0, 0], 0)


def test_a_refund_makes_money_outstanding_from_its_day_on(books: Any) -> None:
    order = books.order("1000", ordered_on=date(2025, 3, 1))
    (planned,) = books.planned(order, "100% 2025-05-31")
    receipt = books.receipt(order.customer_id, "1000", received_on=date(2025, 6, 2))
    books.paid(receipt, [planned], allocated_on=date(2025, 6, 5))
    refunds = {date(2025, 6, 3): "10", date(2025, 6, 11): "100"}
    with books.crm.session() as session:
        ctx = books.crm.context(session, "sfa")
        for day, amount in refunds.items():
            refund(ctx, receipt, Money.of(amount, "EUR"), "damaged", planned=planned, refunded_on=day)
    expected = {
        date(2025, 6, 2): ([0, 1000, 0, 0, 0], 1000),
        # What was paid back before it paid for anything was no credit any more.
        date(2025, 6, 4): ([0, 1000, 0, 0, 0], 990),
        date(2025, 6, 5): ([0, 10, 0, 0, 0], 0),
        date(2025, 6, 11): ([0, 110, 0, 0, 0], 0),
        date(2025, 7, 15): ([0, 0, 110, 0, 0], 0),
    }
    for day, told in expected.items():
        assert row_of(aged(books, day), order.customer_id) == told, day


def test_a_release_is_of_the_day_that_is_said(quick: Any) -> None:
    order = quick.order("100")
    planned = quick.planned(order)
    receipt = quick.receipt(order.customer_id, "100", received_on=date(2026, 3, 5))
    (paid,) = quick.paid(receipt, planned, allocated_on=date(2026, 3, 5))
    with quick.crm.session() as session:
        released = release_allocation(quick.crm.context(session, "sfa"), paid, "wrong", released_on=date(2026, 3, 9))
    assert released is not None
    assert released.allocated_on == date(2026, 3, 9)
    assert row_of(aged(quick, date(2026, 3, 10)), order.customer_id) == ([100, 0, 0, 0, 0], 100)


def test_by_owner_by_currency_and_in_one_currency(make_books: Any) -> None:
    books = make_books()
    with books.crm.session() as session:
        anna = User(login="anna", name="Anna")
        session.add(anna)
    books.planned(books.order("100", owner_id=anna.id))
    books.planned(books.order("50", "USD", owner_id=anna.id))
    books.planned(books.order("10"))
    books.receipt(books.customer().id, "7")
    with pytest.raises(BadInput, match="no exchange rate from USD to EUR on 2026-03-15; add one"):
        aged(books, date(2026, 3, 15))
    books.rate("USD", "EUR", "0.8")
    by_owner = aged(books, date(2026, 3, 15), "owner")
    assert [(row.name, row.currency, row.owed, row.credit) for row in by_owner.rows] == [
        ("Anna", "EUR", Decimal(100), Decimal(0)),
        ("Anna", "USD", Decimal(50), Decimal(0)),
        ("", "EUR", Decimal(10), Decimal(7)),
    ]
    by_currency = aged(books, date(2026, 3, 15), "currency")
    assert [(row.name, row.owed) for row in by_currency.rows] == [("EUR", Decimal(110)), ("USD", Decimal(50))]
    assert (by_currency.home.currency, by_currency.home.owed, by_currency.home.credit) == (
        "EUR",
        Decimal(150),
        Decimal(7),
    )


@settings(max_examples=15, deadline=None)
@given(
    amounts=st.lists(st.integers(1, 10**6), min_size=1, max_size=4),
    days=st.lists(st.integers(-120, 60), min_size=4, max_size=4),
    paid=st.lists(st.integers(0, 10**6), min_size=4, max_size=4),
)
def test_buckets_sum_up_to_what_is_outstanding(
    shared_books: Any, amounts: list[int], days: list[int], paid: list[int]
) -> None:
    """Whatever is planned and paid, the buckets of a customer sum up to what its planned receipts say."""
    books = shared_books
    order = books.order(str(sum(amounts)), ordered_on=date(2025, 1, 1))
    with books.crm.session() as session:
        planned = [
            PlannedReceipt(
                order_id=order.id,
                position=at,
                due_on=date(2026, 3, 15) + timedelta(day),
                amount=Money.of(amount, "EUR"),
            )
            for at, (amount, day) in enumerate(zip(amounts, days, strict=False), start=1)
        ]
        session.add(*planned)
    receipt = books.receipt(order.customer_id, "4000000")
    with books.crm.session() as session:
        session.add(
            *[
                Allocation(receipt_id=receipt.id, planned_id=one.id, amount=Money.of(min(part, amount), "EUR"))
                for one, amount, part in zip(planned, amounts, paid, strict=False)
                if part
            ]
        )
    amounts_told, credit = row_of(aged(books, date(2026, 3, 15)), order.customer_id)
    assert sum(amounts_told) == sum(books.outstanding(planned))
    assert credit == books.now(receipt).credit.amount
    for one in planned:
        at = bucket_of(one.due_on, date(2026, 3, 15))
        assert amounts_told[at] >= books.now(one).outstanding.amount


# -- due and overdue --------------------------------------------------------------------------------------------------


def test_what_is_due_comes_by_day(make_books: Any) -> None:
    books = make_books()
    order = books.order("100")
    books.planned(order, "40% 10 days", "30% 0 days", "30% 40 days")
    books.paid(books.receipt(order.customer_id, "10"), books.planned(books.order("10", customer=None)))
    with books.crm.session(reads=True) as session:
        ctx = books.crm.context(session, "sfa")
        told = [(one.planned.due_on, one.outstanding.amount, one.days, one.customer) for one in due_list(ctx)]
        overdue = [one.days for one in due_list(ctx, overdue=True)]
        until = [one.planned.position for one in due_list(ctx, date(2026, 3, 11))]
    assert told == [
        (date(2026, 3, 1), Decimal(30), 14, "Kestrel"),
        (date(2026, 3, 11), Decimal(40), 4, "Kestrel"),
        (date(2026, 4, 10), Decimal(30), -26, "Kestrel"),
    ]
    assert (overdue, until) == ([14, 4], [2, 1])


def overdue_notes(books: Any, customer_id: Any) -> list[str]:
    with books.crm.session(reads=True) as session:
        ids = [one.interaction_id for one in session.list(InteractionParticipant, customer_id=customer_id)]
        return [one.subject for one in session.list(Interaction, id=ids, kind="note", order="id")]


def test_overdue_money_is_told_of_once(books: Any) -> None:
    order = books.order("100")
    planned = books.planned(order, "50% 0 days", "50% 40 days")
    for _ in range(2):
        with books.crm.session() as session:
            tell_overdue(books.crm.context(session, "sfa"))
    told = f"Overdue since 2026-03-01: 50.00 EUR of order {order.number}"
    assert overdue_notes(books, order.customer_id) == [told]
    assert books.now(planned[0]).reminded_on == date(2026, 3, 15)
    with books.crm.session() as session:
        ctx = books.crm.context(session, "sfa")
        postpone(ctx, books.now(planned[0]), date(2026, 3, 10))
        tell_overdue(ctx)
    assert len(overdue_notes(books, order.customer_id)) == 2


def test_the_job_runs_every_day_and_tells_through_an_outage(make_books: Any) -> None:
    books = make_books()
    order = books.order("100")
    books.planned(order, "100% 20 days")
    clock = books.crm.clock
    told = []
    for days in (1, 1, 30, 1):
        clock.advance(days=days)
        books.crm.jobs.run_due("sfa")
        told.append(len(overdue_notes(books, order.customer_id)))
    assert told == [0, 0, 1, 1]


def test_what_is_written_off_is_not_due(quick: Any) -> None:
    order = quick.order("100")
    (planned,) = quick.planned(order, "100% 0 days")
    with quick.crm.session() as session:
        session.add(Adjustment(planned_id=planned.id, kind="write_off", amount=Money.of(100, "EUR"), reason="bankrupt"))
    assert row_of(aged(quick, date(2026, 3, 15)), order.customer_id) == ([0, 0, 0, 0, 0], 0)
    with quick.crm.session(reads=True) as session:
        due = due_list(quick.crm.context(session, "sfa"))
    assert planned.id not in [one.planned.id for one in due]


def test_changes_of_a_day_do_not_touch_what_was_told(quick: Any) -> None:
    planned = quick.planned(quick.order("5"))[0]
    with quick.crm.session() as session:
        session.update(change(session.get(PlannedReceipt, planned.id), due_on=date(2027, 1, 1)))
    assert quick.now(planned).outstanding == Money.of(5, "EUR")
