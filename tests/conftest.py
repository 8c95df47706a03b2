"""Databases with the core's tables: made once per test process and shared, each test with a tenant of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from crmkit.core.access import system_actor, tenant_id
from crmkit.core.values.clock import FixedClock
from crmkit.runtime.crm import Crm
from crmkit.testing.postgres import PostgresServer

OpenCrm = Callable[..., Crm]


@pytest.fixture(autouse=True)
def no_terminal_width(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables are as wide as they need to be, however wide the terminal is that the tests run in."""
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.fixture(scope="session")
def core_sqlite_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A SQLite file with the core's tables, which tests share."""
    address = f"sqlite:///{tmp_path_factory.mktemp('core') / 'core.db'}"
    Crm.open(address, plugins=[]).close()
    return address


@pytest.fixture(scope="session")
def core_postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """A PostgreSQL database with the core's tables, which tests share."""
    with postgres_server.database() as address:
        Crm.open(address, plugins=[]).close()
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def core_url(request: pytest.FixtureRequest) -> str:
    """The address of a shared database with the core's tables: the test runs on SQLite and on PostgreSQL."""
    address: str = request.getfixturevalue("core_sqlite_url" if request.param == "sqlite" else "core_postgres_url")
    return address


@pytest.fixture
def open_crm(core_url: str, clock: FixedClock) -> Iterator[OpenCrm]:
    """Opens a CRM on a shared database, by default in a tenant of the test's own; all are closed in the end."""
    opened: list[Crm] = []
    own = uuid4().hex

    def open_(*plugins: Any, url: str = core_url, tenant: str = own, **options: Any) -> Crm:
        options.setdefault("clock", clock)
        # The schema of the shared databases is right; looking at it takes as long as a short test.
        options.setdefault("check", url != core_url)
        crm = Crm.open(url, plugins=list(plugins), tenant=tenant, **options)
        opened.append(crm)
        return crm

    yield open_
    for crm in reversed(opened):
        crm.close()


@pytest.fixture(scope="session")
def _kept_open() -> Iterator[dict[str, Crm]]:
    kept: dict[str, Crm] = {}
    yield kept
    for crm in kept.values():
        crm.close()


@pytest.fixture
def crm(core_url: str, clock: FixedClock, _kept_open: dict[str, Crm]) -> Crm:
    """A CRM without plugins, on SQLite and on PostgreSQL, with a clock and a tenant of the test's own.

    Building one takes longer than most tests do, so each process keeps one open for each database.
    """
    if core_url not in _kept_open:
        _kept_open[core_url] = Crm.open(core_url, plugins=[])
    crm = _kept_open[core_url]
    crm.clock, crm.tenant = clock, uuid4().hex
    crm.system = system_actor(tenant_id(crm.tenant))
    return crm
