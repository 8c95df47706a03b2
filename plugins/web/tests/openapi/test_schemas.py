"""JSON Schemas of records hold for what is answered and for what is taken, and refuse what is refused."""

from __future__ import annotations

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
