"""Values of custom fields: in memory as their type or as the JSON that the database holds, for filters the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from crmkit.core.fieldtypes import Kind
from crmkit.core.values.pattern import pattern

_NUMBER = pattern(r"[+-]?\d+(\.\d+)?(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)


def custom_value(kind: Kind, raw: Any) -> Any:
    """Return the value of a custom field; None for null and for what ``kind`` cannot be. Text is never null."""
    return _READERS[kind](raw)


def _text(raw: Any) -> str:
    return raw if isinstance(raw, str) else ""


def _number(raw: Any) -> Decimal | None:
    if isinstance(raw, bool) or not isinstance(raw, str | int | float | Decimal):
        return None
    return Decimal(str(raw)) if _NUMBER.fullmatch(str(raw)) else None


def _flag(raw: Any) -> bool | None:
    return raw if isinstance(raw, bool) else None


def _date(raw: Any) -> date | None:
    if isinstance(raw, date):
        return raw
    try:
        return date.fromisoformat(raw) if isinstance(raw, str) else None
    except ValueError:
        return None


def _instant(raw: Any) -> datetime | None:
    try:
        read = datetime.fromisoformat(raw) if isinstance(raw, str) else raw
    except ValueError:
        return None
    return read.astimezone(UTC) if isinstance(read, datetime) and read.tzinfo else None


def _partial_text(raw: Any) -> str | None:
    return None if raw is None or raw == "" else str(raw)


def _id(raw: Any) -> UUID | None:
    try:
        return UUID(raw) if isinstance(raw, str) else raw if isinstance(raw, UUID) else None
    except ValueError:
        return None


def _words(raw: Any) -> tuple[str, ...] | None:
    return tuple(raw) if isinstance(raw, tuple | list) else None


_READERS: Mapping[Kind, Callable[[Any], Any]] = {
    Kind.TEXT: _text,
    Kind.INTEGER: _number,
    Kind.DECIMAL: _number,
    Kind.BOOLEAN: _flag,
    Kind.DATE: _date,
    Kind.PARTIAL_DATE: _partial_text,
    Kind.INSTANT: _instant,
    Kind.ID: _id,
    Kind.WORDS: _words,
}
