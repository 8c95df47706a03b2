from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from litestar.testing import TestClient

import crmkit_sfa
import crmkit_web
from crmkit import Crm
from crmkit.core.customer import Customer
from crmkit.core.staff import User
from crmkit.plugin import Money
from crmkit.testing.making import AsUser, MakeCrm
from crmkit.testing.postgres import PostgresServer
from crmkit_sfa.leads.entities import Lead
from crmkit_sfa.opportunities.entities import Opportunity
from crmkit_web.login.tokens import make_token
from crmkit_web.serving.app import web_app
from plugins.web.tests.conftest import Api


class Shop:
    """A seller's records: a customer with three deals, and a lead."""

    def __init__(self) -> None:
        self.acme = Customer(kind="organization", name="Acme", country="DE")
        deal = {"customer_id": self.acme.id}
        self.first = Opportunity(name="Pumps", amount=Money.of("500", "EUR"), close_on=date(2026, 5, 1), **deal)
        self.second = Opportunity(name="Valves", amount=Money.of("250", "EUR"), **deal)
        self.won = Opportunity(
            name="Pipes",
            stage="won",
            opening_stage="engaging",
            opened_on=date(2026, 1, 2),
            closed_on=date(2026, 2, 1),
            amount=Money.of("1200", "EUR"),
            **deal,
        )
        self.lead = Lead(name="Carla Diaz", email="carla@kite.example", company="Kite AG")

    def fill(self, crm: Crm) -> None:
        with crm.session() as session:
            session.add(self.acme, self.first, self.second, self.won, self.lead)


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture(scope="session")
def sales_and_web_url(postgres_server: PostgresServer) -> Iterator[str]:
    """A PostgreSQL database with the tables of both plugins."""
    plugins = [crmkit_sfa, crmkit_web]
    template = postgres_server.template("together", lambda address: Crm.open(address, plugins=plugins).close())
    with postgres_server.database(template) as address:
        yield address


@pytest.fixture
def crm(request: pytest.FixtureRequest, make_crm: MakeCrm, tmp_path: Path, shop: Shop) -> Crm:
    """A CRM with sales and the web, and the shop in it: in a file, where a test asks for both on PostgreSQL too."""
    plugins = [crmkit_sfa, crmkit_web]
    if getattr(request, "param", "sqlite") == "sqlite":
        made = make_crm(plugins=plugins, url=f"sqlite:///{tmp_path / 'sales.db'}")
    else:
        address = request.getfixturevalue("sales_and_web_url")
        made = make_crm(plugins=plugins, url=address, tenant=uuid4().hex, check=False)
    shop.fill(made)
    return made


@pytest.fixture
def served(crm: Crm) -> Iterator[TestClient[Any]]:
    with TestClient(web_app(crm), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def api(crm: Crm, served: TestClient[Any], as_user: AsUser) -> Api:
    """The API as Anna, who may do everything with records."""
    as_user("* * all", login="anna")
    with crm.session() as session:
        user = session.find(User, login="anna")
        assert user is not None
        token = make_token(crm.context(session, "web"), user, "test")
    return Api(served, token)
