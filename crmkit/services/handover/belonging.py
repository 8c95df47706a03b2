"""What belongs to which customer, over any number of records in between: read from the references that entities declare."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from uuid import UUID

from crmkit.core.entity import EntityInfo, FieldInfo, Via, ViaLink
from crmkit.core.merging import generic_reference
from crmkit.core.registry import EntityRegistry
from crmkit.services.handover.asking import asked, table_of
from crmkit.store.chunks import distinct_chunks
from crmkit.store.session import Session

CUSTOMER = "customer"
DEEPEST = 5
"""Records that may lie between a record and its customer."""

_STAFF = frozenset({"user", "team", "role"})
"""People who work for a customer belong to nobody."""

Rows = Callable[[Session, list[UUID]], Iterator[tuple[UUID, str, UUID]]]
"""Yields, for records with these ids, the entity and id of a record that each belongs to."""


class Belonging:
    """Finds the customer of records, and what holds those together that have none."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._ways = _ways(session.database.registry)

    def keys(self, entity: str, ids: Iterable[UUID], preferred: Container[UUID] = ()) -> dict[UUID, UUID]:
        """Return for each record the id of its customer; where there is none, that of what it belongs to, or its own.

        Of several customers the ``preferred`` ones come first, then the one that was made first.
        """
        return self._keys(entity, list(ids), preferred, DEEPEST)

    def _keys(self, entity: str, ids: list[UUID], preferred: Container[UUID], depth: int) -> dict[UUID, UUID]:
        found = {id: id for id in ids}
        if entity == CUSTOMER or not depth:
            return found
        missing = dict.fromkeys(ids)
        for rows in self._ways.get(entity, ()):
            wholes: dict[UUID, list[tuple[str, UUID]]] = {}
            for chunk in distinct_chunks(missing):
                for id, target, whole in rows(self._session, chunk):
                    wholes.setdefault(id, []).append((target, whole))
            keys = self._of(wholes, preferred, depth)
            for id, reached in wholes.items():
                candidates = sorted({keys[one] for one in reached}, key=lambda key: (key not in preferred, key))
                found[id] = candidates[0]
                del missing[id]
            if not missing:
                break
        return found

    def _of(
        self, wholes: Mapping[UUID, list[tuple[str, UUID]]], preferred: Container[UUID], depth: int
    ) -> dict[tuple[str, UUID], UUID]:
        by_entity: dict[str, dict[UUID, None]] = {}
        for reached in wholes.values():
            for target, id in reached:
                by_entity.setdefault(target, {})[id] = None
        return {
            (target, id): key
            for target, some in by_entity.items()
            for id, key in self._keys(target, list(some), preferred, depth - 1).items()
        }


def _ways(registry: EntityRegistry) -> dict[str, list[Rows]]:
    """Return for each entity the ways that lead to a customer, the most direct first."""
    found: dict[str, list[Rows]] = {}
    leading = _leading(registry)
    for info in registry:
        if not info.editable or info.name in _STAFF or info.name == CUSTOMER:
            continue
        own = [field for field in info.stored if field.reference and not field.common]
        direct = [_by_reference(info, field) for field in own if field.reference == CUSTOMER]
        wholes: list[Rows] = []
        for rule in info.access:
            if isinstance(rule, Via) and info.field(rule.reference).reference != CUSTOMER:
                wholes.append(_by_reference(info, info.field(rule.reference)))
            elif isinstance(rule, ViaLink):
                wholes.append(_by_link(registry, rule))
        generic = generic_reference(info)
        named = [_by_name(info, generic)] if generic is not None and "entity" in info.by_name else []
        via = {rule.reference for rule in info.access if isinstance(rule, Via)}
        others = [
            _by_reference(info, field)
            for field in own
            if field.name not in via and field.reference in leading and field.reference not in (CUSTOMER, info.name)
        ]
        found[info.name] = [*direct, *wholes, *named, *others]
    return found


def _leading(registry: EntityRegistry) -> set[str]:
    """Return the entities whose records belong to customers, by reference or over others that do."""
    found = {CUSTOMER}
    grown = True
    while grown:
        grown = False
        for info in registry:
            if info.name in found or info.name in _STAFF or not info.editable:
                continue
            targets = {field.reference for field in info.stored if field.reference and not field.common}
            targets |= {
                registry.get(rule.link).field(rule.there).reference for rule in info.access if isinstance(rule, ViaLink)
            }
            if targets & found:
                found.add(info.name)
                grown = True
    return found


def _by_reference(info: EntityInfo, field: FieldInfo) -> Rows:
    def rows(session: Session, ids: list[UUID]) -> Iterator[tuple[UUID, str, UUID]]:
        table = table_of(session, info)
        column = table.c[field.name]
        for row in asked(session, info, [table.c.id, column], table.c.id.in_(ids), column.is_not(None)):
            yield row[0], field.reference, row[1]

    return rows


def _by_link(registry: EntityRegistry, rule: ViaLink) -> Rows:
    info = registry.get(rule.link)
    target = info.field(rule.there).reference

    def rows(session: Session, ids: list[UUID]) -> Iterator[tuple[UUID, str, UUID]]:
        link = table_of(session, info)
        here, there = link.c[rule.here], link.c[rule.there]
        for row in asked(session, info, [here, there], here.in_(ids), there.is_not(None)):
            yield row[0], target, row[1]

    return rows


def _by_name(info: EntityInfo, field: FieldInfo) -> Rows:
    def rows(session: Session, ids: list[UUID]) -> Iterator[tuple[UUID, str, UUID]]:
        table = table_of(session, info)
        column, registry = table.c[field.name], session.database.registry
        columns = [table.c.id, table.c.entity, column]
        for row in asked(session, info, columns, table.c.id.in_(ids), column.is_not(None)):
            if row[1] in registry and registry.get(row[1]).editable:
                yield row[0], row[1], row[2]

    return rows
