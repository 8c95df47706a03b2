"""Hostile values in every field of every entity: told with a pointer, or stored and given back as they are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from litestar.testing import TestClient

import crmkit_web
from crmkit import Crm
from crmkit.core.entity import EntityInfo, FieldInfo
from crmkit.core.fieldtypes import Kind
from crmkit.core.staff import Role, RoleAssignment, User
from crmkit.plugin import CustomField
from crmkit_web.documents.reading import given_by_store
from crmkit_web.login.tokens import make_token
from crmkit_web.serving.app import web_app
from plugins.web.tests.conftest import Api

DEEP: Any = "bottom"
for _ in range(150):
    DEEP = [DEEP] if _ % 2 else {"d": DEEP}

TEXTS = (
    "'; DROP TABLE customers; --",
    '" OR ""="',
    "{{ 7 * 7 }}{% raw %}${7*7}<%= 7 %>#{7}",
    "<script>alert(1)</script>",
    "../../../../etc/passwd",
    "%s%n%x",
    "=cmd|' /C calc'!A0",
    "\u202egnp.exe",
    "𐍈 é ﷽ 漢字",
    '\\"\\u0041\r\n\t',
    "null",
)
HOSTILE: tuple[Any, ...] = (
    *TEXTS,
    "",
    " ",
    "\x00",
    "a\x00b",
    "\ud800",
    "x" * 900_000,
    "NaN",
    "sNaN",
    "Infinity",
    "1e999999999",
    "-0",
    "9" * 60,
    "1.0000001",
    "9999-99-99",
    "0000-00-00",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2026-01-01T00:00:00",
    "2026-06-31T24:61:61Z",
    "not-an-id",
    str(uuid4()),
    None,
    True,
    0,
    -1,
    2**63,
    -(2**63) - 1,
    10**30,
    1.5,
    1e308,
    [],
    {},
    [None],
    ["\x00"],
    ["a", 1],
    {"": ""},
    {"\x00": "\x00"},
    {"amount": 1.5, "currency": "EUR"},
    {"amount": "1e5", "currency": "EUR"},
    {"amount": "9" * 30, "currency": "EUR"},
    {"amount": "1", "currency": "\x00"},
    {"__class__": "x", "constructor": {"prototype": 1}},
    DEEP,
)

MACHINE = {
    "name": "machine",
    "fields": [
        {"name": "name", "required": True},
        {"name": "customer_id", "reference": "customer", "merge": "repoint", "erase": "clear"},
        *({"name": f"its_{kind.value}", "type": kind.value} for kind in Kind if kind is not Kind.JSON),
    ],
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Crm, Api, Mapping[str, str]]]:
    """An installation with a custom field of each type and a record to refer to for each kind of reference."""
    kinds = [kind.value for kind in Kind if kind not in (Kind.MONEY, Kind.JSON)]
    custom = tuple(CustomField(entity="customer", name=f"my_{kind}", type=kind) for kind in kinds)
    crm = Crm.open(
        f"sqlite:///{tmp_path_factory.mktemp('hostile') / 'web.db'}",
        plugins=[crmkit_web],
        config={"custom_fields": custom, "entities": [MACHINE]},
    )
    with TestClient(web_app(crm), raise_server_exceptions=False) as client, crm:
        with crm.session() as session:
            everything = ({"entity": "*", "action": "*", "scope": "all", "fields": ["*"]},)
            user, role = User(login="root", name="root"), Role(name="root", grants=everything)
            session.add(user, role, RoleAssignment(user_id=user.id, role_id=role.id))
            session.flush()
            made = make_token(crm.context(session, "web"), user, "test")
        api = Api(client, made if isinstance(made, str) else made[0])
        known = {"user": str(user.id), "role": str(role.id)}
        for name, values in (
            ("customer", {"name": "Kestrel", "kind": "organization"}),
            ("team", {"name": "North"}),
            ("product", {"name": "Lens", "sku": "A-1"}),
            ("tag", {"name": "VIP"}),
        ):
            answer = api.post(f"/{crm.registry.get(name).plural}", values)
            assert answer.status_code == 201, answer.text
            known[name] = answer.json()["id"]
        yield crm, api, known


def likely(field: FieldInfo, known: Mapping[str, str]) -> Any:
    """Return a value that suits a field, as JSON has it."""
    if field.choices:
        return field.choices[0]
    if field.reference:
        return known.get(field.reference, str(uuid4()))
    return {
        Kind.TEXT: f"T{uuid4().hex[:12]}",
        Kind.INTEGER: 3,
        Kind.BOOLEAN: True,
        Kind.DECIMAL: "1.50",
        Kind.MONEY: {"amount": "12.50", "currency": "EUR"},
        Kind.DATE: "2026-01-31",
        Kind.PARTIAL_DATE: "--05-17",
        Kind.INSTANT: "2026-01-31T09:30:00Z",
        Kind.ID: str(uuid4()),
        Kind.WORDS: ["a"],
        Kind.JSON: {"a": 1},
    }[field.kind]


def documents(info: EntityInfo, known: Mapping[str, str]) -> st.SearchStrategy[dict[str, Any]]:
    """Documents of an entity with some likely and some hostile values."""
    fields = [field for field in info.stored if field.name not in given_by_store(info) and field.name != "custom"]
    base = {field.name: likely(field, known) for field in fields if field.required and field.name != "id"}
    odd = st.dictionaries(
        st.sampled_from([field.name for field in fields] + ["version", "no_such_field", "custom", "deleted_at"]),
        st.sampled_from(HOSTILE),
        min_size=1,
        max_size=3,
    )
    return odd.map(lambda some: {**base, **some})


def told(info: EntityInfo, answer: Any, sent: Any) -> None:
    """What is refused names its place; nothing is a defect."""
    shown = (info.name, str(sent)[:300], answer.text[:500])
    assert answer.status_code in (200, 201, 400, 403, 409, 412, 413, 422), shown
    if answer.status_code in (409, 422):
        errors = answer.json().get("errors") or []
        assert errors or answer.json()["code"] in ("refused", "conflict", "merged"), shown
        for error in errors:
            assert error["code"] == "refused" or error["pointer"].startswith("/"), shown


@settings(max_examples=250, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_value_in_any_field_is_a_defect(served: tuple[Crm, Api, Mapping[str, str]], data: st.DataObject) -> None:
    crm, api, known = served
    infos = [info for info in crm.registry if info.editable and not info.credentials]
    info = data.draw(st.sampled_from(infos))
    sent, patch = data.draw(documents(info, known)), data.draw(documents(info, known))
    json_headers = {"content-type": "application/json"}
    answer = api.post(f"/{info.plural}", headers=json_headers, content=json.dumps(sent))
    told(info, answer, sent)
    if answer.status_code != 201:
        return
    address = f"/{info.plural}/{answer.json()['id']}"
    found = api.get(address)
    assert (found.status_code, found.json()) == (200, answer.json()), info.name
    patched = api.patch(address, None, content=json.dumps(patch), headers={**json_headers, "if-match": "*"})
    told(info, patched, patch)
    told(
        info,
        api.post(f"/{info.plural}/batch", {"operations": [{"op": "update", "id": found.json()["id"], "values": {}}]}),
        {},
    )


def test_texts_come_back_as_they_are(served: tuple[Crm, Api, Mapping[str, str]]) -> None:
    _, api, _ = served
    for text in TEXTS:
        answer = api.post("/customers", {"name": f"K {text}"[:200], "kind": "organization", "description": text})
        assert answer.status_code == 201, answer.text
        assert api.get(f"/customers/{answer.json()['id']}").json()["description"] == text
    found = api.post("/customers/search", {"filter": {"field": "description", "op": "=", "value": TEXTS[0]}}).json()
    assert [one["description"] for one in found["items"]] == [TEXTS[0]]


def test_custom_fields_take_no_hostile_value(served: tuple[Crm, Api, Mapping[str, str]]) -> None:
    crm, api, _ = served
    fields = [field.name for field in crm.registry.get("customer").fields if field.custom]
    for value in HOSTILE:
        sent = {"name": "K", "kind": "organization", "custom": dict.fromkeys(fields, value)}
        answer = api.post("/customers", content=json.dumps(sent), headers={"content-type": "application/json"})
        told(crm.registry.get("customer"), answer, sent)
        if answer.status_code == 422:
            assert all(error["pointer"].startswith("/custom") for error in answer.json()["errors"])


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", "application/json", 400),
        (b"{", "application/json", 400),
        (b'{"name": NaN}', "application/json", 400),
        (b'{"employees": 1e999}', "application/json", 400),
        (b'{"employees": ' + b"9" * 6_000 + b"}", "application/json", 400),
        (b'{"name": "\xff"}', "application/json", 400),
        (b'{"name": "\\ud800"}', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"[]", "application/json", 422),
        (b'"x"', "application/json", 422),
        (b"null", "application/json", 422),
        (b'{"name": "K"}', "text/plain", 415),
        (b'{"name": "K"}', "application/x-www-form-urlencoded", 415),
        (b" " * 1_000_001, "application/json", 413),
    ],
)
def test_bodies_that_are_no_document(
    served: tuple[Crm, Api, Mapping[str, str]], body: bytes, kind: str, status: int
) -> None:
    _, api, known = served
    headers = {"content-type": kind, "if-match": "*"}
    for method, path in (
        ("POST", "/customers"),
        ("PATCH", f"/customers/{known['customer']}"),
        ("POST", "/customers/search"),
        ("PUT", "/customers/by/erp/1"),
    ):
        answer = api.request(method, path, content=body, headers=headers)
        assert answer.status_code == status, (method, answer.text)


@pytest.mark.parametrize("id", ["x", "%00", "..%2f..", "1' OR '1'='1", "{{7*7}}", "0" * 5_000, "\u202e", "%ff%fe"])
def test_ids_that_are_none(served: tuple[Crm, Api, Mapping[str, str]], id: str) -> None:
    _, api, _ = served
    for method, path in (
        ("GET", f"/customers/{id}"),
        ("PATCH", f"/customers/{id}"),
        ("DELETE", f"/customers/{id}"),
        ("POST", f"/customers/{id}/restore"),
        ("GET", f"/{id}"),
        ("GET", f"/customers/by/{id}/{id}"),
    ):
        answer = api.request(method, path, json=None if method == "GET" else {}, headers={"if-match": "*"})
        assert answer.status_code in (400, 404), (method, path[:60], answer.text[:300])


ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.sampled_from(("", "name", "x = ", "\x00")),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(("and", "not", "field", "op", "x")), inner)
    ),
    max_leaves=6,
)


def members(*names: str) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with some of the members, and odd values in them."""
    return st.dictionaries(st.sampled_from(names), ODD | st.sampled_from(HOSTILE), max_size=4)


ROWS = st.builds(
    lambda op, more: {"op": op, **more},
    st.sampled_from(("create", "update", "delete", "upsert", "x", None, 3)),
    members("id", "version", "source", "key", "values", "x"),
)


@settings(max_examples=120, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    search=members("filter", "sort", "limit", "cursor", "fields", "include", "count", "deleted", "columns", "x"),
    batch=st.builds(
        lambda more, rows: {**more, "operations": rows}, members("atomic", "x"), st.lists(ROWS, max_size=3)
    ),
)
def test_no_search_and_no_batch_is_a_defect(
    served: tuple[Crm, Api, Mapping[str, str]], search: dict[str, Any], batch: dict[str, Any]
) -> None:
    _, api, _ = served
    for path, sent in (("search", search), ("batch", batch)):
        json_headers = {"content-type": "application/json"}
        answer = api.post(f"/customers/{path}", content=json.dumps(sent), headers=json_headers)
        assert answer.status_code in (200, 400, 403, 404, 409, 412, 413, 422), (str(sent)[:300], answer.text[:300])
        if path == "batch" and answer.status_code == 200:
            assert all(row["status"] < 500 for row in answer.json()["results"])


@settings(max_examples=80, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    name=st.sampled_from(("if-match", "if-none-match", "idempotency-key", "accept-language", "content-type", "accept")),
    value=st.binary(max_size=60).filter(lambda raw: not {0, 10, 13} & {*raw})
    | st.sampled_from((b'"' * 3_000, b'W/""', b'W/W/"1"', b'"a" "b"', b",,,", b"*, *", b"q=1;q", b"\xff" * 50)),
)
def test_no_header_is_a_defect(served: tuple[Crm, Api, Mapping[str, str]], name: str, value: bytes) -> None:
    _, api, known = served
    address = f"/customers/{known['customer']}"
    headers: dict[str, Any] = {"content-type": "application/json", "if-match": '"0"', name: value}
    for method, path in (("GET", address), ("GET", "/customers?limit=1"), ("PATCH", address), ("POST", "/teams")):
        content = None if method == "GET" else b'{"legal_name": "K"}'
        answer = api.request(method, path, content=content, headers=headers)
        assert answer.status_code < 500, (method, value, answer.text[:300])
