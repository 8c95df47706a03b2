"""What is left of a record when the person it is about is erased. Pure: from record to record.

Texts are cleared unless their field says that they tell nothing of a person (``erase="keep"``), so that a field nobody
thought of is cleared as well. Numbers, dates and choices stay where a record stays as a statistic, unless they are
marked as personal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Literal

from crmkit.core.entity import EMPTY, STAMPED, EntityInfo, FieldInfo, Via, change
from crmkit.core.fields import ErasePolicy
from crmkit.core.fieldtypes import Kind
from crmkit.core.merging import generic_reference
from crmkit.core.values.money import Money
from crmkit.core.values.partial_date import PartialDate

Policy = ErasePolicy | Literal["follow"]
"""``follow``: what becomes of a part is what becomes of the record that it is part of."""

ERASED = "erased"
"""Stands in a text that may not be empty."""

TAKEN_OUT = "[…]"
"""Stands where a name or address was taken out of a text."""

PERSONAL = frozenset({"personal", "special"})

_UNTOUCHED = frozenset({*STAMPED, "id", "deleted_at", "owner_id", "team_id", "custom"})
_FORMATTED: Mapping[str, str] = {"email": "erased@example.invalid", "domain": "erased.invalid"}
"""Of other formats the values are few and tell nobody: a country or currency that must be given stays."""

_ZEROS: Mapping[Kind, Any] = {
    Kind.BOOLEAN: False,
    Kind.DECIMAL: Decimal(0),
    Kind.DATE: date(1970, 1, 1),
    Kind.PARTIAL_DATE: PartialDate(year=1970),
    Kind.INSTANT: datetime(1970, 1, 1, tzinfo=UTC),
}


def erase_policy(info: EntityInfo, field: FieldInfo) -> Policy | None:
    """Return what becomes of records that refer by ``field`` to an erased one; None: nothing.

    As declared; else parts follow their whole, and records about any kind of record are anonymised.
    """
    if field.erase is not None:
        return field.erase
    if any(isinstance(rule, Via) and rule.reference == field.name for rule in info.access):
        return "follow"
    return "tombstone" if field == generic_reference(info) else None


def cleared_fields(info: EntityInfo, everything: bool = False) -> tuple[FieldInfo, ...]:
    """Return the fields, custom ones too, that lose their values when a record is anonymised; ``everything``: emptied.

    References stay: what they lead to is erased for itself.
    """
    return tuple(
        field
        for field in info.fields
        if field.name not in _UNTOUCHED and not field.reference and field.erase != "keep" and _loses(field, everything)
    )


def anonymised(info: EntityInfo, record: Any) -> Any:
    """Return the record as a statistic: without texts and without what is marked as personal. Itself when it is one."""
    return _without(info, record, cleared_fields(info))


def emptied(info: EntityInfo, record: Any) -> Any:
    """Return the record without any value that it can do without."""
    return _without(info, record, cleared_fields(info, everything=True))


def redacted(info: EntityInfo, record: Any, names: re.Pattern[str] | None) -> Any:
    """Return the record with all that ``names`` finds taken out of its texts."""
    if names is None:
        return record
    values: dict[str, Any] = {}
    for field in cleared_fields(info):
        if field.custom or field.format or field.kind not in (Kind.TEXT, Kind.JSON, Kind.WORDS):
            continue
        before = getattr(record, field.name)
        after = _redacted(before, names)
        if after != before:
            values[field.name] = after[: field.max_length] if field.kind is Kind.TEXT else after
    custom = _redacted(record.custom, names)
    if custom != record.custom:
        values["custom"] = custom
    return change(record, **values) if values else record


def names_pattern(identifiers: Iterable[str]) -> re.Pattern[str] | None:
    """Return what finds any of these names and addresses in a text, whole words alone; None without any."""
    wanted = sorted(
        {text.strip() for text in identifiers if len(text.strip()) > 1}, key=lambda text: (-len(text), text)
    )
    if not wanted:
        return None
    return re.compile("|".join(map(_whole, wanted)), re.IGNORECASE)


def texts_of(info: EntityInfo, record: Any, everything: bool = False) -> Iterator[str]:
    """Yield the texts that a record loses, those within JSON one by one."""
    for field in cleared_fields(info, everything):
        value = record.custom.get(field.name) if field.custom else getattr(record, field.name)
        yield from _texts(value)
    known = {field.name for field in info.fields if field.custom}
    yield from _texts({name: value for name, value in record.custom.items() if name not in known})


def _loses(field: FieldInfo, everything: bool) -> bool:
    if field.kind is Kind.ID:
        return False
    if field.erase is not None or field.sensitivity in PERSONAL:
        return True
    if field.choices:
        return False
    return everything or field.kind in (Kind.TEXT, Kind.JSON, Kind.WORDS)


def _without(info: EntityInfo, record: Any, fields: Iterable[FieldInfo]) -> Any:
    values: dict[str, Any] = {}
    kept = {field.name for field in info.fields if field.custom}
    for field in fields:
        if field.custom:
            kept.discard(field.name)
            continue
        value = getattr(record, field.name)
        blank = _blank(info, field, record, value)
        if blank != value:
            values[field.name] = blank
    # What no field declares goes as well.
    custom = {name: value for name, value in record.custom.items() if name in kept}
    if custom != record.custom:
        values["custom"] = MappingProxyType(custom) if custom else EMPTY
    return change(record, **values) if values else record


def _blank(info: EntityInfo, field: FieldInfo, record: Any, value: Any) -> Any:
    """Return what a field holds when it holds nothing; what it holds already where it cannot do without."""
    if field.nullable:
        return None
    if field.choices:
        return field.default if field.default in field.choices else field.choices[0]
    if field.kind is Kind.TEXT:
        if not field.required:
            return field.default or ""
        if field.format:
            return _FORMATTED.get(field.format) or value
        unique = any(field.name in key for key in info.unique)
        return (f"{ERASED} {record.id}" if unique else ERASED)[: field.max_length]
    if field.kind in (Kind.JSON, Kind.WORDS):
        return () if isinstance(value, tuple) else EMPTY
    if field.required and field.sensitivity not in PERSONAL:
        return value
    if field.default is not None:
        return field.default
    if field.kind is Kind.INTEGER:
        return max(0, field.minimum or 0)
    return Money(Decimal(0), value.currency) if field.kind is Kind.MONEY else _ZEROS.get(field.kind, value)


def _redacted(value: Any, names: re.Pattern[str]) -> Any:
    if isinstance(value, str):
        return names.sub(TAKEN_OUT, value)
    if isinstance(value, Mapping):
        made = {key: _redacted(item, names) for key, item in value.items()}
        return value if made == value else MappingProxyType(made)
    if isinstance(value, tuple | list):
        return type(value)(_redacted(item, names) for item in value)
    return value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if value:
            yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, tuple | list):
        for item in value:
            yield from _texts(item)


def _whole(text: str) -> str:
    """Return the pattern of a text that is no part of a longer word. Scripts without spaces know no such thing."""
    begins = r"(?<!\w)" if text[0].isascii() and text[0].isalnum() else ""
    ends = r"(?!\w)" if text[-1].isascii() and text[-1].isalnum() else ""
    return begins + re.escape(text) + ends
