"""Databases with the core's tables: made once per test process and shared, each test with a tenant of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from crmkit.core.values.clock import FixedClock
from crmkit.runtime.crm import Crm
from crmkit.testing.postgres import PostgresServer
from tests.tenants import in_a_new_tenant

OpenCrm = Callable[..., Crm]


@pytest.fixture(autouse=True)
def no_folder(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither settings, nor the language, nor the terminal of whoever runs the tests has a part in them."""
    for name in ("CRMKIT_DB", "CRMKIT_CONFIG", "CRMKIT_LANGUAGE", "CRMKIT_TRACEBACK", "LANGUAGE", "COLUMNS", "LC_ALL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")
    if request.node.get_closest_marker("all_plugins") is None:
        # The core is tested by itself; the tests of the plugins, of the documentation and of what is shipped take all.
        monkeypatch.setenv("CRMKIT_DISABLE", "sfa,web")


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
def kept_open() -> Iterator[OpenCrm]:
    """Gives the CRM that this process keeps open for a database and a configuration; building one outlasts most tests."""
    kept: dict[tuple[str, str], Crm] = {}

    def give(url: str, *plugins: Any, config: Any = None) -> Crm:
        key = (url, repr((plugins and [type(plugin) for plugin in plugins], config)))
        if key not in kept:
            kept[key] = Crm.open(url, plugins=list(plugins), config=config)
        return kept[key]

    yield give
    for crm in kept.values():
        crm.close()


@pytest.fixture
def crm(core_url: str, clock: FixedClock, kept_open: OpenCrm) -> Crm:
    """A CRM without plugins, on SQLite and on PostgreSQL, with a clock and a tenant of the test's own."""
    crm = in_a_new_tenant(kept_open(core_url))
    crm.clock = clock
    return crm
