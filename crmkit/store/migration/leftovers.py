"""What plugins that take part no more have left in a database: written to a file, then dropped."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import sqlalchemy as sa

from crmkit.core.errors import BadInput, NotFound, Refused, did_you_mean
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg, shown
from crmkit.store import types
from crmkit.store.database import Database
from crmkit.store.migration.facts import read_facts
from crmkit.store.migration.owners import Owner, owner_of_tables, version_table_of
from crmkit.store.migration.planning import kept_of
from crmkit.store.migration.running import changing
from crmkit.store.migration.steps import KeptTables
from crmkit.store.subscribers import subscribers_of
from crmkit.store.tenant_wall import EVERY_TENANT
from crmkit.store.types import to_json

CORE = "crmkit"
"""Who refuses."""

AT_ONCE = 1_000
"""Rows that are read at a time."""


@frozen
class Leftovers:
    """What is kept of a plugin: the rows of its tables, and rows that say how far it came, by their tables."""

    plugin: str
    revision: str
    version: str
    tables: Mapping[str, int]
    places: Mapping[str, int]


def leftovers(database: Database, owners: Sequence[Owner], plugin: str) -> Leftovers:
    """Return what is kept of a plugin. Raises Refused while it is active and NotFound when nothing is kept of it."""
    with database.connection(reads=True, tenant=EVERY_TENANT) as connection:
        return _counted(connection, database, _kept(connection, database, owners, plugin))


def purge_plugin(database: Database, owners: Sequence[Owner], plugin: str, output: Path) -> Leftovers:
    """Write what is kept of a plugin to a new file of JSON lines, then drop it; returns what there was.

    The first line tells the plugin, its version and revision; each other one a table, an entity and a record. Either the
    file is written and the tables are gone, or neither. Raises Refused while the plugin is active or another table refers
    to its tables, NotFound when nothing is kept of it, and BadInput for a file that is there already.
    """
    if output.exists():
        raise BadInput(msg("{file} is there already; name another file", file=output))
    part = output.with_name(output.name + ".part")
    try:
        with changing(database) as connection:
            kept = _kept(connection, database, owners, plugin)
            found = _counted(connection, database, kept)
            names = list(found.tables)
            _refuse_referred(connection, plugin, names)
            with part.open("wb") as file:
                for line in _lines(connection, kept):
                    file.write(line.encode() + b"\n")
                _to_disk(file)
            _drop(connection, names)
            _forget(connection, database, plugin, names)
            part.rename(output)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return found


def _kept(connection: sa.Connection, database: Database, owners: Sequence[Owner], plugin: str) -> KeptTables:
    owned = owner_of_tables(database.registry, database.table_names)
    if plugin in {owner.name for owner in owners} | set(owned.values()):
        raise Refused(CORE, msg("plugin {plugin} is active; disable or uninstall it first", plugin=plugin))
    kept = {one.owner: one for one in kept_of(read_facts(connection, database), database, owners)}
    if plugin not in kept and any(_places(connection, database, plugin).values()):
        # It has no tables, and followed the event log.
        return KeptTables(owner=plugin, revision="", version="", tables=())
    if plugin not in kept:
        hint = did_you_mean(plugin, kept)
        raise NotFound(msg("nothing is kept of a plugin {plugin}; {hint}", plugin=shown(plugin), hint=hint))
    return kept[plugin]


def _counted(connection: sa.Connection, database: Database, kept: KeptTables) -> Leftovers:
    tables = {
        owned.table: int(connection.exec_driver_sql(f'SELECT count(*) FROM "{owned.table}"').scalar() or 0)
        for owned in kept.tables
    }
    places = _places(connection, database, kept.owner)
    return Leftovers(kept.owner, kept.revision, kept.version, tables, {name: n for name, n in places.items() if n})


def _places(connection: sa.Connection, database: Database, plugin: str) -> dict[str, int]:
    """Return how many rows tell how far a plugin came in the event log, by their tables."""
    found: dict[str, int] = {}
    for table in _subscribed(database):
        mine = table.c.subscriber.in_(subscribers_of(plugin))
        found[table.name] = int(connection.scalar(sa.select(sa.func.count()).select_from(table).where(mine)) or 0)
    return found


def _subscribed(database: Database) -> Iterator[sa.Table]:
    """Yield the tables that tell how far subscribers of the event log came."""
    entities = {info.plural for info in database.registry}
    for table in database.metadata.sorted_tables:
        if "subscriber" in table.c and table.name not in entities:
            yield table


def _refuse_referred(connection: sa.Connection, plugin: str, names: Collection[str]) -> None:
    inspector = sa.inspect(connection)
    for table in inspector.get_table_names():
        if table in names:
            continue
        if any(key["referred_table"] in names for key in inspector.get_foreign_keys(table)):
            raise Refused(
                CORE,
                msg("table {table} refers to tables of {plugin}: purge its owner first", table=table, plugin=plugin),
            )


def _lines(connection: sa.Connection, kept: KeptTables) -> Iterator[str]:
    yield to_json({"plugin": kept.owner, "version": kept.version, "revision": kept.revision})
    for owned in kept.tables:
        rows = connection.exec_driver_sql(f'SELECT * FROM "{owned.table}"', execution_options={"yield_per": AT_ONCE})
        names = list(rows.keys())
        convert = [_reader(owned.kinds.get(name, ""), connection.dialect.name) for name in names]
        for row in rows:
            record = {
                name: value if value is None or read is None else read(value)
                for name, value, read in zip(names, row, convert, strict=True)
            }
            yield to_json({"table": owned.table, "entity": owned.entity, "record": record})


def _reader(kind: str, dialect: str) -> Callable[[Any], Any] | None:
    type_ = getattr(types, kind, None) if kind else None
    return None if type_ is None else type_().from_driver(dialect)


def _to_disk(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _drop(connection: sa.Connection, names: Sequence[str]) -> None:
    if connection.dialect.name == "postgresql" and names:
        # In one statement, so that references among them are no matter.
        connection.exec_driver_sql("DROP TABLE " + ", ".join(f'"{name}"' for name in names))
        return
    for name in names:
        connection.exec_driver_sql(f'DROP TABLE "{name}"')


def _forget(connection: sa.Connection, database: Database, plugin: str, names: Sequence[str]) -> None:
    connection.exec_driver_sql(f'DROP TABLE IF EXISTS "{version_table_of(plugin)}"')
    for table in _subscribed(database):
        connection.execute(table.delete().where(table.c.subscriber.in_(subscribers_of(plugin))))
    owned, filled = database.table("owned_tables"), database.table("filled_columns")
    connection.execute(owned.delete().where(owned.c.owner == plugin))
    connection.execute(filled.delete().where(filled.c.table_name.in_(names)))
