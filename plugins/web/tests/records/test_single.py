"""One record over HTTP: its life, preconditions, keys that exist, merged records."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from crmkit import Crm
from crmkit.core.customer import Customer
from crmkit.core.staff import Role, RoleAssignment, User
from crmkit.testing.making import AsUser
from plugins.web.tests.conftest import Api

ON_SQLITE = pytest.mark.parametrize("crm", ["sqlite"], indirect=True)
"""For what no database has a part in."""


def made(api: Api, plural: str = "customers", **values: Any) -> dict[str, Any]:
    answer = api.post(f"/{plural}", {"name": "Kestrel", "kind": "organization", **values})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def pointers(answer: Any) -> list[tuple[str, str]]:
    return [(one["pointer"], one["code"]) for one in answer.json()["errors"]]


def test_the_life_of_a_record(api: Api) -> None:
    first = api.post("/customers", {"name": "Kestrel", "kind": "organization"})
    assert first.status_code == 201
    customer = first.json()
    address = f"/customers/{customer['id']}"
    assert first.headers["location"] == f"/api/v1{address}"
    assert (customer["name"], customer["version"], first.headers["etag"]) == ("Kestrel", 1, '"1"')
    changed = api.patch(address, {"industry": "Optics", "legal_name": None}, headers={"if-match": '"1"'})
    assert (changed.json()["industry"], changed.json()["version"], changed.headers["etag"]) == ("Optics", 2, '"2"')
    assert api.get(address).json() == changed.json()
    assert api.get(f"{address}?fields=name").json() == {"id": customer["id"], "version": 2, "name": "Kestrel"}
    assert api.delete(address, headers={"if-match": '"2"'}).status_code == 204
    gone = api.get(address)
    assert (gone.status_code, gone.json()["code"]) == (404, "not_found")
    back = api.post(f"{address}/restore")
    assert (back.status_code, back.json()["name"], back.headers["etag"]) == (200, "Kestrel", '"4"')
    assert api.post(f"{address}/restore").status_code == 200


@ON_SQLITE
def test_every_error_is_told_in_the_language_of_who_asks(api: Api) -> None:
    sent = {"nam": "Kestrel", "version": 3, "annual_revenue": 1.5, "kind": "shop", "email~/": 1}
    refused = api.post("/customers", sent, headers={"accept-language": "zh-CN,en;q=0.5"})
    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"
    problem = refused.json()
    assert (problem["code"], problem["status"]) == ("validation", 422)
    assert sorted(pointers(refused)) == sorted(
        [
            ("/nam", "unknown_field"),
            ("/version", "read_only"),
            ("/annual_revenue", "type"),
            ("/kind", "choice"),
            ("/email~0~1", "unknown_field"),
        ]
    )
    assert "您是不是指 name" in problem["errors"][0]["detail"]
    assert api.get("/customers").json()["items"] == []


@ON_SQLITE
def test_who_does_not_log_in_gets_nothing(api: Api) -> None:
    for headers in ({"authorization": ""}, {"authorization": "Bearer nobody"}):
        assert api.get("/customers", headers=headers).status_code == 401


def test_ids_may_be_made_by_the_client_and_are_unique(api: Api) -> None:
    id = str(uuid4())
    assert made(api, id=id)["id"] == id
    again = api.post("/customers", {"id": id, "name": "Other", "kind": "organization"})
    assert (again.status_code, again.json()["code"], pointers(again)) == (409, "duplicate", [("/id", "duplicate")])
    odd = api.post("/customers", {"id": ["x"], "name": "Other", "kind": "organization"})
    assert (odd.status_code, pointers(odd)) == (422, [("/id", "type")])


def test_a_unique_key_that_exists_is_a_conflict_that_names_its_fields(api: Api) -> None:
    first = api.post("/products", {"name": "Lens", "sku": "A-1"})
    assert first.status_code == 201, first.text
    again = api.post("/products", {"name": "Other", "sku": "A-1"})
    assert (again.status_code, pointers(again)) == (409, [("/sku", "duplicate")])
    other = api.post("/products", {"name": "Other", "sku": "A-2"}).json()
    moved = api.patch(f"/products/{other['id']}", {"sku": "A-1"})
    assert (moved.status_code, pointers(moved)) == (409, [("/sku", "duplicate")])


PRECONDITIONS: tuple[tuple[str | None, int, str | None], ...] = (
    (None, 428, "version_needed"),
    ('"7"', 412, "stale_version"),
    ('W/"1"', 412, "stale_version"),
    ('"1-0f0f"', 200, None),
    ('"9", "1"', 200, None),
    ("*", 200, None),
    ('"abc"', 412, "stale_version"),
    ("1", 400, "bad_header"),
    ('"1",', 400, "bad_header"),
    ("", 400, "bad_header"),
    ('"' + "9" * 30 + '"', 412, "stale_version"),
)


@ON_SQLITE
def test_a_change_says_what_it_changes(api: Api) -> None:
    for header, status, code in PRECONDITIONS:
        address = f"/customers/{made(api)['id']}"
        headers = {} if header is None else {"if-match": header}
        changed = api.request("PATCH", address, json={"industry": "Optics"}, headers=headers)
        assert (changed.status_code, changed.json().get("code")) == (status, code), header
        assert api.get(address).json()["version"] == (2 if status == 200 else 1)
        if status == 412:
            assert changed.headers["etag"] == '"1"'
        if status != 200:
            assert api.request("DELETE", address, headers=headers).status_code == status


def test_of_two_writers_with_one_tag_one_wins(api: Api) -> None:
    address = f"/customers/{made(api)['id']}"

    def change(name: str) -> int:
        return api.patch(address, {"name": name}, headers={"if-match": '"1"'}).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(change, [f"Writer {n}" for n in range(8)]))
    assert statuses == [200] + [412] * 7
    assert api.get(address).json()["version"] == 2


@ON_SQLITE
def test_a_merge_patch_tells_null_from_absent(api: Api) -> None:
    customer = made(api, industry="Optics", legal_name="Kestrel Ltd")
    address = f"/customers/{customer['id']}"
    patched = api.patch(
        address, {"industry": None}, headers={"if-match": '"1"', "content-type": "application/merge-patch+json"}
    ).json()
    assert (patched["industry"], patched["legal_name"]) == ("", "Kestrel Ltd")
    same = api.patch(address, {"industry": ""}, headers={"if-match": '"2"'})
    assert (same.status_code, same.headers["etag"]) == (200, '"2"')
    refused = api.patch(address, {"name": None, "id": str(uuid4())})
    assert (refused.status_code, pointers(refused)) == (422, [("/name", "required"), ("/id", "read_only")])


@ON_SQLITE
def test_amounts_of_money_are_merged_member_by_member(api: Api) -> None:
    sent = {"kind": "purchase", "subject": "Order", "occurred_at": "2026-01-05T09:00:00+01:00"}
    order = api.post("/interactions", {**sent, "money": {"amount": "12.50", "currency": "EUR"}})
    assert order.status_code == 201, order.text
    assert order.json()["occurred_at"] == "2026-01-05T08:00:00Z"
    assert order.json()["money"] == {"amount": "12.50", "currency": "EUR"}
    lens = api.post("/products", {"name": "Lens", "sku": "A-1", "price": {"amount": "12.50", "currency": "EUR"}}).json()
    address = f"/products/{lens['id']}"
    assert Decimal(api.patch(address, {"price": {"amount": "13"}}).json()["price"]["amount"]) == 13
    assert api.patch(address, {"price": {"currency": "CNY"}}).json()["price"]["currency"] == "CNY"
    for wrong, pointer in (
        ({"amount": 1.5}, "/price/amount"),
        ({"currency": "EURO"}, "/price/currency"),
        ({"currency": None}, "/price/currency"),
        ({"cents": 5}, "/price/cents"),
        ("12 EUR", "/price"),
    ):
        refused = api.patch(address, {"price": wrong})
        assert (refused.status_code, pointers(refused)[0][0]) == (422, pointer)
    assert api.patch(address, {"price": None}).json()["price"] is None


@ON_SQLITE
def test_what_is_known_is_not_sent_again(api: Api) -> None:
    address = f"/customers/{made(api)['id']}"
    for path in (address, f"{address}?include=owner", "/customers", "/customers?fields=name&include=owner"):
        first = api.get(path)
        known = api.get(path, headers={"if-none-match": f'"x", W/{first.headers["etag"]}'})
        assert (first.status_code, known.status_code, known.content) == (200, 304, b"")
        assert known.headers["etag"] == first.headers["etag"]
        assert api.get(path, headers={"if-none-match": "nonsense"}).status_code == 200
    api.patch(address, {"name": "Merlin"})
    assert api.get(address, headers={"if-none-match": '"1"'}).json()["name"] == "Merlin"


def test_a_merged_record_answers_what_it_became(crm: Crm, api: Api) -> None:
    kept, lost = made(api, name="Kestrel"), made(api, name="Kestrel Ltd")
    with crm.session() as session:
        services = crm.context(session, "web").services
        services.merge(services.preview_merge(UUID(kept["id"]), UUID(lost["id"])))
    found = api.get(f"/customers/{lost['id']}")
    assert (found.status_code, found.json()["id"]) == (200, kept["id"])
    assert found.headers["content-location"] == f"/api/v1/customers/{kept['id']}"
    for answer in (api.patch(f"/customers/{lost['id']}", {"name": "X"}), api.delete(f"/customers/{lost['id']}")):
        assert (answer.status_code, answer.json()["code"]) == (409, "merged")
        assert answer.headers["location"] == f"/api/v1/customers/{kept['id']}"


@ON_SQLITE
def test_records_of_the_log_are_only_read(api: Api) -> None:
    made(api)
    for plural in ("events", "audit_entries"):
        (first, *_) = api.get(f"/{plural}?limit=1").json()["items"]
        assert api.get(f"/{plural}/{first['id']}").json() == first
        for method, path in (("POST", ""), ("PATCH", f"/{first['id']}"), ("DELETE", f"/{first['id']}")):
            assert api.request(method, f"/{plural}{path}", json={}).status_code in (404, 405)


@ON_SQLITE
def test_what_lets_people_in_has_no_address(api: Api) -> None:
    for plural in ("web_tokens", "web_signing_keys"):
        assert api.get(f"/{plural}").status_code == 404
    assert api.get("/users?include=web_tokens").status_code == 400


def without_industry(crm: Crm, login: str) -> None:
    """Make a user who may do everything with customers but see their industry."""
    grants = ({"entity": "customer", "action": "*", "scope": "all", "fields": ["-industry"]},)
    with crm.session() as session:
        user, role = User(login=login, name=login), Role(name=login, grants=grants)
        session.add(user, role, RoleAssignment(user_id=user.id, role_id=role.id))


@ON_SQLITE
def test_hidden_fields_are_left_out_and_not_written(crm: Crm, api_of: Callable[[str], Api], api: Api) -> None:
    without_industry(crm, "half")
    customer = made(api, industry="Optics")
    half, address = api_of("half"), f"/customers/{customer['id']}"
    seen = half.get(address)
    assert "industry" not in seen.json()
    assert seen.headers["etag"].startswith('"1-')
    assert api.get(address).headers["etag"] == '"1"'
    for path in ("/customers?filter=industry+%3D+Optics", "/customers?sort=industry"):
        assert half.get(path).status_code == 403
    assert half.get("/customers?fields=name,industry").json()["items"] == [
        {"id": customer["id"], "version": 1, "name": "Kestrel"}
    ]
    assert half.patch(address, {"industry": "X"}).status_code == 403
    named = half.patch(address, {"legal_name": "K"}, headers={"if-match": seen.headers["etag"]})
    assert named.status_code == 200
    assert "industry" not in named.json()
    assert api.get(address).json()["industry"] == "Optics"


@ON_SQLITE
def test_another_teams_record_is_not_there(crm: Crm, as_user: AsUser, api_of: Callable[[str], Api], api: Api) -> None:
    as_user("customer * own", login="mine")
    customer = made(api)
    mine, address = api_of("mine"), f"/customers/{customer['id']}"
    answers = [
        mine.get(address),
        mine.patch(address, {"name": "X"}),
        mine.delete(address),
        mine.post(f"{address}/restore"),
    ]
    assert [answer.status_code for answer in answers] == [404] * 4
    with crm.session() as session:
        assert session.get(Customer, customer["id"]).name == "Kestrel"
