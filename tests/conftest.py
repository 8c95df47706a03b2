"""Databases with the core's tables: made once per test process and shared, each test with a tenant of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import Result

from crmkit.core.values.clock import FixedClock
from crmkit.runtime.crm import Crm
from crmkit.testing.postgres import PostgresServer
from tests.tenants import in_a_new_tenant

OpenCrm = Callable[..., Crm]
KeptDatabase = Callable[[str, str], str]
Run = Callable[..., Result]
Copied = Callable[[str, str, Run, Callable[[Run], None]], str]


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
def kept_database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeptDatabase]:
    """Gives the address of this process's database for a kind and a name, empty when it is first asked for."""
    kept: dict[tuple[str, str], str] = {}
    with ExitStack() as stack:

        def give(kind: str, name: str) -> str:
            if (kind, name) not in kept and kind == "sqlite":
                kept[kind, name] = f"sqlite:///{tmp_path_factory.mktemp('kept') / f'{name}.db'}"
            elif (kind, name) not in kept:
                server: PostgresServer = request.getfixturevalue("postgres_server")
                kept[kind, name] = stack.enter_context(server.database())
            return kept[kind, name]

        yield give


@pytest.fixture
def copied(
    request: pytest.FixtureRequest, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Copied]:
    """Gives the address of a database of the test's own, by its kind and a name: a copy of what commands made once."""
    with ExitStack() as stack, pytest.MonkeyPatch.context() as monkeypatch:

        def made(address: str, run: Run, make: Callable[[Run], None]) -> None:
            with monkeypatch.context() as here:
                here.setenv("CRMKIT_DB", address)
                done = run("db", "create")
                assert done.exit_code == 0, done.stderr
                make(run)

        def give(kind: str, name: str, run: Run, make: Callable[[Run], None]) -> str:
            if kind == "postgresql":
                server: PostgresServer = request.getfixturevalue("postgres_server")
                template = server.template(f"commands-{name}", lambda address: made(address, run, make))
                return stack.enter_context(server.database(template))
            original = tmp_path_factory.getbasetemp() / f"commands-{name}.db"
            if not original.exists():
                made(f"sqlite:///{original}", run, make)
            return f"sqlite:///{shutil.copy(original, tmp_path / f'{name}.db')}"

        yield give


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
