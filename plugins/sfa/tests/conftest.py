from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

import crmkit_sfa
from crmkit import Crm
from crmkit.core.values.clock import FixedClock
from crmkit.testing.making import MakeCrm
from crmkit.testing.postgres import PostgresServer


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the settings nor the terminal of whoever runs the tests has a part in them; lines are long enough."""
    for name in ("CRMKIT_DB", "CRMKIT_CONFIG", "CRMKIT_LANGUAGE", "CRMKIT_CURRENCY", "LANGUAGE", "LC_ALL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("COLUMNS", "220")
    # Commands run with the plugins that the databases of these tests were made for.
    monkeypatch.setenv("CRMKIT_DISABLE", "web")


@pytest.fixture
def program_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a database that is not there yet, which the program uses: it runs in an empty folder, in English."""
    address = f"sqlite:///{tmp_path / 'crm.db'}"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CRMKIT_DB", address)
    monkeypatch.setenv("CRMKIT_LANGUAGE", "en")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return address


@pytest.fixture(scope="session")
def sales_template(postgres_server: PostgresServer) -> str:
    """The name of a PostgreSQL database with the plugin's tables, to be copied: that takes a fraction of making them."""
    return postgres_server.template("sales", lambda address: Crm.open(address, plugins=[crmkit_sfa]).close())


@pytest.fixture(scope="session")
def sales_postgres_url(postgres_server: PostgresServer, sales_template: str) -> Iterator[str]:
    """A PostgreSQL database with the plugin's tables, which tests share, each with a tenant of its own."""
    with postgres_server.database(sales_template) as address:
        yield address


@pytest.fixture
def own_sales_url(postgres_server: PostgresServer, sales_template: str) -> Iterator[str]:
    """A PostgreSQL database with the plugin's tables, and nobody else in it."""
    with postgres_server.database(sales_template) as address:
        yield address


def opened(url: str | None = None, **settings: object) -> Crm:
    """Open a CRM with this plugin alone, at noon UTC of 15 March 2026."""
    clock = FixedClock(datetime(2026, 3, 15, 12, tzinfo=UTC))
    return Crm.open(url, plugins=[crmkit_sfa], config={"currency": "EUR", "plugins": {"sfa": settings}}, clock=clock)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def noon(request: pytest.FixtureRequest) -> Crm:
    """A CRM at noon, in memory and on PostgreSQL; shared by the tests of a module, which use customers of their own."""
    found: Crm = request.getfixturevalue("noon_in_memory" if request.param == "sqlite" else "noon_on_postgres")
    return found


@pytest.fixture(scope="module")
def noon_in_memory() -> Iterator[Crm]:
    """In memory alone, for rules that do not depend on the database."""
    with closing(opened()) as crm:
        yield crm


@pytest.fixture(scope="module")
def noon_on_postgres(postgres_server: PostgresServer, sales_template: str) -> Iterator[Crm]:
    """On PostgreSQL alone, for what several do at the same time."""
    with postgres_server.database(sales_template) as address, closing(opened(address)) as crm:
        yield crm


@pytest.fixture(params=["sqlite", "postgresql"])
def crm(request: pytest.FixtureRequest, make_crm: MakeCrm) -> Crm:
    """A CRM with this plugin alone: in memory, and on PostgreSQL."""
    if request.param == "sqlite":
        return make_crm(plugins=[crmkit_sfa])
    shared = request.getfixturevalue("sales_postgres_url")
    return make_crm(plugins=[crmkit_sfa], url=shared, tenant=uuid4().hex, check=False)
