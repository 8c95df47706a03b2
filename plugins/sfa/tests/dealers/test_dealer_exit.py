from __future__ import annotations

import pytest

from crmkit.core.customer import Customer
from crmkit.core.staff import User
from crmkit.plugin import AccessDenied, BadInput, Conflict, Money, NotFound, change
from crmkit_sfa.dealers.agreeing import add_dealer
from crmkit_sfa.dealers.ending import end_dealer
from crmkit_sfa.dealers.entities import Dealer, DealerOffer
from crmkit_sfa.dealers.progress import progress
from crmkit_sfa.leads.entities import Lead
from crmkit_sfa.opportunities.entities import Opportunity
from plugins.sfa.tests.dealers.conftest import Trade


def test_head_office_sees_progress_at_once(trade: Trade) -> None:
    trade.accepted("nora")
    with trade.as_("nora") as ctx:
        found = Customer(name="Oder Werke", kind="organization")
        amount = Money.of("5000", "EUR")
        won = Opportunity(name="Won", customer_id=found.id, amount=amount)
        open_ = Opportunity(name="Open", customer_id=found.id, amount=amount)
        ctx.session.add(found, won, open_)
    with trade.as_("nora") as ctx:
        ctx.session.update(change(ctx.session.get(Opportunity, won.id), stage="won"))
    with trade.as_("hanna", reads=True) as ctx:
        north, south = progress(ctx)
    assert (north.dealer, north.offered, north.accepted, north.open_leads) == ("Dealer North", 1, 1, 1)
    assert (north.open_deals, north.won_deals, north.found) == (1, 1, 1)
    assert (north.open_value, north.won_value) == (5000, 5000)
    assert (south.offered, south.open_deals, south.answer_hours) == (0, 0, None)
    nora = trade.id_of("nora")
    with trade.as_("hanna", reads=True) as ctx:
        customer = ctx.session.get(Customer, found.id)
        assert (customer.owner_id, customer.name) == (nora, "Oder Werke")
    with trade.as_("nora", reads=True) as ctx:
        assert progress(ctx) == []


def test_access_ends_and_what_is_open_comes_back(trade: Trade) -> None:
    trade.accepted("nora")
    with trade.as_("nils") as ctx:
        firm = Customer(name="Oder Werke", kind="organization")
        won, open_ = (Opportunity(name=name, customer_id=firm.id) for name in ("Won", "Open"))
        ctx.session.add(firm, won, open_)
    with trade.as_("nils") as ctx:
        ctx.session.update(change(ctx.session.get(Opportunity, won.id), stage="won"))
    second = Lead(name="Second", owner_id=trade.id_of("hanna"))
    with trade.as_() as ctx:
        ctx.session.add(second)
    waiting = trade.offered(record=trade.now(second))
    with trade.as_("hanna") as ctx:
        done = end_dealer(ctx, ctx.session.get(Customer, trade.north.id))
    assert (done.users, done.offers, done.leads, done.deals, done.customers) == (2, 1, 1, 1, 1)
    hanna, nils = trade.id_of("hanna"), trade.id_of("nils")
    owners = [trade.now(record).owner_id for record in (trade.lead, open_, firm, won)]
    assert owners == [hanna, hanna, hanna, nils]
    assert trade.now(waiting).state == "withdrawn"
    for login in ("nora", "nils"):
        with pytest.raises(NotFound):
            trade.actor(login)
    with trade.as_(reads=True) as ctx:
        assert [one.state for one in ctx.session.list(User, customer_id=trade.north.id)] == ["frozen", "frozen"]
        assert {one.state for one in ctx.session.list(DealerOffer)} == {"withdrawn", "returned"}
        assert ctx.session.find(Dealer, customer_id=trade.north.id).state == "ended"
    with trade.as_("hanna") as ctx, pytest.raises(Conflict):
        end_dealer(ctx, ctx.session.get(Customer, trade.north.id))
    with pytest.raises(BadInput):
        trade.offered()


def test_even_activated_again_its_users_see_nothing(quick: Trade) -> None:
    quick.accepted("nora")
    with quick.as_("hanna") as ctx:
        end_dealer(ctx, ctx.session.get(Customer, quick.north.id))
    with quick.as_() as ctx:
        ctx.services.activate(ctx.session.find(User, login="nora"))
    with quick.as_("nora", reads=True) as ctx:
        assert (ctx.session.count(Lead), ctx.session.count(DealerOffer), ctx.session.count(Customer)) == (0, 0, 0)


def test_it_takes_an_heir_of_the_house(quick: Trade) -> None:
    with quick.as_("hanna") as ctx, pytest.raises(BadInput):
        end_dealer(ctx, ctx.session.get(Customer, quick.north.id), heir=ctx.session.find(User, login="sam"))
    with quick.as_("sam") as ctx, pytest.raises(AccessDenied):
        end_dealer(ctx, quick.north)
    with quick.as_("hanna") as ctx, pytest.raises(BadInput):
        add_dealer(ctx, Customer(given_name="Ina", family_name="Berg"))
