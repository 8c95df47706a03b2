"""Validation generated from metadata: one quick function per entity, and a slow one that explains every error.

The quick function only says whether a record is right; it costs about a microsecond. When it says no, the slow one
walks the fields and reports all errors. Both are property-tested to agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from math import isfinite
from typing import Any
from uuid import UUID

from crmkit.core.entity import EMPTY, STAMPED, EntityInfo, FieldInfo
from crmkit.core.errors import FieldError
from crmkit.core.fieldtypes import PYTHON_TYPES, Kind
from crmkit.core.formats import FORMATS
from crmkit.core.messages import Message, msg
from crmkit.core.values.money import Money, is_currency
from crmkit.core.values.partial_date import PartialDate

Check = Callable[[Any], bool]

LARGEST = Decimal(9_000_000_000_000)
_LARGEST_INTEGER = 2**63 - 1
_STEP = Decimal("0.000001")
_DEEPEST = 32
"""How deep JSON values may nest."""


class Validator:
    """Checks records of one entity."""

    def __init__(self, info: EntityInfo) -> None:
        self.info = info
        self.quick: Check = _generate(info)
        self._custom = [field for field in info.fields if field.custom]

    def errors(self, record: Any) -> list[FieldError]:
        """Return everything wrong with ``record``; an empty list when it is right."""
        return [] if self.quick(record) else list(self._explain(record))

    def _explain(self, record: Any) -> Iterator[FieldError]:
        for field in self.info.stored:
            if field.name in STAMPED:
                # Whatever stands there, the store writes its own.
                continue
            value = getattr(record, field.name)
            problem = problem_of(field, value)
            if problem is not None:
                code, expected = problem
                yield FieldError(f"{self.info.name}.{field.name}", code, value, expected, record.id)
        if isinstance(record.custom, Mapping):
            yield from self._explain_custom(record)

    def _explain_custom(self, record: Any) -> Iterator[FieldError]:
        known = {field.name: field for field in self._custom}
        for name, value in record.custom.items():
            if name not in known:
                expected = msg("a known custom field of {entity}", entity=self.info.name)
                yield FieldError(f"{self.info.name}.custom.{name}", "unknown_field", value, expected, record.id)
        for name, field in known.items():
            value = record.custom.get(name)
            problem = problem_of(field, value)
            if problem is not None:
                yield FieldError(f"{self.info.name}.custom.{name}", problem[0], value, problem[1], record.id)


def problem_of(field: FieldInfo, value: Any) -> tuple[str, Message] | None:
    """Return the code and the expectation when ``value`` does not suit ``field``, else None."""
    if value is None or (field.kind is Kind.TEXT and value == ""):
        if field.required:
            return "required", msg("a value")
        if value is None and not field.nullable:
            return "type", msg("{type}, not nothing", type=field.kind.value)
        if value == "" and not _may_be_empty(field):
            return "choice", msg("one of {choices}", choices=", ".join(field.choices))
        return None
    wanted = Mapping if field.name == "custom" else PYTHON_TYPES[field.kind]
    if not isinstance(value, wanted) or (field.kind is Kind.INTEGER and isinstance(value, bool)):
        return "type", msg("{type}", type=field.kind.value)
    if field.kind is Kind.DATE and isinstance(value, datetime):
        return "type", msg("a date without a time of day")
    if field.name == "custom":
        # Its values are checked one by one, each as the custom field it belongs to.
        return None
    return _VALUE_CHECKS[field.kind](field, value) if field.kind in _VALUE_CHECKS else None


def _may_be_empty(field: FieldInfo) -> bool:
    """A choice with a default is always made; one without, or with an empty one among its words, may be left out."""
    return not field.choices or "" in field.choices or not field.default


def _text_problem(field: FieldInfo, value: str) -> tuple[str, Message] | None:
    if field.required and not value.strip():
        return "required", msg("a value")
    if len(value) > field.max_length:
        return "too_long", msg("at most {limit} characters, got {length}", limit=field.max_length, length=len(value))
    if "\0" in value:
        return "characters", msg("text without NUL characters")
    if not _encodable(value):
        return "characters", msg("text that is valid Unicode")
    if field.choices and value not in field.choices:
        return "choice", msg("one of {choices}", choices=", ".join(field.choices))
    if field.format and not FORMATS[field.format].check(value):
        return "format", FORMATS[field.format].expected
    return None


def _integer_problem(field: FieldInfo, value: int) -> tuple[str, Message] | None:
    if field.minimum is not None and value < field.minimum:
        return "too_small", msg("at least {minimum}", minimum=field.minimum)
    if abs(value) > _LARGEST_INTEGER:
        return "too_large", msg("a 64-bit integer")
    return None


def _decimal_problem(field: FieldInfo, value: Decimal) -> tuple[str, Message] | None:
    if not value.is_finite():
        return "number", msg("a finite number")
    if abs(value) > LARGEST:
        return "too_large", msg("a number up to {limit}", limit=LARGEST)
    if value != value.quantize(_STEP):
        return "places", msg("at most 6 decimal places")
    if field.minimum is not None and value < field.minimum:
        return "too_small", msg("at least {minimum}", minimum=field.minimum)
    return None


def _money_problem(field: FieldInfo, value: Money) -> tuple[str, Message] | None:
    if not is_currency(value.currency):
        return "currency", msg("an ISO 4217 currency such as EUR or CNY")
    return _decimal_problem(field, value.amount)


def _instant_problem(field: FieldInfo, value: datetime) -> tuple[str, Message] | None:
    if value.tzinfo is None:
        return "naive", msg("a time with its time zone")
    if value.utcoffset() != timedelta(0):
        return "zone", msg("a time in UTC")
    return None


def _words_problem(field: FieldInfo, value: tuple[Any, ...]) -> tuple[str, Message] | None:
    if not all(isinstance(word, str) and "\0" not in word and _encodable(word) for word in value):
        return "type", msg("a list of texts")
    return None


def _json_problem(field: FieldInfo, value: Any) -> tuple[str, Message] | None:
    return None if _is_json(value, _DEEPEST) else ("json", msg("values that JSON can hold"))


def _is_json(value: Any, depth: int) -> bool:
    if isinstance(value, str):
        return "\0" not in value and _encodable(value)
    if value is None or isinstance(value, bool | date | UUID | PartialDate):
        return True
    if isinstance(value, int):
        return abs(value) <= _LARGEST_INTEGER
    if isinstance(value, float):
        # PostgreSQL gives 1e19 back as a whole number, which is too wide to be written again.
        return isfinite(value) and not (value.is_integer() and abs(value) > _LARGEST_INTEGER)
    if isinstance(value, Decimal):
        return value.is_finite()
    if isinstance(value, Money):
        return value.amount.is_finite()
    if depth and isinstance(value, Mapping):
        return all(
            isinstance(key, str) and _is_json(key, 0) and _is_json(item, depth - 1) for key, item in value.items()
        )
    return bool(depth) and isinstance(value, tuple | list) and all(_is_json(item, depth - 1) for item in value)


_VALUE_CHECKS: Mapping[Kind, Callable[[FieldInfo, Any], tuple[str, Message] | None]] = {
    Kind.TEXT: _text_problem,
    Kind.INTEGER: _integer_problem,
    Kind.DECIMAL: _decimal_problem,
    Kind.MONEY: _money_problem,
    Kind.INSTANT: _instant_problem,
    Kind.WORDS: _words_problem,
    Kind.JSON: _json_problem,
}


def _encodable(value: str) -> bool:
    return value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value)


def _generate(info: EntityInfo) -> Check:
    """Generate the quick check: one expression, cheapest tests first, the slow rule only where it must be asked."""
    names: dict[str, Any] = {"UTC": UTC, "problem_of": problem_of}
    terms: list[str] = []
    for number, field in enumerate(info.stored):
        if field.name in STAMPED:
            continue
        names[f"f{number}"] = field
        terms.append(_term(field, number, names))
    custom = [field for field in info.fields if field.custom]
    if custom:
        names["custom_ok"] = _custom_check(custom)
        terms.append("custom_ok(r.custom)")
    else:
        terms.append("not r.custom")
    source = "def quick(r):\n    return (\n        " + "\n        and ".join(terms) + "\n    )\n"
    exec(compile(source, f"<validator of {info.name}>", "exec"), names)
    check: Check = names["quick"]
    return check


def _term(field: FieldInfo, number: int, names: dict[str, Any]) -> str:
    value = f"r.{field.name}"
    if field.name == "id":
        names["UUID"] = UUID
        return "isinstance(r.id, UUID)"
    slow = f"problem_of(f{number}, v) is None"
    if field.name == "custom":
        names["Mapping"], names["Frozen"] = Mapping, type(EMPTY)
        return "(type(r.custom) is Frozen or isinstance(r.custom, Mapping))"
    if field.kind is Kind.TEXT:
        if field.choices:
            names[f"c{number}"] = frozenset(field.choices)
            if field.nullable:
                return f"((v := {value}) is None or (type(v) is str and v in c{number}) or {slow})"
            return f"((type(v := {value}) is str and v in c{number}) or {slow})"
        if field.required or field.format or field.nullable:
            plain = f"(type(v := {value}) is str and v.isprintable() and 0 < len(v) <= {field.max_length} and not v.isspace())"
            empty = f"(v := {value}) == '' or " if not field.required and not field.nullable else ""
            if field.format:
                names[f"k{number}"] = FORMATS[field.format].check
                return f"({empty}({plain} and k{number}(v)) or {slow})"
            return f"({empty}{plain} or {slow})"
        return (
            f"((v := {value}) == '' or (type(v) is str and v.isprintable() and len(v) <= {field.max_length}) or {slow})"
        )
    plain = _plain(field, number, names)
    if field.nullable and not field.required:
        return f"((v := {value}) is None or {plain}{slow})"
    if field.kind is Kind.BOOLEAN:
        return f"type({value}) is bool"
    return f"(v := {value}, {plain}{slow})[1]"


def _plain(field: FieldInfo, number: int, names: dict[str, Any]) -> str:
    """Return the test that nearly every right value ``v`` passes, with ``or`` behind it; empty for a kind without one."""
    if field.kind is Kind.ID:
        names["UUID"] = UUID
        return "type(v) is UUID or "
    if field.kind is Kind.INSTANT:
        names["datetime"] = datetime
        return "(type(v) is datetime and v.tzinfo is UTC) or "
    if field.kind is Kind.DATE:
        names["date"] = date
        return "type(v) is date or "
    if field.kind is Kind.INTEGER:
        low = -_LARGEST_INTEGER if field.minimum is None else field.minimum
        return f"(type(v) is int and {low} <= v <= {_LARGEST_INTEGER}) or "
    if field.kind not in (Kind.DECIMAL, Kind.MONEY):
        return ""
    names.update(Decimal=Decimal, Money=Money, is_currency=is_currency, most=LARGEST, step=_STEP)
    names[f"least{number}"] = -LARGEST if field.minimum is None else max(-LARGEST, Decimal(field.minimum))
    money = field.kind is Kind.MONEY
    kind = "type(v) is Money and is_currency(v.currency) and type(n := v.amount)" if money else "type(n := v)"
    # In this order: what is not finite cannot be compared, and what is too large has no room for six places.
    return f"({kind} is Decimal and n.is_finite() and least{number} <= n <= most and n == n.quantize(step)) or "


def _custom_check(fields: list[FieldInfo]) -> Callable[[Any], bool]:
    known = {field.name: field for field in fields}
    required = [field for field in fields if field.required]

    def check(custom: Mapping[str, Any]) -> bool:
        if not custom:
            return not required
        return all(name in known and problem_of(known[name], value) is None for name, value in custom.items()) and all(
            custom.get(field.name) not in (None, "") for field in required
        )

    return check
