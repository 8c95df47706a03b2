from __future__ import annotations

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
    with postgres_server.database() as address:
        Crm.open(address, plugins=[crmkit_web, Plugin()]).close()
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def crm(request: pytest.FixtureRequest, make_crm: MakeCrm, tmp_path: Path) -> Crm:
    """A CRM with this plugin and one that adds to the web."""
    plugins = [crmkit_web, Plugin()]
    if request.param == "sqlite":
        return make_crm(plugins=plugins, url=f"sqlite:///{tmp_path / 'visits.db'}")
    shared = request.getfixturevalue("visits_postgres_url")
    return make_crm(plugins=plugins, url=shared, tenant=uuid4().hex, check=False)
