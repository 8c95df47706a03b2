"""Two dealers with users, head office, and a lead: what the tests of dealers begin with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import attrs
import pytest

import crmkit_sfa
from crmkit import Crm
from crmkit.core.access import Actor
from crmkit.core.customer import Customer
from crmkit.core.product import Product
from crmkit.core.staff import Team, User
from crmkit.plugin import Money
from crmkit.testing.making import AsUser, MakeCrm
from crmkit_sfa.dealers.agreeing import add_dealer
from crmkit_sfa.dealers.entities import DealerOffer
from crmkit_sfa.dealers.offering import accept, offer
from crmkit_sfa.dealers.role import add_user
from crmkit_sfa.leads.entities import Lead

HEAD_OFFICE = "* * all"


@attrs.frozen
class Trade:
    """Head office with Hanna, dealer North with Nora and Nils, dealer South with Sam; a pump; and a lead of Hanna's."""

    crm: Crm
    north: Customer
    south: Customer
    pump: Product
    lead: Lead

    def actor(self, login: str) -> Actor:
        return self.crm.actor(login)

    @contextmanager
    def as_(self, login: str = "", *, reads: bool = False) -> Iterator[Any]:
        """Give the plugin's context of a session of a user, else of the system."""
        with self.crm.session(self.actor(login) if login else self.crm.system, reads=reads) as session:
            yield self.crm.context(session, "sfa")

    def id_of(self, login: str) -> UUID:
        with self.as_(reads=True) as ctx:
            return ctx.session.find(User, login=login).id  # type: ignore[no-any-return]

    def offered(self, dealer: Customer | None = None, record: Any = None, **details: Any) -> DealerOffer:
        with self.as_("hanna") as ctx:
            what = record or ctx.session.get(Lead, self.lead.id)
            return offer(ctx, what, ctx.session.get(Customer, (dealer or self.north).id), **details)

    def accepted(self, login: str = "nora", **details: Any) -> DealerOffer:
        made = self.offered(**details)
        with self.as_(login) as ctx:
            return accept(ctx, ctx.session.get(DealerOffer, made.id))

    def now(self, record: Any) -> Any:
        with self.as_(reads=True) as ctx:
            return ctx.session.get(type(record), record.id)


def make_trade(crm: Crm) -> Trade:
    as_user = AsUser(crm)
    hanna = as_user(HEAD_OFFICE, login="hanna", team="Head office")
    north, south = (Customer(name=f"Dealer {name}", kind="organization") for name in ("North", "South"))
    people = {"nora": north, "nils": north, "sam": south}
    users = {login: User(login=login, name=login.title()) for login in people}
    pump = Product(sku="P-1", name="Pump")
    with crm.session() as session:
        ctx = crm.context(session, "sfa")
        session.add(north, south, pump, *users.values())
        manager = session.get(User, hanna.user_id)
        for dealer in (north, south):
            add_dealer(ctx, session.get(Customer, dealer.id), manager)
        for login, dealer in people.items():
            add_user(ctx, session.get(Customer, dealer.id), session.get(User, users[login].id))
        team = session.find(Team, name="Head office")
        lead = Lead(
            name="Erika Mustermann, Spree Wasser AG",
            person="Erika Mustermann",
            company="Spree Wasser AG",
            email="erika@spree-wasser.example",
            phone="+49 30 1234567",
            domain="spree-wasser.example",
            country="DE",
            interest="Erika Mustermann of Spree Wasser asks for 12 pumps; call 030 1234567 or erika@spree-wasser.example",
            product_id=pump.id,
            estimated=Money.of("12000", "EUR"),
            owner_id=hanna.user_id,
            team_id=team.id if team else None,
        )
        session.add(lead)
    with crm.session(reads=True) as session:
        return Trade(crm, north, south, pump, session.get(Lead, lead.id))


@pytest.fixture
def trade(crm: Crm) -> Trade:
    """The trade in memory, and on PostgreSQL."""
    return make_trade(crm)


@pytest.fixture
def quick(make_crm: MakeCrm) -> Trade:
    """The trade in memory alone."""
    return make_trade(make_crm(plugins=[crmkit_sfa]))
