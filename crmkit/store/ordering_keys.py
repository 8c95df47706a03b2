"""The ordering keys of events: the customers that an event is about, else its record.

Events with a key in common are taken by a subscriber in the order of the log. A customer's own events have its id; those
of other records the customers that they refer to, directly or by what they belong to, as things stand when it is asked.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.entity import EntityInfo, Via, ViaLink, ViaRecord
from crmkit.core.event_order import EventOrder
from crmkit.core.journal import Event
from crmkit.store.chunks import in_chunks
from crmkit.store.database import Database

CUSTOMER = "customer"
DEEPEST = 4
"""How many records may lie between an event's record and its customer."""

_BOTH = {"merge_journal": ("kept_id", "lost_id")}
"""Fields that name customers without being references."""

Customers = dict[UUID, set[UUID]]


def ordering_keys(
    connection: sa.Connection, database: Database, tenant: UUID, events: Sequence[Event], order: EventOrder = "customer"
) -> dict[int, frozenset[UUID]]:
    """Return the ordering keys of each event by its position; none for ``order`` none."""
    if order == "none":
        return {event.position: frozenset() for event in events}
    if order == "record":
        return {event.position: frozenset((event.record_id,)) for event in events}
    found = customers_of(connection, database, tenant, events)
    return {event.position: frozenset(found[event.id]) or frozenset((event.record_id,)) for event in events}


def customers_of(
    connection: sa.Connection, database: Database, tenant: UUID, events: Sequence[Event]
) -> dict[UUID, tuple[UUID, ...]]:
    """Return the customers that each event is about, by the event's id, in the order of their ids."""
    by_entity: dict[str, set[UUID]] = {}
    for event in events:
        by_entity.setdefault(event.entity, set()).add(event.record_id)
    finder = _Finder(connection, database, tenant)
    found = {entity: finder.customers(entity, ids, DEEPEST) for entity, ids in by_entity.items()}
    return {event.id: tuple(sorted(found[event.entity].get(event.record_id, ()))) for event in events}


class _Finder:
    """Finds the customers of records, one statement an entity and step."""

    def __init__(self, connection: sa.Connection, database: Database, tenant: UUID) -> None:
        self._connection, self._database, self._tenant = connection, database, tenant

    def customers(self, entity: str, ids: Collection[UUID], deepest: int) -> Customers:
        """Return the customers of records of one entity; deleted records and references count as well."""
        if entity == CUSTOMER:
            return {id: {id} for id in ids}
        if entity not in self._database.registry or not deepest or not ids:
            return {}
        info = self._database.registry.get(entity)
        fields = _BOTH.get(entity) or tuple(field.name for field in info.stored if field.reference == CUSTOMER)
        found = self._by_fields(info, fields, ids) if fields else {}
        for rule in info.access:
            left = [id for id in ids if not found.get(id)]
            if not left:
                break
            if isinstance(rule, Via):
                self._follow(found, info, rule.reference, left, deepest)
            elif isinstance(rule, ViaLink):
                self._through_link(found, rule, left, deepest)
            elif isinstance(rule, ViaRecord):
                self._by_name(found, info, rule, left, deepest)
        left = [id for id in ids if not found.get(id)]
        if left and "record_id" in info.by_name and "entity" in info.by_name:
            self._by_name(found, info, ViaRecord(), left, deepest)
        return found

    def _rows(self, entity: str, by: str, ids: Collection[UUID], columns: Sequence[str]) -> list[tuple[Any, ...]]:
        table, rows = self._database.tables[entity], list[tuple[Any, ...]]()
        for chunk in in_chunks(list(ids)):
            statement = sa.select(table.c[by], *[table.c[name] for name in columns])
            mine = (table.c.tenant_id == self._tenant, table.c[by].in_(chunk))
            rows += [tuple(row) for row in self._connection.execute(statement.where(*mine))]
        return rows

    def _by_fields(self, info: EntityInfo, fields: Sequence[str], ids: Collection[UUID]) -> Customers:
        rows = self._rows(info.name, "id", ids, fields)
        return {id: {one for one in customers if one is not None} for id, *customers in rows}

    def _follow(self, found: Customers, info: EntityInfo, reference: str, ids: Collection[UUID], deepest: int) -> None:
        target = info.by_name[reference].reference
        if target is not None:
            pairs = [(id, to) for id, to in self._rows(info.name, "id", ids, [reference]) if to is not None]
            self._add(found, target, pairs, deepest)

    def _through_link(self, found: Customers, rule: ViaLink, ids: Collection[UUID], deepest: int) -> None:
        target = self._database.registry.get(rule.link).by_name[rule.there].reference
        if target is not None:
            pairs = [(id, to) for id, to in self._rows(rule.link, rule.here, ids, [rule.there]) if to is not None]
            self._add(found, target, pairs, deepest)

    def _by_name(
        self, found: Customers, info: EntityInfo, rule: ViaRecord, ids: Collection[UUID], deepest: int
    ) -> None:
        named: dict[str, list[tuple[UUID, UUID]]] = {}
        for id, entity, record in self._rows(info.name, "id", ids, [rule.entity, rule.record]):
            named.setdefault(entity, []).append((id, record))
        for entity, pairs in named.items():
            self._add(found, entity, pairs, deepest)

    def _add(self, found: Customers, target: str, pairs: Sequence[tuple[UUID, UUID]], deepest: int) -> None:
        customers: Mapping[UUID, set[UUID]] = self.customers(target, {to for _, to in pairs}, deepest - 1)
        for id, to in pairs:
            found.setdefault(id, set()).update(customers.get(to, ()))
