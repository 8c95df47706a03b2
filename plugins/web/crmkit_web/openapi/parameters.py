"""Parameters as OpenAPI has them: of the path, of the query, and headers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from typing import Any

from crmkit.core.entity import EntityInfo
from crmkit.core.fieldtypes import Kind
from crmkit.core.messages import msg
from crmkit_web.documents.records import field_words
from crmkit_web.openapi.definitions import Definitions, Schema
from crmkit_web.openapi.operations import Operation
from crmkit_web.openapi.patterns import separated
from crmkit_web.records.asking import MOST_SORTINGS
from crmkit_web.records.including import MOST_PATHS, ways_from
from crmkit_web.serving.endpoints import Parameter
from crmkit_web.serving.site import Site

_PART = re.compile(r"\{(\w+)\}")
_UNSORTABLE = frozenset({Kind.JSON, Kind.WORDS, Kind.MONEY})
_PARTS = {
    "source": msg("The other system. A slash in its name is written as %2F."),
    "key": msg("What it calls the record. A slash in it is written as %2F."),
}
ACCEPT_LANGUAGE = Parameter(
    "Accept-Language", msg("The languages of messages and labels, the best first, as in zh, en;q=0.5.")
)


def parameters(operation: Operation, definitions: Definitions) -> Iterator[Schema]:
    """Yield the parameters of an operation."""
    endpoint = operation.endpoint
    for name in _PART.findall(operation.path):
        made: Schema = {"name": name, "in": "path", "required": True, "schema": _part(name)}
        yield made | ({"description": definitions.text(_PARTS[name])} if name in _PARTS else {})
    for one in endpoint.query:
        if one.entities is not None and operation.entity is not None and not one.entities(operation.entity):
            continue
        yield _told(one, "query", query_schema(one, operation), definitions)
    for one in endpoint.headers:
        yield _told(one, "header", header_schema(one), definitions)
    yield {"$ref": "#/components/parameters/AcceptLanguage"}


def shared_parameters(definitions: Definitions) -> Schema:
    """Return the parameters that stand among the components, since every operation has them."""
    return {"AcceptLanguage": _told(ACCEPT_LANGUAGE, "header", header_schema(ACCEPT_LANGUAGE), definitions)}


def _part(name: str) -> Schema:
    """Return the schema of a part of an address. What is called an id is one, but for the ids of other systems."""
    if name == "id" or (name.endswith("_id") and name != "external_id"):
        return {"type": "string", "format": "uuid"}
    return {"type": "string", "minLength": 1, "maxLength": 100 if name == "source" else 300}


def _told(one: Parameter, place: str, schema: Schema, definitions: Definitions) -> Schema:
    made: Schema = {"name": one.name, "in": place, "description": definitions.text(one.summary), "schema": schema}
    if one.required:
        made["required"] = True
    if schema.get("type") == "array":
        made |= {"style": "form" if place == "query" else "simple", "explode": False}
    return made


def query_schema(one: Parameter, operation: Operation) -> Schema:
    """Return the schema of a parameter; names of fields and paths are those of the entity that is asked for."""
    info = operation.entity
    if one.kind == "integer":
        high = one.maximum if one.maximum is not None else 2**31 - 1
        made: Schema = {"type": "integer", "minimum": one.minimum or 0, "maximum": high}
    elif one.kind == "boolean":
        made = narrowed(one.name, {"type": "boolean"}, operation) or {"type": "boolean"}
    elif one.kind == "words" or (info is not None and one.name in _WORDS):
        made = _words(one, operation)
    elif one.choices:
        made = {"type": "string", "enum": _choices(one, info)}
    else:
        made = _TEXTS.get(one.kind) or {"type": "string", "maxLength": one.max_length}
        if one.pattern:
            made = {**made, "pattern": one.pattern}
        if one.name in _FORMATS and one.kind == "text":
            made = {**made, "format": _FORMATS[one.name]}
    return {**made, "default": default} if (default := _default(one)) is not None else made


def header_schema(one: Parameter) -> Schema:
    """Return the schema of a header. What can be anything is not bounded: it is passed over where it says nothing."""
    return {"type": "string", **({"pattern": _HEADERS[one.name]} if one.name in _HEADERS else {})}


def _choices(one: Parameter, info: EntityInfo | None) -> list[str]:
    # Nobody writes these records, so there are no documents that make or change one.
    if one.name == "shape" and info is not None and not info.editable:
        return [word for word in one.choices if word not in ("create", "patch")]
    return list(one.choices)


def _words(one: Parameter, operation: Operation) -> Schema:
    if one.choices:
        return _several(list(one.choices))
    return words_of(one.name, operation) or {"type": "array", "items": {"type": "string"}}


def words_of(name: str, operation: Operation) -> Schema | None:
    """Return the schema of a list of words that an entity has, such as its fields; None where ``name`` asks for none."""
    if operation.entity is None or name not in _WORDS:
        return None
    return _several(_WORDS[name](operation.site, operation.entity), _MOST.get(name))


def narrowed(name: str, schema: Any, operation: Operation) -> Schema | None:
    """Return the schema of a part of a query or of a body as the operation's entity bounds it; None where it does not."""
    info = operation.entity
    if info is None or not isinstance(schema, Mapping):
        return None
    kind = schema.get("type")
    if kind == "array":
        return words_of(name, operation)
    if name == "deleted" and kind == "boolean" and "deleted_at" not in info.by_name:
        return {**schema, "enum": [False]}
    if name == "sort" and kind == ["string", "null"]:
        return {**schema, "pattern": separated(_sortings(operation.site, info), MOST_SORTINGS)}
    return None


def _several(words: list[str], most: int | None = None) -> Schema:
    if not words:
        return {"type": "array", "items": {"type": "string"}, "maxItems": 0}
    made: Schema = {"type": "array", "items": {"type": "string", "enum": words}}
    return made if most is None else {**made, "maxItems": most}


def _sortings(site: Site, info: EntityInfo) -> list[str]:
    """Return what a list can be sorted by: fields that have an order, each upwards and downwards."""
    fields = {word: info.by_name[name] for word, name in field_words(info).items()}
    names = [
        word
        for word, field in fields.items()
        if field.kind not in _UNSORTABLE and (field.filterable or not field.custom)
    ]
    return [*names, *(f"-{name}" for name in names)]


_WORDS: dict[str, Callable[[Site, EntityInfo], list[str]]] = {
    "fields": lambda site, info: list(field_words(info)),
    "include": lambda site, info: list(ways_from(site, info)),
    "columns": lambda site, info: [one.id for one in site.crm.extensions.columns_of(info.name)],
    "point": lambda site, info: [one.id for one in site.crm.extensions.points_of(info.name)],
    "sort": _sortings,
}
_MOST = {"include": MOST_PATHS, "sort": MOST_SORTINGS}
_TEXTS: dict[str, Schema] = {
    "instant": {"type": "string", "format": "date-time"},
    "date": {"type": "string", "format": "date"},
    "id": {"type": "string", "format": "uuid"},
}
_FORMATS = {"filter": "crmkit-filter", "cursor": "crmkit-cursor"}
"""What JSON Schema cannot say of texts: filters are in the filter language, cursors come from an answer."""
_HEADERS = {
    "If-Match": r'^(\*|"[!#-~]+")$',
    "Idempotency-Key": r'^("[ !#-\[\]-~]{1,255}"|[!#-+\--:<-~]{1,255})$',
}


def _default(one: Parameter) -> Any:
    default = one.default
    if default is None or default == () or default == "" or isinstance(default, date | datetime):
        return None
    return list(default) if isinstance(default, tuple) else default
