"""Scopes: a token for less than its user may do, on every kind of endpoint, and never for more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import pytest
from litestar.testing import TestClient

import crmkit_web
from crmkit import Crm
from crmkit.core.customer import Customer
from crmkit.core.staff import RecordShare, User
from crmkit.hooks.web.actions import Action, ActionCall
from crmkit.plugin import Context, Job, JobDeclaration, Manifest, Setup, hookimpl, msg
from crmkit.testing.making import AsUser, MakeCrm
from crmkit_web.login.scopes import ceiling_of, known_scopes
from crmkit_web.serving.app import web_app
from plugins.web.tests.conftest import Api
from plugins.web.tests.login.conftest import desk_api

KESTREL = {"name": "Kestrel", "kind": "organization"}
BULK = {"filter": "industry = Optics", "set": {"industry": "Steel"}, "dry_run": True}


class Relabelling:
    """A plugin with an action that changes customers, and one that leaves it to a job."""

    manifest = Manifest(name="labels", version="1")

    @hookimpl
    def register_actions(self, ctx: Context, call: Setup) -> list[Action]:
        return [
            Action("labels.mark", msg("Mark"), self.mark, entity="customer"),
            Action("labels.later", msg("Mark later"), self.later),
        ]

    @hookimpl
    def register_jobs(self, ctx: Context, call: Setup) -> list[JobDeclaration]:
        return [JobDeclaration(name="labels.mark_all", run=self.mark_all)]

    def mark(self, ctx: Context, call: ActionCall) -> None:
        [customer] = call.records
        ctx.session.update(attrs.evolve(customer, industry="Marked"))

    def later(self, ctx: Context, call: ActionCall) -> None:
        ctx.session.enqueue("labels.mark_all")

    def mark_all(self, ctx: Context, call: Job) -> None:
        ctx.session.update(*[attrs.evolve(one, industry="Marked") for one in ctx.session.list(Customer)])


@pytest.fixture
def labels(make_crm: MakeCrm) -> Crm:
    return make_crm(plugins=[crmkit_web, Relabelling()])


@pytest.fixture
def scoped(labels: Crm) -> Any:
    """Return the API as ``root``, who may do everything, with a token of some scopes."""
    AsUser(labels)("* * all", login="root")
    with TestClient(web_app(labels), raise_server_exceptions=False) as client:
        yield lambda *scopes: desk_api(client, labels, "root", *scopes)


Scoped = Callable[..., Api]


def test_every_word_that_is_offered_can_be_used(labels: Crm) -> None:
    words = known_scopes(labels)
    assert {"read", "write", "customer:read", "customer:write", "action:labels.mark", "action:*"} <= set(words)
    assert "web.manage_tokens" in words
    assert not any(word.startswith(("web_token", "web_password")) for word in words)
    assert all(ceiling_of([word]) for word in words)
    assert ceiling_of([]) is None


def test_each_kind_of_endpoint_keeps_to_the_scopes(scoped: Scoped) -> None:
    whole = scoped()
    customer = whole.post("/customers", KESTREL).json()
    path = f"/customers/{customer['id']}"
    asked: dict[str, Callable[[Api], int]] = {
        "list": lambda api: len(api.get("/customers").json().get("items", [])),
        "get": lambda api: api.get(path).status_code,
        "create": lambda api: api.post("/customers", KESTREL).status_code,
        "change": lambda api: api.patch(path, {"industry": "Optics"}).status_code,
        "delete": lambda api: api.delete(path).status_code,
        "restore": lambda api: api.post(f"{path}/restore").status_code,
        "other": lambda api: api.post("/users", {"login": "x", "name": "X"}).status_code,
    }

    def of(api: Api, *names: str) -> list[int]:
        return [asked[name](api) for name in names]

    for read in (scoped("read"), scoped("customer:read"), scoped("read", "team:write")):
        assert of(read, "list", "get") == [1, 200]
        assert of(read, "create", "change", "delete", "other") == [403, 403, 403, 403]
    for elsewhere in (scoped("interaction:write"), scoped("web.manage_tokens"), scoped("action:*")):
        assert of(elsewhere, "get", "create", "change", "delete") in ([404, 403, 404, 404], [403, 403, 403, 403])
    assert scoped("customer:create").post("/customers", KESTREL).status_code in (201, 404, 403)
    write = scoped("customer:write")
    assert of(write, "get", "change", "delete", "restore", "other") == [200, 200, 204, 200, 403]
    assert of(scoped("write"), "get", "change") == [200, 200]


def test_scopes_never_add_to_what_the_user_may_do(labels: Crm) -> None:
    AsUser(labels)("customer read own", login="ada")
    actor = labels.actor("ada")
    narrowed = actor.narrowed(ceiling_of(known_scopes(labels)) or frozenset())
    with labels.session(actor) as session, labels.session(narrowed) as other:
        for info in labels.registry:
            for right in ("read", "create", "update", "delete", "export", "merge", "erase"):
                assert narrowed.granted(info.name, right) <= actor.granted(info.name, right)
        assert session.hidden("customer") == other.hidden("customer")
    assert not narrowed.has_permission("web.manage_tokens")


def test_what_is_shared_with_the_user_is_not_shared_with_the_token(labels: Crm) -> None:
    staff = AsUser(labels)
    staff("interaction read own", login="ada")
    with labels.session() as session:
        user = session.find(User, login="ada")
        assert user is not None
        customer = Customer(name="Kestrel", kind="organization")
        session.add(customer, RecordShare(entity="customer", record_id=customer.id, user_id=user.id))
    with TestClient(web_app(labels), raise_server_exceptions=False) as client:
        path = f"/customers/{customer.id}"
        assert desk_api(client, labels, "ada").get(path).status_code == 200
        assert desk_api(client, labels, "ada", "customer:read").get(path).status_code == 200
        assert desk_api(client, labels, "ada", "interaction:read").get(path).status_code in (403, 404)


def test_an_action_takes_its_own_scope_and_no_other(scoped: Scoped, labels: Crm) -> None:
    from crmkit.core.errors import AccessDenied
    from crmkit.hosting import action_named, run_action

    customer = scoped().post("/customers", KESTREL).json()
    action = action_named(labels, "labels.mark")

    def run(*scopes: str) -> str:
        actor = labels.actor("root").narrowed(ceiling_of(scopes) or frozenset())
        with labels.session(actor) as session:
            run_action(labels, session, action, [customer["id"]])
        with labels.session() as session:
            return session.get(Customer, customer["id"]).industry

    for scopes in (("read",), ("write",), ("customer:write",), ("action:labels.later",)):
        with pytest.raises(AccessDenied, match="for less"):
            run(*scopes)
    # What the action does is what it was granted for: it reads and writes customers, though the token does not.
    assert run("action:labels.mark") == "Marked"
    assert scoped("action:labels.mark").get(f"/customers/{customer['id']}").status_code in (403, 404)


def test_jobs_keep_to_the_scopes_of_whoever_had_them_done(scoped: Scoped, labels: Crm) -> None:
    from crmkit.runtime.jobs.executing import _actor

    actor = labels.actor("root").narrowed(ceiling_of(["customer:read"]) or frozenset())
    with labels.session(actor) as session:
        session.enqueue("labels.mark_all")
    with labels.database.connection(tenant=labels.system.tenant_id) as connection:
        [row] = connection.execute(labels.database.table("background_jobs").select()).all()
    restored = _actor(labels, row)
    assert restored.ceiling == actor.ceiling
    assert not restored.granted("customer", "update")
    assert restored.granted("customer", "read")


def test_a_token_with_scopes_does_not_manage_log_ins(scoped: Scoped) -> None:
    narrow = scoped("read", "write", "web.manage_tokens")
    assert [
        narrow.get("/auth/tokens").status_code,
        narrow.post("/auth/tokens", {"name": "wider"}).status_code,
        narrow.get("/auth/sessions").status_code,
        narrow.post("/auth/totp", {"password": "x"}).status_code,
        narrow.post("/auth/password", {"current": "x", "password": "y"}).status_code,
    ] == [403] * 5
    assert narrow.get("/auth/session").json()["method"] == "token"


def test_changed_rights_do_not_lift_the_ceiling(scoped: Scoped, labels: Crm) -> None:
    narrow = scoped("customer:read")
    assert narrow.post("/customers", KESTREL).status_code == 403
    AsUser(labels)("* * all", login="somebody")
    assert narrow.post("/customers", KESTREL).status_code == 403
    actor = labels.actor("root").narrowed(frozenset({("customer", "read")}))
    with labels.session(actor) as session:
        AsUser(labels)("* * all", login="somebody_else")
        session.heed_rights()
        assert session.actor.ceiling == actor.ceiling
        assert not session.actor.granted("customer", "create")


def test_a_ceiling_is_narrowed_further_and_never_widened(labels: Crm) -> None:
    AsUser(labels)("* * all", login="ada")
    actor = labels.actor("ada").narrowed(frozenset({("customer", "*"), ("*", "read")}))
    less = actor.narrowed(frozenset({("*", "update"), ("team", "*")}))
    assert less.ceiling == {("customer", "update"), ("team", "read")}
    assert [bool(less.granted(*pair)) for pair in (("customer", "update"), ("customer", "read"), ("team", "read"))] == [
        True,
        False,
        True,
    ]
    system = labels.system.narrowed(frozenset({("customer", "read")}))
    assert [bool(system.granted("customer", right)) for right in ("read", "update")] == [True, False]


def test_what_is_no_record_keeps_to_the_scopes_as_well(scoped: Scoped) -> None:
    whole = scoped()
    customer = whole.post("/customers", KESTREL).json()
    ids = {"ids": [customer["id"]]}
    mark = "/actions/labels.mark"
    assert [
        scoped("read").post(mark, ids).status_code,
        scoped("customer:write").post(mark, ids).status_code,
        scoped("action:labels.later").post(mark, ids).status_code,
        scoped("action:labels.mark").post(mark, ids).status_code,
        scoped("action:*").post(mark, ids).status_code,
    ] == [403, 403, 403, 204, 204]
    assert whole.get(f"/customers/{customer['id']}").json()["industry"] == "Marked"
    elsewhere = scoped("interaction:read", "web.manage_webhooks")
    assert elsewhere.get("/search?q=Kestrel").json().get("items", []) == []
    assert not [one for one in elsewhere.get("/changes").json().get("items", []) if one.get("entity") == "customer"]
    assert elsewhere.post("/exports", {"entity": "customer"}).status_code == 403
    assert scoped("read").post("/exports", {"entity": "customer"}).status_code == 403
    assert scoped("read").post("/customers/bulk", BULK).status_code == 403
    hook = {"url": "https://example.com/hook", "events": ["customer.*"]}
    assert elsewhere.post("/webhooks", hook).status_code == 403
    assert elsewhere.get(f"/customers/{customer['id']}/history").status_code in (403, 404)
    assert elsewhere.get(f"/customers/{customer['id']}/timeline").status_code in (403, 404)
    assert "Kestrel" not in elsewhere.post("/identify", {"name": "Kestrel"}).text
