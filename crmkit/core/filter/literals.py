"""Reading literals by the type of the field they are compared with."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

from crmkit.core.errors import did_you_mean
from crmkit.core.fieldtypes import Kind
from crmkit.core.filter.civil import RANGES, Weekday, read_weekday
from crmkit.core.filter.faults import Unsuitable
from crmkit.core.filter.fold import fold
from crmkit.core.filter.moments import Moment, read_moment
from crmkit.core.filter.targets import Target
from crmkit.core.filter.tree import Me, Value
from crmkit.core.messages import Message, msg, shown
from crmkit.core.values.bad_value import BadValue
from crmkit.core.values.clock import parse_date
from crmkit.core.values.ids import parse_id
from crmkit.core.values.partial_date import PartialDate, parse_partial_date
from crmkit.core.values.pattern import pattern

MAX_DIGITS = 40

COMPARE: dict[Kind, tuple[str, ...]] = {
    Kind.TEXT: ("=", "!=", "==", "!==", "<", "<=", ">", ">="),
    Kind.INTEGER: ("=", "!=", "<", "<=", ">", ">="),
    Kind.DECIMAL: ("=", "!=", "<", "<=", ">", ">="),
    Kind.DATE: ("=", "!=", "<", "<=", ">", ">="),
    Kind.PARTIAL_DATE: ("=", "!=", "<", "<=", ">", ">="),
    Kind.INSTANT: ("=", "!=", "<", "<=", ">", ">="),
    Kind.BOOLEAN: ("=", "!="),
    Kind.ID: ("=", "!="),
}
"""The comparisons that each kind of field has; ``in`` goes with ``=``."""

_NUMBER = pattern(r"[+-]?\d+(\.\d+)?", re.ASCII)
_PERIOD = pattern(r"\d{4}(-\d\d)?|--\d\d(-\d\d)?", re.ASCII)
_INSTANT = pattern(r"\d{4}-\d\d-\d\d[t ]\d\d:\d\d(:\d\d([.]\d{1,6})?)?\s*(z|[+-]\d\d:?\d\d)?", re.ASCII)
_FLAGS = {"true": True, "yes": True, "false": False, "no": False}


def check_compare(target: Target, op: str) -> str:
    """Return the operator to use for ``op`` on a field, exactness left out where it says nothing; raises Unsuitable."""
    exact = {"==": "=", "!==": "!="}
    known = COMPARE.get(target.kind, ())
    if target.field.choices:
        known = ("=", "!=")
    if op in exact and exact[op] in known and (target.kind is not Kind.TEXT or target.field.choices):
        return exact[op]
    if op in known:
        return op
    raise Unsuitable(_no_operator(target, op))


def check_match(target: Target, op: str) -> None:
    """Raise Unsuitable unless a field can be asked with ``contains`` or its kin."""
    if target.kind is Kind.TEXT or (target.kind is Kind.WORDS and op == "contains"):
        return
    raise Unsuitable(_no_operator(target, op))


def read_literal(target: Target, text: str, op: str = "=") -> Value:
    """Return the value that ``text`` stands for when it is compared with a field by ``op``; raises Unsuitable."""
    value = (_civil if target.part in RANGES else _READERS[target.kind])(target, text)
    if isinstance(value, PartialDate) and value.year is None and op not in ("=", "!="):
        raise Unsuitable(msg("without a year there is no earlier or later; got {value}", value=shown(text)))
    return value


def check_text(text: str) -> str:
    """Return ``text`` in composed form (NFC), as the database holds it; raises Unsuitable for what it cannot hold."""
    if any(mark == "\0" or "\ud800" <= mark <= "\udfff" for mark in text):
        raise Unsuitable(msg("the text holds a character that no field can hold"))
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def write_literal(value: Value) -> str:
    """Return the text of which ``read_literal`` makes ``value``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return "me" if isinstance(value, Me) else str(value)


def _text(target: Target, text: str) -> str:
    if not target.field.choices or target.part:
        return check_text(text)
    for choice in target.field.choices:
        if fold(choice) == fold(text):
            return choice
    hint = did_you_mean(text, (choice for choice in target.field.choices if choice))
    raise Unsuitable(msg("{value} is no choice of {field}; {hint}", value=shown(text), field=target.label, hint=hint))


def _number(target: Target, text: str) -> Decimal:
    if not _NUMBER.fullmatch(fold(text).strip()) or len(text) > MAX_DIGITS:
        raise _expected(target, text, msg("a number such as 1000 or 12.50"))
    return Decimal(fold(text).strip())


def _civil(target: Target, text: str) -> Decimal | Weekday:
    """Read an hour, a weekday or a month. What can never be is a mistake, not a condition that nothing meets."""
    if target.part == "weekday":
        weekday = read_weekday(fold(text).strip())
        if weekday is None:
            raise _expected(target, text, msg("a day of the week such as monday"))
        return weekday
    least, greatest = RANGES[target.part]
    number = _number(target, text)
    if not least <= number <= greatest or number != number.to_integral_value():
        raise _expected(target, text, msg("a number from {least} to {greatest}", least=least, greatest=greatest))
    return number


def _flag(target: Target, text: str) -> bool:
    if fold(text) not in _FLAGS:
        raise _expected(target, text, msg("true or false"))
    return _FLAGS[fold(text)]


def _id(target: Target, text: str) -> UUID | Me:
    if fold(text) == "me":
        return Me()
    try:
        return parse_id(text)
    except BadValue as error:
        raise _expected(target, text, error.expected) from None


def _date(target: Target, text: str) -> Value:
    value = _moment(target, text, msg("a date such as 2024-05-17, 2024-05 or today - 90 days"))
    if isinstance(value, datetime):
        raise _expected(target, text, msg("a date without a time of day"))
    if isinstance(value, PartialDate) and value.year is None and target.kind is Kind.DATE:
        raise _expected(target, text, msg("a date with its year"))
    return value


def _instant(target: Target, text: str) -> Value:
    value = _moment(target, text, msg("a date or time such as 2024-05-17, 2024-05-17T09:30 or now - 2 hours"))
    if isinstance(value, PartialDate) and value.year is None:
        raise _expected(target, text, msg("a date with its year"))
    return value


def _moment(target: Target, text: str, expected: Message) -> date | datetime | PartialDate | Moment:
    moment = read_moment(text)
    if moment is not None:
        return moment
    words = fold(text).strip()
    try:
        if _PERIOD.fullmatch(words):
            return parse_partial_date(words)
        if _INSTANT.fullmatch(words):
            read = datetime.fromisoformat(re.sub(r"\s+(?=z|[+-])", "", words).upper())
            return read.astimezone(UTC) if read.tzinfo else read
        return parse_date(words)
    except (BadValue, ValueError, OverflowError):
        raise _expected(target, text, expected) from None


def _none(target: Target, text: str) -> Value:
    raise Unsuitable(_no_operator(target, "="))


_READERS: Mapping[Kind, Callable[[Target, str], Value]] = {
    Kind.TEXT: _text,
    Kind.INTEGER: _number,
    Kind.DECIMAL: _number,
    Kind.BOOLEAN: _flag,
    Kind.DATE: _date,
    Kind.PARTIAL_DATE: _date,
    Kind.INSTANT: _instant,
    Kind.ID: _id,
    Kind.WORDS: _none,
    Kind.MONEY: _none,
    Kind.JSON: _none,
}


def _expected(target: Target, text: str, expected: Message) -> Unsuitable:
    return Unsuitable(
        msg("{field} needs {expected}; got {value}", field=target.label, expected=expected, value=shown(text))
    )


def _no_operator(target: Target, op: str) -> Message:
    if target.kind is Kind.MONEY:
        return msg("{field} is money; ask for {field}.amount or {field}.currency", field=target.field.name)
    known = list(COMPARE.get(target.kind, ())) if not target.field.choices else ["=", "!="]
    known += ["in"] if known else []
    known += ["contains", "starts with", "ends with"] if target.kind is Kind.TEXT else []
    known += ["contains"] if target.kind is Kind.WORDS else []
    return msg(
        "{field} cannot be asked with {op}; use {known} or is empty", field=target.label, op=op, known=", ".join(known)
    )
