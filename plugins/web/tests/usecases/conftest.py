"""A CRM with a small plugin beside the API: a source of timelines, providers of answers, and rights to tell apart."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

import crmkit_web
from crmkit import Crm
from crmkit.core.timeline import TimelineEntry
from crmkit.hooks.web.questions import SearchAsked, SearchFound, SearchProvider, TimelineAsked, TimelineSource
from crmkit.plugin import Context, Manifest, Setup, hookimpl, msg
from crmkit.testing.making import AsUser, MakeCrm
from plugins.web.tests.conftest import Api

ONE = pytest.mark.parametrize("crm", ["sqlite"], indirect=True)
"""For tests of what no database has a part in: on SQLite alone."""
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Finder:
    """A plugin that knows parcels of customers, and that breaks down when it is asked to."""

    manifest = Manifest(name="finder", version="1.2.0", label="Finder", summary="Finds parcels.")

    def __init__(self) -> None:
        self.parcels = 0
        self.breaks = False
        self.found: list[SearchFound] = []

    @hookimpl
    def register_timeline_sources(self, ctx: Context, call: Setup) -> list[TimelineSource]:
        return [TimelineSource("finder.parcels", msg("Parcels"), "customer", self._parcels)]

    @hookimpl
    def register_search_providers(self, ctx: Context, call: Setup) -> list[SearchProvider]:
        return [
            SearchProvider("finder.broken", msg("Broken"), self._break),
            SearchProvider("finder.parcels", msg("Parcels"), self._answers),
        ]

    def _parcels(self, ctx: Context, asked: TimelineAsked) -> list[TimelineEntry]:
        if self.breaks:
            raise RuntimeError("the address of the parcel service is secret")
        at = [NOON + timedelta(hours=n // 2) for n in range(self.parcels)]
        entries = [TimelineEntry(at=one, title=f"Parcel {n}", key=f"{n:03}", kind="parcel") for n, one in enumerate(at)]
        before = [one for one in reversed(entries) if asked.before is None or one.at < asked.before]
        return before[: asked.limit]

    def _answers(self, ctx: Context, asked: SearchAsked) -> list[SearchFound]:
        return [one for one in self.found if asked.text in one.label][: asked.limit]

    def _break(self, ctx: Context, asked: SearchAsked) -> list[SearchFound]:
        session: Any = ctx.session
        if self.breaks:
            session.connection.exec_driver_sql("SELECT nothing FROM nowhere")
        return []


@pytest.fixture
def finder() -> Finder:
    """The plugin."""
    return Finder()


@pytest.fixture(params=["sqlite", "postgresql"])
def crm(request: pytest.FixtureRequest, make_crm: MakeCrm, tmp_path: Path, finder: Finder) -> Crm:
    """A CRM with the API and the plugin: in a file, and on PostgreSQL."""
    return _made(request, make_crm, tmp_path, finder, request.param)


def _made(request: pytest.FixtureRequest, make_crm: MakeCrm, folder: Path, finder: Finder, database: str) -> Crm:
    config = {"attachments": {"folder": str(folder / "files")}}
    plugins = [crmkit_web, finder]
    if database == "sqlite":
        return make_crm(plugins=plugins, config=config, url=f"sqlite:///{folder / 'web.db'}")
    shared = request.getfixturevalue("web_postgres_url")
    return make_crm(plugins=plugins, config=config, url=shared, tenant=uuid4().hex, check=False)


@pytest.fixture
def stranger(as_user: AsUser, api_of: Callable[[str], Api]) -> Api:
    """The API as somebody who may do everything with records of her own, and has none."""
    as_user("* * own", login="stranger")
    return api_of("stranger")


MakeOne = Callable[..., dict[str, Any]]


@pytest.fixture
def organization(api: Api) -> MakeOne:
    """Makes an organization over HTTP."""

    def make(name: str = "Kestrel", **fields: Any) -> dict[str, Any]:
        made = api.post("/customers", {"name": name, "kind": "organization", **fields})
        assert made.status_code == 201, made.text
        return made.json()

    return make
