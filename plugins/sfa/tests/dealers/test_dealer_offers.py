from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

import crmkit_sfa
from crmkit.core.customer import Customer, CustomerRelation
from crmkit.core.values.clock import FixedClock
from crmkit.plugin import AccessDenied, BadInput, Conflict, Money, NotFound, Refused, StaleVersion, change
from crmkit.testing.making import MakeCrm
from crmkit_sfa.dealers.entities import DealerOffer
from crmkit_sfa.dealers.offering import accept, decline, give_back, offer, withdraw
from crmkit_sfa.dealers.waiting import waiting
from crmkit_sfa.leads.entities import Lead
from crmkit_sfa.opportunities.entities import Opportunity
from plugins.sfa.tests.dealers.conftest import Trade, make_trade

SECRETS = ("Erika", "Mustermann", "Spree", "Wasser", "1234567", "spree-wasser.example", "@")


def leads(trade: Trade, login: str) -> int:
    with trade.as_(login, reads=True) as ctx:
        return int(ctx.session.count(Lead))


def test_a_dealer_sees_what_is_offered_and_not_by_whom(trade: Trade) -> None:
    made = trade.offered(message="A good one for you, Erika is nice")
    with trade.as_("nils", reads=True) as ctx:
        (seen,) = ctx.session.list(DealerOffer)
        assert (seen.region, seen.product, seen.estimated) == ("DE", "Pump", Money.of("12000", "EUR"))
        assert "12 pumps" in seen.interest
        told = repr(ctx.session.masked(seen))
        assert [secret for secret in SECRETS if secret in told] == []
        assert ctx.session.count(Lead) == 0
    with trade.as_("sam", reads=True) as ctx:
        assert ctx.session.count(DealerOffer) == 0
    assert trade.now(trade.lead).owner_id == trade.id_of("hanna")
    assert made.state == "offered"


def test_accepted_the_lead_is_the_dealers_and_head_office_sees_it(trade: Trade) -> None:
    made = trade.accepted("nils")
    assert (made.state, made.answered_by_id, made.owner_id) == ("accepted", trade.id_of("nils"), trade.id_of("nils"))
    assert [leads(trade, login) for login in ("nora", "nils", "sam", "hanna")] == [1, 1, 0, 1]
    lead = trade.now(trade.lead)
    assert (lead.owner_id, lead.team_id) == (trade.id_of("nils"), trade.lead.team_id)
    with trade.as_("nils", reads=True) as ctx:
        assert ctx.session.get(Lead, lead.id).email == "erika@spree-wasser.example"


def test_its_customer_becomes_one_of_the_dealers(trade: Trade) -> None:
    customer = Customer(name="Havel GmbH", kind="organization", country="DE")
    deal = Opportunity(name="Havel pumps", customer_id=customer.id, product_id=trade.pump.id)
    with trade.as_() as ctx:
        ctx.session.add(customer, deal)
    made = trade.offered(record=trade.now(deal))
    assert (made.region, made.product, made.interest) == ("DE", "Pump", "")
    with trade.as_("nora") as ctx:
        assert ctx.session.count(Customer, "name = 'Havel GmbH'") == 0
        accept(ctx, ctx.session.get(DealerOffer, made.id))
    with trade.as_("nora", reads=True) as ctx:
        assert ctx.session.get(Opportunity, deal.id).customer_id == customer.id
        assert ctx.session.get(Customer, customer.id).name == "Havel GmbH"
    with trade.as_("nora") as ctx:
        give_back(ctx, ctx.session.get(DealerOffer, made.id), "too far away")
    with trade.as_("nora", reads=True) as ctx:
        assert (ctx.session.count(Opportunity), ctx.session.count(Customer, "name = 'Havel GmbH'")) == (0, 0)
    assert trade.now(deal).owner_id == trade.id_of("hanna")
    with trade.as_(reads=True) as ctx:
        assert ctx.session.count(CustomerRelation, f"to_id = {customer.id}") == 0


def test_another_dealer_can_do_nothing_with_it(trade: Trade) -> None:
    made = trade.offered()
    for deed in (
        accept,
        lambda ctx, one: decline(ctx, one, "no"),
        withdraw,
        lambda ctx, one: give_back(ctx, one, "no"),
    ):
        with trade.as_("sam") as ctx, pytest.raises((NotFound, AccessDenied)):
            deed(ctx, made)
    with trade.as_("sam") as ctx, pytest.raises(AccessDenied):
        offer(ctx, trade.lead, trade.south)
    with trade.as_("nora") as ctx, pytest.raises(AccessDenied):
        withdraw(ctx, made)
    assert trade.now(made).state == "offered"


def test_declined_it_stays_and_surfaces(trade: Trade) -> None:
    made = trade.offered()
    with trade.as_("nora") as ctx, pytest.raises(BadInput):
        decline(ctx, made, "")
    with trade.as_("nora") as ctx:
        decline(ctx, made, "not our region")
    assert trade.now(trade.lead).owner_id == trade.id_of("hanna")
    with trade.as_("hanna", reads=True) as ctx:
        assert [(one.reason, one.title, one.dealer) for one in waiting(ctx)] == [
            ("declined", "Erika Mustermann, Spree Wasser AG", "Dealer North")
        ]
    trade.offered(trade.south)
    with trade.as_("hanna", reads=True) as ctx:
        assert [(one.reason, one.dealer) for one in waiting(ctx)] == [("offered", "Dealer South")]


def test_nobody_answers_in_time(trade: Trade, clock: FixedClock) -> None:
    trade.crm.jobs.run_due("sfa")
    made = trade.offered(hours=8)
    clock.advance(hours=8)
    with trade.as_("nora") as ctx, pytest.raises(Conflict):
        accept(ctx, made)
    with trade.as_("hanna", reads=True) as ctx:
        assert [one.reason for one in waiting(ctx)] == ["expired"]
    trade.crm.jobs.run_due("sfa")
    assert trade.now(made).state == "expired"
    with trade.as_("hanna", reads=True) as ctx:
        assert [one.reason for one in waiting(ctx)] == ["expired"]
    assert leads(trade, "nora") == 0
    assert trade.offered(trade.south).state == "offered"


def test_accepted_and_not_worked_on_it_surfaces(quick: Trade, clock: FixedClock) -> None:
    quick.accepted()
    clock.advance(hours=49)
    with quick.as_("hanna", reads=True) as ctx:
        assert [(one.reason, one.user) for one in waiting(ctx)] == [("untouched", "Nora")]
    with quick.as_("nora") as ctx:
        ctx.session.update(change(ctx.session.get(Lead, quick.lead.id), status="working"))
    with quick.as_("hanna", reads=True) as ctx:
        assert waiting(ctx) == []


def test_it_is_with_one_dealer_at_a_time(trade: Trade) -> None:
    made = trade.offered()
    with pytest.raises(Conflict):
        trade.offered(trade.south)
    with trade.as_("hanna") as ctx:
        withdraw(ctx, ctx.session.get(DealerOffer, made.id))
    trade.accepted("sam", dealer=trade.south)
    with pytest.raises(Conflict):
        trade.offered()


def test_two_colleagues_accept_once(trade: Trade) -> None:
    made = trade.offered()
    with trade.as_("nora") as ctx:
        accept(ctx, made)
    with trade.as_("nils") as ctx, pytest.raises(Conflict):
        accept(ctx, made)
    assert trade.now(trade.lead).owner_id == trade.id_of("nora")


def test_head_office_takes_it_back(trade: Trade) -> None:
    made = trade.accepted()
    with trade.as_("hanna") as ctx:
        give_back(ctx, ctx.session.get(DealerOffer, made.id), "the customer asked for it")
    assert (leads(trade, "nora"), trade.now(trade.lead).owner_id) == (0, trade.id_of("hanna"))
    with trade.as_("hanna", reads=True) as ctx:
        assert [one.reason for one in waiting(ctx)] == ["returned"]


def test_an_offer_is_written_by_its_use_cases_alone(quick: Trade) -> None:
    made = quick.offered()
    with pytest.raises((Refused, AccessDenied)), quick.as_("nora") as ctx:
        ctx.session.update(change(ctx.session.get(DealerOffer, made.id), state="accepted"))
    with pytest.raises(Refused), quick.as_("hanna") as ctx:
        ctx.session.update(change(ctx.session.get(DealerOffer, made.id), state="accepted"))
    with pytest.raises((Refused, AccessDenied)), quick.as_("nora") as ctx:
        ctx.session.add(change(made, id=quick.lead.id, version=0, open_key=None))


def test_what_is_over_is_not_offered(quick: Trade) -> None:
    with quick.as_() as ctx:
        ctx.session.update(change(ctx.session.get(Lead, quick.lead.id), status="disqualified"))
    with pytest.raises(BadInput):
        quick.offered()


def test_colleagues_who_accept_at_the_same_moment(make_crm: MakeCrm, own_sales_url: str) -> None:
    trade = make_trade(make_crm(plugins=[crmkit_sfa], url=own_sales_url))
    made, together = trade.offered(), Barrier(2)

    def accepts(login: str) -> str:
        with trade.as_(login) as ctx:
            one = ctx.session.get(DealerOffer, made.id)
            together.wait(30)
            try:
                accept(ctx, one)
                ctx.session.commit()
            except (Conflict, StaleVersion):
                ctx.session.rollback()
                return "late"
        return login

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(accepts, ("nora", "nils")))
    assert answers.count("late") == 1
    (winner,) = set(answers) - {"late"}
    assert trade.now(made).answered_by_id == trade.now(trade.lead).owner_id == trade.id_of(winner)
