"""What comes as JSON becomes an instance of a class of input, or every error is told with its pointer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.cli.output import plain
from crmkit.core.errors import BadInput, ConfigError, FieldError, ValidationFailed
from crmkit.core.messages import msg
from crmkit.core.values.money import Money
from crmkit.hosting import input_fields, read_input


@attrs.frozen
class Line:
    product: str
    quantity: Decimal = Decimal(1)
    price: Money | None = None


def capital(word: str) -> str:
    return word.upper()


@attrs.frozen(kw_only=True)
class Order:
    """All that an input may ask for."""

    name: str = attrs.field(validator=attrs.validators.max_len(20))
    count: int = attrs.field(default=1, validator=[attrs.validators.ge(1), attrs.validators.le(99)])
    urgent: bool = False
    share: float = 0.0
    total: Decimal = Decimal(0)
    price: Money | None = None
    day: date | None = None
    at: datetime | None = None
    owner_id: UUID | None = attrs.field(
        default=None, metadata={"reference": "user", "label": msg("Owner"), "help": msg("Whose it is.")}
    )
    way: Literal["air", "sea"] = "sea"
    tags: tuple[str, ...] = ()
    lines: list[Line] = attrs.field(factory=list)
    more: Mapping[str, int] = attrs.field(factory=dict)
    code: str = attrs.field(default="", converter=capital)


def errors_of(raw: Any, pointer: str = "", cls: type[Any] = Order) -> list[tuple[str, str]]:
    with pytest.raises(ValidationFailed) as failed:
        read_input(cls, raw, pointer)
    return [(error.path, error.code) for error in failed.value.errors]


def test_values_get_their_types() -> None:
    raw = {
        "name": "Oak",
        "total": "12.50",
        "price": {"amount": "3.10", "currency": "EUR"},
        "day": "2026-03-15",
        "at": "2026-03-15T10:00:00+01:00",
        "owner_id": "0198c2f4-8b7e-7cc1-9d4e-2f6a5b3c1d0e",
        "way": "air",
        "tags": ["a", "b"],
        "lines": [{"product": "Chair", "quantity": 2}],
        "more": {"boxes": 3},
        "code": "x1",
    }
    found = read_input(Order, raw)
    assert found == Order(
        name="Oak",
        total=Decimal("12.50"),
        price=Money.of("3.10", "EUR"),
        day=date(2026, 3, 15),
        at=datetime(2026, 3, 15, 9, tzinfo=UTC),
        owner_id=UUID("0198c2f4-8b7e-7cc1-9d4e-2f6a5b3c1d0e"),
        way="air",
        tags=("a", "b"),
        lines=[Line("Chair", Decimal(2))],
        more={"boxes": 3},
        code="X1",
    )
    assert read_input(Order, found) is found


def test_every_error_is_told_with_its_pointer() -> None:
    raw = {
        "count": "3",
        "urgent": 1,
        "total": 12.5,
        "price": {"amount": "3", "currency": "Euro"},
        "day": "yesterday",
        "at": "2026-03-15T10:00:00",
        "owner_id": "me",
        "way": "rail",
        "tags": "a,b",
        "lines": [{"product": "Chair"}, {"quantity": "two", "colour": "red"}],
        "more": {"a/b": "x"},
        "tag": [],
    }
    assert errors_of(raw, "/input") == [
        ("/input/tag", "unknown_field"),
        ("/input/name", "required"),
        ("/input/count", "type"),
        ("/input/urgent", "type"),
        ("/input/total", "type"),
        ("/input/price", "type"),
        ("/input/day", "type"),
        ("/input/at", "type"),
        ("/input/owner_id", "type"),
        ("/input/way", "choice"),
        ("/input/tags", "type"),
        ("/input/lines/1/colour", "unknown_field"),
        ("/input/lines/1/product", "required"),
        ("/input/lines/1/quantity", "type"),
        ("/input/more/a~1b", "type"),
    ]
    with pytest.raises(ValidationFailed, match=r"did you mean tags\?"):
        read_input(Order, {"name": "Oak", "tag": []})


def test_validators_of_several_attributes_are_all_told() -> None:
    assert errors_of({"name": "x" * 21, "count": 100}) == [("/name", "value"), ("/count", "value")]


def percent(text: str) -> str:
    if not text.endswith("%"):
        raise ValueError("a percentage")
    return text


@attrs.frozen
class Rate:
    of: str = attrs.field(converter=percent)
    limit: int | None = attrs.field(default=None, validator=attrs.validators.optional(attrs.validators.le(9)))


def test_a_converter_that_fails_is_an_error_of_its_field() -> None:
    assert read_input(Rate, {"of": "5%", "limit": None}) == Rate("5%")
    with pytest.raises(ValidationFailed) as failed:
        read_input(Rate, {"of": "5", "limit": 10})
    assert [(one.path, str(one.expected)) for one in failed.value.errors] == [
        ("/of", "a percentage"),
        ("/limit", "at most 9"),
    ]


@attrs.frozen
class Period:
    since: date
    until: date

    def __attrs_post_init__(self) -> None:
        if self.until < self.since:
            raise BadInput(msg("it ends before it begins"))


def test_what_a_class_says_of_all_its_values_is_told_at_its_place() -> None:
    with pytest.raises(ValidationFailed, match="it ends before it begins"):
        read_input(Period, {"since": "2026-02-01", "until": "2026-01-01"})
    assert errors_of({"since": "2026-02-01", "until": "2026-01-01"}, "/body", Period) == [("/body", "value")]


@pytest.mark.parametrize("raw", [None, [], "x", 3, True])
def test_what_is_no_object_is_refused(raw: Any) -> None:
    assert errors_of(raw) == [("/", "type")]


HOSTILE = [
    None,
    "",
    "\0",
    "\ud800",
    "9" * 5_000,
    10**400,
    -1,
    1e308,
    float("nan"),
    True,
    [],
    [[[]]],
    {},
    {"amount": 1.5, "currency": "EUR"},
    {"amount": "NaN", "currency": "EUR"},
    "NaN",
    "1e999999999",
    "1_0",
    "2026-W01-1",
    "'; DROP TABLE customers; --",
    "{{7*7}}",
]


@pytest.mark.parametrize("name", [one.name for one in input_fields(Order)])
@pytest.mark.parametrize("raw", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_values_are_read_or_refused(name: str, raw: Any) -> None:
    """Whatever comes, it is a value of the attribute's type or an error of this attribute: nothing else is raised."""
    found, errors = read_or_errors({"name": "Oak", name: raw})
    assert all(error.path.startswith(f"/{name}") and error.render() for error in errors)
    assert bool(errors) != (found is not None)
    if found is not None:
        json.dumps(plain(found), default=_text).encode()


def read_or_errors(raw: Any) -> tuple[Order | None, tuple[FieldError, ...]]:
    try:
        return read_input(Order, raw), ()
    except ValidationFailed as failed:
        return None, failed.errors


texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
amounts = st.decimals(-(10**9), 10**9, places=2)
orders = st.builds(
    Order,
    name=texts,
    count=st.integers(1, 99),
    urgent=st.booleans(),
    share=st.floats(allow_nan=False, allow_infinity=False),
    total=amounts,
    price=st.none() | st.builds(Money, amounts, st.sampled_from(["EUR", "CNY"])),
    day=st.none() | st.dates(),
    at=st.none() | st.datetimes(datetime(1901, 1, 1), timezones=st.just(UTC)),
    owner_id=st.none() | st.uuids(),
    way=st.sampled_from(["air", "sea"]),
    tags=st.lists(texts).map(tuple),
    lines=st.lists(st.builds(Line, texts, amounts), max_size=3),
    more=st.dictionaries(texts, st.integers(-(2**63) + 1, 2**63 - 1), max_size=3),
    code=texts.map(capital),
)


@given(orders)
def test_what_was_written_as_json_is_read_back(order: Order) -> None:
    written = json.dumps(plain(order), default=_text)
    assert read_input(Order, json.loads(written)) == order


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else f"{value:f}" if isinstance(value, Decimal) else str(value)


def test_classes_of_input_are_described() -> None:
    found = {one.name: one for one in input_fields(Order)}
    assert [(one.name, one.kind) for one in found.values()][:4] == [
        ("name", "text"),
        ("count", "integer"),
        ("urgent", "boolean"),
        ("share", "number"),
    ]
    assert (found["name"].required, found["name"].max_length) == (True, 20)
    assert (found["count"].default, found["count"].minimum, found["count"].maximum) == (1, 1, 99)
    owner = found["owner_id"]
    assert (owner.kind, owner.nullable, owner.reference) == ("id", True, "user")
    assert (str(owner.label), str(owner.help)) == ("Owner", "Whose it is.")
    assert found["way"].choices == ("air", "sea")
    assert (found["tags"].many, found["tags"].kind) == (True, "text")
    lines = found["lines"]
    assert (lines.many, lines.kind, [one.name for one in lines.fields]) == (
        True,
        "object",
        ["product", "quantity", "price"],
    )


def test_what_no_input_has_is_refused_when_it_is_described() -> None:
    @attrs.frozen
    class Odd:
        size: complex

    Odd.__annotations__["size"] = complex
    with pytest.raises(ConfigError, match="size: no input has the type complex"):
        input_fields(Odd)
    with pytest.raises(ConfigError, match="is no attrs class"):
        input_fields(dict)
