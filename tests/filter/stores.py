"""Databases filled with the worlds of ``world``, in which a world is a tenant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import attrs
import sqlalchemy as sa

from crmkit.core.filter import FilterContext, Predicate, compile_python
from crmkit.store.codec import make_codec
from crmkit.store.filters import POSTGRES_FUNCTIONS, to_sql
from crmkit.store.schema import Schema
from tests.filter.world import REGISTRY, WorldResolver, make_world

WORLDS = {UUID(int=seed + 1): make_world(seed) for seed in range(2)}


@attrs.frozen(eq=False)
class Store:
    """A database with all worlds in it."""

    connection: sa.Connection
    tables: Any

    def add(self, records: Sequence[Any], world: UUID) -> None:
        """Store records as a world."""
        postgres = self.connection.dialect.name == "postgresql"
        order = {info.name: place for place, info in enumerate(REGISTRY.in_reference_order())}
        for record in sorted(records, key=lambda record: order[REGISTRY.of(record).name]):
            info = REGISTRY.of(record)
            codec = make_codec(info, self.connection.dialect.name)
            marks = ", ".join(["%s" if postgres else "?"] * len(codec.columns))
            names = ", ".join(f'"{name}"' for name in codec.columns)
            statement = f"INSERT INTO {info.plural} ({names}) VALUES ({marks})"
            self.connection.exec_driver_sql(statement, codec.to_row(record, world if postgres else world.bytes))

    def remove(self, world: UUID) -> None:
        """Remove the records of a world."""
        for info in reversed(REGISTRY.in_reference_order()):
            table = self.tables[info.name]
            self.connection.execute(table.delete().where(table.c.tenant_id == world))

    def matching(self, predicate: Predicate, entity: str, context: FilterContext, world: UUID) -> set[UUID]:
        """Return the ids of the records of a world that match, as the database finds them, in either way to ask it."""
        each, at_once = (self._matching(predicate, entity, context, world, whole) for whole in (False, True))
        assert each == at_once, "children are counted alike one row after the other and at once"
        return each

    def _matching(
        self, predicate: Predicate, entity: str, context: FilterContext, world: UUID, whole: bool
    ) -> set[UUID]:

        def narrowed(name: str) -> sa.FromClause:
            table = self.tables[name]
            return sa.select(table).where(table.c.tenant_id == world).subquery(f"visible_{name}").alias()

        dialect = self.connection.dialect.name
        root = self.tables[entity]
        clause = to_sql(predicate, entity, REGISTRY, narrowed, context, dialect, root=root, whole=whole)
        rows = self.connection.execute(sa.select(root.c.id, clause).where(root.c.tenant_id == world)).all()
        assert all(row[1] is not None for row in rows), "a filter is never null"
        return {row[0] for row in rows if row[1]}


def in_python(predicate: Predicate, entity: str, context: FilterContext, world: UUID) -> set[UUID]:
    records = WORLDS[world]
    ask = compile_python(predicate, REGISTRY, entity, context, WorldResolver(records))
    return {record.id for record in records if REGISTRY.of(record).name == entity and ask(record)}


def fill(engine: sa.Engine) -> Store:
    schema = Schema(REGISTRY, (engine.dialect.name,))
    tables = {info.name: schema.of_entity(info.name) for info in REGISTRY}
    connection = engine.connect()
    if engine.dialect.name == "postgresql":
        for statement in POSTGRES_FUNCTIONS:
            connection.exec_driver_sql(statement)
    schema.metadata.create_all(connection)
    store = Store(connection, tables)
    for world, records in WORLDS.items():
        store.add(records, world)
    connection.commit()
    if engine.dialect.name == "postgresql":
        connection.execution_options(isolation_level="AUTOCOMMIT")
    return store
