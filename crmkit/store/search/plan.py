"""What is found by what: read from the metadata of an application's entities once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from types import MappingProxyType
from typing import Any
from weakref import WeakKeyDictionary

from crmkit.core.entity import EntityInfo, FieldInfo, Part, Record, Via
from crmkit.core.fieldtypes import Kind
from crmkit.core.frozen import frozen
from crmkit.core.registry import EntityRegistry
from crmkit.core.search.terms import VERSION
from crmkit.core.search.texts import LONGEST_NAME, TextKind

_SORTS = (Kind.TEXT, Kind.INTEGER, Kind.WORDS)


@frozen
class PartPlan:
    """A part whose searchable fields count to the record it belongs to.

    That one is named by the field ``reference``; with ``named``, it may be of any entity, which the field ``entity`` tells.
    """

    info: EntityInfo
    reference: str
    fields: tuple[FieldInfo, ...]
    named: bool = False


@frozen
class EntityPlan:
    """A kind of record that can be found: by its own ``fields`` and by those of its ``parts``."""

    info: EntityInfo
    fields: tuple[FieldInfo, ...]
    parts: tuple[PartPlan, ...] = ()


@frozen(eq=False)
class Plan:
    """``entities``: what can be found. ``wholes``: for the name of a part, which entities its record may be of.

    ``shape`` changes with all of it: an index of another shape does not know what it should.
    """

    entities: Mapping[str, EntityPlan]
    wholes: Mapping[str, tuple[tuple[str, PartPlan], ...]]
    shape: str


_plans: WeakKeyDictionary[EntityRegistry, Plan] = WeakKeyDictionary()


def plan_of(registry: EntityRegistry) -> Plan:
    """Return the plan of a registry's entities."""
    found = _plans.get(registry)
    if found is None:
        found = _plans[registry] = _make(registry)
    return found


def sort_of(field: FieldInfo) -> TextKind:
    """Return how the text of a field is looked into."""
    if field.format in ("email", "domain"):
        return "mail"
    if field.kind is Kind.TEXT:
        return "name" if field.max_length <= LONGEST_NAME else "text"
    return "name" if field.kind is Kind.INTEGER else "text"


def _make(registry: EntityRegistry) -> Plan:
    searchable = {info.name: _searchable(info) for info in registry}
    parts: dict[str, list[PartPlan]] = {}
    for info in registry:
        if searchable[info.name] and _is_part(info):
            for target, part in _wholes(info, searchable):
                parts.setdefault(target, []).append(part)
    entities = {
        info.name: EntityPlan(info, searchable[info.name], tuple(parts.get(info.name, ())))
        for info in registry
        if info.editable and not _is_part(info) and (searchable[info.name] or info.name in parts)
    }
    wholes: dict[str, list[tuple[str, PartPlan]]] = {}
    for name, entity in entities.items():
        for part in entity.parts:
            wholes.setdefault(part.info.name, []).append((name, part))
    return Plan(
        MappingProxyType(entities),
        MappingProxyType({name: tuple(found) for name, found in wholes.items()}),
        _shape(entities),
    )


def _searchable(info: EntityInfo) -> tuple[FieldInfo, ...]:
    return tuple(field for field in info.fields if field.searchable and field.kind in _SORTS)


def _is_part(info: EntityInfo) -> bool:
    """Whether a record of it is only found as the one it belongs to."""
    if issubclass(info.cls, Record) or not issubclass(info.cls, Part):
        return False
    return any(isinstance(rule, Via) for rule in info.access) or _names_its_record(info)


def _names_its_record(info: EntityInfo) -> bool:
    return {"entity", "record_id"} <= info.by_name.keys()


def _wholes(info: EntityInfo, searchable: Mapping[str, Any]) -> Iterator[tuple[str, PartPlan]]:
    followed = [rule.reference for rule in info.access if isinstance(rule, Via)]
    for reference in followed:
        yield info.field(reference).reference, PartPlan(info, reference, searchable[info.name])
    if not followed:
        for name, fields in searchable.items():
            if fields and name != info.name:
                yield name, PartPlan(info, "record_id", searchable[info.name], named=True)


def _shape(entities: Mapping[str, EntityPlan]) -> str:
    words = [str(VERSION)]
    for name, entity in sorted(entities.items()):
        words += [f"{name}.{field.name}:{sort_of(field)}" for field in entity.fields]
        words += [
            f"{name}<{part.info.name}.{field.name}:{sort_of(field)}" for part in entity.parts for field in part.fields
        ]
    return blake2b("\n".join(words).encode(), digest_size=6).hexdigest()
