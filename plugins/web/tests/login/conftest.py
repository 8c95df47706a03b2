from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar.testing import TestClient
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

import crmkit_web
from crmkit import Crm
from crmkit.core.staff import User
from crmkit.testing.making import AsUser, MakeCrm
from crmkit_web.login import hashing
from crmkit_web.login.passwords import new_hash, set_password
from crmkit_web.serving.app import web_app
from plugins.web.tests.conftest import Api

PASSWORD = "kingfisher over the weir"


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes that take no time: what is tested is not how slow they are."""
    quick = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
    monkeypatch.setattr(hashing, "hasher", lambda: quick)
    nobodys = quick.hash("of nobody")
    monkeypatch.setattr(hashing, "nobodys", lambda: nobodys)


@pytest.fixture(scope="session")
def empty_desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of ``desk``, to be copied."""
    file = tmp_path_factory.mktemp("desk") / "desk.db"
    Crm.open(f"sqlite:///{file}", plugins=[crmkit_web]).close()
    return file


@pytest.fixture
def desk(make_crm: MakeCrm, tmp_path: Path, empty_desk: Path) -> Crm:
    """A CRM in a file, reached at ``https://crm.example.com``: for what is the same on every database."""
    settings = {"plugins": {"web": {"address": "https://crm.example.com"}}}
    url = f"sqlite:///{shutil.copy(empty_desk, tmp_path / 'desk.db')}"
    return make_crm(plugins=[crmkit_web], config=settings, url=url, check=False)


class Browser:
    """A browser with the cookie and the token of its session, once it has logged in."""

    def __init__(self, client: TestClient[Any]) -> None:
        self.client = client
        self.cookie = ""
        self.csrf = ""
        self.headers: dict[str, str] = {}

    def log_in(self, login: str, password: str = PASSWORD, code: str = "", **headers: str) -> httpx.Response:
        sent = {"login": login, "password": password} | ({"code": code} if code else {})
        reply = self.send("POST", "/auth/login", json=sent, headers=headers)
        if reply.status_code == 200:
            self.cookie = reply.headers["set-cookie"].partition(";")[0]
            self.csrf = reply.json()["csrf_token"]
        return reply

    def send(self, method: str, path: str, *, headers: dict[str, str] | None = None, **given: Any) -> httpx.Response:
        sent = {**self.headers}
        if self.cookie:
            sent["cookie"] = self.cookie
        if self.csrf:
            sent["x-csrf-token"] = self.csrf
        sent = {name: value for name, value in (sent | (headers or {})).items() if value}
        reply = self.client.request(method, f"/api/v1{path}", headers=sent, **given)
        self.client.cookies.clear()
        return reply


@pytest.fixture
def front(desk: Crm) -> Iterator[TestClient[Any]]:
    """The CRM of ``desk`` being served."""
    with TestClient(web_app(desk), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def browser(front: TestClient[Any]) -> Browser:
    return Browser(front)


@pytest.fixture
def staff(desk: Crm) -> AsUser:
    """Adds users to the CRM of ``desk``."""
    return AsUser(desk)


@pytest.fixture
def person(desk: Crm, staff: AsUser) -> Callable[..., User]:
    """Add a user of ``desk`` who has the password ``PASSWORD``, by default one who may do everything."""

    def add(login: str = "ada", *grants: str) -> User:
        staff(*(grants or ("* * all",)), login=login)
        return with_password(desk, login)

    return add


def with_password(crm: Crm, login: str, password: str = PASSWORD) -> User:
    """Give a user a password."""
    with crm.session() as session:
        user = session.find(User, login=login)
        assert user is not None
        set_password(crm.context(session, "web"), user, new_hash(user, password))
    return user


def desk_api(client: TestClient[Any], crm: Crm, login: str, *scopes: str) -> Api:
    """Return the API as a user with a token of these scopes."""
    from crmkit_web.login.tokens import make_token

    with crm.session() as session:
        user = session.find(User, login=login)
        assert user is not None
        token = make_token(crm.context(session, "web"), user, "test", scopes=scopes)
    return Api(client, token)
