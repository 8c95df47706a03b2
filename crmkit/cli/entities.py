"""``crmkit entity``: what the entities are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmkit.cli.localized import argument, group, json_option
from crmkit.cli.words import translated, wording

if TYPE_CHECKING:
    from crmkit.core.entity import EntityInfo, FieldInfo

_LISTED = (wording("Entity"), wording("Label"), wording("Table"), wording("Plugin"), wording("Fields"))


@group("entity", help=wording("Show entities, their fields and references."))
def entity() -> None:
    pass


@entity.command("list", help=wording("List the entities of this installation."))
@json_option
def list_(as_json: bool) -> None:
    from crmkit.cli.output import print_block, print_json, table
    from crmkit.cli.running import assembled

    with assembled() as crm:
        infos = sorted(crm.registry, key=lambda info: info.name)
        if as_json:
            print_json(
                [
                    {
                        "name": info.name,
                        "label": translated(info.label),
                        "table": info.plural,
                        "plugin": info.plugin,
                        "fields": len(info.fields),
                    }
                    for info in infos
                ]
            )
            return
        headings = [translated(heading) for heading in _LISTED]
        rows = [(info.name, translated(info.label), info.plural, info.plugin, len(info.fields)) for info in infos]
        print_block(table(headings, rows, right=[4]))


@entity.command("show", help=wording("Show the fields of an entity and what refers to it."))
@argument("name", help=wording("The entity, such as customer."))
@json_option
def show(name: str, as_json: bool) -> None:
    from crmkit.cli.output import print_block, print_json, table
    from crmkit.cli.running import assembled, entity_named

    with assembled() as crm:
        info = entity_named(crm, name)
        referring = [f"{other.name}.{field.name}" for other, field in crm.registry.references_to(info.name)]
        if as_json:
            print_json(_document(info, referring))
            return
        print_block(table(_headings(), [_row(field) for field in info.fields], title=_title(info)))
        if referring:
            heading = translated(wording("Referred to by"))
            print_block(f"{heading}: {', '.join(referring)}")


def _title(info: EntityInfo) -> str:
    return f"{info.name} · {translated(info.label)} ({info.plural}, {info.plugin})"


def _headings() -> list[str]:
    return [
        translated(heading)
        for heading in (
            wording("Field"),
            wording("Label"),
            wording("Type"),
            wording("Required"),
            wording("Refers to"),
            wording("Choices"),
            wording("Help"),
        )
    ]


def _row(field: FieldInfo) -> list[Any]:
    kind = f"{field.kind.value} ({field.format})" if field.format else field.kind.value
    return [
        field.name,
        translated(field.label),
        kind,
        translated(wording("yes")) if field.required else "",
        field.reference,
        ", ".join(field.choices),
        translated(field.help),
    ]


def _document(info: EntityInfo, referring: list[str]) -> dict[str, Any]:
    return {
        "name": info.name,
        "label": translated(info.label),
        "table": info.plural,
        "plugin": info.plugin,
        "title": info.title,
        "unique": info.unique,
        "referred_to_by": referring,
        "fields": [
            {
                "name": field.name,
                "label": translated(field.label),
                "type": field.kind.value,
                "required": field.required,
                "nullable": field.nullable,
                "choices": field.choices,
                "max_length": field.max_length if field.kind.value == "text" else None,
                "format": field.format,
                "reference": field.reference,
                "searchable": field.searchable,
                "sensitivity": field.sensitivity,
                "custom": field.custom,
                "help": translated(field.help),
            }
            for field in info.fields
        ],
    }
