"""Values in the form that JSON gives them: dates, decimals, ids as text. Read back to what a field of their kind holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from uuid import UUID

from crmkit.core.entity import EntityInfo
from crmkit.core.fieldtypes import Kind
from crmkit.core.values.money import Money
from crmkit.core.values.partial_date import parse_partial_date


def value_of(kind: Kind, raw: Any) -> Any:
    """Return the value that ``raw``, read from JSON, stands for; ``raw`` itself when it is none of the kind."""
    reader = READERS.get(kind)
    if reader is None or raw is None:
        return raw
    try:
        return reader(raw)
    except (TypeError, ValueError, ArithmeticError, KeyError, AttributeError):
        return raw


def field_value(info: EntityInfo, name: str, raw: Any) -> Any:
    """Return the value of a field, read from JSON; custom fields within ``custom`` get theirs too."""
    if name == "custom" and isinstance(raw, Mapping):
        typed = typed_custom(info)
        return typed(raw) if typed else MappingProxyType(dict(raw))
    return value_of(info.field(name).kind, raw)


def typed_custom(info: EntityInfo) -> Callable[[Mapping[str, Any]], Mapping[str, Any]] | None:
    """Return what gives custom values their types again, or None when JSON holds all of them as they are."""
    kinds = {field.name: field.kind for field in info.fields if field.custom and field.kind in READERS}

    def typed(custom: Mapping[str, Any]) -> Mapping[str, Any]:
        if kinds.keys().isdisjoint(custom):
            return custom
        return MappingProxyType(
            {name: value_of(kinds[name], value) if name in kinds else value for name, value in custom.items()}
        )

    return typed if kinds else None


def _instant(raw: str) -> datetime:
    return datetime.fromisoformat(raw).astimezone(UTC)


def _money(raw: Mapping[str, str]) -> Money:
    return Money(Decimal(raw["amount"]), raw["currency"])


READERS: Mapping[Kind, Callable[[Any], Any]] = {
    Kind.DECIMAL: Decimal,
    Kind.MONEY: _money,
    Kind.DATE: date.fromisoformat,
    Kind.PARTIAL_DATE: parse_partial_date,
    Kind.INSTANT: _instant,
    Kind.ID: UUID,
    Kind.WORDS: tuple,
    Kind.JSON: lambda raw: tuple(raw) if isinstance(raw, list) else raw,
}
"""The kinds whose values JSON holds in another form."""
