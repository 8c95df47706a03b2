"""A CRM with a plugin on databases that the tests of this folder share, each test with a tenant of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from crmkit.core.values.clock import FixedClock
from crmkit.runtime.crm import Crm
from crmkit.testing.postgres import PostgresServer
from tests.personal_data.world import Club, World, make_world

OpenCrm = Callable[..., Crm]


@pytest.fixture(scope="session")
def club_sqlite_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    address = f"sqlite:///{tmp_path_factory.mktemp('club') / 'club.db'}"
    Crm.open(address, plugins=[Club()]).close()
    return address


@pytest.fixture(scope="session")
def club_postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    with postgres_server.database() as address:
        Crm.open(address, plugins=[Club()]).close()
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def club_url(request: pytest.FixtureRequest) -> str:
    """The address of a shared database with the plugin's tables: the test runs on SQLite and on PostgreSQL."""
    name = "club_sqlite_url" if request.param == "sqlite" else "club_postgres_url"
    address: str = request.getfixturevalue(name)
    return address


@pytest.fixture
def open_crm(club_url: str, clock: FixedClock, tmp_path: Path) -> Iterator[OpenCrm]:
    """Opens a CRM with ``Club`` and further plugins on a shared database, by default in the test's own tenant."""
    opened: list[Crm] = []
    own = uuid4().hex

    def open_(*plugins: Any, tenant: str = own, **personal_data: Any) -> Crm:
        config = {"attachments": {"folder": str(tmp_path / "files")}, "personal_data": personal_data}
        crm = Crm.open(club_url, plugins=[Club(), *plugins], config=config, clock=clock, tenant=tenant, check=False)
        opened.append(crm)
        return crm

    yield open_
    for crm in reversed(opened):
        crm.close()


@pytest.fixture
def crm(open_crm: OpenCrm) -> Crm:
    return open_crm()


@pytest.fixture
def world(crm: Crm) -> World:
    return make_world(crm)
