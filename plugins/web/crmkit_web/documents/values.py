"""Values from JSON, read strictly: one way to write each, so that what is accepted means one thing only."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from crmkit.core.errors import BadInput
from crmkit.core.fieldtypes import Kind
from crmkit.core.messages import Message, msg
from crmkit.core.values.money import Money
from crmkit.core.values.partial_date import parse_partial_date

_DECIMAL = re.compile(r"[+-]?\d{1,40}(\.\d{1,40})?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_MICROSECONDS = re.compile(r"(\.\d{6})\d+")


class Unread(Exception):
    """A value is none of its kind; ``pointer`` leads to the part of it that is wrong."""

    def __init__(self, value: Any, expected: Message, pointer: str = "", code: str = "type") -> None:
        super().__init__(expected)
        self.value, self.expected, self.pointer, self.code = value, expected, pointer, code


def read_value(kind: Kind, raw: Any) -> Any:
    """Return the value of a kind that ``raw``, which is not null, stands for in JSON; raises Unread otherwise."""
    return _READERS[kind](raw)


def _text(raw: Any) -> str:
    if type(raw) is not str:
        raise Unread(raw, msg("a text"))
    return raw


def _integer(raw: Any) -> int:
    if type(raw) is not int:
        raise Unread(raw, msg("a whole number"))
    return raw


def _boolean(raw: Any) -> bool:
    if type(raw) is not bool:
        raise Unread(raw, msg("true or false"))
    return raw


def _decimal(raw: Any) -> Decimal:
    if type(raw) is int and abs(raw) < 10**40:
        return Decimal(raw)
    if type(raw) is str and _DECIMAL.fullmatch(raw):
        return Decimal(raw)
    raise Unread(raw, msg('a number in quotes, as in "12.50"; it is exact then'))


def _money(raw: Any) -> Money:
    if type(raw) is not dict:
        raise Unread(
            raw, msg("an amount with its currency, as in {example}", example='{"amount": "12.50", "currency": "EUR"}')
        )
    for name in raw:
        if name not in ("amount", "currency"):
            raise Unread(
                raw[name],
                msg("amount and currency, and nothing else"),
                "/" + name[:200].replace("~", "~0").replace("/", "~1"),
                "unknown_field",
            )
    for name in ("amount", "currency"):
        if raw.get(name) is None:
            raise Unread(None, msg("a value"), f"/{name}", "required")
    try:
        amount = _decimal(raw["amount"])
    except Unread as error:
        raise Unread(error.value, error.expected, "/amount") from None
    if type(raw["currency"]) is not str:
        raise Unread(raw["currency"], msg("an ISO 4217 currency such as EUR or CNY"), "/currency")
    try:
        return Money(amount, raw["currency"])
    except BadInput:
        if len(raw["currency"]) == 3 and amount.adjusted() >= 20:
            raise Unread(
                raw["amount"], msg("an amount of at most {count} digits", count=20), "/amount", "too_large"
            ) from None
        raise Unread(raw["currency"], msg("an ISO 4217 currency such as EUR or CNY"), "/currency", "currency") from None


def _date(raw: Any) -> date:
    if type(raw) is str and _DATE.fullmatch(raw):
        try:
            return date.fromisoformat(raw)
        except ValueError:
            pass
    raise Unread(raw, msg("a date, as in 2026-01-31"))


def _partial_date(raw: Any) -> Any:
    if type(raw) is str:
        try:
            return parse_partial_date(raw)
        except BadInput:
            pass
    raise Unread(raw, msg("a date such as 1980-05-17, 1980-05, 1980 or, without the year, --05-17"))


def _instant(raw: Any) -> datetime:
    if type(raw) is str and _INSTANT.fullmatch(raw):
        try:
            # Python reads microseconds at the most.
            return datetime.fromisoformat(_MICROSECONDS.sub(r"\1", raw.upper())).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise Unread(raw, msg("an instant with its zone, as in 2026-01-31T09:30:00Z"))


def _id(raw: Any) -> UUID:
    if type(raw) is str and _ID.fullmatch(raw):
        return UUID(raw)
    raise Unread(raw, msg("an id, as in 0198c2f4-8b7e-7cc1-9d4e-2f6a5b3c1d0e"))


def _words(raw: Any) -> tuple[str, ...]:
    if type(raw) is not list or not all(type(one) is str for one in raw):
        raise Unread(raw, msg("a list of texts"))
    return tuple(raw)


def _json(raw: Any) -> Any:
    if type(raw) is list:
        return tuple(raw)
    if type(raw) is dict:
        return raw
    raise Unread(raw, msg("an object or a list"))


_READERS: Mapping[Kind, Callable[[Any], Any]] = {
    Kind.TEXT: _text,
    Kind.INTEGER: _integer,
    Kind.BOOLEAN: _boolean,
    Kind.DECIMAL: _decimal,
    Kind.MONEY: _money,
    Kind.DATE: _date,
    Kind.PARTIAL_DATE: _partial_date,
    Kind.INSTANT: _instant,
    Kind.ID: _id,
    Kind.WORDS: _words,
    Kind.JSON: _json,
}
