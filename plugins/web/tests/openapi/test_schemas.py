"""JSON Schemas of records hold for what is answered and for what is taken, and refuse what is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

import attrs
import pytest
from jsonschema import Draft202012Validator

from crmkit.core.messages import Message, msg
from crmkit.core.values.money import Money
from crmkit_web.openapi.patterns import either, separated
from crmkit_web.openapi.schemas import record_schema, schema_of
from crmkit_web.serving.site import Site
from plugins.web.tests.conftest import Api

FULL: dict[str, Any] = {
    "name": "Kestrel",
    "kind": "race",
    "colour": "red",
    "gears": 11,
    "weight": "7.25",
    "price": {"amount": "2499.00", "currency": "EUR"},
    "built": "2024-05",
    "sold": "2024-06-30",
    "checked_at": "2026-01-31T09:30:00+08:00",
    "electric": False,
    "labels": ["fast"],
    "parts": {"saddle": {"soft": True}},
    "country": "CN",
    "currency": "CNY",
    "language": "zh-Hans",
}
WRONG: list[dict[str, Any]] = [
    {"name": ""},
    {"name": "x" * 81},
    {"name": None},
    {"kind": "boat"},
    {"gears": 0},
    {"gears": "1"},
    {"gears": 2**63},
    {"weight": "-1"},
    {"weight": 1.5},
    {"weight": "1.1234567"},
    {"weight": "9000000000001"},
    {"price": {"amount": "1", "currency": "XQX"}},
    {"price": {"amount": "1"}},
    {"price": {"amount": "1", "currency": "EUR", "more": 1}},
    {"built": "31.1.2024"},
    {"built": "2024-04-31"},
    {"labels": "fast"},
    {"labels": [1]},
    {"parts": "saddle"},
    {"country": "ZZ"},
    {"currency": ""},
    {"language": "Klingon language"},
    {"electric": "yes"},
    {"unknown": 1},
    {"version": 3},
    {"custom": {"unknown": 1}},
]


def _fits(schema: Mapping[str, Any], document: Any) -> bool:
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).is_valid(document)


def test_every_schema_is_one(site: Site) -> None:
    for info in site.entities.values():
        for shape in ("record", "page", "create", "patch"):
            schema = record_schema(info, shape)  # type: ignore[arg-type]
            Draft202012Validator.check_schema(schema)
            assert "$ref" in schema or schema["type"] == "object"


def test_what_is_answered_fits(site: Site, api: Api) -> None:
    info = site.entities["workshop_bikes"]
    assert _fits(record_schema(info, "create"), FULL)
    made = api.post("/workshop_bikes", FULL)
    assert made.status_code == 201
    bare = api.post("/workshop_bikes", {"name": "Bare", "currency": "EUR"})
    for one in (made, bare):
        assert _fits(record_schema(info, "record"), one.json())
    page = api.get("/workshop_bikes?count=exact&include=owner&fields=name,price").json()
    assert _fits(record_schema(info, "page"), page)
    for shape in ("create", "patch"):
        assert not _fits(record_schema(info, shape), made.json())  # type: ignore[arg-type]


def test_schema_and_api_refuse_the_same(site: Site, api: Api) -> None:
    info = site.entities["workshop_bikes"]
    create, patch = record_schema(info, "create"), record_schema(info, "patch")
    for wrong in WRONG:
        assert not _fits(create, FULL | wrong), wrong
        assert api.post("/workshop_bikes", FULL | wrong).status_code == 422, wrong
        # A patch may name a part of an amount.
        assert _fits(patch, wrong) is (wrong == {"price": {"amount": "1"}}), wrong


@pytest.mark.parametrize(
    ("name", "number", "read"),
    [
        ("gears", "11.0", 11),
        ("gears", "1.1e1", 11),
        ("gears", "9007199254740993.0", 9007199254740993),
        ("weight", "7.0", "7"),
        ("weight", "7.5", None),
        ("gears", "11.5", None),
        ("gears", "1e19", None),
        ("gears", "1e300", None),
    ],
)
def test_numbers_are_whole_however_they_are_written(api: Api, name: str, number: str, read: Any) -> None:
    """As JSON Schema has it. Other numbers with a point are refused, since no float is an exact amount."""
    body = f'{{"name": "Kestrel", "currency": "EUR", "{name}": {number}}}'
    made = api.request("POST", "/workshop_bikes", content=body, headers={"content-type": "application/json"})
    if read is None:
        assert (made.status_code, made.json()["errors"][0]["pointer"]) == (422, f"/{name}")
    else:
        assert (made.status_code, made.json()[name]) == (201, read)


def test_whole_numbers_within_json_are_bounded_however_they_are_written(api: Api) -> None:
    """A record with a wider one could not be changed any more where the store gives it back as an integer."""

    def made(number: str) -> Any:
        body = f'{{"name": "Kestrel", "currency": "EUR", "parts": {{"a": {number}}}}}'
        return api.request("POST", "/workshop_bikes", content=body, headers={"content-type": "application/json"})

    for number, kept in (("9223372036854775807.0", 2**63 - 1), ("0.5", 0.5), ("-2e1", -20)):
        assert made(number).json()["parts"] == {"a": kept}
    for number in ("1e19", "10000000000000000000", "-1e300"):
        refused = made(number)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/parts"), number


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1e99999999999999999999"])
def test_numbers_beyond_all_bounds_are_no_json(api: Api, number: str) -> None:
    body = f'{{"name": "Kestrel", "currency": "EUR", "parts": {{"a": {number}}}}}'
    refused = api.request("POST", "/workshop_bikes", content=body, headers={"content-type": "application/json"})
    assert (refused.status_code, refused.json()["code"]) == (400, "bad_json")


def test_time_zones_are_those_that_there_are(site: Site, api: Api) -> None:
    schema = record_schema(site.entities["segments"], "create")
    for zone, right in (
        ("Europe/Berlin", True),
        ("Etc/GMT+1", True),
        ("", True),
        ("EuropexBerlin", False),
        ("path", False),
    ):
        body = {"name": f"in {zone}", "timezone": zone}
        assert _fits(schema, body) is right, zone
        assert (api.post("/segments", body).status_code == 201) is right, zone


def test_null_clears_in_both(site: Site, api: Api) -> None:
    info = site.entities["workshop_bikes"]
    patch, record = record_schema(info, "patch"), record_schema(info, "record")
    made = api.post("/workshop_bikes", FULL).json()
    for name in FULL.keys() - {"name", "currency"}:
        assert _fits(patch, {name: None})
        cleared = api.patch(f"/workshop_bikes/{made['id']}", {name: None}, headers={"if-match": "*"})
        assert cleared.status_code == 200, cleared.text
        assert _fits(record, cleared.json())
    assert not _fits(patch, {"name": None})


def test_custom_fields_have_properties_of_their_own(site: Site) -> None:
    info = site.entities["customers"]
    custom = record_schema(info, "create")["$defs"]["CustomerCreate"]["properties"]["custom"]
    assert custom["properties"].keys() == {"workshop_rank", "workshop_since", "workshop_size", "workshop_pedal"}
    assert custom["properties"]["workshop_rank"]["description"] == "How dear they are to us."
    assert custom["additionalProperties"] is False


@attrs.frozen
class Inner:
    """What is within."""

    amount: Money
    when: datetime | None = None


@attrs.frozen
class Outer:
    """One of everything.

    The second paragraph is for those who read the code.
    """

    id: UUID
    kind: Literal["a", "b"]
    number: Decimal
    told: Message
    days: tuple[date, ...]
    inner: Inner
    many: list[Inner]
    by_name: Mapping[str, int]
    anything: Any = None
    maybe: Inner | None = None
    label: str = attrs.field(default="", metadata={"help": msg("What it is called.")})


def test_types_have_schemas() -> None:
    schema = schema_of(Outer)
    Draft202012Validator.check_schema(schema)
    outer = schema["$defs"]["Outer"]
    assert outer["description"] == "One of everything."
    assert outer["properties"]["id"] == {"type": "string", "format": "uuid"}
    assert outer["properties"]["kind"] == {"type": "string", "enum": ["a", "b"]}
    assert outer["properties"]["days"] == {"type": "array", "items": {"type": "string", "format": "date"}}
    assert outer["properties"]["maybe"] == {"anyOf": [{"$ref": "#/$defs/Inner"}, {"type": "null"}]}
    assert outer["properties"]["label"]["description"] == "What it is called."
    assert set(outer["required"]) == set(outer["properties"])
    assert schema_of({"type": "object", "title": msg("A title")})["title"] == "A title"
    with pytest.raises(TypeError, match="has no form in JSON"):
        schema_of(complex)


def test_what_is_sent_may_leave_out_defaults() -> None:
    sent = schema_of(Inner, sent=True)["$defs"]["Inner"]
    assert sent["required"] == ["amount"]
    assert sent["additionalProperties"] is False


def test_patterns_fit_the_words_and_nothing_else() -> None:
    words = ["UTC", "Etc/GMT+1", "Etc/GMT-1", "America/Indiana/Knox", "a.b", "action:*"]
    one = re.compile(f"^{either(words)}$")
    assert all(one.search(word) for word in words)
    assert not any(one.search(text) for text in ("Etc", "Etc/GMT1", "axb", "action:", "UTC/Knox", "Indiana/Knox", ""))
    some = re.compile(separated(["name", "-name", "kind"], 3))
    assert all(some.search(text) for text in ("", "name", "-name,kind", " name , kind ,-name "))
    assert not any(some.search(text) for text in ("nam", "name,", "name kind", "--name", "name,name,name,name"))


def test_a_list_is_sorted_by_what_has_an_order(site: Site, document: dict[str, Any], api: Api) -> None:
    def body(plural: str) -> dict[str, Any]:
        found = document["paths"][f"/api/v1/{plural}/search"]["post"]["requestBody"]["content"]["application/json"]
        return found["schema"]

    for sort, right in (("-name,gears", True), ("", True), (None, True), ("labels", False), ("nam", False)):
        assert _fits({"properties": body("workshop_bikes")["properties"]}, {"sort": sort}) is right, sort
        assert (api.post("/workshop_bikes/search", {"sort": sort}).status_code == 200) is right, sort
    assert body("workshop_bikes")["properties"]["deleted"] == {"type": "boolean", "default": False}
    assert body("audit_entries")["properties"]["deleted"]["enum"] == [False]


@pytest.mark.parametrize(
    ("body", "right"),
    [
        ({"set": {"gears": 2}}, True),
        ({"delete": True}, True),
        ({"action": "workshop.repair", "input": {"what": "chain"}}, True),
        ({"set": {"gears": 2}, "delete": False, "action": None}, True),
        ({}, False),
        ({"delete": False}, False),
        ({"set": {"gears": 2}, "delete": True}, False),
        ({"set": {}}, False),
        ({"set": {"gears": 0}}, False),
        ({"set": {"gears": 2}, "input": {}}, False),
        ({"action": "workshop.paint"}, False),
        ({"delete": True, "dry_run": False}, False),
    ],
)
def test_a_bulk_action_does_one_thing(document: dict[str, Any], api: Api, body: dict[str, Any], right: bool) -> None:
    told = document["paths"]["/api/v1/workshop_bikes/bulk"]["post"]["requestBody"]["content"]["application/json"]
    sent = {"filter": "", "dry_run": True, **body}
    assert _fits({**told["schema"], "components": document["components"]}, sent) is right
    assert (api.post("/workshop_bikes/bulk", sent).status_code == 200) is right


def test_scopes_are_those_that_a_token_can_have(document: dict[str, Any], api: Api) -> None:
    told = document["paths"]["/api/v1/auth/tokens"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    cases = (
        "read",
        "customer:write",
        "action:*",
        "action:workshop.repair",
        "web.see_health",
        "customer:",
        "web_token:read",
    )
    for at, scope in enumerate(cases):
        sent = {"name": "t", "scopes": [scope]}
        assert _fits(told, sent) is (at < 5), scope
        assert (api.post("/auth/tokens", sent).status_code == 201) is (at < 5), scope
