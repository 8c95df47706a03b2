"""JSON Schemas of what tools take: those of the API, each whole in one piece, since many programs follow no ``$ref``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crmkit.core.messages import Translate
from crmkit_web.openapi.schemas import schema_of

Schema = dict[str, Any]
_BASE = "#/$defs/"


def input_schema(cls: type[Any], translate: Translate | None = None) -> Schema:
    """Return the schema of the documents that ``read_input`` reads for a class."""
    schema = schema_of(cls, translate, sent=True)
    named = schema.pop("$defs", {})
    schema.pop("$schema", None)
    found: Schema = _whole(schema, named, ())
    return found


def _whole(schema: Any, named: Mapping[str, Any], within: tuple[str, ...]) -> Any:
    """Return a schema with what it refers to in place; a class within itself is any object."""
    if isinstance(schema, list):
        return [_whole(one, named, within) for one in schema]
    if not isinstance(schema, dict):
        return schema
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference.startswith(_BASE):
        name = reference.removeprefix(_BASE)
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        if name in within:
            return {"type": "object", **rest}
        return {**_whole(named[name], named, (*within, name)), **rest}
    return {key: _whole(value, named, within) for key, value in schema.items()}
