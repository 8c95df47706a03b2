"""``crmkit serve`` as a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from crmkit import Crm
from crmkit.core.customer import Customer
from crmkit.core.staff import User
from plugins.web.tests.conftest import Serve

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def address(tmp_path: Path) -> str:
    """A database with one customer, and a user without any role."""
    made = f"sqlite:///{tmp_path / 'crm.db'}"
    with Crm.open(made, plugins=["web"]) as crm, crm.session() as session:
        session.add(User(login="anna", name="Anna"), Customer(name="Kestrel", kind="organization"))
    return made


@pytest.mark.parametrize("words", [(), ("--workers", "2")], ids=["one-process", "two-processes"])
def test_it_answers_works_and_stops_when_told_to(
    start_server: Callable[..., tuple[Serve, str]], address: str, words: tuple[str, ...]
) -> None:
    process, place = start_server(address, "--token-for", "anna", *words)
    assert process.stdout is not None
    token = process.stdout.readline().strip()
    transport = httpx.HTTPTransport(retries=8)
    with httpx.Client(base_url=f"{place}/api/v1", transport=transport, timeout=60) as client:
        assert client.get("/health").status_code == 200
        assert client.get("/customers").status_code == 401
        mine = client.get("/me", headers={"authorization": f"Bearer {token}"})
        assert (mine.status_code, mine.json()["login"]) == (200, "anna")
        assert client.get("/customers", headers={"authorization": f"Bearer {token}"}).json()["items"] == []
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=120)
    assert process.returncode in (0, -signal.SIGTERM), errors
    assert "Traceback" not in errors


def test_a_port_that_is_taken_is_one_clear_error(address: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        line = [sys.executable, "-m", "crmkit", "--db", address, "serve", "--port", port]
        environ = {**os.environ, "CRMKIT_DISABLE": "sfa,relay"}
        done = subprocess.run(line, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"error: cannot listen at 127.0.0.1 port {port}: Address already in use" in done.stderr
    assert "Traceback" not in done.stderr
