"""A server that is killed in the middle of an import and started again: the import goes on, nothing lost, nothing doubled."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from crmkit import Crm
from crmkit.core.customer import Customer
from crmkit.core.journal import AuditEntry
from crmkit.core.staff import Role, RoleAssignment, User
from crmkit_web.login.tokens import make_token
from plugins.web.tests.conftest import Serve

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ROWS = 20_000
LARGE = "external_id,name,kind\n" + "".join(f"c{n},Customer {n},organization\n" for n in range(1, ROWS + 1))


def test_an_import_survives_its_server(tmp_path: Path, start_server: Callable[..., tuple[Serve, str]]) -> None:
    address = f"sqlite:///{tmp_path / 'crm.db'}"
    with Crm.open(address, plugins=["web"]) as crm, crm.session() as session:
        user, role = (
            User(login="anna", name="Anna"),
            Role(name="all", grants=({"entity": "*", "action": "*", "scope": "all"},)),
        )
        session.add(user, role, RoleAssignment(user_id=user.id, role_id=role.id))
        session.flush()
        token = make_token(crm.context(session, "web"), user, "test")

    def rows(client: httpx.Client) -> int:
        return int(client.get(f"/imports/{job}").json()["rows"])

    process, place = start_server(address)
    with client_of(place, token) as client:
        asked = client.post("/imports", files={"file": ("customers.csv", LARGE.encode())}, data={"entity": "customer"})
        job = asked.json()["id"]
        until(lambda: 0 < rows(client) < ROWS)
    process.kill()
    process.communicate()
    with Crm.open(address, plugins=["web"]) as crm, crm.session(reads=True) as session:
        assert 0 < session.count(Customer) < ROWS
    _, place = start_server(address)
    with client_of(place, token) as client:
        until(lambda: client.get(f"/imports/{job}").json()["state"] not in ("waiting", "running"))
        done = client.get(f"/imports/{job}").json()
    assert (done["state"], done["rows"], done["rejected"], done["problem"]) == ("done", ROWS, 0, None)
    with Crm.open(address, plugins=["web"]) as crm, crm.session(reads=True) as session:
        assert session.count(Customer) == ROWS
        assert session.count(AuditEntry, entity="customer") == ROWS


def client_of(place: str, token: str) -> httpx.Client:
    headers = {"authorization": f"Bearer {token}"}
    return httpx.Client(
        base_url=f"{place}/api/v1", timeout=60, headers=headers, transport=httpx.HTTPTransport(retries=8)
    )


def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds; the test's own time-out ends what never does."""
    while not holds():
        time.sleep(0.05)
