"""An order from its draft to its end: what it comes to, what it logs, what becomes of its opportunity."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

import crmkit_sfa
from crmkit.core.interaction import Interaction, InteractionLine, InteractionLink, InteractionParticipant
from crmkit.plugin import BadInput, Conflict, Money, Refused, change
from crmkit.testing.making import MakeCrm
from crmkit_sfa.opportunities.entities import Opportunity, OpportunityLine
from crmkit_sfa.orders.amending import amend, cancel
from crmkit_sfa.orders.entering import Ordered, new_order
from crmkit_sfa.orders.entities import Order, OrderAmendment, OrderLine
from crmkit_sfa.orders.placing import close, confirm, deliver


def eur(amount: str) -> Money:
    return Money.of(amount, "EUR")


def told_of(session: Any, order: Order) -> list[Interaction]:
    ids = [one.interaction_id for one in session.list(InteractionParticipant, customer_id=order.customer_id)]
    return list(session.list(Interaction, id=ids, order="id"))


def interactions(shop: Any, order: Order) -> list[tuple[str, str, Money | None]]:
    with shop.crm.session(reads=True) as session:
        return [(one.kind, one.status, one.money) for one in told_of(session, order)]


def worth(shop: Any, order: Order) -> list[tuple[Decimal, int]]:
    with shop.crm.session(reads=True) as session:
        known = shop.crm.services_for(session).customer_worths("EUR")
        return [(one.revenue, one.purchases) for one in known if one.customer_id == order.customer_id]


def lines_of(session: Any, order: Order) -> list[OrderLine]:
    return list(session.list(OrderLine, order_id=order.id, order="position"))


def test_a_confirmed_order_is_a_purchase_of_its_net_sum(shop: Any) -> None:
    order = shop.order()
    assert (order.status, order.number[:7]) == ("confirmed", "O-2026-")
    assert (order.net, order.tax, order.gross) == (eur("109.99"), eur("19.70"), eur("129.69"))
    assert interactions(shop, order) == [("purchase", "completed", eur("109.99"))]
    with shop.crm.session(reads=True) as session:
        (purchase,) = told_of(session, order)
        lines = session.list(InteractionLine, interaction_id=purchase.id, order="position")
        assert [(one.description, one.quantity, one.amount) for one in lines] == [
            ("Pump", Decimal(3), Decimal("99.99")),
            ("Hose", Decimal(1), Decimal(10)),
        ]
        assert session.find(InteractionLink, record_id=order.id).entity == "sfa_order"
    assert worth(shop, order) == [(Decimal("109.99"), 1)]


def test_confirming_again_logs_nothing_again(shop: Any) -> None:
    order = shop.order()
    with shop.crm.session() as session:
        again = confirm(shop.crm.context(session, "sfa"), order)
    assert again.version == order.version
    assert len(interactions(shop, order)) == 1


def test_an_amendment_keeps_what_changed_and_corrects_the_purchase(shop: Any) -> None:
    order = shop.order()
    with shop.crm.session() as session:
        ctx = shop.crm.context(session, "sfa")
        pump, _ = lines_of(session, order)
        valve = Ordered(description="Valve", quantity=Decimal(2), unit_price=eur("7.50"), tax_rate=Decimal(19))
        order, amendment = amend(ctx, order, "fewer pumps", [change(pump, quantity=Decimal(1))], [valve])
    assert (order.revision, order.net) == (2, eur("58.33"))
    assert (amendment.kind, amendment.reason, amendment.amended_on) == ("amendment", "fewer pumps", date(2026, 3, 15))
    assert (amendment.gross_before, amendment.gross_after) == (eur("129.69"), order.gross)
    told = [(one.get("line"), one["field"], one["before"], one["after"]) for one in amendment.changes]
    assert (1, "quantity", "3", "1") in told
    assert (3, "description", None, "Valve") in told
    assert (None, "net", "109.99 EUR", "58.33 EUR") in told
    assert interactions(shop, order) == [
        ("purchase", "superseded", eur("109.99")),
        ("purchase", "completed", eur("58.33")),
    ]
    assert worth(shop, order) == [(Decimal("58.33"), 1)]


def test_a_cancelled_order_is_no_revenue_and_no_purchase(shop: Any) -> None:
    order = shop.order()
    with shop.crm.session() as session:
        order, amendment = cancel(shop.crm.context(session, "sfa"), order, "went bankrupt")
    assert (order.status, order.gross, order.reason) == ("cancelled", eur("0"), "went bankrupt")
    assert amendment is not None
    assert (amendment.kind, amendment.gross_before) == ("cancellation", eur("129.69"))
    assert interactions(shop, order) == [("purchase", "superseded", eur("109.99")), ("note", "completed", None)]
    assert worth(shop, order) == []


def test_cancelling_a_position_leaves_the_rest(shop: Any) -> None:
    order = shop.order()
    with shop.crm.session() as session:
        ctx = shop.crm.context(session, "sfa")
        order, _ = cancel(ctx, order, "one too many", {1: Decimal(1)})
        assert (order.status, order.net, order.revision) == ("confirmed", eur("76.66"), 2)
        order, _ = cancel(ctx, order, "all of it", {1: Decimal(2), 2: Decimal(1)})
    assert (order.status, order.net, order.revision) == ("cancelled", eur("0"), 3)
    assert worth(shop, order) == []


def test_what_was_delivered_is_not_cancelled(quick: Any) -> None:
    order = quick.order()
    with quick.crm.session() as session:
        ctx = quick.crm.context(session, "sfa")
        order = deliver(ctx, order, {1: Decimal(2)})
        assert order.status == "confirmed"
        with pytest.raises(Conflict, match=f"{order.number} was delivered in part"):
            cancel(ctx, order, "late")
    with pytest.raises(Refused, match="2 cancelled and 2 delivered are more than 3"), quick.crm.session() as session:
        cancel(quick.crm.context(session, "sfa"), order, "late", {1: Decimal(2)})
    with quick.crm.session() as session:
        order, _ = cancel(quick.crm.context(session, "sfa"), order, "late", {1: Decimal(1), 2: Decimal(1)})
    assert (order.status, order.net) == ("fulfilled", eur("66.66"))


def test_a_whole_delivery_fulfils_and_nothing_more_comes_after_closing(quick: Any) -> None:
    order = quick.order()
    with quick.crm.session() as session:
        ctx = quick.crm.context(session, "sfa")
        order = deliver(ctx, order)
        assert order.status == "fulfilled"
        assert close(ctx, order).status == "closed"
        with pytest.raises(Conflict, match="is closed; only confirmed ones are delivered"):
            deliver(ctx, order)


@pytest.mark.parametrize("field", ["discount", "currency", "ordered_on", "net", "status", "number"])
def test_a_confirmed_order_is_not_rewritten(quick: Any, field: str) -> None:
    order = quick.order()
    values = {
        "discount": Decimal(5),
        "currency": "USD",
        "ordered_on": date(2026, 1, 1),
        "net": eur("1"),
        "status": "cancelled",
        "number": "X-1",
    }
    with pytest.raises(Refused, match=r"not rewritten|expected an amount in USD"), quick.crm.session() as session:
        session.update(change(session.get(Order, order.id), sum_lines=field != "net", **{field: values[field]}))


def test_lines_of_a_confirmed_order_are_not_rewritten(quick: Any) -> None:
    order = quick.order()
    with quick.crm.session(reads=True) as session:
        line = lines_of(session, order)[0]
    attempts = {
        "changed": lambda session: session.update(change(line, unit_price=eur("1"))),
        "deleted": lambda session: session.delete(line),
        "added": lambda session: session.add(OrderLine(order_id=order.id, position=9, unit_price=eur("1"))),
    }
    for attempt in attempts.values():
        with pytest.raises(Refused, match="not rewritten"), quick.crm.session() as session:
            attempt(session)
    with quick.crm.session() as session:
        amended = amend(quick.crm.context(session, "sfa"), order, "dearer", discount=Decimal(10))[0]
        assert amended.net == eur("98.99")


def test_amendments_and_placed_orders_stay(quick: Any) -> None:
    order = quick.order()
    with quick.crm.session() as session:
        _, amendment = amend(quick.crm.context(session, "sfa"), order, "dearer", discount=Decimal(10))
    with pytest.raises(Refused, match="stands as it was made"), quick.crm.session() as session:
        session.update(change(session.get(OrderAmendment, amendment.id), reason="none"))
    with pytest.raises(Refused, match="cancel it instead"), quick.crm.session() as session:
        session.delete(session.get(Order, order.id))


def test_two_who_amend_the_same_revision(shop: Any) -> None:
    order = shop.order()
    with shop.crm.session() as session:
        amend(shop.crm.context(session, "sfa"), order, "first", discount=Decimal(10))
    with pytest.raises(Conflict, match="amended meanwhile: it is in revision 2, not 1"), shop.crm.session() as session:
        amend(shop.crm.context(session, "sfa"), order, "second", discount=Decimal(20))


def test_what_an_amendment_needs(quick: Any) -> None:
    order = quick.order()
    with quick.crm.session() as session:
        ctx = quick.crm.context(session, "sfa")
        with pytest.raises(BadInput, match="needs a reason"):
            amend(ctx, order, " ", discount=Decimal(10))
        with pytest.raises(BadInput, match=f"nothing of order {order.number} changes"):
            amend(ctx, order, "no change")
        with pytest.raises(BadInput, match="gross of an order is not amended"):
            amend(ctx, order, "cheaper", gross=eur("1"))
        with pytest.raises(BadInput, match="has no position 7; known: 1, 2"):
            cancel(ctx, order, "no", {7: Decimal(1)})
    draft = quick.order(confirmed=False)
    with quick.crm.session() as session, pytest.raises(Conflict, match="is draft; expected a confirmed one"):
        amend(quick.crm.context(session, "sfa"), draft, "too early", discount=Decimal(10))


def test_a_draft_is_cancelled_without_an_amendment(quick: Any) -> None:
    draft = quick.order(confirmed=False)
    with quick.crm.session() as session:
        order, amendment = cancel(quick.crm.context(session, "sfa"), draft, "changed their mind")
    assert (order.status, order.revision, amendment) == ("cancelled", 1, None)
    assert interactions(quick, order) == []
    with quick.crm.session() as session, pytest.raises(Conflict, match="was cancelled and is not confirmed"):
        confirm(quick.crm.context(session, "sfa"), order)


def test_an_order_without_lines_and_totals_is_not_confirmed(quick: Any) -> None:
    customer = quick.customer()
    with quick.crm.session() as session:
        draft = new_order(quick.crm.context(session, "sfa"), customer, [])
    with pytest.raises(Refused, match="has no lines and no totals"), quick.crm.session() as session:
        confirm(quick.crm.context(session, "sfa"), draft)


def test_lines_are_in_the_currency_of_the_order(quick: Any) -> None:
    customer = quick.customer()
    lines = [Ordered(unit_price=eur("1")), Ordered(unit_price=Money.of(1, "USD"))]
    with (
        pytest.raises(Refused, match="line 2: unit_price is 1 USD, expected an amount in EUR"),
        quick.crm.session() as session,
    ):
        new_order(quick.crm.context(session, "sfa"), customer, lines)


# -- its opportunity --------------------------------------------------------------------------------------------------


def opportunity_of(shop: Any, *lines: OpportunityLine, **fields: Any) -> Opportunity:
    made = change(Opportunity(name="Pumps"), **fields)
    with shop.crm.session() as session:
        session.add(made, *[change(line, opportunity_id=made.id) for line in lines])
    return made


def test_its_opportunity_is_won_and_worth_what_was_ordered(shop: Any) -> None:
    opportunity = opportunity_of(shop, close_on=date(2026, 6, 1), opened_on=date(2026, 3, 1))
    shop.order(opportunity_id=opportunity.id, ordered_on=date(2026, 3, 10))
    shop.order(opportunity_id=opportunity.id)
    with shop.crm.session(reads=True) as session:
        found = session.get(Opportunity, opportunity.id)
    assert (found.stage, found.category, found.closed_on) == ("won", "won", date(2026, 3, 10))
    assert found.amount == eur("219.98")


def test_the_configuration_leaves_the_opportunity_alone(make_crm: MakeCrm, quick: Any) -> None:
    settings = {"win_opportunity": False, "opportunity_amount": False}
    shop = type(quick)(make_crm(plugins=[crmkit_sfa], config={"plugins": {"sfa": {"orders": settings}}}))
    opportunity = opportunity_of(shop)
    shop.order(opportunity_id=opportunity.id)
    with shop.crm.session(reads=True) as session:
        found = session.get(Opportunity, opportunity.id)
    assert (found.category, found.amount) == ("open", None)


def test_an_opportunity_with_lines_keeps_its_amount(quick: Any) -> None:
    line = OpportunityLine(opportunity_id=quick.customer().id, unit_price=eur("500"))
    opportunity = opportunity_of(quick, line)
    quick.order(opportunity_id=opportunity.id)
    with quick.crm.session(reads=True) as session:
        assert session.get(Opportunity, opportunity.id).amount == eur("500")


# -- when -------------------------------------------------------------------------------------------------------------


def test_the_purchase_happened_on_the_day_of_the_order(quick: Any) -> None:
    order = quick.order(ordered_on=date(2026, 2, 1))
    with quick.crm.session(reads=True) as session:
        assert told_of(session, order)[0].occurred_at == datetime(2026, 2, 1, 12, tzinfo=UTC)


def test_many_orders_at_once_are_numbered_one_after_the_other(shop: Any) -> None:
    customer = shop.customer()
    with shop.crm.session() as session:
        session.add(
            *[Order(customer_id=customer.id, currency="EUR", ordered_on=date(2031, 1, 7)) for _ in range(3)],
            Order(customer_id=customer.id, currency="EUR", number="O-2031-00002"),
            Order(customer_id=customer.id, currency="EUR", ordered_on=date(2032, 7, 1)),
        )
    with shop.crm.session(reads=True) as session:
        numbers = {one.number for one in session.list(Order, customer_id=customer.id)}
    assert numbers == {"O-2032-00001", *(f"O-2031-0000{count}" for count in range(1, 5))}
