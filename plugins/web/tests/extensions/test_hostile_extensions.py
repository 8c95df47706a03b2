"""What plugins add holds under hostile input, and for other tenants: on every surface of theirs."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest

import crmkit_web
from crmkit import Crm
from crmkit.core.customer import Customer
from crmkit.testing.making import MakeCrm
from plugins.web.tests.conftest import Api
from plugins.web.tests.extensions.visits import Plugin

HOSTILE: list[Any] = [
    None,
    "",
    "\0",
    "'; DROP TABLE customers; --",
    "{{7*7}}${7*7}",
    "../../etc/passwd",
    "9" * 3_000,
    10**300,
    -1,
    1e300,
    True,
    [],
    [[[[]]]],
    {},
    {"$ne": None},
    {"__class__": "x"},
]
JSON = {"content-type": "application/json"}
FIELDS = ("on", "minutes", "way", "cost")


def test_hostile_values_are_refused_or_taken_and_never_a_defect(api: Api) -> None:
    id = api.post("/customers", {"name": "Kestrel", "kind": "organization"}).json()["id"]
    for value in HOSTILE:
        for field in FIELDS:
            input = {"on": "2026-03-20", field: value}
            for path, body in (
                ("/visits/echo", input),
                ("/actions/visits.plan", {"ids": [id], "input": input}),
                (f"/customers/{id}/actions/visits.plan", input),
            ):
                answer = api.post(path, body)
                assert answer.status_code in (200, 422), (path, body, answer.text)
                if answer.status_code == 422:
                    assert all(field in one["pointer"] for one in answer.json()["errors"])
        for body in ({"ids": value}, {"ids": [value]}, {"input": value}, value):
            answer = api.request("POST", "/actions/visits.plan", content=json.dumps(body), headers=JSON)
            assert answer.status_code in (400, 422), (body, answer.text)
    for word in ("\0", "a" * 5_000, "' OR 1=1 --", "%00", "{{7*7}}", "../x", "\ud83d"):
        text = word.encode("utf-8", "surrogatepass")
        for query in (
            "/visits/all?tags=",
            "/reports/visits.ways?since=",
            "/customers?columns=",
            "/pages/visits.week?query=",
        ):
            answer = api.get(query + "".join(f"%{byte:02x}" for byte in text))
            assert answer.status_code in (200, 400), (query, word, answer.text)
        for place in ("/actions/", "/pages/", "/reports/"):
            answer = api.get(place + "".join(f"%{byte:02x}" for byte in text))
            assert answer.status_code in (400, 404, 405), (place, word, answer.text)


@pytest.mark.parametrize("crm", ["sqlite"], indirect=True)
def test_deep_documents_are_refused(api: Api) -> None:
    deep = "[" * 50_000 + "]" * 50_000
    for path in ("/visits/echo", "/actions/visits.plan"):
        answer = api.request("POST", path, content=f'{{"on": {deep}}}', headers=JSON)
        assert answer.status_code in (400, 422)


def test_a_route_that_reads_cannot_write(api: Api) -> None:
    refused = api.get("/visits/sneaky/Oslo")
    assert (refused.status_code, refused.json()["code"]) == (403, "access_denied")
    assert api.get("/customers").json()["items"] == []


def test_records_of_another_tenant_are_not_there(api: Api, crm: Crm, make_crm: MakeCrm) -> None:
    address = crm.database.engine.url.render_as_string(hide_password=False)
    other = make_crm(plugins=[crmkit_web, Plugin()], url=address, tenant=uuid4().hex, check=False)
    theirs = Customer(name="Theirs", kind="organization")
    with other.session() as session:
        session.add(theirs)
    mine = api.post("/customers", {"name": "Mine", "kind": "organization"}).json()["id"]
    input = {"on": "2026-03-20"}
    for answer in (
        api.post("/actions/visits.plan", {"ids": [mine, str(theirs.id)], "input": input}),
        api.post(f"/customers/{theirs.id}/actions/visits.plan", input),
        api.get(f"/customers/{theirs.id}/actions"),
        api.get(f"/customers/{theirs.id}/panels"),
    ):
        assert answer.status_code == 404, answer.text
    assert api.get(f"/customers/{mine}").json()["industry"] == ""
    assert list(api.get("/customers?columns=visits.length").json()["columns"]["visits.length"]) == [mine]
    assert [one["customers"][0] for one in api.get("/visits/all").json()] == ["Mine"]
