"""The page of the data model."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from crmkit.core.entities import CORE_ENTITIES
from crmkit.core.entity import EntityInfo, Own, Part, Record, Via, ViaRecord, entity_info
from crmkit.core.fields import FieldInfo, title_of
from crmkit.core.fieldtypes import PYTHON_TYPES, Kind
from tools.markdown import code, codes, slug, table
from tools.reference.classes import own_docstring
from tools.reference.plugins import OfficialPlugin

INTRODUCTION = """# Entities

The data model of the core. Plugins and [configuration](configuration.md) add entities and fields; `crmkit entity show
NAME` shows an entity as it is in an installation. The words are explained in the [glossary](../glossary.md).

Every entity is a frozen class; `change(record, field=...)` makes a changed copy. Texts without a limit in brackets
hold up to 1,000,000 characters. *Sensitivity* says who is concerned: `public`, `internal`, `personal` (of a person)
or `special` (protected in particular)."""

PLUGIN_INTRODUCTION = """# {label}: entities

What the plugin `{plugin}` keeps, beside the [entities of the core](entities.md), where the fields of every record are
told. Each change of a record leaves an [event](events.md): the entity's name and `created`, `updated`, `deleted` or
`restored`, as in `{plugin}_lead.created`; its data are the fields below."""

SUBJECTS: Sequence[str] = tuple(dict.fromkeys(cls.__module__ for cls in CORE_ENTITIES))
"""The modules that declare entities, in the order of the list of entities."""


def page() -> str:
    """Return the page."""
    infos = [entity_info(cls) for cls in CORE_ENTITIES]
    parts = [INTRODUCTION, _overview(infos), _types(), _common()]
    for module_name in SUBJECTS:
        mine = [info for info in infos if info.cls.__module__ == module_name]
        heading = title_of(module_name.rpartition(".")[2])
        parts.append(f"## {heading} entities\n\n{own_docstring(sys.modules[module_name])}")
        if drawn := diagram(mine):
            parts.append(drawn)
        for info in mine:
            parts += _entity(info)
    return "\n\n".join(parts)


def plugin_page(plugin: OfficialPlugin, classes: Sequence[type[Any]]) -> str:
    """Return the page of the entities of a plugin."""
    infos = [entity_info(cls) for cls in classes]
    parts = [
        PLUGIN_INTRODUCTION.format(label=plugin.manifest.label or plugin.name, plugin=plugin.name),
        _overview(infos),
    ]
    for module_name in dict.fromkeys(info.cls.__module__ for info in infos):
        heading = title_of(module_name.split(".")[1])
        parts.append(f"## {heading} entities\n\n{own_docstring(sys.modules[module_name])}")
        for info in infos:
            if info.cls.__module__ == module_name:
                parts += _entity(info)
    own = {slug(info.name) for info in infos}
    elsewhere = re.compile(r"\]\(#([\w-]+)\)")
    return elsewhere.sub(
        lambda found: found[0] if found[1] in own else f"](entities.md#{found[1]})", "\n\n".join(parts)
    )


def diagram(infos: Sequence[EntityInfo]) -> str:
    """Return a Mermaid diagram of the references from entities to others; nothing when they have none."""
    lines = [
        f"    {field.reference} {'|o' if field.nullable else '||'}--o{{ {info.name} : {field.name}"
        for info in infos
        for field in _own_fields(info)
        if field.reference
    ]
    return "\n".join(["```mermaid", "erDiagram", *lines, "```"]) if lines else ""


def type_of(field: FieldInfo) -> str:
    """Return the type of a field in words, with its limits."""
    if field.reference:
        return f"id of [{code(field.reference)}](#{slug(field.reference)})"
    shown = field.kind.value.replace("_", " ")
    if field.kind is Kind.TEXT and field.format:
        return f"{shown}: {field.format}"
    if field.kind is Kind.TEXT and not field.choices and field.max_length < 1_000_000:
        return f"{shown} ({field.max_length:,})"
    return f"{shown} from {field.minimum}" if field.minimum is not None else shown


def access_of(info: EntityInfo) -> str:
    """Return in words whose rights reach a record."""
    ways = []
    for rule in info.access:
        if isinstance(rule, Own):
            ways.append("its own owner and team decide")
        elif isinstance(rule, Via):
            ways.append(f"as the record in {code(rule.reference)}")
        elif isinstance(rule, ViaRecord):
            ways.append(f"as the record that {code(rule.entity)} and {code(rule.record)} name")
        else:
            ways.append(f"as a record in {code(rule.there)} of a {code(rule.link)} that joins it to this one")
    return "; or ".join(ways) or "only for those whose right reaches all records"


def _overview(infos: Sequence[EntityInfo]) -> str:
    rows = [
        (f"[{code(info.name)}](#{slug(info.name)})", info.label, own_docstring(info.cls).partition("\n")[0])
        for info in infos
    ]
    return table(["entity", "label", "what it is"], rows)


def _types() -> str:
    rows = []
    for kind in Kind:
        python = PYTHON_TYPES[kind]
        classes = python if isinstance(python, tuple) else (python,)
        rows.append((kind.value.replace("_", " "), " or ".join(code(cls.__name__) for cls in classes)))
    return f"## Types\n\n{table(['type', 'in Python'], rows)}"


def _common() -> str:
    part, record = ({field.name: field for field in _fields_of(base)} for base in (Part, Record))
    owned = [field for name, field in record.items() if name not in part]
    return "\n\n".join(
        [
            "## Fields of every record",
            "These are on all entities but the audit entries and events; the tables below leave them out.",
            _table(list(part.values())),
            "Entities that stand for themselves also have an owner and a team:",
            _table(owned),
        ]
    )


def _fields_of(base: type[Any]) -> tuple[FieldInfo, ...]:
    """Return the fields that a base class gives, as any entity made of it has them."""
    made = next(entity_info(cls) for cls in CORE_ENTITIES if cls.__mro__[1] is base)
    return tuple(field for field in made.fields if field.common)


def _entity(info: EntityInfo) -> Iterator[str]:
    yield f"### {info.name}\n\n{own_docstring(info.cls)}"
    facts = [("class", code(f"{info.cls.__module__}.{info.cls.__name__}")), ("table", code(info.plural))]
    facts += [("labels", f"{info.label}, {info.plural_label}"), ("known by", code(info.title))]
    facts += [("access", access_of(info)), ("owner and team", "yes" if info.owned else "no")]
    facts += [("unique among the living", _keys(info.unique)), ("indexes", _keys(info.indexes))]
    yield table(["", ""], [fact for fact in facts if fact[1]])
    yield _table(_own_fields(info))


def _own_fields(info: EntityInfo) -> list[FieldInfo]:
    return [field for field in info.fields if not field.common or not issubclass(info.cls, Part)]


def _keys(keys: Sequence[Sequence[str]]) -> str:
    return ", ".join(code(" + ".join(key)) for key in keys)


def _table(fields: Sequence[FieldInfo]) -> str:
    rows = [
        (
            code(field.name),
            field.label,
            type_of(field),
            "yes" if field.required else "",
            codes(choice or '""' for choice in field.choices),
            field.sensitivity,
            _remarks(field),
        )
        for field in fields
    ]
    return table(["field", "label", "type", "required", "choices", "sensitivity", "remarks"], rows)


def _remarks(field: FieldInfo) -> str:
    remarks = [field.help] if field.help else []
    if not field.required and field.default not in (None, "", False, ()) and not hasattr(field.default, "keys"):
        remarks.append(f"default {code(field.default)}")
    remarks += [word for word, said in (("searchable", field.searchable), ("indexed", field.indexed)) if said]
    remarks += [] if field.audited else ["not audited"]
    remarks += [f"merge: {field.merge.replace('_', ' ')}"] if field.merge else []
    remarks += [f"erase: {field.erase}"] if field.erase else []
    remarks += [word for word, said in (("handed over", field.handed_over), ("fixed", field.fixed)) if said]
    return "; ".join(remarks)
