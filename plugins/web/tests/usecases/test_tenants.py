"""Records of another tenant on the same server are not there, on every address of this room's."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from litestar.testing import TestClient

import crmkit_web
from crmkit import Crm
from crmkit.core.staff import Role, RoleAssignment, User
from crmkit.testing.making import MakeCrm
from crmkit_web.login.tokens import make_token
from crmkit_web.serving.app import web_app
from plugins.web.tests.conftest import Api


def root_of(crm: Crm) -> str:
    """Return the token of somebody who may do everything."""
    with crm.session() as session:
        user, role = (
            User(login="root", name="Root"),
            Role(name="all", grants=({"entity": "*", "action": "*", "scope": "all"},)),
        )
        session.add(user, role, RoleAssignment(user_id=user.id, role_id=role.id))
        session.flush()
        return make_token(crm.context(session, "web"), user, "test")


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_ids_of_another_tenant_lead_nowhere(
    database: str, request: pytest.FixtureRequest, make_crm: MakeCrm, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'web.db'}"
    if database == "postgresql":
        url = request.getfixturevalue("web_postgres_url")
    config = {"attachments": {"folder": str(tmp_path / "files")}}

    def tenant() -> Crm:
        return make_crm(plugins=[crmkit_web], config=config, url=url, tenant=uuid4().hex)

    theirs, ours = tenant(), tenant()
    with TestClient(web_app(theirs)) as one, TestClient(web_app(ours), raise_server_exceptions=False) as two:
        api, other = Api(one, root_of(theirs)), Api(two, root_of(ours))
        ids = made(api)
        feed = api.get("/changes?since=now").json()["next"]
        asked = {"kept_id": ids["customer"], "lost_id": ids["second"]}
        for method, path, body in (
            ("GET", "/customers/{customer}/history", None),
            ("GET", "/customers/{customer}/as-of?at=2099-01-01T00:00:00Z", None),
            ("GET", "/customers/{customer}/timeline", None),
            ("POST", "/customers/merge/preview", asked),
            ("POST", "/customers/merge", asked),
            ("POST", "/merges/{merge}/undo", None),
            ("POST", "/customers/{customer}/consents", {"decision": "granted", "purpose": "news"}),
            ("POST", "/customers/{customer}/consent-decision", {"channel": "email", "purpose": "news"}),
            ("GET", "/relationships/{relationship}/lifecycle", None),
            ("POST", "/relationships/{relationship}/lifecycle", {}),
            ("POST", "/relationships/{relationship}/transitions", {"to": "lost"}),
            ("GET", "/interactions/{interaction}/attachments", None),
            ("GET", "/attachments/{attachment}/content", None),
            ("GET", "/segments/{segment}/members", None),
            ("GET", "/segments/{segment}/count", None),
            ("GET", "/segments/{segment}/preview", None),
            ("POST", "/segments/{segment}/members", {"ids": [ids["customer"]]}),
            ("POST", "/segments/{segment}/members/remove", {"ids": [ids["customer"]]}),
            ("POST", "/segments/{segment}/freeze", {"name": "mine"}),
        ):
            given: dict[str, Any] = {} if body is None else {"json": body}
            answered = other.request(method, path.format(**ids), **given)
            assert (answered.status_code, "Kestrel" in answered.text) == (404, False), path
        file = other.post(f"/interactions/{ids['interaction']}/attachments", files={"file": ("a.txt", b"text")})
        assert file.status_code == 404
        assert other.get(f"/changes?since={feed}").json()["code"] == "bad_cursor"
        assert "Kestrel" not in other.get("/changes?limit=1000").text
        assert other.get("/search?q=Kestrel").json()["items"] == []
        assert other.post("/identify", {"name": "Kestrel"}).json()["kind"] == "unknown"
        assert other.get("/merges").json()["items"] == []


def made(api: Api) -> dict[str, str]:
    """Return the ids of records of every kind that the addresses are about."""

    def new(path: str, document: dict[str, Any]) -> str:
        answered = api.post(path, document)
        assert answered.status_code == 201, answered.text
        id: str = answered.json()["id"]
        return id

    customer = new("/customers", {"name": "Kestrel", "kind": "organization"})
    second = new("/customers", {"name": "Kestrel 2", "kind": "organization"})
    third = new("/customers", {"name": "Kestrel 3", "kind": "organization"})
    interaction = new("/interactions", {"kind": "note", "occurred_at": "2026-03-01T12:00:00Z"})
    file = api.post(f"/interactions/{interaction}/attachments", files={"file": ("notes.txt", b"Kestrel")})
    return {
        "customer": customer,
        "second": second,
        "merge": new("/customers/merge", {"kept_id": customer, "lost_id": third}),
        "relationship": new("/relationships", {"customer_id": customer}),
        "interaction": interaction,
        "attachment": file.json()["id"],
        "segment": new("/segments", {"name": "Kestrels", "kind": "frozen"}),
    }
