"""Batches and upserts over HTTP: outcomes in the order of the rows, all or nothing, one multi-row write."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from litestar.testing import TestClient

import crmkit_web
from crmkit import Crm
from crmkit.core.customer import Customer
from crmkit.core.identity import ExternalIdentity
from crmkit.core.staff import Role, RoleAssignment, User
from crmkit.plugin import Manifest, RecordBatch, Refuse, hookimpl, msg
from crmkit.testing.making import AsUser, MakeCrm
from crmkit_web.login.tokens import make_token
from crmkit_web.serving.app import web_app
from plugins.web.tests.conftest import Api
from plugins.web.tests.records.test_single import ON_SQLITE, made, pointers

Row = dict[str, Any]
EVERYTHING = {"entity": "*", "action": "*", "scope": "all"}


def create(name: str, **values: Any) -> Row:
    return {"op": "create", "values": {"name": name, "kind": "organization", **values}}


def sent(api: Api, rows: list[Row], *, atomic: bool, plural: str = "customers", **given: Any) -> Any:
    return api.post(f"/{plural}/batch", {"atomic": atomic, "operations": rows}, **given)


def statuses(answer: Any) -> list[int]:
    return [one["status"] for one in answer.json()["results"]]


@pytest.mark.parametrize(("crm", "atomic"), [("sqlite", True), ("postgresql", False)], indirect=["crm"])
def test_all_kinds_of_rows_in_one_batch(api: Api, atomic: bool) -> None:
    one, two, id = made(api, name="One"), made(api, name="Two"), str(uuid4())
    rows = [
        create("Three"),
        {"op": "create", "id": id, "values": {"name": "Four", "kind": "organization"}},
        {"op": "update", "id": one["id"], "version": 1, "values": {"industry": "Optics"}},
        create("Five"),
        {"op": "delete", "id": two["id"]},
        {"op": "upsert", "source": "erp", "key": "K/1", "values": {"name": "Six", "kind": "organization"}},
    ]
    answer = sent(api, rows, atomic=atomic)
    assert answer.status_code == 200, answer.text
    assert statuses(answer) == [201, 201, 200, 201, 204, 201]
    assert (answer.json()["succeeded"], answer.json()["failed"]) == (6, 0)
    results = answer.json()["results"]
    assert results[1]["id"] == id
    assert results[2] == {"status": 200, "id": one["id"], "version": 2, "etag": '"2"'}
    left = {record["name"] for record in api.get("/customers").json()["items"]}
    assert left == {"One", "Three", "Four", "Five", "Six"}
    again = sent(api, [{**rows[5], "values": {"industry": "Steel"}}], atomic=atomic)
    assert statuses(again) == [200]
    assert again.json()["results"][0]["id"] == results[5]["id"]


BAD: list[tuple[Row, int, str]] = [
    (create(""), 422, "/operations/1/values/name"),
    (create("X", kind="shop"), 422, "/operations/1/values/kind"),
    (create("X", nam="Y"), 422, "/operations/1/values/nam"),
    ({"op": "update", "id": str(uuid4()), "values": {"name": "X"}}, 404, "/operations/1"),
    ({"op": "delete", "id": "x"}, 422, "/operations/1/id"),
    ({"op": "delete"}, 422, "/operations/1/id"),
    ({"op": "destroy"}, 422, "/operations/1/op"),
    ({"op": "update", "id": str(uuid4()), "values": []}, 422, "/operations/1/values"),
    ({"op": "create", "values": {"name": "X"}, "verson": 1}, 422, "/operations/1/verson"),
    ({"op": "upsert", "source": "", "key": "x" * 301, "values": {"name": "X"}}, 422, "/operations/1/source"),
    ({"op": "upsert", "source": "erp", "key": "x" * 301, "values": {"name": "X"}}, 422, "/operations/1/key"),
    (create("X", owner_id=str(uuid4())), 422, "/operations/1/values/owner_id"),
    (7, 422, "/operations/1"),  # type: ignore[list-item]
]


def test_a_wrong_row_is_told_and_the_others_stand(crm: Crm, api: Api) -> None:
    for place, (row, status, pointer) in enumerate(BAD):
        alone = sent(api, [create(f"Good {place}"), row, create(f"Fine {place}")], atomic=False)
        assert (alone.status_code, statuses(alone)) == (200, [201, status, 201]), row
        wrong = alone.json()["results"][1]
        assert wrong["code"]
        assert wrong.get("errors", [{"pointer": pointer}])[0]["pointer"] == pointer
        whole = sent(api, [create("Never"), row, create("Ever")], atomic=True)
        assert (whole.status_code, statuses(whole)) == (status, [424, status, 424]), row
        assert pointers(whole)[0][0] == pointer
    with crm.session() as session:
        assert session.count(Customer) == 2 * len(BAD)


def test_every_error_of_every_row_is_told(api: Api) -> None:
    one = made(api, name="One")
    rows = [
        create("", country="Germany"),
        create("Good"),
        {"op": "update", "id": one["id"], "version": 7, "values": {"name": "X"}},
        create("X", nam=1, kind="shop"),
        {"op": "create", "id": one["id"], "values": {"name": "Taken", "kind": "organization"}},
        {"op": "create", "values": {"name": "X" * 5_000, "kind": "organization"}},
        {"op": "delete", "id": one["id"]},
    ]
    whole = sent(api, rows, atomic=True)
    assert (whole.status_code, whole.json()["code"]) == (422, "batch_failed")
    assert statuses(whole) == [422, 424, 412, 422, 422, 422, 422]
    told = set(pointers(whole))
    assert {
        ("/operations/0/values/name", "required"),
        ("/operations/0/values/country", "format"),
        ("/operations/2", "stale_version"),
        ("/operations/3/values/nam", "unknown_field"),
        ("/operations/3/values/kind", "choice"),
        ("/operations/4", "repeated"),
        ("/operations/5/values/name", "too_long"),
        ("/operations/6", "repeated"),
    } <= told
    assert api.get("/customers").json()["items"] == [one]


def test_keys_that_exist_are_conflicts_of_their_rows(api: Api) -> None:
    assert api.post("/products", {"name": "Lens", "sku": "A-1"}).status_code == 201
    rows = [{"op": "create", "values": {"name": "N", "sku": sku}} for sku in ("A-0", "A-1", "A-2", "A-2", "A-3")]
    alone = sent(api, rows, atomic=False, plural="products")
    assert statuses(alone) == [201, 409, 201, 409, 201]
    assert alone.json()["results"][1]["errors"][0]["pointer"] == "/operations/1/values/sku"
    assert len(api.get("/products").json()["items"]) == 4
    whole = sent(
        api, [{"op": "create", "values": {"name": "N", "sku": "A-9"}}, rows[1]], atomic=True, plural="products"
    )
    assert (whole.status_code, len(api.get("/products").json()["items"])) == (409, 4)


def test_a_batch_is_one_write(crm: Crm, api: Api) -> None:
    def statements(count: int) -> int:
        asked: list[str] = []

        def note(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
            asked.append(statement)

        for event in ("before_cursor_execute",):
            sa.event.listen(crm.database.engine, event, note)
        try:
            answer = sent(api, [create(f"Kestrel {n}") for n in range(count)], atomic=False)
        finally:
            sa.event.remove(crm.database.engine, "before_cursor_execute", note)
        assert answer.json()["succeeded"] == count
        return len(asked)

    with crm.session() as session:
        before = session.count(Customer)
    statements(2)  # What is kept from now on: rights, prepared statements.
    few, many = statements(3), statements(120)
    assert few == many
    with crm.session() as session:
        assert session.count(Customer) == before + 125


@ON_SQLITE
def test_changes_take_one_query_for_what_they_change(crm: Crm, api: Api) -> None:
    ids = [one["id"] for one in sent(api, [create(f"K {n}") for n in range(60)], atomic=True).json()["results"]]

    def statements(some: list[str]) -> int:
        asked: list[str] = []

        def note(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
            asked.append(statement)

        sa.event.listen(crm.database.engine, "before_cursor_execute", note)
        try:
            rows = [{"op": "update", "id": id, "values": {"industry": f"Steel {len(some)}"}} for id in some]
            assert sent(api, rows, atomic=True).json()["succeeded"] == len(some)
        finally:
            sa.event.remove(crm.database.engine, "before_cursor_execute", note)
        return len(asked)

    assert statements(ids[:2]) == statements(ids)


@ON_SQLITE
def test_many_wrong_rows_among_many_good_ones(api: Api) -> None:
    rows = [
        create("" if n % 7 == 3 else f"Kestrel {n}", owner_id=str(uuid4()) if n == 50 else None) for n in range(100)
    ]
    answer = sent(api, rows, atomic=False)
    assert statuses(answer) == [422 if n % 7 == 3 or n == 50 else 201 for n in range(100)]


@ON_SQLITE
def test_what_a_batch_may_not_is_told_row_by_row(as_user: AsUser, api_of: Callable[[str], Api], api: Api) -> None:
    as_user("customer create own", "customer read all", "customer update own", "customer bulk all", login="own")
    as_user("customer create own", "customer read all", login="single")
    theirs = made(api)
    rows = [create("Mine"), {"op": "update", "id": theirs["id"], "values": {"name": "X"}}, create("Mine too")]
    alone = sent(api_of("own"), rows, atomic=False)
    assert statuses(alone) == [201, 403, 201]
    assert sent(api_of("own"), rows, atomic=True).status_code == 403
    assert sent(api_of("single"), [create("Mine")], atomic=False).status_code == 403


@ON_SQLITE
def test_bodies_that_are_no_batch(api: Api) -> None:
    for body in (
        {},
        {"operations": []},
        {"operations": {}},
        {"operations": [{}] * 1_001},
        {"operations": [{}], "x": 1},
    ):
        assert api.post("/customers/batch", body).status_code == 422
    assert api.post("/customers/batch", [1]).status_code == 422
    assert api.post("/events/batch", {"operations": [create("X")]}).status_code == 404


def test_a_batch_sent_again_is_carried_out_once(crm: Crm, api: Api) -> None:
    key = {"idempotency-key": '"batch-1"'}
    rows = [create(f"Kestrel {n}") for n in range(5)] + [create("")]
    first, again = (sent(api, rows, atomic=False, headers=key) for _ in range(2))
    assert first.content == again.content
    assert again.headers["idempotency-replayed"] == "true"
    with crm.session() as session:
        assert session.count(Customer) == 5


def test_upsert_by_what_another_system_calls_it(crm: Crm, api: Api) -> None:
    first = api.request("PUT", "/customers/by/erp/4711", json={"name": "Kestrel", "kind": "organization"})
    assert (first.status_code, first.json()["source"], first.headers["etag"]) == (201, "erp", '"1"')
    id = first.json()["id"]
    assert first.headers["location"] == f"/api/v1/customers/{id}"
    again = api.request("PUT", "/customers/by/erp/4711", json={"industry": "Optics"})
    assert (again.status_code, again.json()["id"], again.json()["version"]) == (200, id, 2)
    assert again.json()["name"] == "Kestrel"
    found = api.get("/customers/by/erp/4711")
    assert (found.json()["id"], found.headers["content-location"]) == (id, f"/api/v1/customers/{id}")
    assert api.get("/customers/by/erp/4712").status_code == 404
    # A slash belongs to the key when it is written as %2F, and to the address otherwise.
    for written, key in (("A%2F4711", "A/4711"), ("%2fb%2F%2f", "/b//"), ("%252F", "%2F"), ("%EE%80%80%2F", "\ue000/")):
        made = api.request("PUT", f"/customers/by/sap%2Feu/{written}", json={"name": "Slashed", "kind": "organization"})
        assert made.status_code == 201, (written, made.text)
        assert api.get(f"/customers/by/sap%2Feu/{written}").json()["id"] == made.json()["id"]
        known = api.get(f"/external_identities?filter=record_id = {made.json()['id']}").json()["items"]
        assert [(one["system"], one["external_id"]) for one in known] == [("sap/eu", key)]
    assert api.get("/customers/by/sap%2Feu/A/4711").status_code == 404
    assert api.get("/customers%2Fby/erp/4711").status_code == 404
    assert api.get("/custom%2Fers").json()["code"] == "no_such_entity"
    assert api.get("/products/by/erp/4711").status_code == 404
    stale = api.request("PUT", "/customers/by/erp/4711", json={"name": "X"}, headers={"if-match": '"1"'})
    only_new = api.request("PUT", "/customers/by/erp/4711", json={"name": "X"}, headers={"if-none-match": "*"})
    only_old = api.request("PUT", "/customers/by/erp/9", json={"name": "X"}, headers={"if-match": '"1"'})
    assert [one.status_code for one in (stale, only_new, only_old)] == [412] * 3
    for path, body, pointer in (
        ("/customers/by/erp/1", {"name": "X", "kind": "shop"}, "/kind"),
        (f"/customers/by/{'x' * 101}/1", {"name": "X"}, "/path/source"),
        (f"/customers/by/erp/{'x' * 301}", {"name": "X"}, "/path/key"),
        ("/customers/by/erp/4711", {"id": str(uuid4())}, "/id"),
    ):
        refused = api.request("PUT", path, json=body)
        assert (refused.status_code, pointers(refused)[0][0]) == (422, pointer)
    api.delete(f"/customers/{id}")
    gone = api.request("PUT", "/customers/by/erp/4711", json={"name": "X", "kind": "organization"})
    assert (gone.status_code, pointers(gone)) == (409, [("/path/key", "duplicate")])


def test_upserts_at_once_make_one_record(crm: Crm, api: Api) -> None:
    def put(number: int) -> int:
        if number % 2:
            row = {
                "op": "upsert",
                "source": "erp",
                "key": "1",
                "values": {"name": f"K {number}", "kind": "organization"},
            }
            return int(sent(api, [row], atomic=False).json()["results"][0]["status"])
        answer = api.request("PUT", "/customers/by/erp/1", json={"name": f"K {number}", "kind": "organization"})
        return answer.status_code

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(put, range(12)))
    assert answers == [200] * 11 + [201]
    with crm.session() as session:
        assert (session.count(Customer), session.count(ExternalIdentity)) == (1, 1)


@ON_SQLITE
def test_rows_may_refer_to_one_another(api: Api) -> None:
    north, south = str(uuid4()), str(uuid4())
    rows = [
        {"op": "create", "id": south, "values": {"name": "South", "parent_id": north}},
        {"op": "create", "id": north, "values": {"name": "North"}},
    ]
    answer = sent(api, rows, atomic=True, plural="teams")
    assert statuses(answer) == [201, 201], answer.text
    assert api.get(f"/teams/{south}?include=parent").json()["included"]["team"][north]["name"] == "North"


class Fussy:
    """Refuses some customers by name, and every batch that has a certain one."""

    manifest = Manifest(name="fussy", version="1.0")

    @hookimpl
    def guard_records(self, ctx: Any, call: RecordBatch) -> list[Refuse]:
        if any(getattr(change.after, "name", "") == "Nobody" for change in call.changes):
            return [Refuse(msg("nobody may"))]
        wrong = [change.after.id for change in call.changes if getattr(change.after, "name", "") == "Not this"]
        return [Refuse(msg("not this one"), id) for id in wrong]


def test_what_a_plugin_refuses_is_told_row_by_row(make_crm: MakeCrm, tmp_path: Path) -> None:
    crm = make_crm(plugins=[crmkit_web, Fussy()], url=f"sqlite:///{tmp_path / 'web.db'}")
    with crm.session() as session:
        user, role = User(login="root", name="root"), Role(name="all", grants=(EVERYTHING,))
        session.add(user, role, RoleAssignment(user_id=user.id, role_id=role.id))
        session.flush()
        token = make_token(crm.context(session, "web"), user, "test")
    with TestClient(web_app(crm), raise_server_exceptions=False) as client:
        api = Api(client, token)
        rows = [create(name) for name in ("A", "Not this", "B", "C", "Nobody", "D", "Not this", "E")]
        alone = sent(api, rows, atomic=False)
        assert statuses(alone) == [201, 409, 201, 201, 409, 201, 409, 201]
        assert {one["code"] for one in alone.json()["results"] if one["status"] == 409} == {"refused"}
        whole = sent(api, rows, atomic=True)
        assert (whole.status_code, statuses(whole)) == (409, [424, 409, 424, 424, 409, 424, 409, 424])
        assert len(api.get("/customers").json()["items"]) == 5
