"""Inputs: what comes as JSON, or as options, becomes an instance of a class; every error is told with its pointer."""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from math import isfinite
from types import MappingProxyType, SimpleNamespace
from typing import Any, Literal, TypeVar
from uuid import UUID

import attrs

from crmkit.core.errors import CrmError, FieldError, ValidationFailed, did_you_mean
from crmkit.core.messages import Message, msg
from crmkit.core.values.bad_value import BadValue
from crmkit.core.values.money import Money
from crmkit.core.values.partial_date import PartialDate, parse_partial_date
from crmkit.runtime.extensions.described import KINDS, InputField, input_fields, is_mapping, item_of, parts_of

T = TypeVar("T")
WIDEST = 2**63 - 1
"""Whole numbers lie within 64 bits: wider ones fit no column."""
LONGEST_NUMBER = 100
"""Characters of a decimal: longer ones are no amounts."""
DEEPEST = 32
"""How deep values without a type of their own may be nested."""
_WRONG = object()


def read_input(cls: type[T], raw: Any, pointer: str = "") -> T:
    """Return the instance of the attrs class ``cls`` that ``raw``, read from JSON, stands for.

    Decimals come as text or whole numbers, never as floats; instants with their zone; ids, dates and money as the API
    writes them. Values that have their type already stay. What is unknown is refused; a converter or validator of attrs
    that fails is an error of its field. Raises ValidationFailed with every error below ``pointer`` (RFC 6901).
    """
    reader = _Reader()
    found = reader.instance(cls, raw, pointer)
    if reader.errors:
        raise ValidationFailed(reader.errors)
    return typing.cast(T, found)


class _Reader:
    def __init__(self) -> None:
        self.errors: list[FieldError] = []

    def wrong(self, pointer: str, code: str, value: Any, expected: Message) -> Any:
        """Note an error and return what stands for a value that there is not."""
        shown = type(value).__name__ if isinstance(value, Mapping | list | tuple) else value
        self.errors.append(FieldError(pointer or "/", code, shown, expected))
        return _WRONG

    def instance(self, cls: type[Any], raw: Any, pointer: str) -> Any:
        if isinstance(raw, cls):
            return raw
        if not isinstance(raw, Mapping):
            return self.wrong(pointer, "type", raw, msg("an object"))
        fields = {field.name: field for field in input_fields(cls)}
        before = len(self.errors)
        for name in raw:
            if name not in fields:
                self.wrong(_below(pointer, str(name)), "unknown_field", str(name), did_you_mean(str(name), fields))
        given: dict[str, Any] = {}
        hints = typing.get_type_hints(cls)
        for one in attrs.fields(cls):
            if not one.init:
                continue
            if one.name in raw:
                given[one.name] = self.value(hints[one.name], raw[one.name], _below(pointer, one.name))
            elif one.default is attrs.NOTHING:
                self.wrong(_below(pointer, one.name), "required", None, msg("a value"))
        self.validate(cls, given, pointer)
        return _WRONG if len(self.errors) > before else self.made(cls, given, pointer)

    def validate(self, cls: type[Any], given: Mapping[str, Any], pointer: str) -> None:
        """Run the converters and validators of all attributes that came, where making an instance stops at the first."""
        sketch = SimpleNamespace(**given)
        described = {field.name: field for field in input_fields(cls)}
        for one in attrs.fields(cls):
            value = given.get(one.name, _WRONG)
            if value is _WRONG:
                continue
            expected = _out_of_bounds(described[one.name], value)
            if expected is not None:
                self.wrong(_below(pointer, one.name), "value", value, expected)
                continue
            try:
                if one.converter is not None and not isinstance(one.converter, attrs.Converter):
                    value = one.converter(value)
                if one.validator is not None:
                    one.validator(sketch, one, value)
            except Exception as error:
                self.failed(error, given[one.name], _below(pointer, one.name))

    def made(self, cls: type[Any], given: Mapping[str, Any], pointer: str) -> Any:
        aliases = {one.name: one.alias or one.name for one in attrs.fields(cls)}
        try:
            return cls(**{aliases[name]: value for name, value in given.items()})
        except Exception as error:
            return self.failed(error, None, pointer)

    def failed(self, error: Exception, value: Any, pointer: str) -> Any:
        """Note what a converter or validator says. Whatever it raised beside what is meant for people is a defect."""
        if isinstance(error, ValidationFailed):
            self.errors += [attrs.evolve(one, path=_below(pointer, one.path.lstrip("/"))) for one in error.errors]
            return _WRONG
        if isinstance(error, BadValue):
            return self.wrong(pointer, "value", value, error.expected)
        if isinstance(error, CrmError):
            return self.wrong(pointer, "value", value, error.message)
        if isinstance(error, ValueError | TypeError | ArithmeticError | LookupError):
            # What validators of attrs put behind the text is for programs.
            text = str(error.args[0]) if error.args else type(error).__name__
            return self.wrong(pointer, "value", value, msg("{error}", error=text))
        raise error

    def value(self, annotation: Any, raw: Any, pointer: str) -> Any:
        annotation, nullable = parts_of(annotation)
        if raw is None and (nullable or annotation is Any):
            return None
        if raw is None:
            return self.wrong(pointer, "required", None, msg("a value"))
        item = item_of(annotation)
        if item is not None:
            return self.list_(annotation, item, raw, pointer)
        if typing.get_origin(annotation) is Literal:
            choices = typing.get_args(annotation)
            if not isinstance(raw, str) or raw not in choices:
                return self.wrong(pointer, "choice", raw, msg("one of {choices}", choices=", ".join(choices)))
            return raw
        if is_mapping(annotation):
            return self.mapping(typing.get_args(annotation)[1], raw, pointer)
        if attrs.has(annotation) and annotation not in KINDS:
            return self.instance(annotation, raw, pointer)
        read, expected = _SCALARS[KINDS[annotation]]
        try:
            return read(raw)
        except (ValueError, TypeError, ArithmeticError, LookupError, AttributeError, CrmError, RecursionError):
            return self.wrong(pointer, "type", raw, expected)

    def list_(self, annotation: Any, item: Any, raw: Any, pointer: str) -> Any:
        if not isinstance(raw, list | tuple):
            return self.wrong(pointer, "type", raw, msg("a list"))
        read = [self.value(item, one, _below(pointer, str(at))) for at, one in enumerate(raw)]
        if any(one is _WRONG for one in read):
            return _WRONG
        return read if typing.get_origin(annotation) is list else tuple(read)

    def mapping(self, item: Any, raw: Any, pointer: str) -> Any:
        if not isinstance(raw, Mapping):
            return self.wrong(pointer, "type", raw, msg("an object"))
        read = {str(name): self.value(item, one, _below(pointer, str(name))) for name, one in raw.items()}
        for name in read:
            if "\0" in name:
                self.wrong(pointer, "type", name, _TEXT)
        return _WRONG if any(one is _WRONG for one in read.values()) else MappingProxyType(read)


def _out_of_bounds(field: InputField, value: Any) -> Message | None:
    """Return what was expected where a value lies beyond the bounds that validators of attrs name."""
    if value is None:
        return None
    if field.minimum is not None and value < field.minimum:
        return msg("at least {low}", low=field.minimum)
    if field.maximum is not None and value > field.maximum:
        return msg("at most {high}", high=field.maximum)
    if field.min_length is not None and len(value) < field.min_length:
        return msg("{count} or more of them", count=field.min_length) if field.many else _longer(field.min_length)
    if field.max_length is not None and len(value) > field.max_length:
        if field.many:
            return msg("at most {count} of them", count=field.max_length)
        return msg("a text of at most {count} characters", count=field.max_length)
    return None


def _longer(count: int) -> Message:
    return msg("a text that is not empty") if count == 1 else msg("a text of {count} characters or more", count=count)


def _below(pointer: str, name: str) -> str:
    return f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"


# -- single values ----------------------------------------------------------------------------------------------------


def _text(raw: Any) -> str:
    if not isinstance(raw, str) or "\0" in raw:
        raise TypeError
    raw.encode("utf-8")  # halves of surrogate pairs are in no text
    return raw


def _integer(raw: Any) -> int:
    if type(raw) is not int or abs(raw) > WIDEST:
        raise TypeError
    return raw


def _number(raw: Any) -> float:
    if type(raw) not in (int, float) or not isfinite(raw):
        raise TypeError
    return float(raw)


def _boolean(raw: Any) -> bool:
    if not isinstance(raw, bool):
        raise TypeError
    return raw


def _decimal(raw: Any) -> Decimal:
    if isinstance(raw, bool | float) or not isinstance(raw, str | int | Decimal) or len(str(raw)) > LONGEST_NUMBER:
        raise TypeError
    found = Decimal(raw)
    if not found.is_finite() or abs(found.adjusted()) > LONGEST_NUMBER or (isinstance(raw, str) and "_" in raw):
        raise TypeError
    return found


def _money(raw: Any) -> Money:
    if isinstance(raw, Money):
        return raw
    if not isinstance(raw, Mapping) or set(raw) != {"amount", "currency"}:
        raise TypeError
    return Money(_decimal(raw["amount"]), _text(raw["currency"]))


def _date(raw: Any) -> date:
    if isinstance(raw, date) and not isinstance(raw, datetime):
        return raw
    if not isinstance(raw, str) or len(raw) != 10:
        raise TypeError
    return date.fromisoformat(raw)


def _partial_date(raw: Any) -> PartialDate:
    return raw if isinstance(raw, PartialDate) else parse_partial_date(_text(raw))


def _instant(raw: Any) -> datetime:
    found = raw if isinstance(raw, datetime) else datetime.fromisoformat(_text(raw))
    if found.tzinfo is None:
        raise TypeError
    return found.astimezone(UTC)


def _id(raw: Any) -> UUID:
    if isinstance(raw, UUID):
        return raw
    if not isinstance(raw, str) or len(raw) != 36:
        raise TypeError
    return UUID(raw)


def _any(raw: Any, depth: int = 0) -> Any:
    """Return what JSON may hold, if it is text that can be kept and not nested without end."""
    if depth > DEEPEST:
        raise TypeError
    if isinstance(raw, str):
        return _text(raw)
    if isinstance(raw, Mapping):
        return {_text(name): _any(one, depth + 1) for name, one in raw.items()}
    if isinstance(raw, list | tuple):
        return [_any(one, depth + 1) for one in raw]
    return raw


_TEXT = msg("a text without the character U+0000")
_SCALARS: Mapping[str, tuple[Callable[[Any], Any], Message]] = {
    "text": (_text, _TEXT),
    "integer": (_integer, msg("a whole number")),
    "number": (_number, msg("a number")),
    "boolean": (_boolean, msg("true or false")),
    "decimal": (_decimal, msg('a number in quotes, as in "12.50"; it is exact then')),
    "money": (_money, msg("money, as in {form}", form='{"amount": "12.50", "currency": "EUR"}')),
    "date": (_date, msg("a date, as in 2026-01-31")),
    "partial_date": (_partial_date, msg("a date or a part of one, as in 2026, 2026-01 or 2026-01-31")),
    "instant": (_instant, msg("an instant with its zone, as in 2026-01-31T09:30:00Z")),
    "id": (_id, msg("an id, as in 0198c2f4-8b7e-7cc1-9d4e-2f6a5b3c1d0e")),
    "any": (_any, msg("a JSON value")),
}
