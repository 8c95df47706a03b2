"""Schemas of Python types, as documents hold their values: attrs classes, collections, and values of ours."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Collection, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, Union
from uuid import UUID

import attrs

from crmkit.core.entity import EntityInfo
from crmkit.core.messages import Message
from crmkit.core.values.money import Money
from crmkit.core.values.partial_date import PartialDate
from crmkit.hosting import InputField, input_fields
from crmkit_web.openapi import values
from crmkit_web.openapi.definitions import Definitions, Schema

_WIDEST = 2**63 - 1
_MOST_MONEY = 10**24 - 1
_DECIMAL_SENT: Schema = {
    "type": ["string", "integer"],
    "pattern": r"^-?[0-9]{1,60}(\.[0-9]{1,30})?$",
    "examples": ["12.50"],
}
_SCALARS: Mapping[Any, Schema] = {
    str: {"type": "string"},
    Message: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bytes: {"type": "string", "contentEncoding": "base64"},
    Decimal: {"type": "string", "pattern": values.DECIMAL},
    datetime: {"type": "string", "format": "date-time"},
    date: {"type": "string", "format": "date"},
    PartialDate: {"type": "string", "pattern": values.PARTIAL_DATE},
    UUID: {"type": "string", "format": "uuid"},
    type(None): {"type": "null"},
    None: {"type": "null"},
    Any: {},
    object: {},
    dict: {"type": "object"},
    list: {"type": "array"},
    tuple: {"type": "array"},
    Mapping: {"type": "object"},
}
_BOUNDS = {"minimum": "minimum", "maximum": "maximum", "min_length": "minLength", "max_length": "maxLength"}
_OF_LISTS = {"minLength": "minItems", "maxLength": "maxItems"}


def of(type_: Any, definitions: Definitions, *, sent: bool = False) -> Schema:
    """Return the schema of a type, or of a JSON Schema itself; ``sent``: of what is read, not of what is answered."""
    if isinstance(type_, Mapping):
        return dict(_told(type_, definitions))
    if isinstance(type_, list):
        return {"type": "array", "items": of(type_[0], definitions, sent=sent) if type_ else {}}
    if type_ is Decimal and sent:
        return dict(_DECIMAL_SENT)
    if type_ is int and sent:
        return {"type": "integer", "minimum": -_WIDEST, "maximum": _WIDEST}
    if type_ is Money:
        return _money_sent(definitions) if sent else values.money_answered(definitions)
    try:
        if type_ in _SCALARS:
            return dict(_SCALARS[type_])
    except TypeError:
        pass
    origin, arguments = typing.get_origin(type_), typing.get_args(type_)
    if origin is not None:
        return _composed(type_, origin, arguments, definitions, sent)
    if isinstance(type_, type):
        info = type_.__dict__.get("__crm_entity__")
        if isinstance(info, EntityInfo) and definitions.record is not None:
            return definitions.record(info.name)
        if attrs.has(type_):
            name = type_.__name__ + ("Answer" if type_.__name__ in definitions.taken else "")
            return definitions.refer(name, lambda: _instance(type_, definitions, sent), (type_, sent))
        if issubclass(type_, Enum):
            return {"enum": [one.value for one in type_]}
    raise TypeError(f"{type_!r} has no form in JSON")


def _money_sent(definitions: Definitions) -> Schema:
    """Return a reference to the schema of money in what is asked for: of any size, since no column bounds it."""

    def make() -> Schema:
        amount = {
            "type": ["string", "integer"],
            "pattern": r"^-?[0-9]{1,24}(\.[0-9]{1,30})?$",
            "minimum": -_MOST_MONEY,
            "maximum": _MOST_MONEY,
        }
        return values.money_of(amount, definitions)

    return definitions.refer("MoneyAsked", make)


def _told(schema: Any, definitions: Definitions) -> Any:
    """Return a JSON Schema with the messages in it as texts, and with schemas for the types that stand in it."""
    if isinstance(schema, Message):
        return definitions.text(schema)
    if isinstance(schema, Mapping):
        return {name: _told(one, definitions) for name, one in schema.items()}
    if isinstance(schema, list | tuple):
        return [_told(one, definitions) for one in schema]
    if isinstance(schema, type):
        return of(schema, definitions)
    return schema


def _composed(type_: Any, origin: Any, arguments: tuple[Any, ...], definitions: Definitions, sent: bool) -> Schema:
    if origin is Annotated:
        return of(arguments[0], definitions, sent=sent)
    if origin is Literal:
        return _choice(arguments)
    if origin in (Union, types.UnionType):
        some = [of(one, definitions, sent=sent) for one in arguments if one is not type(None)]
        if len(some) == 1:
            return values.nullable(some[0]) if some[0] else {}
        return {"anyOf": some if len(some) == len(arguments) else [*some, {"type": "null"}]}
    if isinstance(origin, type) and issubclass(origin, Mapping):
        item = of(arguments[1], definitions, sent=sent)
        return {"type": "object", "additionalProperties": item} if item else {"type": "object"}
    if origin is tuple and not (len(arguments) == 2 and arguments[1] is Ellipsis):
        items = [of(one, definitions, sent=sent) for one in arguments]
        return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}
    if isinstance(origin, type) and issubclass(origin, Collection):
        return {"type": "array", "items": of(arguments[0], definitions, sent=sent)}
    raise TypeError(f"{type_!r} has no form in JSON")


def _choice(words: tuple[Any, ...]) -> Schema:
    some = [word for word in words if word is not None]
    kind = {str: "string", int: "integer", bool: "boolean"}[type(some[0])]
    made: Schema = {"type": kind, "enum": some}
    return made if len(some) == len(words) else values.nullable(made)


def _instance(cls: type[Any], definitions: Definitions, sent: bool) -> Schema:
    described = {one.name: one for one in input_fields(cls)} if sent else {}
    hints = typing.get_type_hints(cls)
    properties: Schema = {}
    required = []
    for one in attrs.fields(cls):
        if one.name.startswith("_") or (sent and not one.init):
            continue
        made = of(hints[one.name], definitions, sent=sent)
        if one.name in described:
            made = _bounded(made, described[one.name])
        properties[one.name] = _worded(made, one, definitions)
        # An answer has all attributes; what has a default need not be sent.
        if not sent or one.default is attrs.NOTHING:
            required.append(one.name)
    schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        schema["required"] = required
    if text := _docstring(cls):
        schema["description"] = definitions.text(text)
    return schema


def _bounded(schema: Schema, field: InputField) -> Schema:
    made = dict(schema)
    if field.choices and "enum" not in made and made.get("type") == "string":
        made["enum"] = list(field.choices)
    for name, word in _BOUNDS.items():
        bound = getattr(field, name)
        if bound is not None:
            made[_OF_LISTS.get(word, word) if field.many else word] = bound
    return made


def _worded(schema: Schema, one: Any, definitions: Definitions) -> Schema:
    label, help = (definitions.text(one.metadata.get(name, "")) for name in ("label", "help"))
    made = dict(schema)
    if definitions.titles and label:
        made["title"] = label
    if text := help if definitions.titles else ". ".join(text.rstrip(".") for text in (label, help) if text):
        made["description"] = text
    if reference := one.metadata.get("reference"):
        made["x-reference"] = reference
    # What an attribute says in the words of JSON Schema: bounds that its reader checks in its own way.
    return {**made, **one.metadata.get("schema", {})}


def _docstring(cls: type[Any]) -> str:
    """Return the first paragraph of a class's docstring, on one line; attrs' own counts as none."""
    text = inspect.cleandoc(cls.__doc__ or "").partition("\n\n")[0].replace("\n", " ")
    return "" if text.startswith("Method generated by attrs") else text
