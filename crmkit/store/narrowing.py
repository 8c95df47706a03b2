"""Narrows every read to the tenant, to living records and to what the actor may see."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.access import Actor
from crmkit.core.domain_event import DOMAIN_EVENT
from crmkit.core.entity import EntityInfo
from crmkit.core.registry import EntityRegistry
from crmkit.core.values.clock import Clock
from crmkit.store.custom_columns import column_name
from crmkit.store.json_keys import without
from crmkit.store.types import column_types
from crmkit.store.ways import Condition, Ways

_COPIES = {"audit_entry": "delta", "merge_journal": "images"}
"""Fields that hold what records of any entity held."""

SOURCES_KEPT = 4
"""How many names of an entity's selectable are kept for filters that ask for it more than once."""


class Narrowing(Ways):
    """The conditions of one actor. ``conditions`` is all a statement needs to be safe.

    They are built once. What changes with time is asked for when a statement runs, so they may be kept; what changes
    with the actor's rights makes another actor.
    """

    def __init__(self, registry: EntityRegistry, tables: Mapping[str, sa.Table], actor: Actor, clock: Clock) -> None:
        self._registry, self._tables, self._actor, self._clock = registry, tables, actor, clock
        self._selectables: dict[tuple[str, bool], sa.FromClause] = {}
        self._sources: dict[tuple[str, int], sa.FromClause] = {}
        self._allowed: dict[tuple[str, str], Condition | None] = {}
        self._masked: dict[Any, tuple[str, str]] = {}
        self._hides: bool | None = None
        self._whole: Narrowing | None = None

    @property
    def tenant_id(self) -> UUID:
        """The tenant whose records there are."""
        return self._actor.tenant_id

    @property
    def user_id(self) -> UUID | None:
        """The user whose rights count; None for the system."""
        return self._actor.user_id

    def conditions(
        self, entity: str, table: sa.FromClause, action: str = "read", deleted: bool = False
    ) -> list[Condition]:
        """Return the conditions that ``table``, the table of ``entity`` or an alias of it, must meet."""
        found: list[Condition] = [table.c.tenant_id == self._actor.tenant_id]
        if not deleted and "deleted_at" in table.c:
            found.append(table.c.deleted_at.is_(None))
        allowed = self.allowed(entity, table, action)
        if allowed is not None:
            found.append(allowed)
        return found

    def deletable(self, entity: str, table: sa.FromClause) -> list[Condition]:
        """Return what deleted records meet that the actor may bring back: the right to delete is the one to restore."""
        allowed = self.allowed(entity, table, "delete")
        found: list[Condition] = [table.c.deleted_at.is_not(None)]
        return found if allowed is None else [*found, allowed]

    def selectable(self, entity: str, deleted: bool = False) -> sa.FromClause:
        """Return a selectable of the records of ``entity`` that the actor may see, with the table's columns.

        Columns of fields that the actor may not read hold nothing.
        """
        key = (entity, deleted)
        if key not in self._selectables:
            table = self._tables[entity]
            hidden = self.hidden(self._registry.get(entity))
            columns = self._shown(entity, table, hidden) if hidden else [table]
            statement = sa.select(*columns).where(*self.conditions(entity, table, deleted=deleted))
            made = statement.subquery(f"visible_{table.name}")
            for name, field in self._columns_of(entity, hidden):
                self._masked[made.c[name]] = (entity, field)
            # Threads share an actor: what is given out must be what is known to be.
            self._selectables.setdefault(key, made)
        return self._selectables[key]

    def sources(self) -> Callable[[str], sa.FromClause]:
        """Return what gives selectables for one statement, by entity: each time it is asked, under another name.

        The first ones of an entity are kept: to name its columns anew takes longer than to put a filter into SQL.
        """
        given: dict[str, int] = {}

        def source(entity: str) -> sa.FromClause:
            key = (entity, given.get(entity, 0))
            given[entity] = key[1] + 1
            known = self._sources.get(key)
            if known is None:
                known = self.selectable(entity).alias()
                if key[1] < SOURCES_KEPT:
                    known = self._sources.setdefault(key, known)
            return known

        return source

    def whole_tenant(self) -> Narrowing:
        """Return the conditions of an actor who may see everything in the same tenant."""
        if self._whole is None:
            self._whole = Narrowing(self._registry, self._tables, self._actor.elevated(), self._clock)
        return self._whole

    def given(self) -> list[sa.FromClause]:
        """Return the selectables handed out so far."""
        return [*self._selectables.values(), *self._sources.values()]

    def hidden(self, info: EntityInfo) -> frozenset[str]:
        """Return the names of the fields, custom ones too, that the actor may not read.

        What copies whole records is hidden from whoever may not read all fields of all entities; the payloads of domain
        events, from whoever may not read all fields of what they tell of.
        """
        found = self._actor.hidden(info)
        if self._actor.everything:
            return found
        if info.name == DOMAIN_EVENT:
            told = {declared.entity for declared in self._registry.events.values()}
            if any(self._actor.hidden(self._registry.get(entity)) for entity in told):
                found |= {"data"}
        copies = _COPIES.get(info.name)
        if copies is not None:
            if self._hides is None:
                self._hides = any(self._actor.hidden(other) for other in self._registry)
            if self._hides:
                found |= {copies}
        return found

    def masked_field(self, column: Any) -> tuple[str, str] | None:
        """Return the entity and field that a column of one of those selectables keeps from the actor, if it does."""
        if not self._masked:
            return None
        return next((self._masked[base] for base in column.proxy_set if base in self._masked), None)

    # -- what the actor may see ------------------------------------------------------------------------------------

    def allowed(self, entity: str, table: sa.FromClause, action: str) -> Condition | None:
        """Return what the actor's rights for ``action`` demand of a row; None when they reach everything."""
        if table is not self._tables[entity]:
            return self._built(entity, table, action)
        key = (entity, action)
        if key not in self._allowed:
            self._allowed[key] = self._built(entity, table, action)
        return self._allowed[key]

    def reaches_all(self, entity: str, action: str) -> bool:
        """Whether the actor's right for ``action`` reaches every record of the tenant."""
        return self.allowed(entity, self._tables[entity], action) is None

    def _built(self, entity: str, table: sa.FromClause, action: str) -> Condition | None:
        if self._actor.everything:
            return None
        ways = self.ways(entity, table, action)
        private = self.not_private(entity, table)
        if any(way.condition is None for way in ways):
            return private
        found: Condition = sa.or_(*[way.condition for way in ways if way.condition is not None]) if ways else sa.false()
        return found if private is None or not ways else sa.and_(found, private)

    # -- what the actor may read of them ---------------------------------------------------------------------------

    def _shown(self, entity: str, table: sa.Table, hidden: frozenset[str]) -> list[Any]:
        info = self._registry.get(entity)
        absent = {name for name, _ in self._columns_of(entity, hidden)}
        custom = sorted(field.name for field in info.fields if field.custom and field.name in hidden)
        return [
            sa.cast(sa.null(), column.type).label(column.name)
            if column.name in absent
            else without(column, custom).label(column.name)
            if column.name == "custom" and custom
            else column
            for column in table.columns
        ]

    def _columns_of(self, entity: str, fields: frozenset[str]) -> Iterator[tuple[str, str]]:
        for field in self._registry.get(entity).fields if fields else ():
            if field.name not in fields:
                continue
            if not field.custom:
                for name, _ in column_types(field):
                    yield name, field.name
            elif field.filterable:
                yield column_name(field), field.name
