"""Classes of input as parameters of an address."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from crmkit.core.errors import ValidationFailed
from crmkit.core.messages import msg
from crmkit.hosting import InputField, input_fields, read_input
from crmkit_web.serving.endpoints import Kind, Parameter
from crmkit_web.serving.problems import Problem

_KINDS: Mapping[str, Kind] = {
    "integer": "integer",
    "boolean": "boolean",
    "date": "date",
    "instant": "instant",
    "id": "id",
}
_WIDEST = 2**31 - 1


def parameters(cls: type[Any] | None) -> tuple[Parameter, ...]:
    """Return the parameters of an address whose query is an instance of ``cls``."""
    return () if cls is None else tuple(_parameters(cls))


def read_asked(cls: type[Any] | None, query: Mapping[str, Any]) -> Any:
    """Return the query of an address as an instance of ``cls``; raises Problem 400 with everything that is wrong."""
    if cls is None:
        return None
    given = {one.name: query[one.name] for one in input_fields(cls) if query.get(one.name) is not None}
    try:
        return read_input(cls, given, "/query")
    except ValidationFailed as failed:
        raise Problem(400, "bad_query", msg("the query of the address is wrong"), errors=failed.errors) from None


def _parameters(cls: type[Any]) -> Iterator[Parameter]:
    for field in input_fields(cls):
        kind = "words" if field.many else _KINDS.get(field.kind, "text")
        yield Parameter(
            field.name,
            field.help or field.label,
            kind=kind,
            default=None if field.required or kind != "integer" else field.default,
            required=field.required,
            choices=tuple(map(str, field.choices)),
            minimum=max(0, int(field.minimum or 0)) if kind == "integer" else None,
            maximum=_maximum(field) if kind == "integer" else None,
            max_length=field.max_length or 4_000,
        )


def _maximum(field: InputField) -> int:
    return min(_WIDEST, int(field.maximum)) if field.maximum is not None else _WIDEST
