"""A real receiver, and a CRM that tells it what happens."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, tzinfo
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import attrs
import pytest
import standardwebhooks.webhooks
from litestar.testing import TestClient
from standardwebhooks.webhooks import Webhook as Verifier

import crmkit_web
from crmkit import Crm
from crmkit.core.staff import User
from crmkit.core.values.clock import FixedClock
from crmkit.testing.making import AsUser, MakeCrm
from crmkit_web.login.tokens import make_token
from crmkit_web.serving.app import web_app
from plugins.web.tests.conftest import Api

MANAGER = ("* * all", "* web.manage_webhooks all")
"""Rights of somebody who sees everything and may have webhooks."""


@attrs.frozen
class Received:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        return dict(json.loads(self.body))

    def verified(self, secret: str) -> dict[str, Any]:
        """Return the document as the library reads it; raises WebhookVerificationError."""
        return dict(Verifier(secret).verify(self.body, self.headers))


class Receiver:
    """An HTTP server in a thread. ``answers`` are taken one by one, the last one again and again."""

    def __init__(self) -> None:
        receiver = self
        self.received: list[Received] = []
        self.answers: list[tuple[int, dict[str, str], bytes]] = [(204, {}, b"")]
        self.behave: Callable[[BaseHTTPRequestHandler], None] | None = None
        self.over = threading.Event()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.received.append(Received(self.path, headers, body))
                if receiver.behave is not None:
                    receiver.behave(self)
                    self.close_connection = True
                    return
                answers = receiver.answers
                status, more, content = answers.pop(0) if len(answers) > 1 else answers[0]
                self.send_response(status)
                for name, value in more.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args: Any) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/hook"

    @property
    def types(self) -> list[str]:
        return [one.document["type"] for one in self.received]

    def answer(self, *answers: int | tuple[int, dict[str, str], bytes]) -> None:
        self.answers = [(one, {}, b"") if isinstance(one, int) else one for one in answers]

    def close(self) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def other_receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def settings() -> dict[str, Any]:
    """The plugin's settings in these tests: the receiver is on this machine."""
    return {"allowed_networks": ["127.0.0.0/8"], "secret_key": "a key of the test's own, long enough"}


@pytest.fixture
def crm(make_crm: MakeCrm, tmp_path: Path, settings: dict[str, Any]) -> Crm:
    """A CRM in a file, which may tell receivers on this machine."""
    return make_crm([crmkit_web], {"plugins": {"web": settings}}, f"sqlite:///{tmp_path / 'web.db'}")


@pytest.fixture(params=["sqlite", "postgresql"])
def any_crm(request: pytest.FixtureRequest, make_crm: MakeCrm, tmp_path: Path, settings: dict[str, Any]) -> Crm:
    """The same on both databases."""
    config = {"plugins": {"web": settings}}
    if request.param == "sqlite":
        return make_crm([crmkit_web], config, f"sqlite:///{tmp_path / 'web.db'}")
    shared = request.getfixturevalue("web_postgres_url")
    return make_crm([crmkit_web], config, shared, tenant=uuid4().hex, check=False)


@pytest.fixture(autouse=True)
def verified_by_the_clock(monkeypatch: pytest.MonkeyPatch, clock: FixedClock) -> None:
    """Receivers look at the same clock: the library compares the time of a message with its own."""

    class Then(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            return clock.now().astimezone(tz)

    monkeypatch.setattr(standardwebhooks.webhooks, "datetime", Then)


@pytest.fixture
def manager(as_user: AsUser, api_of: Callable[[str], Api]) -> Api:
    """The API as a user who sees everything and may have webhooks."""
    as_user(*MANAGER, login="mona")
    return api_of("mona")


class Hook:
    """A webhook that was made, and its secret."""

    def __init__(self, api: Api, document: dict[str, Any]) -> None:
        self.api, self.id, self.secret = api, document["id"], document["secret"]
        self.path = f"/webhooks/{self.id}"

    @property
    def log(self) -> list[dict[str, Any]]:
        """The log, the first attempt first."""
        return list(reversed(self.api.get(f"{self.path}/deliveries").json()["items"]))

    @property
    def state(self) -> tuple[str, str]:
        found = self.api.get(self.path).json()
        return found["state"], (found["reason"] or {"code": ""})["code"]


HookTo = Callable[..., Hook]


@pytest.fixture
def hook_to(manager: Api, clock: FixedClock) -> HookTo:
    """Make a webhook: ``hook_to(receiver, "customer.*", filter=...)``. What the test does next is a second later."""

    def make(receiver: Receiver | str, *events: str, api: Api = manager, **said: Any) -> Hook:
        url = receiver if isinstance(receiver, str) else receiver.url
        clock.advance(seconds=1)
        made = api.post("/webhooks", {"url": url, "events": list(events or ["*"]), **said})
        assert made.status_code == 201, made.text
        clock.advance(seconds=1)
        return Hook(api, made.json())

    return make


@pytest.fixture
def work(crm: Crm) -> Callable[[], None]:
    """Do what the worker does: hand events over, and run what is due."""
    return lambda: worked(crm)


def worked(crm: Crm) -> None:
    crm.drain()
    failed = [one for one in crm.jobs.run_due() if one.state != "done"]
    assert failed == []


@pytest.fixture
def as_user_of() -> Iterator[Callable[[Crm, str], Api]]:
    """Return the API of a CRM as a user who may have webhooks: ``as_user_of(crm, login)``."""
    with ExitStack() as served:

        def of(crm: Crm, login: str) -> Api:
            user = AsUser(crm)(*MANAGER, login=login)
            with crm.session() as session:
                token = make_token(crm.context(session, "web"), session.get(User, user.user_id or ""), "test")
            client = served.enter_context(TestClient(web_app(crm), raise_server_exceptions=False))
            return Api(client, token)

        yield of
