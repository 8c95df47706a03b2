"""Values in the form that JSON gives them: dates, decimals, ids as text. Read back to what a field of their kind holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

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
