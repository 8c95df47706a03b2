"""Runs a session's reads. Statements are built once per entity and shape, then only bound."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.access import Actor
from crmkit.core.entity import EntityInfo
from crmkit.core.errors import AccessDenied, BadInput
from crmkit.core.filter import FilterContext, Predicate, expanded, parse, speaks_of_segments
from crmkit.core.filter.routes import depends_on_time
from crmkit.core.filter.usage import fields_used
from crmkit.core.messages import msg
from crmkit.core.values.clock import Clock
from crmkit.store.database import Database
from crmkit.store.equal_lists import COLLECTIONS, Shape, as_stored, bound, conditions, shape_of
from crmkit.store.narrowing import Narrowing
from crmkit.store.paging import SORTED_BY, Sorting, sorting_by
from crmkit.store.plain_queries import PlainQuery

Conditions = list[sa.ColumnElement[bool]]


KEPT = 64
"""Filters that a reader keeps as SQL."""


class Reader:
    """The reads of one actor. It holds nothing of a single session, so all sessions of the actor share it."""

    def __init__(self, database: Database, actor: Actor, clock: Clock) -> None:
        self.narrowing = Narrowing(database.registry, database.tables, actor, clock)
        self.database, self.clock = database, clock
        self._database, self._actor = database, actor
        self._firsts: dict[tuple[type[Any], tuple[str, ...]], sa.Select[Any]] = {}
        self._lists: dict[tuple[type[Any], bool, Shape], sa.Select[Any]] = {}
        self._clauses: dict[Any, sa.ColumnElement[bool]] = {}
        self.plain: dict[Any, PlainQuery] = {}
        """Statements of this actor that were compiled once, by what their makers know them by."""

    def first(self, connection: sa.Connection, entity: type[Any], equal: Mapping[str, Any]) -> Any:
        """Return the first record whose fields equal the given values, or None. Raises AccessDenied for hidden fields."""
        info = self._database.registry.get(entity)
        self._refuse_hidden(info, equal)
        shared = self._database.statements if self._actor.everything else self._firsts
        key = (entity, tuple(equal))
        statement = shared.get(key)
        if statement is None:
            table = self._database.tables[info.name]
            columns = {name: self._column(info, table, name) for name in equal}
            where = [column == sa.bindparam(f"v_{name}") for name, column in columns.items() if equal[name] is not None]
            where += [column.is_(None) for name, column in columns.items() if equal[name] is None]
            tenant, *rest = self.narrowing.conditions(info.name, table)
            tenant = table.c.tenant_id == sa.bindparam("v_tenant")
            statement = sa.select(*self._columns(info)).where(tenant, *where, *rest).order_by(table.c.id).limit(1)
            if None not in equal.values():
                shared[key] = statement
        values = {f"v_{name}": as_stored(value) for name, value in equal.items() if value is not None}
        row = connection.execute(statement, {**values, "v_tenant": self._actor.tenant_id}).first()
        return None if row is None else self._database.codecs[info.name].from_row(row)

    def list(
        self,
        connection: sa.Connection,
        entity: type[Any],
        filter: Any,
        *,
        order: str = "",
        limit: int | None = None,
        offset: int = 0,
        deleted: bool = False,
        equal: Mapping[str, Any],
        after: UUID | None = None,
        of_rules: bool = False,
    ) -> list[Any]:
        """Return the records that match, ordered. Raises AccessDenied for fields that the actor may not read.

        ``of_rules``: the values are those of a rule in a flush, which looks for what belongs together.
        """
        info = self._database.registry.get(entity)
        if not of_rules:
            self._refuse_hidden(info, equal)
        from_row = self._database.codecs[info.name].from_row
        if not filter and not order and limit is None and not offset and after is None:
            statement = self._all_equal(info, entity, equal, deleted)
            return [from_row(row) for row in connection.execute(statement, bound(equal)).all()]
        table = self._database.tables[info.name]
        statement = sa.select(*self._columns(info)).where(*self._where(connection, info, table, filter, equal, deleted))
        if after is not None:
            statement = statement.where(table.c.id > after)
        statement = statement.order_by(*[sorting.ordered() for sorting in self.sortings(info, order)], table.c.id)
        if limit is not None:
            statement = statement.limit(limit)
        if offset:
            statement = statement.offset(offset)
        return [from_row(row) for row in connection.execute(statement).all()]

    def _all_equal(
        self, info: EntityInfo, entity: type[Any], equal: Mapping[str, Any], deleted: bool
    ) -> sa.Select[Any]:
        key = (entity, deleted, shape_of(equal))
        statement = self._lists.get(key)
        if statement is None:
            table = self._database.tables[info.name]
            where = self.narrowing.conditions(info.name, table, deleted=deleted)
            where += conditions(key[2], partial(self._column, info, table))
            statement = self._lists[key] = sa.select(*self._columns(info)).where(*where).order_by(table.c.id)
        return statement

    def count(
        self, connection: sa.Connection, entity: type[Any], filter: Any, equal: Mapping[str, Any], deleted: bool = False
    ) -> int:
        """Return how many records match. Raises AccessDenied for fields that the actor may not read."""
        info = self._database.registry.get(entity)
        self._refuse_hidden(info, equal)
        table = self._database.tables[info.name]
        where = self._where(connection, info, table, filter, equal, deleted)
        if deleted:
            where += self.narrowing.deletable(info.name, table)
        return int(connection.scalar(sa.select(sa.func.count()).select_from(table).where(*where)) or 0)

    def refuse_bare_tables(self, statement: Any) -> None:
        """Raise AccessDenied unless ``statement`` is a select over narrowed selectables alone.

        It may not name columns of fields that the actor may not read either.
        """
        if not isinstance(statement, sa.Select | sa.CompoundSelect):
            raise AccessDenied(msg("a session executes selects only; changes go through add, update and delete"))
        allowed = {id(selectable) for selectable in self.narrowing.given()}
        todo: list[Any] = [statement]
        seen: set[int] = set()
        while todo:
            element = todo.pop()
            if id(element) in seen or id(element) in allowed:
                continue
            seen.add(id(element))
            if isinstance(element, sa.TableClause | sa.TextClause) or _raw(element):
                name = getattr(element, "name", "text")
                raise AccessDenied(
                    msg("{table} is not a table that the session gave; use session.table(...)", table=name)
                )
            if isinstance(element, sa.ColumnClause) and (kept := self.narrowing.masked_field(element)) is not None:
                raise self._denied(*kept)
            if isinstance(element, sa.Column) and isinstance(element.table, sa.Table):
                raise AccessDenied(
                    msg(
                        "{table} is not a table that the session gave; use session.table(...)", table=element.table.name
                    )
                )
            todo.extend(element.get_children())

    def _column(self, info: EntityInfo, table: sa.Table, name: str) -> sa.Column[Any]:
        field = info.field(name).name
        if field not in table.c:
            raise BadInput(msg("{entity}.{field} cannot be asked for so; use a filter", entity=info.name, field=field))
        return table.c[field]

    def _columns(self, info: EntityInfo) -> Sequence[Any]:
        table = self._database.tables[info.name]
        return [table.c[name] for name in self._database.codecs[info.name].load_columns]

    def _where(
        self,
        connection: sa.Connection,
        info: EntityInfo,
        table: sa.Table,
        filter: Any,
        equal: Mapping[str, Any],
        deleted: bool,
    ) -> Conditions:
        where = self.narrowing.conditions(info.name, table, deleted=deleted)
        for name, value in equal.items():
            column = self._column(info, table, name)
            if isinstance(value, COLLECTIONS):
                where.append(column.in_([as_stored(item) for item in value]))
            else:
                where.append(column.is_(None) if value is None else column == as_stored(value))
        if filter:
            predicate: Predicate = (
                parse(filter, self._database.registry, info.name) if isinstance(filter, str) else filter
            )
            where.append(self.predicate(predicate, info, table, connection))
        return where

    def meaning(self, predicate: Predicate, info: EntityInfo, connection: sa.Connection) -> Predicate:
        """Return a predicate on ``info`` with the segments that it speaks of replaced by what they are.

        Raises FilterError for segments that the actor does not see, that lead in a circle or are broken.
        """
        if not speaks_of_segments(predicate):
            return predicate
        from crmkit.store.segments import find_segment

        find = partial(find_segment, connection, self._database, self.narrowing)
        return expanded(predicate, self._database.registry, info.name, find)

    def predicate(
        self,
        predicate: Predicate,
        info: EntityInfo,
        table: sa.FromClause,
        connection: sa.Connection | None = None,
        *,
        whole: bool = False,
    ) -> sa.ColumnElement[bool]:
        """Return a predicate on ``info`` as a condition on ``table``; what it looks up elsewhere is narrowed too.

        ``connection`` finds the segments that it speaks of; ``whole`` says that most records will be asked. Raises
        AccessDenied when it reads fields that the actor may not read.
        """
        if connection is not None:
            predicate = self.meaning(predicate, info, connection)
        # Of the entity's own table, what does not speak of time is the same each time that the actor asks it.
        key = (info.name, predicate, whole) if table is self._database.tables[info.name] else None
        known = self._clauses.get(key)
        if known is not None:
            return known
        made = self._clause(predicate, info, table, whole)
        if key is not None and not depends_on_time(predicate):
            if len(self._clauses) >= KEPT:
                self._clauses.clear()
            self._clauses[key] = made
        return made

    def _clause(
        self, predicate: Predicate, info: EntityInfo, table: sa.FromClause, whole: bool
    ) -> sa.ColumnElement[bool]:
        from crmkit.store.filters import to_sql

        if not self._actor.everything:
            for entity, field in sorted(fields_used(predicate, self._database.registry, info.name)):
                if field in self.narrowing.hidden(self._database.registry.get(entity)):
                    raise self._denied(entity, field)
        context = FilterContext(now=self.clock.now(), zone=self._actor.timezone, user=self._actor.user_id)
        database = self._database

        sources = self.narrowing.sources()
        return to_sql(
            predicate, info.name, database.registry, sources, context, database.dialect, root=table, whole=whole
        )

    def sortings(self, info: EntityInfo, order: str) -> tuple[Sorting, ...]:
        """Return what ``order`` says: fields separated by commas, each with ``-`` in front to descend.

        Raises BadInput for what has no order and AccessDenied for fields that the actor may not read.
        """
        table = self._database.tables[info.name]
        found: tuple[Sorting, ...] = ()
        for part in filter(None, (word.strip() for word in order.split(","))):
            field = info.by_name.get(part.removeprefix("-"))
            copied = field is not None and field.custom and field.filterable
            if field is None or field.kind not in SORTED_BY or not (copied or field.name in table.c):
                raise BadInput(msg("order {value}: {entity} cannot be sorted by it", value=part, entity=info.name))
            self._refuse_hidden(info, (field.name,))
            if copied and (info.name, field.name) not in self._database.registry.filled:
                raise BadInput(
                    msg("order {value}: its column is still being filled; crmkit db status tells how far", value=part)
                )
            found += (sorting_by(field, table, part.startswith("-")),)
        return found

    def _refuse_hidden(self, info: EntityInfo, names: Iterable[str]) -> None:
        hidden = self.narrowing.hidden(info)
        if hidden:
            for name in names:
                if name in hidden:
                    raise self._denied(info.name, name)

    def _denied(self, entity: str, field: str) -> AccessDenied:
        return AccessDenied(msg("{actor} may not read {field}", actor=self._actor.name, field=f"{entity}.{field}"))


def reader_of(database: Database, actor: Actor, clock: Clock) -> Reader:
    """Return the reader of an actor, who keeps it with the conditions that it has built."""
    known = actor.kept.get(Reader)
    if known is None or known.database is not database or known.clock is not clock:
        # With the actor, not in a table of ours: it would hold the actor that is to be forgotten.
        known = actor.kept[Reader] = Reader(database, actor, clock)
    return known


def _raw(element: Any) -> bool:
    """Whether an element is SQL text; the star of ``count(*)`` and numbers tell nothing."""
    return (
        isinstance(element, sa.ColumnClause)
        and element.is_literal
        and not (element.name == "*" or element.name.isdigit())
    )
