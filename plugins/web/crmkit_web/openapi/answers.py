"""Answers as OpenAPI has them: the one that an operation is for, and every problem that it can tell of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import FunctionType
from typing import Any, get_args

from crmkit.core.messages import Message, msg
from crmkit_web.openapi import types
from crmkit_web.openapi.definitions import Definitions, Schema
from crmkit_web.openapi.operations import Operation
from crmkit_web.openapi.parameters import narrowed
from crmkit_web.openapi.schemas import shaped
from crmkit_web.serving.endpoints import Shape
from crmkit_web.serving.problems import MEDIA_TYPE, TITLES

SHAPES = get_args(Shape)
_DONE: Mapping[int, Message] = {
    200: msg("Done"),
    201: msg("Made"),
    202: msg("Accepted: it is done in the background"),
    204: msg("Done; there is nothing to tell"),
    206: msg("A part of it"),
    207: msg("Done; each part has a status of its own"),
    302: msg("To be found elsewhere"),
    303: msg("To be found elsewhere"),
    304: msg("Not changed: what you have is what there is"),
}
_HEADERS: Mapping[str, tuple[Message, Schema]] = {
    "ETag": (msg("The version of what is answered, for If-Match and If-None-Match."), {"type": "string"}),
    "Location": (msg("The address of what was made."), {"type": "string", "format": "uri-reference"}),
    "Retry-After": (msg("Seconds to wait before asking again."), {"type": "integer", "minimum": 0}),
}


def answers(operation: Operation, definitions: Definitions) -> Schema:
    """Return what an operation answers, by status."""
    endpoint = operation.endpoint
    made = {str(endpoint.status): _answer(operation, endpoint.status, endpoint.returns, definitions)}
    for status, returns in endpoint.others.items():
        made[str(status)] = _answer(operation, status, returns, definitions)
    if endpoint.method == "GET" and "200" in made and "304" not in made:
        made["304"] = {"description": definitions.text(_DONE[304]), "headers": _headers("ETag")}
    for status in sorted(problems(operation)):
        made.setdefault(str(status), {"$ref": f"#/components/responses/Problem{status}"})
    return dict(sorted(made.items()))


def problems(operation: Operation) -> Iterator[int]:
    """Yield the statuses of the problems that an operation can tell of."""
    endpoint = operation.endpoint
    # An unknown parameter in the query is refused everywhere; so is a part of an address that is no UTF-8.
    yield from (400, 429, 500, 503)
    if not endpoint.public or endpoint.tag == "login":
        yield from (401, 403)
    if "{" in endpoint.path:
        yield 404
    if endpoint.method != "GET":
        yield from (404, 409, 422)
        if not endpoint.reads:
            yield 507
        yield from (408, 413)
    if endpoint.body is not None:
        yield 415
    for one in endpoint.headers:
        if one.name == "If-Match":
            yield from (412, 428) if one.required else (412,)
    yield from endpoint.refuses


def shared_answers(definitions: Definitions) -> Schema:
    """Return the answers that stand among the components: the problems, by status."""
    problem = definitions.refer("Problem", lambda: _problem(definitions))
    made: Schema = {}
    for status, title in TITLES.items():
        made[f"Problem{status}"] = {
            "description": definitions.text(title),
            "content": {MEDIA_TYPE: {"schema": problem}},
        }
        if status in (429, 503, 507):
            made[f"Problem{status}"]["headers"] = _headers("Retry-After")
    return made


def shared_headers(definitions: Definitions) -> Schema:
    """Return the headers of answers that stand among the components."""
    return {
        name.replace("-", ""): {"description": definitions.text(text), "schema": schema}
        for name, (text, schema) in _HEADERS.items()
    }


def content(what: Any, operation: Operation, definitions: Definitions, *, sent: bool = False) -> Schema:
    """Return the schema of a document that an endpoint names: a shape, a type, a JSON Schema, a list with one of them.

    A function says which of these it is for the site and the entity.
    """
    if isinstance(what, FunctionType):
        what = what(operation.site, operation.entity)
    if isinstance(what, str) and what in SHAPES and operation.entity is not None:
        return shaped(operation.entity, what, definitions)  # type: ignore[arg-type]
    if isinstance(what, Mapping) and operation.entity is not None:
        what = _placed(what, operation, definitions)
    if isinstance(what, list):
        return {"type": "array", "items": content(what[0], operation, definitions, sent=sent) if what else {}}
    return types.of(what, definitions, sent=sent)


def _placed(schema: Any, operation: Operation, definitions: Definitions) -> Any:
    """Return a JSON Schema with what ``{"shape": ...}`` in it stands for: documents of the operation's entity."""
    if isinstance(schema, Mapping):
        if set(schema) == {"shape"} and operation.entity is not None:
            return shaped(operation.entity, schema["shape"], definitions)
        return {
            name: narrowed(name, one, operation) or _placed(one, operation, definitions) for name, one in schema.items()
        }
    return [_placed(one, operation, definitions) for one in schema] if isinstance(schema, list) else schema


def _answer(operation: Operation, status: int, returns: Any, definitions: Definitions) -> Schema:
    endpoint = operation.endpoint
    made: Schema = {"description": definitions.text(_DONE.get(status, _DONE[200]))}
    if returns == "record":
        made["headers"] = _headers("ETag", *(("Location",) if status == 201 else ()))
    if endpoint.media_type != "application/json" and status in (endpoint.status, 206):
        schema = {"type": "string"} if returns is None else content(returns, operation, definitions)
        made["content"] = {endpoint.media_type: {"schema": schema}}
    elif returns is not None:
        made["content"] = {"application/json": {"schema": content(returns, operation, definitions)}}
    return made


def _headers(*names: str) -> Schema:
    return {name: {"$ref": f"#/components/headers/{name.replace('-', '')}"} for name in names}


def _problem(definitions: Definitions) -> Schema:
    one = {
        "type": "object",
        "properties": {
            "pointer": {"type": "string", "description": definitions.text(msg("Where: a JSON pointer (RFC 6901)."))},
            "code": {"type": "string", "description": definitions.text(msg("A stable word for programs."))},
            "detail": {"type": "string"},
            "expected": {"type": "string"},
            "value": {"type": ["string", "null"]},
            "plugin": {"type": "string"},
            "record_id": {"type": "string"},
        },
        "required": ["pointer", "code", "detail"],
    }
    return {
        "type": "object",
        "description": definitions.text(
            msg("What went wrong (RFC 9457): every error, in the language that was asked for.")
        ),
        "properties": {
            "type": {"type": "string", "format": "uri-reference"},
            "title": {"type": "string"},
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "code": {"type": "string", "description": definitions.text(msg("A stable word for programs."))},
            "detail": {"type": "string"},
            "instance": {"type": "string", "format": "uri-reference"},
            "errors": {"type": "array", "items": definitions.refer("ProblemError", lambda: one)},
        },
        "required": ["type", "title", "status", "code"],
    }
