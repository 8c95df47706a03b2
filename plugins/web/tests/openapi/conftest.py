from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

import crmkit_web
from crmkit import Crm
from crmkit.testing.making import MakeCrm
from crmkit.testing.postgres import PostgresServer
from crmkit_web.documents.plain import encoded
from crmkit_web.openapi.document import openapi
from crmkit_web.serving.site import Site
from plugins.web.tests.openapi.workshop import Workshop

UNLIMITED = {"plugins": {"web": {"requests": 0}}}


@pytest.fixture
def crm(make_crm: MakeCrm, tmp_path: Path) -> Crm:
    """A CRM with a plugin that adds to the API; on one database, since the document is the same on all."""
    return make_crm(plugins=[crmkit_web, Workshop()], config=UNLIMITED, url=f"sqlite:///{tmp_path / 'web.db'}")


@pytest.fixture(params=["sqlite", "postgresql"])
def on_each(request: pytest.FixtureRequest, make_crm: MakeCrm, tmp_path: Path) -> Iterator[Crm]:
    """The same in a file and on PostgreSQL."""
    plugins: list[Any] = [crmkit_web, Workshop()]
    if request.param == "sqlite":
        yield make_crm(plugins=plugins, config=UNLIMITED, url=f"sqlite:///{tmp_path / 'web.db'}")
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    with server.database() as address:
        # Beside a file there is a folder for attachments; beside a server it has to be named.
        config = {**UNLIMITED, "attachments": {"folder": str(tmp_path / "attachments")}}
        made = make_crm(plugins=plugins, config=config, url=address)
        yield made
        made.close()


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """What a server of it knows, shared by the tests of a module that only look."""
    with Crm.open("sqlite://", plugins=[crmkit_web, Workshop()]) as opened:
        yield Site(opened)


@pytest.fixture(scope="module")
def document(site: Site) -> dict[str, Any]:
    """The OpenAPI document as it is served."""
    found: dict[str, Any] = msgspec.json.decode(encoded(openapi(site)))
    return found
