"""What is valid: the generated quick check and the slow one that explains agree on every record."""

from __future__ import annotations

import string
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.entities import CORE_ENTITIES
from crmkit.core.entity import CustomField, EntityInfo, FieldInfo, change
from crmkit.core.errors import FieldError
from crmkit.core.fieldtypes import Kind
from crmkit.core.interaction import Interaction, InteractionLine
from crmkit.core.lifecycle import Lifecycle
from crmkit.core.product import Product
from crmkit.core.registry import EntityRegistry
from crmkit.core.staff import User
from crmkit.core.validation import Validator
from crmkit.core.values.ids import new_id
from crmkit.core.values.money import Money
from crmkit.core.values.partial_date import PartialDate

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
CUSTOM = [
    CustomField(entity="customer", name="tier", required=True, choices=("gold", "silver")),
    CustomField(entity="customer", name="limit", type="decimal"),
    CustomField(entity="customer", name="since", type="date"),
    CustomField(entity="customer", name="visits", type="integer"),
    CustomField(entity="customer", name="nick", max_length=5),
    CustomField(entity="customer", name="vip", type="boolean"),
]
REGISTRY = EntityRegistry(CORE_ENTITIES)
EXTENDED = EntityRegistry(CORE_ENTITIES, CUSTOM)
EDITABLE = [info for info in REGISTRY if info.editable]
VALIDATORS = {info.name: Validator(info) for info in EDITABLE}
VALIDATORS["customer with custom fields"] = Validator(EXTENDED.get(Customer))


def errors(record: Any, validator: Validator | None = None) -> list[FieldError]:
    validator = validator or VALIDATORS[REGISTRY.of(record).name]
    found = list(validator._explain(record))
    assert validator.quick(record) == (found == []), "the quick check and the slow one agree"
    assert len(validator.errors(record)) == len(found)
    return found


def problems(record: Any) -> dict[str, str]:
    return {error.path: error.code for error in errors(record)}


# -- both checks agree, whatever a field holds ------------------------------------------------------------------------

WORDS = st.text(alphabet=st.one_of(st.characters(), st.sampled_from("\0\ud800\n ")), max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.just(object()),
    lambda inner: st.dictionaries(WORDS | st.integers(), inner, max_size=2) | st.lists(inner, max_size=2).map(tuple),
    max_leaves=4,
)
ANYTHING: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.just(""),
    st.just(" "),
    WORDS,
    st.sampled_from(["DE", "XX", "de", "EUR", "Europe/Berlin", "zh-Hans", "a@b.example", "example.com"]),
    st.text(alphabet="xä", min_size=199, max_size=202),
    st.booleans(),
    st.integers(min_value=-(2**65), max_value=2**65),
    st.floats(),
    st.decimals(allow_nan=True, allow_infinity=True),
    st.decimals(min_value=-9_000_000_000_001, max_value=9_000_000_000_001, places=6),
    st.dates(),
    st.datetimes(timezones=st.sampled_from([None, UTC, timezone(timedelta(hours=1)), timezone(timedelta(0))])),
    st.uuids(),
    st.builds(Money, st.integers(-(10**20), 10**20).map(Decimal), st.sampled_from(["EUR", "JPY"])),
    st.just(PartialDate(month=2, day=29)),
    st.tuples(WORDS),
    st.just((1, "x")),
    st.lists(WORDS, max_size=2),
    JSON,
)


def mostly_right(field: FieldInfo) -> st.SearchStrategy[Any]:
    right: dict[Kind, st.SearchStrategy[Any]] = {
        Kind.TEXT: st.sampled_from(field.choices) if field.choices else st.text(string.ascii_letters, max_size=12),
        Kind.INTEGER: st.integers(min_value=field.minimum or 0, max_value=2**63),
        Kind.BOOLEAN: st.booleans(),
        Kind.DECIMAL: st.decimals(min_value=-(10**13), max_value=10**13, places=6),
        Kind.MONEY: st.builds(Money, st.decimals(min_value=0, max_value=10**13, places=6), st.just("EUR")),
        Kind.DATE: st.dates(),
        Kind.PARTIAL_DATE: st.just(PartialDate(year=2000)),
        Kind.INSTANT: st.datetimes(timezones=st.just(UTC)),
        Kind.ID: st.uuids(),
        Kind.WORDS: st.lists(st.text(max_size=3), max_size=2).map(tuple),
        Kind.JSON: JSON,
    }
    return right[field.kind]


def valid_values(info: EntityInfo) -> dict[str, Any]:
    samples: dict[Kind, Any] = {
        Kind.TEXT: "x",
        Kind.INTEGER: 1,
        Kind.DECIMAL: Decimal(1),
        Kind.INSTANT: NOW,
        Kind.ID: UUID(int=1),
        Kind.JSON: {},
        Kind.DATE: date(2026, 3, 15),
    }
    formats = {"currency": "EUR", "country": "DE", "email": "a@b.example", "timezone": "UTC"}
    return {
        field.name: field.choices[0] if field.choices else formats.get(field.format) or samples[field.kind]
        for field in info.stored
        if field.required
    }


@pytest.mark.parametrize("entity", sorted(VALIDATORS))
@settings(max_examples=settings.default.max_examples // 8)
@given(data=st.data())
def test_the_quick_check_agrees_with_the_slow_one(entity: str, data: st.DataObject) -> None:
    validator = VALIDATORS[entity]
    info = validator.info
    values = valid_values(info)
    for field in data.draw(st.lists(st.sampled_from(info.stored), max_size=4)):
        values[field.name] = data.draw(mostly_right(field) | ANYTHING, label=field.name)
    names = [field.name for field in info.fields if field.custom]
    if names and data.draw(st.booleans()):
        keys = st.sampled_from([*names, "unknown"])
        values["custom"] = data.draw(st.dictionaries(keys, ANYTHING | st.sampled_from(["gold", "silver"]), max_size=3))
    errors(info.cls(**values), validator)


@pytest.mark.parametrize("info", EDITABLE, ids=lambda info: info.name)
def test_a_record_with_its_required_fields_is_valid(info: EntityInfo) -> None:
    record = info.cls(**valid_values(info))
    assert errors(record, VALIDATORS[info.name]) == []


@pytest.mark.parametrize("info", EDITABLE, ids=lambda info: info.name)
def test_what_is_left_out_or_too_long_is_found_in_every_entity(info: EntityInfo) -> None:
    good = info.cls(**valid_values(info))
    for field in info.stored:
        if field.kind is Kind.TEXT:
            long = attrs.evolve(good, **{field.name: "x" * (field.max_length + 1)})
            wrong = {error.code for error in errors(long, VALIDATORS[info.name])}
            assert wrong == {"too_long"}, field.name
        if field.required:
            empty = attrs.evolve(good, **{field.name: None})
            assert [error.path for error in errors(empty, VALIDATORS[info.name])] == [f"{info.name}.{field.name}"]


# -- single rules -----------------------------------------------------------------------------------------------------


def test_all_errors_come_at_once_each_with_path_code_value_and_record() -> None:
    record = Customer(name=" ", country="XX", employees=-1, domain="nowhere", language="x" * 80)
    found = errors(record)
    assert [(error.path, error.code, error.value) for error in found] == [
        ("customer.name", "required", " "),
        ("customer.domain", "format", "nowhere"),
        ("customer.employees", "too_small", -1),
        ("customer.country", "format", "XX"),
        ("customer.language", "format", "x" * 80),
    ]
    assert {error.record_id for error in found} == {record.id}
    assert found[3].render() == "customer.country: “XX” - an ISO 3166 country code such as DE or CN"


Make = Callable[[Any], Any]


def customer(field: str) -> Make:
    return lambda value: Customer(name="x").__class__(**{"name": "x", field: value})


def line(field: str) -> Make:
    return lambda value: InteractionLine(**{"interaction_id": new_id(), "position": 1, field: value})


CASES: list[tuple[Make, Any, str]] = [
    (customer("kind"), "robot", "choice"),
    (customer("kind"), "", "choice"),
    (customer("kind"), None, "type"),
    (customer("name"), "", "required"),
    (customer("name"), "\t\n", "required"),
    (customer("name"), 5, "type"),
    (customer("name"), b"x", "type"),
    (customer("name"), "a\0b", "characters"),
    (customer("name"), "\ud800", "characters"),
    (customer("name"), "\U0001f600\ud83d", "characters"),
    (customer("name"), "x" * 201, "too_long"),
    (customer("nickname"), None, "type"),
    (customer("country"), "de", "format"),
    (customer("country"), "XX", "format"),
    (customer("language"), "deutsch!", "format"),
    (customer("timezone"), "Europe/Nowhere", "format"),
    (customer("domain"), "http://example.com", "format"),
    (customer("employees"), "12", "type"),
    (customer("employees"), "", "type"),
    (customer("employees"), True, "type"),
    (customer("employees"), 1.0, "type"),
    (customer("employees"), 2**63, "too_large"),
    (customer("birth_date"), date(2000, 1, 1), "type"),
    (customer("annual_revenue"), Decimal(1), "type"),
    (customer("annual_revenue"), Money(Decimal("9e12") + Decimal("0.000001"), "EUR"), "too_large"),
    (customer("annual_revenue"), Money(Decimal("0.0000001"), "EUR"), "places"),
    (customer("owner_id"), "0190", "type"),
    (customer("custom"), (), "type"),
    (customer("custom"), None, "type"),
    (customer("custom"), {"anything": 1}, "unknown_field"),
    (customer("deleted_at"), datetime(2026, 3, 15), "naive"),
    (customer("id"), "not an id", "type"),
    (line("quantity"), 1.5, "type"),
    (line("quantity"), 1, "type"),
    (line("quantity"), Decimal("NaN"), "number"),
    (line("quantity"), Decimal("-Infinity"), "number"),
    (line("quantity"), Decimal("1.0000001"), "places"),
    (line("quantity"), Decimal("9000000000000.000001"), "too_large"),
    (line("quantity"), None, "type"),
    (line("position"), 0, "too_small"),
    (lambda v: Interaction(kind="call", occurred_at=v), datetime(2026, 3, 15), "naive"),
    (lambda v: Interaction(kind="call", occurred_at=v), NOW.astimezone(timezone(timedelta(hours=8))), "zone"),
    (lambda v: Interaction(kind="call", occurred_at=v), date(2026, 3, 15), "type"),
    (lambda v: Interaction(kind="call", occurred_at=v), "2026-03-15", "type"),
    (lambda v: Interaction(kind="call", occurred_at=NOW, direction=v), "sideways", "choice"),
    (lambda v: User(login="a", name="A", email=v), "no mail", "format"),
    (lambda v: Product(sku="1", name="x", introduced=v), NOW, "type"),
    (lambda v: Product(sku="1", name="x", active=v), 1, "type"),
    (lambda v: ContactPoint(customer_id=v, kind="email", value="x", normalized="x"), None, "required"),
    (lambda v: Lifecycle(name="x", entity="y", definition=v), {"a": object()}, "json"),
    (lambda v: Lifecycle(name="x", entity="y", definition=v), {"a": [float("nan")]}, "json"),
    (lambda v: Lifecycle(name="x", entity="y", definition=v), {1: "a"}, "json"),
    (lambda v: Lifecycle(name="x", entity="y", definition=v), {"a": {"b": "\0"}}, "json"),
    (lambda v: Lifecycle(name="x", entity="y", definition=v), {"a": 2**64}, "json"),
    (lambda v: Lifecycle(name="x", entity="y", definition=v), "", "type"),
]


@pytest.mark.parametrize(("make", "value", "code"), CASES, ids=[code for _, _, code in CASES])
def test_what_is_wrong_is_called_by_its_code(make: Make, value: Any, code: str) -> None:
    assert [error.code for error in errors(make(value))] == [code]


@pytest.mark.parametrize(
    "record",
    [
        Customer(name="日本 株式会社 🗻 é"),
        Customer(name="x" * 200, description="a\nb\tc" * 100),
        Customer(name="x", country="DE", language="zh-Hans-CN", timezone="Asia/Shanghai", domain="müller.example"),
        Customer(name="x", employees=2**63 - 1, birth_date=PartialDate(month=2, day=29)),
        Customer(name="x", annual_revenue=Money(Decimal("-9000000000000.000000"), "CNY")),
        Interaction(kind="call", occurred_at=datetime.min.replace(tzinfo=UTC), direction=""),
        Interaction(kind="call", occurred_at=NOW.astimezone(timezone(timedelta(0)))),
        Lifecycle(name="x", entity="y", definition={"a": [1, 1.5, None, True, "é", {"b": Decimal("1.5")}]}),
        InteractionLine(interaction_id=new_id(), position=1, quantity=Decimal("-0.000001")),
    ],
    ids=lambda record: type(record).__name__,
)
def test_what_is_right_passes(record: Any) -> None:
    assert errors(record) == []


def test_bookkeeping_is_the_stores_own_affair() -> None:
    record = change(Customer(name="x"), version=-5, created_at="yesterday", updated_by="me")
    assert errors(record) == []


def test_deep_json_is_refused_not_followed_for_ever() -> None:
    deep: Any = {}
    for _ in range(2_000):
        deep = {"a": deep}
    assert problems(Lifecycle(name="x", entity="y", definition=deep)) == {"lifecycle.definition": "json"}


# -- custom fields ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("custom", "expected"),
    [
        ({"tier": "gold"}, {}),
        ({"tier": "gold", "limit": Decimal("1.5"), "since": date(2020, 1, 1), "visits": 3, "vip": False}, {}),
        ({"tier": "gold", "nick": None, "limit": None}, {}),
        ({}, {"customer.custom.tier": "required"}),
        ({"tier": ""}, {"customer.custom.tier": "required"}),
        ({"tier": "iron"}, {"customer.custom.tier": "choice"}),
        ({"tier": "gold", "limit": 1.5}, {"customer.custom.limit": "type"}),
        ({"tier": "gold", "since": "2020-01-01"}, {"customer.custom.since": "type"}),
        ({"tier": "gold", "nick": "sixsix"}, {"customer.custom.nick": "too_long"}),
        ({"tier": "gold", "nick": "a\0"}, {"customer.custom.nick": "characters"}),
        ({"tier": "gold", "colour": 1}, {"customer.custom.colour": "unknown_field"}),
        ({"tier": "gold", 5: 1}, {"customer.custom.5": "unknown_field"}),
    ],
    ids=str,
)
def test_custom_fields_are_checked_like_others(custom: Any, expected: dict[str, str]) -> None:
    validator = VALIDATORS["customer with custom fields"]
    found = errors(Customer(name="x", custom=custom), validator)
    assert {error.path: error.code for error in found} == expected
