"""A CRM that is really served, by uvicorn in a thread, and clients of it; transports that go wrong on purpose."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import uvicorn

import crmkit_web
from crmkit import Crm
from crmkit.client import Client, Retries
from crmkit.core.staff import User
from crmkit.testing.making import AsUser, MakeCrm
from crmkit_web.login.tokens import make_token
from crmkit_web.serving.app import web_app
from plugins.web.tests.mcp.conftest import Shop


@pytest.fixture
def crm(request: pytest.FixtureRequest, make_crm: MakeCrm, tmp_path: Path) -> Crm:
    """A CRM with actions and a folder for long work."""
    more: dict[str, Any] = {"config": {"plugins": {"web": {"work_folder": str(tmp_path / "work")}}}}
    if getattr(request, "param", "sqlite") == "sqlite":
        copied = shutil.copy(request.getfixturevalue("web_sqlite_file"), tmp_path / "web.db")
        return make_crm(plugins=[crmkit_web, Shop()], url=f"sqlite:///{copied}", **more)
    shared = request.getfixturevalue("web_postgres_url")
    return make_crm(plugins=[crmkit_web, Shop()], url=shared, tenant=uuid4().hex, check=False, **more)


class Started(uvicorn.Server):
    """A server that tells when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = threading.Event()

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    @property
    def address(self) -> str:
        port = self.servers[0].sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}"


@pytest.fixture
def address(crm: Crm) -> Iterator[str]:
    """The address of the CRM being served."""
    config = uvicorn.Config(web_app(crm), host="127.0.0.1", port=0, log_level="error", access_log=False)
    server = Started(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    assert server.listening.wait(20)
    yield server.address
    server.should_exit = True
    thread.join(20)


@pytest.fixture
def token_of(crm: Crm) -> Callable[[str], str]:
    """Return a token of the user with a login."""

    def of(login: str) -> str:
        with crm.session() as session:
            user = session.find(User, login=login)
            assert user is not None
            return make_token(crm.context(session, "web"), user, "test")

    return of


@pytest.fixture
def root_token(as_user: AsUser, token_of: Callable[[str], str]) -> str:
    as_user("* * all", "* shop.close all", login="root")
    return token_of("root")


class Pauses(list[float]):
    """Stands for sleeping: notes for how long."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture
def client(address: str, root_token: str) -> Iterator[Client]:
    """A client as a user who may do everything."""
    with Client(address, token=root_token) as opened:
        yield opened


Fault = Callable[[httpx.Request, Callable[[], httpx.Response]], httpx.Response]


class Faulty(httpx.BaseTransport):
    """Sends requests on, but for the first ones, which go wrong as ``faults`` say, one after the other."""

    def __init__(self, *faults: Fault) -> None:
        self.faults, self.sent = list(faults), list[httpx.Request]()
        self._inner = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        really = lambda: self._inner.handle_request(request)  # noqa: E731
        return self.faults.pop(0)(request, really) if self.faults else really()

    def close(self) -> None:
        self._inner.close()


@pytest.fixture
def faulty_client(address: str, root_token: str, pauses: Pauses) -> Iterator[Callable[..., tuple[Client, Faulty]]]:
    """Return a client whose first requests go wrong, and its transport."""
    opened: list[httpx.Client] = []

    def of(*faults: Fault, retries: Retries | None = None) -> tuple[Client, Faulty]:
        transport = Faulty(*faults)
        http = httpx.Client(transport=transport, timeout=5)
        opened.append(http)
        return Client(address, token=root_token, http=http, retries=retries, sleep=pauses), transport

    yield of
    for http in opened:
        http.close()
