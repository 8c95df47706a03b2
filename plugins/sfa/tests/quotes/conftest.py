from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

import crmkit_sfa
from crmkit import Crm
from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.product import Product
from crmkit.core.staff import Role, User
from crmkit.plugin import Money
from crmkit.testing.making import MakeCrm
from crmkit_sfa.opportunities.entities import Opportunity
from crmkit_sfa.pricing import lists
from crmkit_sfa.quotes import writing

SETTINGS: dict[str, Any] = {
    "seller": {"name": "Aqua Lab Ltd", "address": "1 River Road\nCambridge", "tax_number": "GB 1", "bank": "IBAN 1"},
    "terms": "Payment within 30 days.",
    "approvals": [{"above": "10"}, {"above": "25", "role": "head of sales"}],
}


class World:
    """A seller's little world: customers, products with prices and tax, an opportunity."""

    acme = Customer(kind="organization", name="Acme", legal_name="Acme GmbH", country="DE")
    address = ContactPoint(customer_id=acme.id, kind="address", street="Am Ring 1", city="Bonn", country="DE")
    beijing = Customer(kind="organization", name="北京第一实验室", country="CN", language="zh-Hans")
    pump = Product(sku="P-1", name="Pump", unit="pc")
    filter = Product(sku="P-2", name="Filter 滤芯", unit="pc")
    deal = Opportunity(name="New lab", customer_id=acme.id)

    def fill(self, crm: Crm) -> None:
        with crm.session() as session:
            session.add(self.acme, self.address, self.beijing, self.pump, self.filter, self.deal)
            ctx = crm.context(session, "sfa")
            for currency, pump, filter in (("EUR", "1000", "12.345"), ("CNY", "8000", "99.99")):
                one = lists.new_price_list(ctx, "standard", currency)
                lists.set_price(ctx, one, self.pump, Decimal(pump))
                lists.set_price(ctx, one, self.filter, Decimal(filter))
            lists.set_tax_rate(ctx, Decimal(19), country="DE")
            lists.set_tax_rate(ctx, Decimal(13), country="CN")

    def quote(self, ctx: Any, quantity: int = 2, **values: Any) -> Any:
        """Return a draft for Acme with one line of pumps."""
        made = writing.new_quote(
            ctx, values.pop("customer", self.acme), currency=values.pop("currency", "EUR"), **values
        )
        writing.add_line(ctx, made, self.pump, Decimal(quantity))
        return ctx.session.get(type(made), made.id)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def open_crm(make_crm: MakeCrm, world: World) -> Callable[..., Crm]:
    """Opens a CRM with the plugin, others beside it, and the world in it."""

    def make(*others: Any, url: str | None = None, **settings: Any) -> Crm:
        given = {"plugins": {"sfa": {"quotes": {**SETTINGS, **settings}}}}
        crm = make_crm(plugins=[crmkit_sfa, *others], config=given, url=url)
        world.fill(crm)
        return crm

    return make


@pytest.fixture
def shop(open_crm: Callable[..., Crm]) -> Crm:
    """That CRM in memory."""
    return open_crm()


@pytest.fixture(params=["sqlite", "postgresql"])
def both(request: pytest.FixtureRequest, open_crm: Callable[..., Crm]) -> Crm:
    """That CRM in memory, and on PostgreSQL."""
    return open_crm(url=request.getfixturevalue("own_sales_url") if request.param == "postgresql" else None)


@pytest.fixture
def seller() -> Callable[..., Any]:
    """Adds a user who sells, with further roles by name, and returns it as an actor."""

    def make(crm: Crm, login: str, *roles: str, permission: bool = False) -> Any:
        grants = [{"entity": "*", "action": "*", "scope": "none"}]
        grants += [{"entity": "*", "action": word, "scope": "all"} for word in ("read", "create", "update", "delete")]
        if permission:
            grants.append({"entity": "*", "action": "sfa.approve_discounts", "scope": "all"})
        with crm.session() as session:
            user = User(login=login, name=login.title())
            role = Role(name=f"rights of {login}", grants=tuple(grants))
            session.add(user, role)
            session.flush()
            services = crm.services_for(session)
            services.give_role(user, role)
            for name in roles:
                given = session.find(Role, name=name) or Role(name=name)
                if given.version == 0:
                    session.add(given)
                    session.flush()
                services.give_role(user, given)
        return crm.actor(login)

    return make


def money(amount: str, currency: str = "EUR") -> Money:
    return Money.of(amount, currency)


@pytest.fixture
def run_all() -> Callable[[Crm], Any]:
    """Does what is due in the background of a CRM."""
    return lambda crm: crm.jobs.run_due("sfa")


@pytest.fixture
def make_second() -> Callable[[Any], Customer]:
    """Adds one more customer within a session."""

    def make(session: Any) -> Customer:
        made = Customer(kind="organization", name="Acme again", country="DE")
        session.add(made)
        session.flush()
        stored: Customer = session.get(Customer, made.id)
        return stored

    return make
