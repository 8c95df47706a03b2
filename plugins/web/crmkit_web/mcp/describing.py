"""What entities are made of, as tools and resources tell it: only what the caller may read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmkit.core.messages import Message
from crmkit_web.mcp.acting import usable
from crmkit_web.mcp.tools import Work, readable

if TYPE_CHECKING:
    from crmkit.core.entity import EntityInfo
    from crmkit.core.fields import FieldInfo

RIGHTS = ("read", "create", "update", "delete")


def listed(work: Work) -> dict[str, Any]:
    """Return the entities that the caller may read, by name and label."""
    found = readable(work.site, work.actor).values()
    return {"entities": [{"name": info.name, "label": Message(info.label)} for info in found]}


def described(work: Work, info: EntityInfo) -> dict[str, Any]:
    """Return the fields of an entity that the caller may read, and what the caller may do with its records."""
    hidden = work.session.hidden(info.name)
    extensions = work.site.crm.extensions
    return {
        "name": info.name,
        "label": Message(info.label),
        "plural_label": Message(info.plural_label),
        "title": info.title,
        "rights": {right: work.actor.scope(info.name, right).name.lower() for right in RIGHTS},
        "fields": [_field(field) for field in info.fields if field.name not in hidden],
        "actions": [
            {"id": action.id, "label": action.label, "help": action.help}
            for action in extensions.actions_on(info.name)
            if usable(work.actor, action)
        ],
    }


def _field(field: FieldInfo) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": f"custom.{field.name}" if field.custom else field.name,
        "label": Message(field.label),
        "kind": field.kind.value,
        "required": field.required,
    }
    for name in ("choices", "reference"):
        if value := getattr(field, name):
            told[name] = value
    if field.help:
        told["help"] = Message(field.help)
    return told
