"""A CRM with actions of a plugin of its own, and a client of the protocol that speaks to it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

import crmkit_web
from crmkit import Crm
from crmkit.core.customer import Customer
from crmkit.core.frozen import frozen
from crmkit.core.staff import User
from crmkit.hooks.web.actions import Action, ActionCall
from crmkit.plugin import Context, Manifest, Permission, Refused, Setup, change, hookimpl, msg
from crmkit.testing.making import AsUser, MakeCrm
from crmkit_web.login.tokens import make_token
from crmkit_web.serving.app import web_app


@frozen
class Rename:
    name: str
    times: int = 1
    price: Decimal | None = None


class Shop:
    """A plugin with actions."""

    manifest = Manifest(name="shop", version="1.0")

    @hookimpl
    def register_permissions(self, ctx: Context, call: Setup) -> list[Permission]:
        return [Permission("shop.close", msg("Close customers"))]

    @hookimpl
    def register_actions(self, ctx: Context, call: Setup) -> list[Action]:
        return [
            Action(
                "shop.rename",
                msg("Rename"),
                rename,
                help=msg("Gives a customer another name."),
                entity="customer",
                input=Rename,
                returns=list[Customer],
                bulk=True,
            ),
            Action("shop.close", msg("Close"), close, entity="customer", permission="shop.close", destructive=True),
            Action("shop.hours", msg("Opening hours"), hours, returns=Mapping, reads=True),
            Action("shop.break", msg("Break"), broken),
        ]


def rename(ctx: Context, call: ActionCall) -> Any:
    changed = [change(one, name=call.input.name * call.input.times) for one in call.records]
    ctx.session.update(*changed)
    ctx.session.flush()
    return [ctx.session.get(Customer, one.id) for one in changed]


def close(ctx: Context, call: ActionCall) -> None:
    raise Refused("shop", msg("{name} has open orders", name=call.records[0].name))


def hours(ctx: Context, call: ActionCall) -> dict[str, Any]:
    return {"opens": 9, "price": Decimal("1.50")}


def broken(ctx: Context, call: ActionCall) -> None:
    ctx.session.add(Customer(name="Half-written", kind="organization"))
    ctx.session.flush()
    raise RuntimeError("secret of the house")


ON_BOTH = pytest.mark.parametrize("crm", ["sqlite", "postgresql"], indirect=True)
"""Runs a test on SQLite and on PostgreSQL; without it, on SQLite alone."""


@pytest.fixture
def crm(request: pytest.FixtureRequest, make_crm: MakeCrm, tmp_path: Path) -> Crm:
    """A CRM with actions."""
    kind = getattr(request, "param", "sqlite")
    if kind != "postgresql":
        config = {"plugins": {"web": {"requests": 3}}} if kind == "three requests" else None
        copied = shutil.copy(request.getfixturevalue("web_sqlite_file"), tmp_path / "web.db")
        return make_crm(plugins=[crmkit_web, Shop()], config=config, url=f"sqlite:///{copied}")
    shared = request.getfixturevalue("web_postgres_url")
    return make_crm(plugins=[crmkit_web, Shop()], url=shared, tenant=uuid4().hex, check=False)


class Protocol:
    """Speaks the protocol with the served CRM as the user of a token; each ``with_client`` is one connection."""

    def __init__(self, app: Any, token: str, **headers: str) -> None:
        self.app, self.headers = app, {"authorization": f"Bearer {token}", **headers}

    @asynccontextmanager
    async def http(self) -> AsyncIterator[httpx2.AsyncClient]:
        transport = httpx2.ASGITransport(self.app)
        async with httpx2.AsyncClient(transport=transport, headers=self.headers, base_url="http://crm") as client:
            yield client

    def run(self, use: Callable[[Client], Awaitable[Any]], mode: str = "auto") -> Any:
        """Connect, use the connection, and return what that returns."""

        async def connected() -> Any:
            async with (
                self.http() as http,
                Client(streamable_http_client("http://crm/mcp", http_client=http), mode=mode) as client,
            ):
                return await use(client)

        return self._run(connected)

    def call(self, tool: str, **arguments: Any) -> Any:
        """Call one tool and return its result."""
        return self.run(lambda client: client.call_tool(tool, arguments))

    def post(self, document: Any = None, **given: Any) -> httpx2.Response:
        """Send one message as it is."""

        async def posted() -> httpx2.Response:
            async with self.http() as http:
                if document is not None:
                    given["json"] = document
                headers = {"accept": "application/json, text/event-stream", **given.pop("headers", {})}
                return await http.post("/mcp", headers=headers, **given)

        found = self._run(posted)
        assert isinstance(found, httpx2.Response)
        return found

    def _run(self, work: Callable[[], Awaitable[Any]]) -> Any:
        return LOOP.run_until_complete(work())


LOOP = asyncio.new_event_loop()


@pytest.fixture
def app(crm: Crm) -> Iterator[Any]:
    """The served application, between its start and its end, which one task has to see to."""
    application, stop = web_app(crm), asyncio.Event()

    async def kept(ready: asyncio.Event) -> None:
        async with application.lifespan():
            ready.set()
            await stop.wait()

    async def started() -> asyncio.Task[None]:
        ready = asyncio.Event()
        task = asyncio.create_task(kept(ready))
        await ready.wait()
        return task

    task = LOOP.run_until_complete(started())
    yield application
    stop.set()
    LOOP.run_until_complete(task)


@pytest.fixture
def protocol_of(crm: Crm, app: Any) -> Callable[..., Protocol]:
    """Return the protocol as the user with a login."""

    def of(login: str, **headers: str) -> Protocol:
        with crm.session() as session:
            user = session.find(User, login=login)
            assert user is not None
            token = make_token(crm.context(session, "web"), user, "test")
        return Protocol(app, token, **headers)

    return of


@pytest.fixture
def protocol(as_user: AsUser, protocol_of: Callable[..., Protocol]) -> Protocol:
    """The protocol as a user who may do everything."""
    as_user("* * all", login="root")
    return protocol_of("root")
