"""What webhooks cannot be used for: hearing what their owner may not, or learning secrets; and what is kept of them."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from litestar.testing import TestClient

from crmkit import Crm
from crmkit.core.journal import AuditEntry
from crmkit.core.staff import Role, RoleAssignment, User
from crmkit.core.values.clock import FixedClock
from crmkit.testing.making import AsUser
from crmkit_web.login.tokens import make_token
from crmkit_web.webhooks.entities import Delivery, Webhook
from plugins.web.tests.conftest import Api
from plugins.web.tests.webhooks.conftest import HookTo, Receiver

Work = Callable[[], None]


def test_the_owner_hears_what_the_owner_may_see(
    crm: Crm,
    as_user: AsUser,
    api_of: Callable[[str], Api],
    receiver: Receiver,
    hook_to: HookTo,
    work: Work,
    manager: Api,
) -> None:
    as_user("web_webhook * own", "* web.manage_webhooks all", login="olga")
    with crm.session() as session:
        some = {"entity": "customer", "action": "read", "scope": "own", "fields": ["name", "kind"]}
        role = Role(name="some fields", grants=(some,))
        session.add(role, RoleAssignment(user_id=crm.actor("olga").user_id, role_id=role.id))
    olga = api_of("olga")
    hook_to(receiver, "*", api=olga)
    owner = crm.actor("olga").user_id
    foreign = manager.post("/customers", {"name": "Merlin", "kind": "organization"}).json()
    own = manager.post(
        "/customers", {"name": "Kestrel", "kind": "organization", "industry": "Optics", "owner_id": str(owner)}
    ).json()
    work()
    assert [one.document["data"]["id"] for one in receiver.received] == [own["id"]]
    data = receiver.received[0].document["data"]
    assert "industry" not in data["record"]
    assert "industry" not in data["changed"]
    # Of a change that olga may not see, olga does not hear either.
    manager.patch(f"/customers/{own['id']}", {"industry": "Lenses"})
    manager.patch(f"/customers/{foreign['id']}", {"industry": "Lenses"})
    manager.delete(f"/customers/{foreign['id']}")
    work()
    assert len(receiver.received) == 1


def test_a_webhook_of_somebody_else_is_not_there(
    as_user: AsUser, api_of: Callable[[str], Api], receiver: Receiver, hook_to: HookTo
) -> None:
    as_user("web_webhook * own", "* web.manage_webhooks all", login="olga")
    hook, olga = hook_to(receiver), api_of("olga")
    for method, path, body in [
        ("GET", hook.path, None),
        ("PATCH", hook.path, {"description": "mine"}),
        ("DELETE", hook.path, None),
        ("GET", f"{hook.path}/deliveries", None),
        ("POST", f"{hook.path}/test", None),
        ("POST", f"{hook.path}/rotate", None),
        ("POST", f"{hook.path}/enable", None),
        ("POST", f"{hook.path}/disable", None),
        ("POST", f"{hook.path}/replay", {"since": "2026-01-01T00:00:00Z"}),
    ]:
        answer = olga.request(method, path, **({} if body is None else {"json": body}))
        assert answer.status_code == 404, (method, path, answer.text)
    assert olga.get("/webhooks").json()["items"] == []
    assert receiver.received == []


def test_who_sees_a_foreign_webhook_cannot_turn_it_to_other_ears(
    as_user: AsUser, api_of: Callable[[str], Api], receiver: Receiver, hook_to: HookTo
) -> None:
    as_user("web_webhook * all", "* web.manage_webhooks all", login="adam")
    hook, adam = hook_to(receiver), api_of("adam")
    assert adam.get(hook.path).status_code == 200
    assert adam.patch(hook.path, {"url": receiver.url + "/adam"}).status_code == 403
    assert adam.post(f"{hook.path}/rotate").status_code == 403
    assert adam.post(f"{hook.path}/replay", {"since": "2026-01-01T00:00:00Z"}).status_code == 403
    assert adam.post(f"{hook.path}/disable").json()["reason"]["code"] == "asked"
    assert adam.post(f"{hook.path}/enable").status_code == 403


def test_a_token_for_less_cannot_hear_of_everything(
    crm: Crm, manager: Api, served: TestClient[Any], receiver: Receiver
) -> None:
    said = {"url": receiver.url, "events": ["*"]}
    for scopes, status in [
        (("customer:read", "create", "web.manage_webhooks"), 403),
        (("read",), 403),
        (("read", "write", "web.manage_webhooks"), 403),
        ((), 201),
    ]:
        with crm.session() as session:
            mona = session.find(User, login="mona")
            assert mona is not None
            token = make_token(crm.context(session, "web"), mona, "less", scopes=scopes)
        answer = Api(served, token).post("/webhooks", said)
        assert answer.status_code == status, (scopes, answer.text)


def test_it_takes_the_permission(as_user: AsUser, api_of: Callable[[str], Api], receiver: Receiver) -> None:
    as_user("* * all", login="carl")
    carl = api_of("carl")
    for answer in (carl.get("/webhooks"), carl.post("/webhooks", {"url": receiver.url, "events": ["*"]})):
        assert answer.status_code == 403
        assert "web.manage_webhooks" in answer.json()["detail"]


def test_secrets_are_nowhere(
    crm: Crm,
    manager: Api,
    receiver: Receiver,
    hook_to: HookTo,
    work: Work,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
) -> None:
    caplog.set_level(logging.DEBUG)
    hook = hook_to(receiver, "customer.created")
    fresh = manager.post(f"{hook.path}/rotate").json()["secret"]
    # A receiver that answers with what it knows does not get it into the log.
    receiver.answer((500, {}, f"bad: {hook.secret} {fresh} Kestrel".encode()))
    manager.post("/customers", {"name": "Kestrel", "kind": "organization"})
    work()
    bare = [secret.removeprefix("whsec_") for secret in (hook.secret, fresh)]
    with crm.session(reads=True) as session:
        audited = json.dumps([dict(one.delta) for one in session.list(AuditEntry)], default=str)
        stored = [session.get(Webhook, hook.id).secret, session.get(Webhook, hook.id).former_secret]
        assert all(one.startswith("sealed:") for one in stored)
    shown = "".join(
        manager.get(path).text
        for path in ("/webhooks", hook.path, f"{hook.path}/deliveries", "/web_webhooks", "/web_deliveries")
    )
    database = b"".join(path.read_bytes() for path in tmp_path.glob("web.db*")).decode("latin-1")
    for secret in bare:
        assert secret not in audited
        assert secret not in shown
        assert secret not in caplog.text
        assert secret not in database
    assert not any(one in audited + shown + caplog.text for one in stored)
    assert manager.get("/web_webhooks").status_code == 404
    (attempt,) = hook.log
    assert attempt["response"] == "bad: ***"


def test_what_waits_to_be_told_holds_no_personal_data(
    crm: Crm, manager: Api, receiver: Receiver, hook_to: HookTo, work: Work, clock: FixedClock
) -> None:
    hook_to(receiver, "customer.*")
    receiver.answer(500)
    made = manager.post("/customers", {"given_name": "Zephyrine", "family_name": "Quill", "kind": "person"})
    assert made.status_code == 201, made.text
    person = made.json()
    work()
    assert receiver.received[0].document["data"]["record"]["given_name"] == "Zephyrine"
    for table in ("background_jobs", "background_steps", "command_results", "web_deliveries"):
        with crm.database.connection(reads=True, tenant=crm.system.tenant_id) as connection:
            rows = connection.execute(sa.select(crm.database.table(table))).all()
        assert "Zephyrine" not in str(rows), table
    with crm.session() as session:
        crm.context(session, "web").services.erase(person["id"], "asked for it")
    receiver.answer(200)
    clock.advance(seconds=10)
    work()
    assert len(receiver.received) > 1
    assert all(b"Zephyrine" not in one.body and b"Quill" not in one.body for one in receiver.received[1:])


def test_old_attempts_are_let_go(
    crm: Crm, manager: Api, receiver: Receiver, hook_to: HookTo, clock: FixedClock
) -> None:
    hook = hook_to(receiver)
    for _ in range(2):
        manager.post(f"{hook.path}/test")
        clock.advance(days=20)
    with crm.session() as session:
        session.enqueue("web.prune_deliveries")
    ran = [one for one in crm.jobs.run_due() if one.name == "web.prune_deliveries"]
    assert {one.state for one in ran} == {"done"}
    with crm.session(reads=True) as session:
        left = session.list(Delivery, deleted=True)
    assert [one.attempted_at for one in left] == [clock.now() - timedelta(days=20)]


def test_the_package_is_imported_quickly() -> None:
    heavy = ("httpx", "httpcore", "standardwebhooks", "cryptography")
    code = f"import crmkit_web, sys; print([one for one in {heavy!r} if one in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
