from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from litestar.testing import TestClient

import crmkit_web
from crmkit import Crm
from crmkit.core.staff import User
from crmkit.testing.making import AsUser, MakeCrm
from crmkit.testing.postgres import PostgresServer
from crmkit_web.login.tokens import make_token
from crmkit_web.serving.app import web_app


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the settings nor the terminal of whoever runs the tests has a part in them."""
    for name in ("CRMKIT_DB", "CRMKIT_CONFIG", "CRMKIT_LANGUAGE", "CRMKIT_CURRENCY", "LANGUAGE", "LC_ALL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("COLUMNS", "220")


@pytest.fixture(scope="session")
def web_postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """A PostgreSQL database with the plugin's tables, which tests share, each with a tenant of its own."""
    template = postgres_server.template("web", lambda address: Crm.open(address, plugins=[crmkit_web]).close())
    with postgres_server.database(template) as address:
        yield address


@pytest.fixture(scope="session")
def web_sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the plugin's tables, to be copied: that takes a fraction of making them."""
    file = tmp_path_factory.mktemp("web") / "web.db"
    Crm.open(f"sqlite:///{file}", plugins=[crmkit_web]).close()
    return file


@pytest.fixture(params=["sqlite", "postgresql"])
def crm(request: pytest.FixtureRequest, make_crm: MakeCrm, tmp_path: Path) -> Crm:
    """A CRM with this plugin alone: in a file, and on PostgreSQL."""
    if request.param == "sqlite":
        copied = shutil.copy(request.getfixturevalue("web_sqlite_file"), tmp_path / "web.db")
        return make_crm(plugins=[crmkit_web], url=f"sqlite:///{copied}")
    shared = request.getfixturevalue("web_postgres_url")
    return make_crm(plugins=[crmkit_web], url=shared, tenant=uuid4().hex, check=False)


class Api:
    """Speaks to a served CRM as one user. ``get``, ``post`` and the rest take paths below ``/api/v1``."""

    def __init__(self, client: TestClient[Any], token: str = "", **headers: str) -> None:
        self.client = client
        self.headers = {"authorization": f"Bearer {token}"} if token else {}
        self.headers |= headers

    def request(self, method: str, path: str, **given: Any) -> httpx.Response:
        headers = self.headers | dict(given.pop("headers", {}))
        return self.client.request(method, f"/api/v1{path}", headers=headers, **given)

    def get(self, path: str, **given: Any) -> httpx.Response:
        return self.request("GET", path, **given)

    def post(self, path: str, json: Any = None, **given: Any) -> httpx.Response:
        if json is not None:
            given["json"] = json
        return self.request("POST", path, **given)

    def patch(self, path: str, json: Any, **given: Any) -> httpx.Response:
        """Change a record, whatever its state; name ``if-match`` among ``headers`` for a certain one."""
        return self.request("PATCH", path, json=json, **_whatever_state(given))

    def delete(self, path: str, **given: Any) -> httpx.Response:
        """Delete a record, whatever its state."""
        return self.request("DELETE", path, **_whatever_state(given))


def _whatever_state(given: dict[str, Any]) -> dict[str, Any]:
    return {**given, "headers": {"if-match": "*", **dict(given.get("headers") or {})}}


@pytest.fixture
def served(crm: Crm) -> Iterator[TestClient[Any]]:
    """The CRM being served, in this process."""
    with TestClient(web_app(crm), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def api_of(crm: Crm, served: TestClient[Any]) -> Callable[[str], Api]:
    """Return the API as the user with a login, who exists (``as_user`` makes them) and gets a token."""

    def of(login: str) -> Api:
        with crm.session() as session:
            user = session.find(User, login=login)
            assert user is not None
            token = make_token(crm.context(session, "web"), user, "test")
        return Api(served, token)

    return of


@pytest.fixture
def api(as_user: AsUser, api_of: Callable[[str], Api]) -> Api:
    """The API as a user who may do everything."""
    as_user("* * all", login="root")
    return api_of("root")


Serve = subprocess.Popen[str]


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[..., tuple[Serve, str]]]:
    """Start ``crmkit serve`` for an address with further words; returns the process and where it listens."""
    processes: list[Serve] = []

    def start(address: str, *words: str) -> tuple[Serve, str]:
        environ = {**os.environ, "CRMKIT_DISABLE": "sfa,relay", "PYTHONUNBUFFERED": "1"}
        line = [sys.executable, "-m", "crmkit", "--db", address, "serve", "--port", "0", *words]
        process = subprocess.Popen(
            line, cwd=tmp_path, env=environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        processes.append(process)
        assert process.stderr is not None
        told = process.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", told)
        assert found, told + process.stderr.read()
        return process, found.group()

    yield start
    for process in processes:
        process.kill()
        process.communicate()
