"""The OpenAPI document: all endpoints of a site, for programs that make clients, tests and references of them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import crmkit
from crmkit.core.messages import msg
from crmkit.hosting import known_language, translator
from crmkit_web.openapi.answers import answers, content, shared_answers, shared_headers
from crmkit_web.openapi.definitions import DIALECT, Definitions, Schema
from crmkit_web.openapi.operations import Operation, operations
from crmkit_web.openapi.parameters import parameters, shared_parameters
from crmkit_web.openapi.schemas import shaped
from crmkit_web.openapi.security import NOBODY, SECURITY, security_schemes
from crmkit_web.openapi.tags import tags
from crmkit_web.serving.site import Site

VERSION = "3.1.0"


def openapi(site: Site, entities: Collection[str] | None = None, language: str = "en") -> Schema:
    """Return the OpenAPI 3.1 document of a site, with its texts in a language.

    ``entities`` are the plural names of the entities that it tells of; None: all.
    """
    infos = {info.name: info for info in site.entities.values()}

    def record(name: str) -> Schema:
        # What log-in works with is no record of the API; whoever answers it says what it looks like.
        return shaped(infos[name], "record", definitions) if name in infos else {"type": "object"}

    translate = None if known_language(language) == "en" else translator(language)
    taken = {
        info.cls.__name__ + "".join(word.capitalize() for word in field.name.split("_"))
        for info in site.entities.values()
        for field in info.fields
        if field.choices
    }
    definitions = Definitions("#/components/schemas/", translate, record, titles=False, taken=taken)
    paths: dict[str, Schema] = {}
    found = list(operations(site, entities))
    by_place = {(one.endpoint.id, one.entity): one.id for one in found}
    for operation in found:
        method = operation.endpoint.method.lower()
        paths.setdefault(operation.path, {})[method] = _operation(operation, by_place, definitions)
    return {
        "openapi": VERSION,
        "jsonSchemaDialect": DIALECT,
        "info": {
            "title": "crmkit",
            "version": crmkit.__version__,
            "description": definitions.text(_ABOUT),
        },
        "servers": [{"url": "/"}],
        "security": SECURITY,
        "tags": tags(found, definitions),
        "paths": paths,
        "components": {
            "parameters": shared_parameters(definitions),
            "responses": shared_answers(definitions),
            "headers": shared_headers(definitions),
            "securitySchemes": security_schemes(site, definitions),
            "schemas": definitions.named,
        },
    }


def _operation(operation: Operation, by_place: dict[Any, str], definitions: Definitions) -> Schema:
    endpoint = operation.endpoint
    made: Schema = {
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": definitions.text(endpoint.summary),
        "parameters": list(parameters(operation, definitions)),
        "responses": answers(operation, definitions),
    }
    if endpoint.body is not None:
        made["requestBody"] = _body(operation, definitions)
    if endpoint.public:
        made["security"] = NOBODY
    if endpoint.returns == "record" and endpoint.status == 201:
        made["responses"]["201"]["links"] = _links(operation, by_place)
    return made


def _body(operation: Operation, definitions: Definitions) -> Schema:
    endpoint = operation.endpoint
    schema = content(endpoint.body, operation, definitions, sent=True)
    kinds = [endpoint.takes]
    if endpoint.body == "patch":
        kinds.append("application/merge-patch+json")
    return {"required": True, "content": {kind: {"schema": schema} for kind in kinds}}


def _links(operation: Operation, by_place: dict[Any, str]) -> Schema:
    """Return what can be done next with a record that was made."""
    made = {}
    for endpoint_id in ("get_record", "change_record", "delete_record"):
        found = by_place.get((endpoint_id, operation.entity))
        if found is not None:
            made[found] = {"operationId": found, "parameters": {"path.id": "$response.body#/id"}}
    return made


_ABOUT = msg(
    "Records of every entity, with the rights of whoever asks: fields that may not be read are left out. Decimals are "
    "texts, instants are in UTC. Texts hold no NUL character. Every error is a problem (RFC 9457) that lists all that is "
    "wrong."
)
