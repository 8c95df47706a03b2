"""What the plugin says by name: deals, quotations, orders, leads and hand-offs."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

import crmkit_sfa
from crmkit import Crm
from crmkit.core.customer import Customer
from crmkit.core.staff import Team, User
from crmkit.plugin import Context, DomainEvent, Manifest, Money, change, hookimpl
from crmkit.testing.making import MakeCrm
from crmkit_sfa.events.declared import SALES_EVENTS
from crmkit_sfa.leads.converting import convert
from crmkit_sfa.leads.entities import Lead
from crmkit_sfa.opportunities.entities import Opportunity
from crmkit_sfa.orders.entering import Ordered, new_order
from crmkit_sfa.orders.placing import confirm
from crmkit_sfa.quotes import deciding, writing
from crmkit_sfa.quotes.entities import Quote
from crmkit_sfa.transfers import handing


def told(crm: Crm) -> list[tuple[str, dict[str, Any]]]:
    """What was told since the beginning, in order, with the payloads."""
    with crm.session(reads=True) as session:
        return [(one.name, dict(one.data)) for one in session.list(DomainEvent, order="created_at,name")]


def update(crm: Crm, one: Any, **values: Any) -> None:
    with crm.session() as session:
        session.update(change(session.get(type(one), one.id), **values))


def test_a_deal_is_won_reopened_and_lost(crm: Crm, clock: Any) -> None:
    ann = User(login="ann", name="Ann")
    acme = Customer(kind="organization", name="Acme")
    deal = Opportunity(name="Pumps", customer_id=acme.id, amount=Money.of("100", "EUR"), owner_id=ann.id)
    with crm.session() as session:
        session.add(ann, acme)
        session.flush()
        session.add(deal)
    update(crm, deal, stage="engaging")
    assert told(crm) == []
    for values in ({"stage": "won", "reason": "service"}, {"stage": "proposal"}, {"stage": "lost", "reason": "price"}):
        clock.advance(days=1)
        update(crm, deal, **values)
    update(crm, deal, reason="too dear")
    (won, first), (reopened, second), (lost, third) = told(crm)
    assert (won, reopened, lost) == ("sfa.deal_won", "sfa.deal_reopened", "sfa.deal_lost")
    assert first == {
        "customer_id": str(acme.id),
        "owner_id": str(ann.id),
        "team_id": None,
        "pipeline": "sales",
        "stage": "won",
        "from_stage": "engaging",
        "amount": {"amount": "100", "currency": "EUR"},
        "opened_on": "2026-03-15",
        "closed_on": "2026-03-16",
        "reason": "service",
    }
    assert (second["was"], second["stage"]) == ("won", "proposal")
    assert (third["from_stage"], third["reason"]) == ("proposal", "price")


def test_a_step_of_the_lifecycle_tells_as_well(crm: Crm) -> None:
    deal = Opportunity(name="Pumps")
    with crm.session() as session:
        session.add(deal)
    with crm.session() as session:
        crm.services_for(session).move(session.get(Opportunity, deal.id), "lost", reason="price")
    ((name, payload),) = told(crm)
    assert (name, payload["from_stage"], payload["reason"]) == ("sfa.deal_lost", "prospecting", "price")


def test_what_comes_from_another_system_as_it_stands_is_no_news(crm: Crm) -> None:
    past: dict[str, Any] = {"stage": "won", "opened_on": date(2025, 1, 1), "closed_on": date(2025, 2, 1)}
    with crm.session() as session:
        session.add(Opportunity(name="imported", source="old", **past), Opportunity(name="entered", **past))
    ((name, payload),) = told(crm)
    assert (name, payload["closed_on"]) == ("sfa.deal_won", "2025-02-01")


def test_a_threshold_is_crossed_both_ways(make_crm: MakeCrm) -> None:
    thresholds = [{"amount": "1000", "currency": "EUR"}]
    crm = make_crm(plugins=[crmkit_sfa], config={"plugins": {"sfa": {"opportunities": {"big_deals": thresholds}}}})
    deal = Opportunity(name="Pumps", amount=Money.of("999", "EUR"))
    with crm.session() as session:
        session.add(deal)
    for amount in ("1000", "2000", "10"):
        update(crm, deal, amount=Money.of(amount, "EUR"))
    crossed = [(payload["direction"], payload["amount"]["amount"]) for _, payload in told(crm)]
    assert sorted(crossed) == [("down", "10"), ("up", "1000")]
    assert {name for name, _ in told(crm)} == {"sfa.big_deal_crossed"}


def test_orders_and_quotations(crm: Crm) -> None:
    acme = Customer(kind="organization", name="Acme")
    with crm.session() as session:
        session.add(acme)
        session.flush()
        ctx = crm.context(session, "sfa")
        order = new_order(ctx, acme, [Ordered(description="Pump", unit_price=Money.of("10", "EUR"))])
    assert told(crm) == []
    with crm.session() as session:
        confirm(crm.context(session, "sfa"), order)
    ((name, payload),) = told(crm)
    assert (name, payload["customer_id"], payload["net"]) == (
        "sfa.order_placed",
        str(acme.id),
        {"amount": "10", "currency": "EUR"},
    )
    quote = Quote(number="Q-1", customer_id=acme.id, currency="EUR", status="accepted")
    with crm.session() as session:
        session.add(quote)
    ((_, payload),) = [one for one in told(crm) if one[0] == "sfa.quote_accepted"]
    assert (payload["number"], payload["revision"]) == ("Q-1", 1)


def test_a_quotation_is_declined_once(crm: Crm) -> None:
    acme, ann = Customer(kind="organization", name="Acme"), User(login="ann", name="Ann")
    deal = Opportunity(name="Pumps", customer_id=acme.id)
    with crm.session() as session:
        session.add(ann, acme)
        session.flush()
        session.add(deal)
        session.flush()
        ctx = crm.context(session, "sfa")
        quote = writing.new_quote(ctx, acme, opportunity=deal, currency="EUR", number="Q-1", owner_id=ann.id)
        writing.add_line(ctx, quote, description="Pump", price=Money.of("10", "EUR"), tax_rate=Decimal(19))
    update(crm, quote, status="sent")
    assert told(crm) == []
    with crm.session() as session:
        deciding.decline(crm.context(session, "sfa"), quote, "Anna Berg", "too dear")
    update(crm, quote, decision_reason="much too dear")
    ((name, payload),) = told(crm)
    assert name == "sfa.quote_declined"
    assert payload == {
        "number": "Q-1",
        "revision": 1,
        "customer_id": str(acme.id),
        "opportunity_id": str(deal.id),
        "owner_id": str(ann.id),
        "net": {"amount": "10", "currency": "EUR"},
        "gross": {"amount": "11.9", "currency": "EUR"},
    }


@pytest.mark.parametrize("answer", ["accepted", "declined"])
def test_a_hand_off_is_answered(crm: Crm, answer: str) -> None:
    ann, bo, service = User(login="ann", name="Ann"), User(login="bo", name="Bo"), Team(name="Service")
    deal = Opportunity(name="Pumps", owner_id=ann.id)
    with crm.session() as session:
        session.add(service, ann, bo)
        session.flush()
        session.add(deal)
    offers: list[User | Team] = [bo, service] if answer == "accepted" else [service]
    for to in offers:
        with crm.session() as session:
            ctx = crm.context(session, "sfa")
            made = handing.hand_off(ctx, session.get(Opportunity, deal.id), to, kind="sales_to_service", note="secret")
        if to is not offers[-1]:
            with crm.session() as session:
                handing.withdraw(crm.context(session, "sfa"), made)
    # Neither what is offered nor what is taken back is an answer.
    assert told(crm) == []
    with crm.session() as session:
        ctx = crm.context(session, "sfa")
        if answer == "accepted":
            handing.accept(ctx, made, answer="gladly", to=bo)
        else:
            handing.decline(ctx, made, "no time")
    ((name, payload),) = told(crm)
    assert name == f"sfa.transfer_{answer}"
    assert payload == {
        "kind": "sales_to_service",
        "entity": "sfa_opportunity",
        "record_id": str(deal.id),
        "from_id": str(ann.id),
        "to_id": str(bo.id) if answer == "accepted" else None,
        "to_team_id": str(service.id),
    }


def test_a_lead_is_assigned_and_converted(crm: Crm) -> None:
    ann, bo = User(login="ann", name="Ann"), User(login="bo", name="Bo")
    lead = Lead(name="Kite", company="Kite AG", email="carla@kite.example", owner_id=ann.id, lead_source="fair")
    with crm.session() as session:
        session.add(ann, bo)
        session.flush()
        session.add(lead)
    update(crm, lead, owner_id=bo.id)
    assert told(crm) == [("sfa.lead_assigned", {"from_id": str(ann.id), "to_id": str(bo.id), "team_id": None})]
    with crm.session() as session:
        converted = convert(crm.context(session, "sfa"), session.get(Lead, lead.id))
    ((_, payload),) = [one for one in told(crm) if one[0] == "sfa.lead_converted"]
    assert (payload["owner_id"], payload["lead_source"]) == (str(bo.id), "fair")
    assert payload["opportunity_id"] == str(converted.lead.opportunity_id)


def test_another_plugin_listens_by_name(make_crm: MakeCrm) -> None:
    class Bell:
        manifest = Manifest(name="bell")
        rung: list[str]

        @hookimpl(entities=("sfa_opportunity",))
        def after_domain_events_committed(self, ctx: Context, call: Any) -> None:
            self.rung = [str(one.record_id) for one in call.named("sfa.deal_won")]

    bell = Bell()
    crm = make_crm(plugins=[crmkit_sfa, bell])
    deal = Opportunity(name="Pumps")
    with crm.session() as session:
        session.add(deal)
    update(crm, deal, stage="won")
    assert bell.rung == [str(deal.id)]


@pytest.mark.parametrize("declared", SALES_EVENTS, ids=lambda one: one.name)
def test_every_payload_is_described(declared: Any) -> None:
    assert all(form.get("description") for form in declared.schema["properties"].values())
