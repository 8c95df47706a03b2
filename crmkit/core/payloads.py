"""Payloads: attrs classes whose instances become JSON documents of a form that a schema tells beforehand."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal, Union
from uuid import UUID

import attrs

from crmkit.core.annotations import hints_of
from crmkit.core.errors import ConfigError
from crmkit.core.frozen import field_names, is_attrs
from crmkit.core.messages import Message, msg
from crmkit.core.values.money import Money

_DECIMAL: Mapping[str, Any] = {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"}
_FORMS: Mapping[Any, Mapping[str, Any]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    Decimal: _DECIMAL,
    UUID: {"type": "string", "format": "uuid"},
    date: {"type": "string", "format": "date"},
    datetime: {"type": "string", "format": "date-time"},
    Money: {
        "type": "object",
        "properties": {"amount": _DECIMAL, "currency": {"type": "string"}},
        "required": ["amount", "currency"],
    },
}


def payload_schema(cls: type[Any]) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the documents that instances of an attrs class become.

    Descriptions are the English ``help`` of the attributes. Every attribute is required; further ones may be added to
    the class later, so that documents may hold more than the schema says. Raises ConfigError for a class that is no
    attrs class and for an attribute that has no form in JSON.
    """
    forms = _forms(cls)
    properties = {one.name: _described(forms[one.name], one) for one in attrs.fields(cls)}
    return {"type": "object", "properties": properties, "required": list(properties)}


def check_payload(cls: type[Any]) -> None:
    """Raise the ConfigError that ``payload_schema`` would. A class that is frozen by crmkit is not made for it."""
    _forms(cls)


def payload_document(payload: Any) -> dict[str, Any]:
    """Return an instance as a document: numbers exact as text, ids as text, days and instants as ISO 8601, UTC.

    Raises TypeError for a value that has no such form: a float, an instant without a time zone, no number.
    """
    return {one.name: _told(getattr(payload, one.name)) for one in attrs.fields(type(payload))}


def _forms(cls: type[Any]) -> dict[str, dict[str, Any]]:
    if not is_attrs(cls):
        raise ConfigError(msg("payload {name}: expected an attrs class", name=getattr(cls, "__name__", repr(cls))))
    hints = hints_of(cls)
    return {name: _form(cls, name, hints[name]) for name in field_names(cls)}


def _form(cls: type[Any], name: str, type_: Any) -> dict[str, Any]:
    if type_ in _FORMS:
        return dict(_FORMS[type_])
    origin, arguments = typing.get_origin(type_), typing.get_args(type_)
    if origin is Literal and all(isinstance(word, str) for word in arguments):
        return {"type": "string", "enum": list(arguments)}
    if origin in (Union, types.UnionType) and type(None) in arguments and len(arguments) == 2:
        inner = next(one for one in arguments if one is not type(None))
        return {"anyOf": [_form(cls, name, inner), {"type": "null"}]}
    raise ConfigError(msg("payload {name}: {field} has no form in JSON", name=cls.__name__, field=name))


def _described(form: dict[str, Any], attribute: Any) -> dict[str, Any]:
    told = attribute.metadata.get("help", "")
    text = told.render() if isinstance(told, Message) else str(told)
    return {**form, "description": text} if text else form


def _told(value: Any) -> Any:
    if isinstance(value, Money):
        return {"amount": f"{value.amount:f}", "currency": value.currency}
    if isinstance(value, Decimal) and value.is_finite():
        return f"{value:f}"
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise TypeError(f"the instant {value} of a payload has no time zone")
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if value is None or isinstance(value, str | int):
        return value
    raise TypeError(f"{value!r} of a payload has no form in JSON")
