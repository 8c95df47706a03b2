"""What a database says of its own schema, read by plain SQL: a few statements, however many tables there are."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import sqlalchemy as sa

from crmkit.core.frozen import frozen
from crmkit.store.database import Database
from crmkit.store.migration.owners import Owner, owner_of_tables, version_table_of
from crmkit.store.types import StoredType

_VERSION_TABLE = re.compile(r"crmkit_\w+_version")

_NAMES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table'",
    "postgresql": "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') "
    "AND relnamespace = current_schema()::regnamespace",
}


@frozen
class OwnedTable:
    """A table that a plugin, or the configuration, has in the database. ``kinds`` are the types of its columns."""

    table: str
    owner: str
    entity: str
    version: str
    kinds: Mapping[str, str] = attrs.field(factory=dict, repr=False)


@frozen
class FilledColumn:
    """A column that holds the values of a custom field; ``finished`` when it holds those of every record."""

    table: str
    column: str
    entity: str
    field: str
    finished: bool
    done: int
    total: int


@frozen
class Facts:
    """``versions`` is the revision in each version table, ``owned`` are the tables that are not the core's."""

    tables: frozenset[str]
    versions: Mapping[str, str]
    owned: Mapping[str, OwnedTable]
    filled: Mapping[tuple[str, str], FilledColumn]

    def revision(self, owner: Owner) -> str:
        """Return the revision that the database is at; empty for none."""
        former = self.former_name(owner)
        return self.versions.get(version_table_of(former) if former else owner.version_table, "")

    def former_name(self, owner: Owner) -> str:
        """Return the earlier name under which the database knows an owner; empty when it knows it by its own."""
        if owner.version_table in self.versions:
            return ""
        known = {owned.owner for owned in self.owned.values()}
        return next((name for name in owner.formerly if version_table_of(name) in self.versions or name in known), "")


def read_facts(connection: sa.Connection, database: Database) -> Facts:
    """Read what the database says of its schema."""
    names = frozenset(connection.exec_driver_sql(_NAMES[connection.dialect.name]).scalars())
    return Facts(names, _versions(connection, names), _owned(connection, database, names), filled(connection, names))


def filled(connection: sa.Connection, names: frozenset[str] | None = None) -> dict[tuple[str, str], FilledColumn]:
    """Return the columns of custom fields by table and column."""
    if names is not None and "filled_columns" not in names:
        return {}
    rows = connection.exec_driver_sql(
        "SELECT table_name, column_name, entity, field, finished, done, total FROM filled_columns"
    )
    return {(row[0], row[1]): FilledColumn(row[0], row[1], row[2], row[3], bool(row[4]), *row[5:]) for row in rows}


def record_tables(connection: sa.Connection, database: Database, owners: Sequence[Owner]) -> None:
    """Write down whose the tables are, so that what is kept of a plugin can be told when its package is gone."""
    table = database.table("owned_tables")
    versions = {owner.name: owner.version for owner in owners}
    infos = {info.plural: info for info in database.registry}
    mine = {
        name: owner for name, owner in owner_of_tables(database.registry, database.table_names).items() if name in infos
    }
    rows = [
        {
            "table_name": name,
            "owner": owner,
            "entity": infos[name].name,
            "version": versions.get(owner, ""),
            "kinds": json.dumps({c.name: _kind(c.type) for c in database.table(name).columns}),
        }
        for name, owner in sorted(mine.items())
        if owner != "core"
    ]
    kept = connection.execute(sa.select(table.c.table_name)).scalars().all()
    connection.execute(table.delete().where(table.c.table_name.in_({row["table_name"] for row in rows} & set(kept))))
    if rows:
        connection.execute(table.insert(), rows)


def _versions(connection: sa.Connection, names: frozenset[str]) -> dict[str, str]:
    tables = sorted(name for name in names if _VERSION_TABLE.fullmatch(name))
    if not tables:
        return {}
    selects = [f"SELECT '{name}' AS name, version_num FROM \"{name}\"" for name in tables]
    return {row[0]: row[1] for row in connection.exec_driver_sql(" UNION ALL ".join(selects))}


def _owned(connection: sa.Connection, database: Database, names: frozenset[str]) -> dict[str, OwnedTable]:
    if "owned_tables" not in names:
        return {}
    rows = connection.exec_driver_sql("SELECT table_name, owner, entity, version, kinds FROM owned_tables")
    return {row[0]: OwnedTable(row[0], row[1], row[2], row[3], json.loads(row[4])) for row in rows}


def _kind(type_: Any) -> str:
    return type(type_).__name__ if isinstance(type_, StoredType) else ""
