"""Queries of addresses, read as an endpoint declares its parameters; every error is told, not the first alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import unquote_plus
from uuid import UUID

from crmkit.core.errors import FieldError, did_you_mean
from crmkit.core.messages import Message, msg
from crmkit_web.serving.endpoints import Endpoint, Parameter
from crmkit_web.serving.problems import Problem


def read_query(endpoint: Endpoint, text: str) -> Mapping[str, Any]:
    """Return the values of all declared parameters; raises Problem 400 with everything that is wrong."""
    if not text:
        if not endpoint.query:
            return {}
        given: dict[str, str] = {}
    else:
        given = dict(_pairs(text))
    known = {parameter.name: parameter for parameter in endpoint.query}
    errors = [
        FieldError(f"/query/{name}", "unknown_parameter", name, did_you_mean(name, known))
        for name in given
        if name not in known
    ]
    values: dict[str, Any] = {}
    for name, parameter in known.items():
        if name not in given:
            if parameter.required:
                errors.append(FieldError(f"/query/{name}", "required", None, msg("a value")))
            values[name] = parameter.default
            continue
        expected = _read(parameter, given[name], values)
        if expected is not None:
            errors.append(FieldError(f"/query/{name}", "bad_parameter", given[name], expected))
    if errors:
        raise Problem(400, "bad_query", msg("the query of the address is wrong"), errors=errors)
    return values


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for part in text.split("&"):
        if not part:
            continue
        name, _, value = part.partition("=")
        try:
            name, value = unquote_plus(name, errors="strict"), unquote_plus(value, errors="strict")
        except UnicodeDecodeError:
            raise Problem(400, "bad_query", msg("the query of the address is not in UTF-8")) from None
        if name in seen:
            raise Problem(400, "bad_query", msg("parameter {name} is given twice", name=name[:100]))
        seen.add(name)
        yield name, value


def _read(parameter: Parameter, text: str, values: dict[str, Any]) -> Message | None:
    """Put the value into ``values``, or return what was expected."""
    kind = parameter.kind
    if "\0" in text or len(text) > parameter.max_length:
        return msg("a text of at most {count} characters", count=parameter.max_length)
    if kind == "integer":
        return _integer(parameter, text, values)
    if kind == "boolean":
        if text not in ("true", "false"):
            return msg("true or false")
        values[parameter.name] = text == "true"
        return None
    if parameter.choices and kind != "words" and text not in parameter.choices:
        return msg("one of {choices}", choices=", ".join(parameter.choices))
    if parameter.pattern and not re.fullmatch(parameter.pattern, text):
        return msg("a text that fits {pattern}", pattern=parameter.pattern)
    try:
        values[parameter.name] = _READERS[kind](text)
    except ValueError:
        return _EXPECTED[kind]
    if kind == "words" and parameter.choices and (odd := set(values[parameter.name]) - set(parameter.choices)):
        return did_you_mean(sorted(odd)[0], parameter.choices)
    return None


def _integer(parameter: Parameter, text: str, values: dict[str, Any]) -> Message | None:
    low, high = parameter.minimum or 0, parameter.maximum if parameter.maximum is not None else 2**31 - 1
    if not text.isascii() or not text.isdigit() or len(text) > 10 or not low <= int(text) <= high:
        return msg("a whole number from {low} to {high}", low=low, high=high)
    values[parameter.name] = int(text)
    return None


def _instant(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(text)
    return found.astimezone(UTC)


_READERS: Mapping[str, Any] = {
    "text": str,
    "instant": _instant,
    "date": date.fromisoformat,
    "id": UUID,
    "words": lambda text: tuple(word.strip() for word in text.split(",") if word.strip()),
}
_EXPECTED: Mapping[str, Message] = {
    "instant": msg("an instant with its zone, as in 2026-01-31T09:30:00Z"),
    "date": msg("a date, as in 2026-01-31"),
    "id": msg("an id, as in 0198c2f4-8b7e-7cc1-9d4e-2f6a5b3c1d0e"),
    "text": msg("a text"),
    "words": msg("words separated by commas"),
}
