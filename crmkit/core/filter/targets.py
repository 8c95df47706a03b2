"""What a path such as ``owner.name`` and a word such as ``interactions`` stand for, by the metadata of entities."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from crmkit.core.entity import EntityInfo, FieldInfo, Via, ViaLink
from crmkit.core.errors import did_you_mean
from crmkit.core.fieldtypes import Kind
from crmkit.core.filter.civil import RANGES
from crmkit.core.filter.faults import Unsuitable
from crmkit.core.frozen import frozen
from crmkit.core.messages import Message, msg, shown
from crmkit.core.registry import EntityRegistry

MAX_HOPS = 5

Allowed = Callable[[str, str], bool]
"""Whether a filter may use a field, by the names of its entity and itself."""

PARTS: Mapping[Kind, Mapping[str, Kind]] = {
    Kind.MONEY: {"amount": Kind.DECIMAL, "currency": Kind.TEXT},
    Kind.INSTANT: dict.fromkeys(RANGES, Kind.INTEGER),
}
"""What a path may ask for of values of a kind, and the kind of each part."""


@frozen
class Hop:
    """A step along a reference: ``field`` points from its entity to ``target``."""

    field: FieldInfo
    target: str


@frozen
class Target:
    """The value a path ends at. ``kind`` is that of ``part`` when the path asks for a part of money or of an instant."""

    path: str
    hops: tuple[Hop, ...]
    entity: str
    field: FieldInfo
    kind: Kind
    part: str = ""

    @property
    def label(self) -> str:
        return f"{self.entity}.{self.field.name}" + (f".{self.part}" if self.part else "")


@frozen
class Link:
    """How a record points up: ``field`` of ``entity`` holds the parent's id.

    With ``kind_field``, it points at records of any entity, and that field names which.
    """

    entity: str
    field: str
    kind_field: str = ""


@frozen
class Children:
    """What ``has ... children`` counts: records of ``entity``.

    ``up`` points at the parent. It belongs to the child itself, or, with ``down``, to a linking entity whose field
    ``down`` points at the child; a child linked twice counts once. ``copies`` are fields of the child that the linking
    entity holds as well.
    """

    name: str
    entity: str
    up: Link
    down: str = ""
    copies: tuple[str, ...] = ()


def resolve_path(path: str, registry: EntityRegistry, entity: str, allowed: Allowed | None = None) -> Target:
    """Return what ``path`` means from ``entity``; raises Unsuitable for names that are unknown or not allowed."""
    names = path.split(".")
    hops: list[Hop] = []
    info = registry.get(entity)
    place = 0
    while True:
        name = names.pop(0)
        if name == "custom" and names:
            place += len("custom.")
            name = names.pop(0)
            field = _named(info, name, leads_on=bool(names), custom=True)
        else:
            field = _named(info, name, leads_on=bool(names))
        if field is None or (allowed is not None and not allowed(info.name, field.name)):
            raise Unsuitable(_unknown(info, name, allowed), place)
        if not names or not field.reference:
            return _ending(hops, info, field, names, place + len(name) + 1)
        if len(hops) == MAX_HOPS:
            raise Unsuitable(msg("a path leads along at most {limit} references", limit=MAX_HOPS), place)
        hops.append(Hop(field, field.reference))
        info = registry.get(field.reference)
        place += len(name) + 1


def children_of(registry: EntityRegistry, entity: str) -> Mapping[str, Children]:
    """Return what ``has`` can count from ``entity``, by name.

    These are records that refer to it (contact points), that it is linked to by a link which also grants access
    (interactions, by their participants), that attach to records of any entity (external identities, stage tracks),
    and whatever such an attachment belongs to (tags, by taggings).
    """
    known: Mapping[str, Children] | None = registry.counted.get(entity)
    if known is None:
        known = registry.counted[entity] = MappingProxyType(_children_of(registry, entity))
    return known


def _children_of(registry: EntityRegistry, entity: str) -> dict[str, Children]:
    found: dict[str, Children] = {}
    for name, (info, field) in registry.children(entity).items():
        found[name] = Children(name, info.name, Link(info.name, field.name))
    for info in registry:
        for rule in info.access:
            if isinstance(rule, ViaLink) and registry.get(rule.link).field(rule.there).reference == entity:
                link = Link(rule.link, rule.there)
                found.setdefault(info.plural, Children(info.plural, info.name, link, rule.here, rule.copies))
    attached = [info for info in registry if _attaches(info)]
    for info in attached:
        found.setdefault(info.plural, Children(info.plural, info.name, Link(info.name, "record_id", "entity")))
    for info in attached:
        for rule in info.access:
            if isinstance(rule, Via):
                child = registry.get(info.field(rule.reference).reference)
                link = Link(info.name, "record_id", "entity")
                found.setdefault(child.plural, Children(child.plural, child.name, link, rule.reference))
    return found


def resolve_children(name: str, registry: EntityRegistry, entity: str) -> Children:
    """Return what ``name`` counts, raises Unsuitable. A singular is taken where it is one: ``has an interaction``."""
    known = children_of(registry, entity)
    if name in known:
        return known[name]
    if name in registry and registry.get(name).plural in known:
        return known[registry.get(name).plural]
    hint = did_you_mean(name, known)
    problem = msg("nothing called {name} belongs to {entity}; {hint}", name=shown(name), entity=entity, hint=hint)
    raise Unsuitable(problem)


def _attaches(info: EntityInfo) -> bool:
    kind, record = info.by_name.get("entity"), info.by_name.get("record_id")
    return kind is not None and kind.kind is Kind.TEXT and record is not None and record.kind is Kind.ID


def _named(info: EntityInfo, name: str, leads_on: bool, custom: bool = False) -> FieldInfo | None:
    """The field called ``name``, or the reference called ``name_id`` where that alone can be meant."""
    fields = [field for field in info.fields if field.custom or not custom]
    direct = next((field for field in fields if field.name == name), None)
    if direct is not None and not (leads_on and not direct.reference and direct.kind not in PARTS):
        return direct
    return next((field for field in fields if field.reference and _spoken(field) == name), direct)


def _ending(hops: list[Hop], info: EntityInfo, field: FieldInfo, rest: list[str], place: int) -> Target:
    path = ".".join([_spoken(hop.field) for hop in hops] + [field.name])
    if field.kind is Kind.JSON:
        raise Unsuitable(msg("{field} holds structured data, which filters cannot ask for", field=field.name))
    if not rest:
        return Target(path, tuple(hops), info.name, field, field.kind)
    parts = PARTS.get(field.kind, {})
    if len(rest) == 1 and rest[0] in parts:
        return Target(f"{path}.{rest[0]}", tuple(hops), info.name, field, parts[rest[0]], rest[0])
    if parts:
        hint = did_you_mean(rest[0], parts)
        problem = msg("{field} has no part {name}; {hint}", field=field.name, name=shown(rest[0]), hint=hint)
        raise Unsuitable(problem, place)
    raise Unsuitable(msg("{field} is no reference; nothing can follow it", field=field.name), place)


def _spoken(field: FieldInfo) -> str:
    return field.name.removesuffix("_id")


def _unknown(info: EntityInfo, name: str, allowed: Allowed | None) -> Message:
    usable: Iterable[FieldInfo] = (field for field in info.fields if field.kind is not Kind.JSON)
    known = {field.name for field in usable if allowed is None or allowed(info.name, field.name)}
    hint = did_you_mean(name, known)
    return msg("{entity} has no field {name}; {hint}", entity=info.name, name=shown(name), hint=hint)
