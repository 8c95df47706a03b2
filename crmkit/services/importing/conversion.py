"""From what a file says to what a field holds: one function per field, chosen once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal
from typing import Any

import msgspec

from crmkit.core.entity import FieldInfo
from crmkit.core.fieldtypes import Kind
from crmkit.core.messages import msg
from crmkit.core.values.bad_value import BadValue
from crmkit.core.values.clock import parse_date, parse_instant
from crmkit.core.values.country import country_code
from crmkit.core.values.ids import parse_id
from crmkit.core.values.money import clean_decimal
from crmkit.core.values.partial_date import PartialDate, parse_partial_date
from crmkit.core.values.text import composed
from crmkit.services.importing.mapping import ValueRule
from crmkit.services.importing.templates import as_text

Convert = Callable[[Any], Any]
"""Takes a filled cell, returns the field's value; raises BadValue."""

_TRUE = frozenset({"1", "true", "t", "yes", "y", "x", "on", "是", "真"})
_FALSE = frozenset({"0", "false", "f", "no", "n", "off", "否", "假", "-"})
PLACES = 6


def converter(field: FieldInfo, rule: ValueRule, zone: tzinfo) -> Convert:
    """Return the conversion for a field under a mapping rule; naive times are read in ``zone``."""
    kind = field.kind
    if kind is Kind.TEXT:
        return _text(field)
    if kind is Kind.INTEGER:
        return lambda value: _integer(value, rule)
    if kind is Kind.DECIMAL:
        return lambda value: decimal_of(value, rule, PLACES)
    if kind is Kind.BOOLEAN:
        return _boolean
    if kind is Kind.DATE:
        return lambda value: _date(value, rule)
    if kind is Kind.INSTANT:
        return lambda value: _instant(value, rule, zone)
    if kind is Kind.PARTIAL_DATE:
        return lambda value: PartialDate.of(value) if isinstance(value, date) else parse_partial_date(as_text(value))
    if kind is Kind.ID:
        return lambda value: parse_id(as_text(value))
    if kind is Kind.WORDS:
        return lambda value: _words(value, rule.separator)
    return _json


def mapped(words: Mapping[str, str], name: str) -> Convert:
    """Return the look-up in a value map; keys compare without case. Raises BadValue for a value that it lacks."""
    folded = {key.casefold(): value for key, value in words.items()}

    def look_up(value: Any) -> Any:
        text = as_text(value).casefold()
        if text in folded:
            return folded[text]
        if "*" in folded:
            return value if folded["*"] == "*" else folded["*"]
        raise BadValue(value, msg("one of the values in map {name}: {known}", name=name, known=", ".join(words)))

    return look_up


def _text(field: FieldInfo) -> Convert:
    if field.format == "country":
        return lambda value: country_code(as_text(value))
    if field.choices:
        by_fold = {choice.casefold(): choice for choice in field.choices}
        by_fold |= {choice.replace("_", " ").casefold(): choice for choice in field.choices}
        return lambda value: by_fold.get(as_text(value).casefold(), as_text(value))
    return lambda value: composed(value) if type(value) is str else as_text(value)


def _integer(value: Any, rule: ValueRule) -> int:
    number = decimal_of(value, rule, PLACES)
    if number != number.to_integral_value():
        raise BadValue(value, msg("a whole number"))
    return int(number)


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    text = as_text(value).casefold()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise BadValue(value, msg("yes or no"))


def _date(value: Any, rule: ValueRule) -> date:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else parse_date(as_text(value), rule.format or None)


def _instant(value: Any, rule: ValueRule, zone: tzinfo) -> datetime:
    """A date without a time is the start of that day where the source is at home."""
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)
    if isinstance(value, date):
        return datetime.combine(value, time(), zone).astimezone(UTC)
    text = as_text(value)
    if rule.format:
        try:
            return datetime.strptime(text, rule.format).replace(tzinfo=zone).astimezone(UTC)
        except ValueError:
            raise BadValue(value, msg("a time of the form {form}", form=rule.format)) from None
    if len(text) <= 11 and ":" not in text:
        return datetime.combine(parse_date(text), time(), zone).astimezone(UTC)
    return parse_instant(text, zone)


def _words(value: Any, separator: str) -> tuple[str, ...]:
    if isinstance(value, str) and value.startswith("["):
        value = _json(value)
    parts = value if isinstance(value, list) else as_text(value).split(separator)
    return tuple(dict.fromkeys(word for part in parts if (word := as_text(part))))


def _json(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return msgspec.json.decode(value)
    except msgspec.DecodeError:
        raise BadValue(value, msg("a JSON value")) from None


def decimal_of(value: Any, rule: ValueRule, places: int = 4) -> Decimal:
    """Return a number, cleaned to the rule's places (else to ``places``) and multiplied by the rule's scale."""
    number = clean_decimal(value, places if rule.places is None else rule.places, rule.decimal)
    return number * Decimal(rule.scale) if rule.scale else number
