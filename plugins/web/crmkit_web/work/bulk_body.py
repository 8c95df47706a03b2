"""What may be sent to the address of bulk actions, as JSON Schema: one doing, and what that doing takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmkit.core.entity import EntityInfo
from crmkit.core.messages import msg

if TYPE_CHECKING:
    from crmkit_web.serving.site import Site

_ID = {"type": ["string", "null"], "format": "uuid"}
_GIVEN: dict[str, Any] = {
    "set": {"type": "object"},
    "delete": {"const": True},
    "action": {"type": "string"},
    "add_to": {"type": "string"},
    "remove_from": {"type": "string"},
}
"""What each doing is where it is asked for; null and false ask for nothing."""


def bulk_body(site: Site, info: EntityInfo) -> dict[str, Any]:
    """Return the schema of what may be sent for records of an entity.

    The rules between members stand below ``dependentSchemas``: generators of clients leave these out, and make one class.
    """
    doings = [{"required": [name], "properties": {name: schema}} for name, schema in _GIVEN.items()]
    confirmed = [
        {"required": ["expected"], "properties": {"expected": {"type": "integer"}}},
        {"required": ["dry_run"], "properties": {"dry_run": {"const": True}}},
    ]
    for_action = [
        {"properties": {"input": {"type": "null"}}},
        {"required": ["action"], "properties": {"action": {"type": "string"}}},
    ]
    actions = [one.id for one in site.crm.extensions.actions_on(info.name) if one.bulk]
    return {
        "type": "object",
        "required": ["filter"],
        "additionalProperties": False,
        "properties": {
            "filter": {"type": "string", "format": "crmkit-filter", "description": msg("Empty: every record")},
            "set": {"anyOf": [{"shape": "patch"}, {"type": "null"}], "minProperties": 1},
            "delete": {"type": "boolean", "default": False},
            "action": {"type": ["string", "null"], "enum": [*actions, None]},
            "input": {"type": ["object", "null"]},
            "add_to": {**_ID, "description": msg("A frozen segment")},
            "remove_from": {**_ID, "description": msg("A frozen segment")},
            "expected": {
                "type": ["integer", "null"],
                "minimum": -(2**63 - 1),
                "maximum": 2**63 - 1,
                "description": msg("How many records match, as a dry run told"),
            },
            "dry_run": {"type": "boolean", "default": False},
        },
        "dependentSchemas": {
            "filter": {"oneOf": doings, "anyOf": confirmed},
            "input": {"anyOf": for_action},
        },
    }
