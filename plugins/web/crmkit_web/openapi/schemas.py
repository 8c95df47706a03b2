"""JSON Schemas (draft 2020-12) of records and of types: what documents are answered, and what may be sent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from crmkit.core.entity import EntityInfo
from crmkit.core.messages import Translate, msg
from crmkit_web.documents.reading import given_by_store, reading_of
from crmkit_web.openapi import types
from crmkit_web.openapi.definitions import Definitions, Schema, standalone
from crmkit_web.openapi.values import answered, nullable, sent
from crmkit_web.serving.endpoints import Shape

_NEXT = msg("The cursor of the next page; null at the end.")
_COUNT = msg("How many there are altogether, with count=exact.")
_COLUMNS = msg("Worked-out columns, by their id, then by the id of the record; null where a column failed.")
_INCLUDED = msg("Records along the paths of include, by entity and id.")
_TRUNCATED = msg("Paths of include with more records than an answer holds.")


def record_schema(info: EntityInfo, shape: Shape, translate: Translate | None = None) -> Schema:
    """Return the schema of a document of an entity: a ``record``, a ``page``, what makes one and what changes one."""
    return standalone(lambda definitions: shaped(info, shape, definitions), translate)


def schema_of(type_: Any, translate: Translate | None = None, *, sent: bool = False) -> Schema:
    """Return the schema of a Python type as documents hold it: attrs classes, collections and values of ours.

    ``sent``: of what may be sent, where attributes with a default may be left out; otherwise of what is answered. A JSON
    Schema, a dict, is returned as it is. Raises TypeError for a type that has no form in JSON.
    """
    return standalone(lambda definitions: types.of(type_, definitions, sent=sent), translate)


def shaped(info: EntityInfo, shape: Shape, definitions: Definitions) -> Schema:
    """Return a reference to the schema of a document of an entity."""
    name = info.cls.__name__
    if shape == "page":
        return definitions.refer(f"{name}Page", lambda: _page(info, definitions), info.name)
    make = {"record": _record, "create": _create, "patch": _patch}[shape]
    ending = {"record": "", "create": "Create", "patch": "Patch"}[shape]
    return definitions.refer(name + ending, lambda: make(info, definitions), info.name)


def _record(info: EntityInfo, definitions: Definitions) -> Schema:
    properties: Schema = {}
    for field in info.stored:
        made = _custom_answered(info, definitions) if field.name == "custom" else answered(field, definitions)
        if field.name == "id" or field.name in given_by_store(info):
            made["readOnly"] = True
        properties[field.name] = made
    properties |= _beside(definitions)
    # What the rights of whoever asks hide is left out, and so is what is not asked for.
    needed = tuple(name for name in ("id", "version") if name in info.by_name)
    return definitions.labelled(_object(properties, needed), info.label)


def _page(info: EntityInfo, definitions: Definitions) -> Schema:
    properties = {
        "items": {"type": "array", "items": shaped(info, "record", definitions)},
        "next": {"type": ["string", "null"], "description": definitions.text(_NEXT)},
        "count": {"type": "integer", "minimum": 0, "description": definitions.text(_COUNT)},
        "columns": {
            "type": "object",
            "description": definitions.text(_COLUMNS),
            "additionalProperties": {"type": ["object", "null"]},
        },
        **_beside(definitions),
    }
    return definitions.labelled(_object(properties, ("items", "next")), info.plural_label)


def _beside(definitions: Definitions) -> Schema:
    """Return the properties that there are when ``include`` names paths."""
    record = {"type": "object", "additionalProperties": {"type": "object"}}
    included = {
        "type": "object",
        "description": definitions.text(_INCLUDED),
        "additionalProperties": record,
    }
    truncated = {"type": "array", "items": {"type": "string"}, "description": definitions.text(_TRUNCATED)}
    return {
        "included": definitions.refer("Included", lambda: included),
        "truncated": definitions.refer("Truncated", lambda: truncated),
    }


def _create(info: EntityInfo, definitions: Definitions) -> Schema:
    needed = [name for name in reading_of(info).required if name not in given_by_store(info)]
    if any(field.required for field in info.fields if field.custom):
        needed.append("custom")
    return definitions.labelled(_object(_sent(info, definitions, whole=True), needed), info.label)


def _patch(info: EntityInfo, definitions: Definitions) -> Schema:
    properties = _sent(info, definitions, whole=False)
    del properties["id"]
    return definitions.labelled(_object(properties, ()), info.label)


def _sent(info: EntityInfo, definitions: Definitions, *, whole: bool) -> Schema:
    return {
        field.name: _custom_sent(info, definitions, whole)
        if field.name == "custom"
        else sent(field, definitions, whole=whole)
        for field in info.stored
        if field.name not in given_by_store(info)
    }


def _custom_answered(info: EntityInfo, definitions: Definitions) -> Schema:
    return _object({field.name: answered(field, definitions) for field in info.fields if field.custom}, ())


def _custom_sent(info: EntityInfo, definitions: Definitions, whole: bool) -> Schema:
    fields = [field for field in info.fields if field.custom]
    needed = tuple(field.name for field in fields if field.required) if whole else ()
    made = _object({field.name: sent(field, definitions) for field in fields}, needed)
    return made if needed else nullable(made)


def _object(properties: Schema, required: Iterable[str], **more: Any) -> Schema:
    made: Schema = {"type": "object", **more, "properties": properties, "additionalProperties": False}
    names = list(required)
    return {**made, "required": names} if names else made
