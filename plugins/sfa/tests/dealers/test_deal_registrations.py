from __future__ import annotations

from typing import Any

import pytest

from crmkit.core.customer import Customer
from crmkit.core.product import Product
from crmkit.core.values.clock import FixedClock
from crmkit.plugin import AccessDenied, BadInput, Conflict, Money, NotFound, Refused, ValidationFailed, change
from crmkit_sfa.dealers.entities import DealConflict, DealRegistration
from crmkit_sfa.dealers.registering import approve, register, reject, withdraw
from crmkit_sfa.leads.entities import Lead
from crmkit_sfa.opportunities.entities import Opportunity
from plugins.sfa.tests.dealers.conftest import Trade


def registered(trade: Trade, login: str, company: str = "Elbe Kläranlagen GmbH", **details: Any) -> DealRegistration:
    with trade.as_(login) as ctx:
        return register(ctx, company, **details)


def conflicts(trade: Trade, one: DealRegistration) -> set[tuple[str, str, tuple[str, ...]]]:
    with trade.as_("hanna", reads=True) as ctx:
        found = ctx.session.list(DealConflict, registration_id=one.id)
    return {(x.with_whom, x.entity, tuple(sorted(x.matched))) for x in found}


def test_approved_it_becomes_a_deal_of_the_dealer(trade: Trade) -> None:
    one = registered(trade, "nora", domain="elbe.example", email="ina@elbe.example", amount=Money.of("9000", "EUR"))
    assert (one.state, one.dealer_id, one.owner_id) == ("submitted", trade.north.id, trade.id_of("nora"))
    assert conflicts(trade, one) == set()
    with trade.as_("hanna") as ctx:
        done = approve(ctx, one, decision="welcome")
    assert (done.state, done.decided_by_id, str(done.protected_until)) == (
        "approved",
        trade.id_of("hanna"),
        "2026-06-13",
    )
    with trade.as_("nils", reads=True) as ctx:
        deal = ctx.session.get(Opportunity, done.opportunity_id)
        assert (deal.name, deal.amount, deal.owner_id) == (one.company, one.amount, one.owner_id)
        customer = ctx.session.get(Customer, done.customer_id)
        assert (customer.name, customer.domain, customer.source) == (one.company, "elbe.example", "dealer")
        assert ctx.session.get(DealRegistration, one.id).decision == "welcome"
    with trade.as_("sam", reads=True) as ctx:
        assert (ctx.session.count(DealRegistration), ctx.session.count(Opportunity)) == (0, 0)


@pytest.mark.parametrize(
    ("details", "matched"),
    [
        ({"domain": "elbe.example"}, ("company", "domain")),
        ({"email": "Ina@Elbe.example "}, ("company", "email")),
        ({"phone": "040 1234567", "country": "DE"}, ("company", "phone")),
        ({}, ("company",)),
    ],
    ids=["domain", "mail", "phone", "name"],
)
def test_two_dealers_with_the_same(quick: Trade, details: dict[str, str], matched: tuple[str, ...]) -> None:
    registered(quick, "nora", domain="elbe.example", email="ina@elbe.example", phone="+49 40 1234567")
    other = registered(quick, "sam", "ELBE-Kläranlagen", **details)
    assert conflicts(quick, other) == {("dealer", "sfa_deal_registration", matched)}
    with quick.as_("hanna") as ctx, pytest.raises(Conflict):
        approve(ctx, other)
    with quick.as_("hanna") as ctx:
        assert approve(ctx, other, despite_conflicts=True).state == "approved"


def test_what_the_own_sales_force_works_on_is_in_the_way(trade: Trade) -> None:
    customer = Customer(name="Elbe Kläranlagen GmbH", kind="organization", domain="elbe.example")
    deal = Opportunity(name="Pumps for Elbe", customer_id=customer.id, owner_id=trade.id_of("hanna"))
    with trade.as_() as ctx:
        ctx.session.add(customer, deal)
    one = registered(trade, "nora", domain="elbe.example")
    assert conflicts(trade, one) == {("sales", "sfa_opportunity", ("customer",))}
    of_the_lead = registered(trade, "nora", "Spree Wasser AG", email="erika@spree-wasser.example")
    assert ("sales", "sfa_lead", ("company", "email")) in conflicts(trade, of_the_lead)


def test_another_product_is_another_deal(quick: Trade) -> None:
    sieve = Product(sku="F-1", name="Sieve")
    with quick.as_() as ctx:
        ctx.session.add(sieve)
    made = []
    for dealer, product in ((quick.north, quick.pump), (quick.south, sieve), (quick.south, quick.pump)):
        with quick.as_("hanna") as ctx:
            whom = ctx.session.get(Customer, dealer.id)
            made.append(register(ctx, "Elbe Kläranlagen", dealer=whom, product_id=product.id))
    assert [len(conflicts(quick, one)) for one in made] == [0, 0, 1]


def test_the_dealer_does_not_see_what_is_in_the_way(trade: Trade) -> None:
    registered(trade, "nora", domain="elbe.example")
    registered(trade, "sam", domain="elbe.example")
    for login in ("nora", "sam"):
        with trade.as_(login, reads=True) as ctx:
            assert (ctx.session.count(DealConflict), ctx.session.count(DealRegistration)) == (0, 1)


def test_a_dealer_decides_nothing(trade: Trade) -> None:
    one = registered(trade, "nora")
    for deed in (approve, lambda ctx, x: reject(ctx, x, "no")):
        for login in ("nora", "sam"):
            with trade.as_(login) as ctx, pytest.raises((AccessDenied, NotFound)):
                deed(ctx, one)
    for values in ({"state": "approved"}, {"company": "Another"}, {"protected_until": one.created_at.date()}):  # type: ignore[union-attr]
        with pytest.raises((Refused, AccessDenied)), trade.as_("nora") as ctx:
            ctx.session.update(change(ctx.session.get(DealRegistration, one.id), **values))
    with pytest.raises(ValidationFailed), trade.as_("nora") as ctx:
        ctx.session.add(DealRegistration(dealer_id=trade.south.id, company="X", owner_id=trade.id_of("nora")))
    with pytest.raises((Refused, AccessDenied)), trade.as_("nora") as ctx:
        ctx.session.add(DealRegistration(dealer_id=trade.north.id, company="X", state="approved"))
    with trade.as_("nora") as ctx:
        assert withdraw(ctx, ctx.session.get(DealRegistration, one.id)).state == "withdrawn"


def test_it_is_decided_once_with_a_reason(quick: Trade) -> None:
    one = registered(quick, "nora")
    with quick.as_("hanna") as ctx, pytest.raises(BadInput):
        reject(ctx, one, " ")
    with quick.as_("hanna") as ctx:
        reject(ctx, ctx.session.get(DealRegistration, one.id), "we know them")
    with quick.as_("hanna") as ctx, pytest.raises(Conflict):
        approve(ctx, one)
    with quick.as_("hanna", reads=True) as ctx:
        assert ctx.session.count(Opportunity) == 0


def test_protection_ends(quick: Trade, clock: FixedClock) -> None:
    one = registered(quick, "nora", domain="elbe.example")
    with quick.as_("hanna") as ctx:
        approve(ctx, one, days=10)
    quick.crm.jobs.run_due("sfa")
    clock.advance(days=11)
    quick.crm.jobs.run_due("sfa")
    assert quick.now(one).state == "expired"
    with quick.as_() as ctx:
        ctx.session.update(change(ctx.session.get(Lead, quick.lead.id), status="disqualified"))
    later = registered(quick, "sam", domain="elbe.example")
    assert {entity for _, entity, _ in conflicts(quick, later)} == {"sfa_opportunity"}
