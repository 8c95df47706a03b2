"""Nobody changes what is expected of an order by the way: neither around the permission nor around the order."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from crmkit.plugin import BadInput, Conflict, Money, Refused, change
from crmkit.testing.making import AsUser
from crmkit_sfa.orders.amending import amend, cancel
from crmkit_sfa.orders.entities import Order, OrderAmendment, OrderLine
from crmkit_sfa.receipts.allocating import write_off
from crmkit_sfa.receipts.entities import Adjustment, PlannedReceipt
from crmkit_sfa.receipts.instalments import Instalment
from crmkit_sfa.receipts.planning import plan

CLERK = [f"{entity} * all" for entity in ("customer", "sfa_order", "sfa_planned_receipt", "sfa_adjustment")]
CLERK += ["sfa_order_line * all", "sfa_order_amendment * all"]


def eur(amount: str) -> Money:
    return Money.of(amount, "EUR")


@pytest.mark.parametrize(
    ("kind", "amount", "said"),
    [
        ("amendment", "17", "an adjustment of kind amendment follows from amending"),
        ("amendment", "-17", "an adjustment of kind amendment follows from amending"),
        ("cancellation", "20", "an adjustment of kind cancellation follows from amending"),
        ("write_off", "17", r"takes the permission sfa\.write_off"),
        ("write_off", "-17", r"sfa_adjustment\.amount is -17 EUR, expected an amount above 0"),
        ("write_off", "0", r"sfa_adjustment\.amount is 0 EUR, expected an amount above 0"),
    ],
    ids=["amended", "amended-up", "cancelled", "written-off", "written-on", "nothing"],
)
def test_nobody_writes_off_under_another_name(quick: Any, kind: Any, amount: str, said: str) -> None:
    clerk = AsUser(quick.crm)(*CLERK, login=f"clerk-{kind}-{amount}")
    planned = quick.planned(quick.order("100"), "50% 0 days", "50% 30 days")
    with pytest.raises(Refused, match=said), quick.crm.session(clerk) as session:
        session.add(Adjustment(planned_id=planned[0].id, kind=kind, amount=eur(amount), reason="small"))
    assert quick.outstanding(planned) == [50, 50]


@pytest.mark.parametrize("amounts", [(17, 0), (17, -17), (1, -1)], ids=["less", "as-much", "write-off-back"])
def test_an_amendment_of_the_order_hides_no_other_adjustment(quick: Any, amounts: tuple[int, int]) -> None:
    """An order of 100 becomes one of 99 and the save says more of what is expected than that."""
    clerk = AsUser(quick.crm)(*CLERK, login=f"clerk-hiding-{amounts[0]}{amounts[1]}")
    order = quick.order("100")
    planned = quick.planned(order)
    written = [
        Adjustment(planned_id=planned[0].id, kind=kind, amount=eur(str(amount)), reason="small")
        for kind, amount in zip(("amendment", "write_off"), amounts, strict=True)
        if amount
    ]
    amendment = OrderAmendment(order_id=order.id, revision=2, reason="cheaper")

    def save() -> None:
        with quick.crm.session(clerk) as session:
            session.update(change(session.get(Order, order.id), discount=Decimal(1), revision=2))
            session.add(amendment, *written)

    with pytest.raises(Refused, match=r"follows from amending|more than is outstanding|expected an amount above 0"):
        save()
    assert quick.outstanding(planned) == [100]


@pytest.mark.parametrize("amount", ["-5", "0"], ids=["negative", "nothing"])
def test_only_money_is_written_off(quick: Any, amount: str) -> None:
    (planned,) = quick.planned(quick.order("100"))
    with quick.crm.session() as session, pytest.raises(BadInput, match=f"{amount} EUR cannot be written off: 100 EUR"):
        write_off(quick.crm.context(session, "sfa"), planned, "small", eur(amount))
    assert quick.outstanding([planned]) == [100]


def test_whoever_amends_an_order_need_not_write_off(books: Any) -> None:
    """What was written off is expected no longer, so it is no write-off any more; that takes no permission."""
    clerk = AsUser(books.crm)(*CLERK, login="clerk-amending")
    order = books.order("100")
    planned = books.planned(order)
    with books.crm.session() as session:
        write_off(books.crm.context(session, "sfa"), planned[0], "small", eur("20"))
    with books.crm.session(clerk) as session:
        line = session.find(OrderLine, order_id=order.id)
        ctx = books.crm.context(session, "sfa")
        order, _ = amend(ctx, session.get(Order, order.id), "less", [change(line, unit_price=eur("10"))])
    assert books.outstanding(planned) == [0]
    with books.crm.session(clerk) as session:
        cancel(books.crm.context(session, "sfa"), order, "gone")
    with books.crm.session(reads=True) as session:
        made = session.list(Adjustment, planned_id=planned[0].id, order="id")
    assert [(one.kind, one.amount) for one in made] == [
        ("write_off", eur("20")),
        ("amendment", eur("90")),
        ("write_off", eur("-10")),
        ("cancellation", eur("10")),
        ("write_off", eur("-10")),
    ]


def test_a_clerk_plans_an_order_anew(books: Any) -> None:
    clerk = AsUser(books.crm)(*CLERK, login="clerk-planning")
    order = books.order("100")
    first = books.planned(order, "50% 0 days", "50% 30 days")
    with books.crm.session(clerk) as session:
        given = [Instalment(date(2026, 6, 1), percent=Decimal(100))]
        planned = plan(books.crm.context(session, "sfa"), session.get(Order, order.id), given, anew=True)
    assert [(one.due_on, one.outstanding) for one in planned] == [(date(2026, 6, 1), eur("100"))]
    assert books.outstanding(first) == [0, 0]


def test_what_was_written_off_is_not_planned_anew(books: Any) -> None:
    """Of 1,000 in two halves, 300 are paid and 20 written off: 680 are planned anew, and no more is expected after that."""
    order = books.order("1000")
    first, second = books.planned(order, "50% 0 days", "50% 30 days")
    books.paid(books.receipt(order.customer_id, "300"), [first])
    with books.crm.session() as session:
        write_off(books.crm.context(session, "sfa"), first, "small", eur("20"))
    with books.crm.session() as session, pytest.raises(Conflict, match="is planned already"):
        plan(books.crm.context(session, "sfa"), order)
    halves = [Instalment(date(2026, month, 1), percent=Decimal(50)) for month in (6, 7)]
    with books.crm.session() as session:
        planned = plan(books.crm.context(session, "sfa"), order, halves, anew=True)
    assert [(one.due_on.month, one.amount, one.outstanding) for one in planned] == [
        (3, eur("500"), eur("0")),
        (6, eur("340"), eur("340")),
        (7, eur("340"), eur("340")),
    ]
    assert books.outstanding([first, second]) == [0, 0]
    with books.crm.session(reads=True) as session:
        written = session.list(Adjustment, planned_id=[first.id, second.id], order="id")
    assert [(one.kind, one.amount) for one in written] == [
        ("write_off", eur("20")),
        ("amendment", eur("180")),
        ("amendment", eur("500")),
    ]
    # What the order comes to, less what was written off, is all that will ever be paid.
    books.paid(books.receipt(order.customer_id, "680"), planned)
    assert books.outstanding(planned) == [0, 0, 0]
    with (
        books.crm.session() as session,
        pytest.raises(Conflict, match=f"nothing of order {order.number} is outstanding"),
    ):
        plan(books.crm.context(session, "sfa"), order, anew=True)


@pytest.mark.parametrize(("price", "outstanding"), [("1100", 1080), ("900", 880), ("10", 0)])
def test_an_order_planned_anew_after_a_write_off_is_amended(books: Any, price: str, outstanding: int) -> None:
    """What becomes dearer is expected with the last instalment that stands, however late an earlier plan would have been."""
    order = books.order("1000")
    (late,) = books.planned(order, "100% 300 days")
    with books.crm.session() as session:
        ctx = books.crm.context(session, "sfa")
        write_off(ctx, late, "small", eur("20"))
        planned = plan(ctx, order, [Instalment(date(2026, 4, 1), percent=Decimal(100))], anew=True)
    with books.crm.session() as session:
        line = session.find(OrderLine, order_id=order.id)
        amend(books.crm.context(session, "sfa"), order, "other", [change(line, unit_price=eur(price))])
    assert books.outstanding([late, *planned]) == [0, outstanding]


def test_planning_anew_takes_nothing_off_another_day_or_order(quick: Any) -> None:
    clerk = AsUser(quick.crm)(*CLERK, login="clerk-other")
    order, other = quick.order("100"), quick.order("100")
    planned = quick.planned(order)
    day = date(2026, 3, 15)
    for order_id, planned_on, adjusted_on in (
        (other.id, day, day),
        (order.id, day, date(2026, 3, 2)),
        (order.id, None, day),
    ):
        with pytest.raises(Refused, match="follows from amending"), quick.crm.session(clerk) as session:
            session.add(
                PlannedReceipt(order_id=order_id, position=9, due_on=day, amount=eur("40"), planned_on=planned_on),
                Adjustment(
                    planned_id=planned[0].id, kind="amendment", amount=eur("40"), adjusted_on=adjusted_on, reason="-"
                ),
            )
    assert quick.outstanding(planned) == [100]
