"""What is left of a record, for every entity there is: nothing that could tell who it was, and still a valid record."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.customer import Customer
from crmkit.core.entities import CORE_ENTITIES
from crmkit.core.entity import EntityInfo, FieldInfo, Part, change, entity, entity_info, field
from crmkit.core.erasure import (
    ERASED,
    PERSONAL,
    TAKEN_OUT,
    anonymised,
    cleared_fields,
    emptied,
    names_pattern,
    redacted,
    texts_of,
)
from crmkit.core.fieldtypes import Kind
from crmkit.core.interaction import Interaction
from crmkit.core.validation import Validator
from crmkit.core.values.money import Money
from crmkit.core.values.partial_date import PartialDate

EDITABLE = [entity_info(cls) for cls in CORE_ENTITIES if entity_info(cls).editable]

FORMATTED = {
    "email": "a@b.example",
    "country": "DE",
    "currency": "EUR",
    "language": "de",
    "timezone": "Europe/Berlin",
    "domain": "b.example",
}


def value_of(field: FieldInfo, mark: str) -> Any:
    """Return a valid value of a field, with the mark in whatever can hold one."""
    if field.choices:
        return field.choices[-1]
    if field.kind is Kind.TEXT:
        return FORMATTED.get(field.format) or mark[: field.max_length]
    values: Mapping[Kind, Any] = {
        Kind.INTEGER: 7,
        Kind.BOOLEAN: True,
        Kind.DECIMAL: Decimal(7),
        Kind.MONEY: Money.of(7, "EUR"),
        Kind.DATE: date(2020, 1, 2),
        Kind.PARTIAL_DATE: PartialDate(1990),
        Kind.INSTANT: datetime(2020, 1, 2, tzinfo=UTC),
        Kind.ID: UUID(int=7),
        Kind.WORDS: (mark,),
    }
    return values.get(field.kind)


def filled(info: EntityInfo, mark: str) -> Any:
    values = {}
    for f in info.stored:
        if f.name in ("id", "version", "deleted_at", "custom") or (f.name.endswith(("_at", "_by")) and f.common):
            continue
        value = value_of(f, mark)
        if value is None:
            as_tuple = isinstance(f.default, tuple) or "Candidates" in f.label or f.default == ()
            value = ({"text": mark},) if as_tuple else {"text": mark}
        values[f.name] = value
    return info.cls(**values, custom={"free": mark})


@pytest.mark.parametrize("blank", [anonymised, emptied], ids=["anonymised", "emptied"])
@pytest.mark.parametrize("info", EDITABLE, ids=lambda info: info.name)
def test_what_is_left_is_valid_and_tells_nothing(info: EntityInfo, blank: Any) -> None:
    record = filled(info, "zqmark")
    left = blank(info, record)
    assert list(Validator(info).errors(left)) == []
    assert blank(info, left) == left
    gone = {f.name for f in cleared_fields(info, everything=blank is emptied)}
    for f in info.stored:
        if f.name in gone and f.kind in (Kind.TEXT, Kind.JSON, Kind.WORDS):
            assert "zqmark" not in str(getattr(left, f.name)), f.name
        if f.sensitivity in PERSONAL and not f.reference:
            assert f.name in gone, f.name
    assert dict(left.custom) == {}


def test_everything_that_is_cleared_is_looked_for_elsewhere() -> None:
    info = entity_info(Interaction)
    record = change(filled(info, "zqmark"), custom={"a": ["b", {"c": "deep"}]})
    assert {"zqmark", "b", "deep"} <= set(texts_of(info, record))


@entity("sample")
class Sample(Part):
    """Fields of every sort that must be filled."""

    mail: str = field(format="email")
    short: str = field(max_length=3)
    born: date = field(sensitivity="personal")
    paid: Money = field(sensitivity="special")
    level: str = field(choices=("low", "high"), sensitivity="personal")
    number: int = field(minimum=5, sensitivity="personal")
    counted: int = field()


def test_what_must_be_filled_gets_what_tells_nothing() -> None:
    info = entity_info(Sample)
    record = Sample(
        mail="a@b.example",
        short="abc",
        born=date(1980, 5, 17),
        paid=Money.of(9, "EUR"),
        level="high",
        number=77,
        counted=3,
    )
    left = anonymised(info, record)
    assert (left.mail, left.short, left.born) == ("erased@example.invalid", ERASED[:3], date(1970, 1, 1))
    assert (left.paid, left.level, left.number, left.counted) == (Money.of(0, "EUR"), "low", 5, 3)
    assert list(Validator(info).errors(left)) == []


@pytest.mark.parametrize(
    ("names", "text", "left"),
    [
        ({"Anna Berg"}, "To anna berg, Anna Bergmann", f"To {TAKEN_OUT}, Anna Bergmann"),
        ({"a@b.de"}, "mail a@b.de or aa@b.de", f"mail {TAKEN_OUT} or aa@b.de"),
        ({"+49 30 1"}, "call +49 30 1!", f"call {TAKEN_OUT}!"),
        ({"王芳"}, "致王芳女士", f"致{TAKEN_OUT}女士"),
        ({"Anna", "Anna Berg"}, "Anna Berg", TAKEN_OUT),
        (set(), "Anna", "Anna"),
    ],
    ids=["name", "mail", "phone", "Chinese", "longest first", "none"],
)
def test_names_are_taken_out_of_texts(names: set[str], text: str, left: str) -> None:
    record = Interaction(kind="note", subject=text, occurred_at=datetime(2024, 1, 1, tzinfo=UTC), custom={"x": [text]})
    found = redacted(entity_info(Interaction), record, names_pattern(names))
    assert (found.subject, found.custom["x"]) == (left, [left])
    assert (found is record) == (text == left)


@given(st.sets(st.text(min_size=2, max_size=20).map(str.strip).filter(lambda text: len(text) > 1), min_size=1))
def test_every_name_is_found_whatever_the_others_are(names: set[str]) -> None:
    pattern = names_pattern(names)
    assert isinstance(pattern, re.Pattern)
    for name in names:
        assert pattern.fullmatch(name)
        assert name not in pattern.sub("", f" {name} ")


def test_a_customer_is_left_with_its_kind_alone() -> None:
    info = entity_info(Customer)
    left = emptied(info, filled(info, "zqmark"))
    told = {
        f.name: getattr(left, f.name) for f in info.stored if not f.common and getattr(left, f.name) not in ("", None)
    }
    assert told == {"kind": "household", "name": ERASED}
