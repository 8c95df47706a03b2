"""The schema difference: what the tables of plugins without migrations, and of installations, lack.

It only adds. Columns of custom fields are added to any table, whoever it belongs to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import sqlalchemy as sa

from crmkit.core.errors import SchemaOutdated
from crmkit.core.messages import msg
from crmkit.store.database import Database
from crmkit.store.migration.defaults import literal_default, written_default
from crmkit.store.migration.steps import Step

Add = Callable[[sa.Connection], Any]


def table_steps(
    connection: sa.Connection, database: Database, table: sa.Table, owner: str, exists: bool
) -> Iterator[Step]:
    """Yield what ``table`` lacks: itself, or columns and indexes. Columns of custom fields are another matter."""
    if not exists:
        yield Step(owner, f"create table {table.name}", run=_creator(table))
        return
    inspector = sa.inspect(connection)
    known = {column["name"] for column in inspector.get_columns(table.name)}
    custom = {column.name for column in table.columns if column.info.get("custom")}
    for column in table.columns:
        if column.name not in known and column.name not in custom:
            yield Step(owner, f"add column {table.name}.{column.name}", run=_adder(database, table, column))
    indexes = {index["name"] for index in inspector.get_indexes(table.name)}
    for index in sorted(table.indexes, key=lambda index: str(index.name)):
        if index.name not in indexes and not any(column.name in custom for column in index.columns):
            yield Step(owner, f"add index {index.name}", run=index.create)


def add_column(connection: sa.Connection, database: Database, table: sa.Table, column: sa.Column[Any]) -> None:
    """Add a column; existing records get the field's default. Raises SchemaOutdated when nobody can say what they get."""
    kind = column.type.compile(connection.dialect)
    filled = "" if column.nullable else f" NOT NULL DEFAULT {_filling(database, table, column, connection)}"
    # Without parameters, so that the driver leaves percent signs in a default alone.
    connection.exec_driver_sql(
        f'ALTER TABLE "{table.name}" ADD COLUMN "{column.name}" {kind}{filled}{_reference(column)}',
        execution_options={"no_parameters": True},
    )


def _creator(table: sa.Table) -> Add:
    return lambda connection: table.create(connection)


def _adder(database: Database, table: sa.Table, column: sa.Column[Any]) -> Add:
    return lambda connection: add_column(connection, database, table, column)


def _reference(column: sa.Column[Any]) -> str:
    for key in column.foreign_keys:
        late = " DEFERRABLE INITIALLY DEFERRED" if key.constraint is not None and key.constraint.deferrable else ""
        name = key.constraint.name if key.constraint is not None else ""
        return f' CONSTRAINT "{name}" REFERENCES "{key.column.table.name}" ("{key.column.name}"){late}'
    return ""


def _filling(database: Database, table: sa.Table, column: sa.Column[Any], connection: sa.Connection) -> str:
    if column.server_default is not None:
        return f"'{column.server_default.arg}'"  # type: ignore[attr-defined]
    info = next(info for info in database.registry if info.plural == table.name)
    field = info.field(column.name)
    if field.required and connection.scalar(sa.select(sa.literal(1)).select_from(table).limit(1)):
        raise SchemaOutdated(
            msg(
                "{entity}.{field} is required, and there are records without it: give it a default",
                entity=info.name,
                field=field.name,
            )
        )
    return literal_default(column.type, written_default(field), database.dialect)
