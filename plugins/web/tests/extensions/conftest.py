from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

import crmkit_web
from crmkit import Crm
from crmkit.testing.making import MakeCrm
from crmkit.testing.postgres import PostgresServer
from plugins.web.tests.extensions.visits import Plugin


@pytest.fixture(scope="session")
def visits_postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """A PostgreSQL database that the tests of this folder share."""
    template = postgres_server.template(
        "visits", lambda address: Crm.open(address, plugins=[crmkit_web, Plugin()]).close()
    )
    with postgres_server.database(template) as address:
        yield address


@pytest.fixture(scope="session")
def visits_sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the tables, to be copied: that takes a fraction of making them."""
    file = tmp_path_factory.mktemp("visits") / "visits.db"
    Crm.open(f"sqlite:///{file}", plugins=[crmkit_web, Plugin()]).close()
    return file


@pytest.fixture(params=["sqlite", "postgresql"])
def crm(request: pytest.FixtureRequest, make_crm: MakeCrm, tmp_path: Path) -> Crm:
    """A CRM with this plugin and one that adds to the web."""
    plugins = [crmkit_web, Plugin()]
    if request.param == "sqlite":
        copied = shutil.copy(request.getfixturevalue("visits_sqlite_file"), tmp_path / "visits.db")
        return make_crm(plugins=plugins, url=f"sqlite:///{copied}")
    shared = request.getfixturevalue("visits_postgres_url")
    return make_crm(plugins=plugins, url=shared, tenant=uuid4().hex, check=False)
