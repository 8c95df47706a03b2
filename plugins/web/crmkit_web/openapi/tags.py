"""Tags: the groups that operations are listed in."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping

from crmkit.core.messages import Message, msg
from crmkit_web.openapi.definitions import Definitions, Schema
from crmkit_web.openapi.operations import Operation

TAGS: Mapping[str, Message] = {
    "records": msg("Work on records of any entity."),
    "actions": msg("What can be done beside editing records."),
    "surveys": msg("Questions that customers are asked, their answers, and what these amount to."),
    "pages": msg("Pages that plugins add, and parts of pages."),
    "reports": msg("Figures and charts over many records."),
    "documentation": msg("What the API is: the OpenAPI document and its reference."),
}
"""What the groups are that belong to no entity; one that is missing here is a plugin's and named by it."""


def tags(operations: Iterable[Operation], definitions: Definitions) -> list[Schema]:
    """Return the tags of operations, each once, with what they are about."""
    made: dict[str, Schema] = {}
    for operation in operations:
        if operation.tag not in made:
            made[operation.tag] = {"name": operation.tag, **_about(operation, definitions)}
    return list(made.values())


def _about(operation: Operation, definitions: Definitions) -> Schema:
    info = operation.entity
    if info is None:
        text = TAGS.get(operation.tag)
        return {"description": definitions.text(text)} if text is not None else {}
    label = definitions.text(info.plural_label)
    # What a class says of itself is in English alone.
    about = "" if definitions.translate else inspect.cleandoc(info.cls.__doc__ or "").partition("\n\n")[0]
    return {"description": f"{label}. {' '.join(about.split())}".strip()}
