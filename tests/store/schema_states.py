"""Failing at any one statement, and all that a database holds, to compare before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from crmkit.store.database import Database
from crmkit.store.tenant_wall import EVERY_TENANT


class Failure(Exception):
    """What tests let fail."""


class failing_at:
    """Lets the statement with this number fail, of those that change a schema."""

    def __init__(self, database: Database, number: int) -> None:
        self.database, self.left = database, number

    def __enter__(self) -> None:
        sa.event.listen(self.database.engine, "before_cursor_execute", self._count)

    def __exit__(self, *_: object) -> None:
        sa.event.remove(self.database.engine, "before_cursor_execute", self._count)

    def _count(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.lstrip().split(None, 1)[0].upper() in ("SELECT", "PRAGMA", "WITH"):
            return
        self.left -= 1
        if self.left == 0:
            raise Failure(statement)


def everything(database: Database) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return the whole schema as the catalogue of the database has it, and all rows of what migrations touch."""
    with database.connection(reads=True, tenant=EVERY_TENANT) as connection:
        names = sorted(sa.inspect(connection).get_table_names())
        schema = {name: _catalogue(connection, name) for name in (names if database.dialect == "sqlite" else ["all"])}
        if database.dialect != "sqlite":
            schema |= dict.fromkeys(names)
        touched = [name for name in names if name.startswith(("marina", "harbour", "crmkit_")) or name in _TOUCHED]
        data = {
            name: sorted(str(tuple(row)) for row in connection.exec_driver_sql(f'SELECT * FROM "{name}"'))
            for name in touched
        }
    return schema, data


_TOUCHED = ("owned_tables", "filled_columns", "event_cursors", "customers", "sqlite_stat1")


def _catalogue(connection: sa.Connection, name: str) -> Sequence[Any]:
    if connection.dialect.name == "sqlite":
        statement = "SELECT type, name, sql FROM sqlite_master WHERE tbl_name = ? ORDER BY type, name"
        return [tuple(row) for row in connection.exec_driver_sql(statement, (name,))]
    return [
        sorted(str(tuple(row)) for row in connection.exec_driver_sql(statement))
        for statement in (
            "SELECT attrelid::regclass, attname, atttypid, atttypmod, attnotnull, attcollation FROM pg_attribute a "
            "JOIN pg_class c ON c.oid = attrelid WHERE relnamespace = current_schema()::regnamespace AND attnum > 0 "
            "AND relkind = 'r' AND NOT attisdropped",
            "SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema()",
            "SELECT conrelid::regclass, conname, pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE connamespace = current_schema()::regnamespace",
            "SELECT tablename, policyname, qual FROM pg_policies",
            "SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class WHERE relkind = 'r'",
            "SELECT adrelid::regclass, adnum, pg_get_expr(adbin, adrelid) FROM pg_attrdef",
        )
    ]
