"""From records to cells: which columns a table of an entity has, and what stands in them."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from crmkit.core.entity import EntityInfo, FieldInfo
from crmkit.core.errors import AccessDenied, BadInput, did_you_mean
from crmkit.core.fieldtypes import Kind
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg

_LEFT_OUT = ("version", "created_by", "updated_by", "deleted_at", "custom")


@frozen
class Column:
    """One column. ``value`` takes a record and gives str, int, Decimal, bool, date, datetime (UTC) or None."""

    name: str
    value: Callable[[Any], Any]
    text: bool


def chosen_fields(info: EntityInfo, names: Sequence[str] = (), hidden: Container[str] = ()) -> list[FieldInfo]:
    """Return the fields called ``names``; without names all but the store's bookkeeping and ``hidden`` ones.

    Raises BadInput, and AccessDenied for a hidden field.
    """
    if not names:
        return [field for field in info.fields if field.name not in _LEFT_OUT and field.name not in hidden]
    found: list[FieldInfo] = []
    for name in names:
        field = info.by_name.get(name)
        if field is None:
            hint = did_you_mean(name, info.by_name)
            raise BadInput(msg("{entity} has no field {field}; {hint}", entity=info.name, field=name, hint=hint))
        if name in hidden:
            raise AccessDenied(msg("{field} may not be read", field=f"{info.name}.{name}"))
        found.append(field)
    return found


def columns_of(fields: Sequence[FieldInfo]) -> list[Column]:
    """Return the columns that hold ``fields``; money takes two, the amount and ``<field>_currency``."""
    columns: list[Column] = []
    for field in fields:
        read = _reader(field)
        if field.kind is Kind.MONEY:
            columns.append(Column(field.name, _then(read, lambda money: money.amount), False))
            columns.append(Column(f"{field.name}_currency", _then(read, lambda money: money.currency), True))
        else:
            text = field.kind in (Kind.TEXT, Kind.WORDS, Kind.JSON, Kind.PARTIAL_DATE)
            columns.append(Column(field.name, _then(read, _SHOWN.get(field.kind, _same)), text))
    return columns


def _reader(field: FieldInfo) -> Callable[[Any], Any]:
    name = field.name
    if field.custom:
        return lambda record: record.custom.get(name)
    return lambda record: getattr(record, name)


def _then(read: Callable[[Any], Any], show: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def value(record: Any) -> Any:
        found = read(record)
        return None if found is None else show(found)

    return value


def _same(value: Any) -> Any:
    return value


def _words(words: Sequence[str]) -> str:
    """Words are separated by semicolons; words that would not come back as they were make a JSON list."""
    plain = all(word == word.strip() and word and ";" not in word for word in words) and not (
        words and words[0].startswith("[")
    )
    return "; ".join(words) if plain else msgspec.json.encode(list(words)).decode()


def _json(value: Any) -> str:
    return msgspec.json.encode(value, enc_hook=_encoded).decode() if value else ""


def _encoded(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)


_SHOWN: dict[Kind, Callable[[Any], Any]] = {
    Kind.ID: str,
    Kind.PARTIAL_DATE: str,
    Kind.WORDS: _words,
    Kind.JSON: _json,
}


def as_cell(value: Any) -> str:
    """Return a value as the text of a CSV cell: numbers without exponent, dates and times in ISO 8601."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
