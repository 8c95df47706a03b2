"""What may be sent to be imported, as JSON Schema: a file in a form, or the address of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmkit.core.messages import msg

if TYPE_CHECKING:
    from crmkit_web.serving.site import Site

KNOWN = ("csv", "tsv", "tab", "txt", "xlsx", "xlsm", "jsonl", "ndjson", "json", "vcf", "vcard", "sql")
"""Endings of names of files that can be read."""

FILENAME = (
    rf"^.*[^\s./\\]\.({'|'.join(''.join(f'[{letter}{letter.upper()}]' for letter in ending) for ending in KNOWN)})$"
)
MEMBERS = ("file", "mapping", "mapping_name", "entity", "dry_run", "confirmed")
"""The members of a form."""


def entities_of(site: Site) -> tuple[str, ...]:
    """Return the names of the entities that rows can be."""
    return tuple(sorted(info.name for info in site.entities.values() if info.editable))


def form_body(site: Site, _: Any) -> dict[str, Any]:
    """Return the schema of a form with a file."""
    file = {"type": "string", "format": "binary", "minLength": 1, "contentMediaType": "application/octet-stream"}
    return _object("file", file, site, dry_run={"type": "string", "enum": ["true", "false"]})


def address_body(site: Site, _: Any) -> dict[str, Any]:
    """Return the schema of an import from an address."""
    name = {
        "type": "string",
        "pattern": f"{FILENAME}|^$",
        "description": msg("What the file is called, where the address does not tell."),
    }
    dry_run = {"type": "boolean", "default": False}
    return _object("url", {"type": "string"}, site, filename=name, dry_run=dry_run)


def _object(name: str, schema: dict[str, Any], site: Site, **more: Any) -> dict[str, Any]:
    """Return the schema of what names a source, and what its rows are in one of three ways."""
    ways: dict[str, Any] = {
        "mapping": {"type": "string", "maxLength": 500_000, "description": msg("A mapping, in TOML.")},
        "mapping_name": {
            "type": "string",
            "maxLength": 200,
            "description": msg("A mapping that the installation offers."),
        },
        "entity": {
            "type": "string",
            "enum": ["", *entities_of(site)],
            "description": msg("What the rows are, when columns are named as its fields."),
        },
    }
    one_of = [{"required": [way], "properties": {way: {"type": "string", "minLength": 1}}} for way in ways]
    return {
        "type": "object",
        "required": [name],
        "additionalProperties": False,
        "properties": {
            name: schema,
            **ways,
            **more,
            "confirmed": {
                "type": "array",
                "items": {"type": "string"},
                "maxItems": 40,
                "description": msg("What values mean that no record has, as in: product.sku: GTXPro = GTX Pro"),
            },
        },
        # Here, since generators of clients leave it out, and make one class.
        "dependentSchemas": {name: {"oneOf": one_of}},
    }
