"""Columns of filterable custom fields: added, filled for the records that are there already, and taken away again.

The truth stays in the record's ``custom``. A column that does not hold the values of all records is not read, so
filters are right at any moment.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import partial
from typing import Any

import sqlalchemy as sa

from crmkit.store.custom_columns import custom_columns
from crmkit.store.database import Database
from crmkit.store.migration.differences import add_column
from crmkit.store.migration.facts import Facts, FilledColumn
from crmkit.store.migration.steps import Step


def wanted_columns(database: Database) -> dict[tuple[str, str], tuple[str, str]]:
    """Return the entity and field of each column of a custom field, by table and column."""
    return {
        (info.plural, column.name): (info.name, column.field.name)
        for info in database.registry
        for column in custom_columns(info)
    }


def column_steps(
    connection: sa.Connection,
    database: Database,
    facts: Facts,
    owned: Mapping[str, str],
    migrating: Collection[str],
) -> Iterator[Step]:
    """Yield what is to be done about columns of custom fields."""
    wanted = wanted_columns(database)
    for key, (entity, field) in wanted.items():
        name, column_name = key
        known = facts.filled.get(key)
        if known is None and (name in facts.tables or owned[name] in migrating):
            table = database.table(name)
            yield Step(
                owned[name],
                f"add column {name}.{column_name}",
                (f"filled from custom.{field} of {entity}",),
                run=partial(
                    _add, database=database, table=table, column=table.c[column_name], entity=entity, field=field
                ),
            )
        if name in facts.tables and (known is None or not known.finished):
            yield Step(owned[name], f"fill {name}.{column_name}", (f"from custom.{field}",), required=False)
    for key, found in facts.filled.items():
        if key not in wanted and found.table in facts.tables:
            yield Step(
                owned.get(found.table, "configuration"),
                f"drop column {found.table}.{found.column}",
                (f"the values of {found.field} stay in custom",),
                required=False,
                run=partial(_drop, table=found.table, column=found.column),
            )


def record_columns(connection: sa.Connection, database: Database) -> None:
    """Note that the columns of custom fields in tables just made hold what there is: nothing."""
    rows = [
        _row(table, column, entity, field, finished=True)
        for (table, column), (entity, field) in wanted_columns(database).items()
    ]
    if rows:
        connection.execute(database.table("filled_columns").insert(), rows)


def mark_stale(connection: sa.Connection, database: Database, found: Mapping[tuple[str, str], FilledColumn]) -> None:
    """Note which columns are not filled from now on, since their fields are filterable no more.

    Were the field filterable again later, its column would be filled anew before anything reads it.
    """
    wanted, table = wanted_columns(database), database.table("filled_columns")
    for key, known in found.items():
        if key not in wanted and (known.finished or known.done):
            connection.execute(
                table.update()
                .where(table.c.table_name == known.table, table.c.column_name == known.column)
                .values(finished=False, place=None, done=0, total=0)
            )


def _add(
    connection: sa.Connection, database: Database, table: sa.Table, column: sa.Column[Any], entity: str, field: str
) -> None:
    inspector = sa.inspect(connection)
    if column.name not in {found["name"] for found in inspector.get_columns(table.name)}:
        add_column(connection, database, table, column)
    indexes = {index["name"] for index in inspector.get_indexes(table.name)}
    for index in sorted(table.indexes, key=lambda index: str(index.name)):
        if any(one is column for one in index.columns) and index.name not in indexes:
            index.create(connection)
    empty = connection.scalar(sa.select(sa.literal(1)).select_from(table).limit(1)) is None
    row = _row(table.name, column.name, entity, field, finished=empty)
    connection.execute(database.table("filled_columns").insert(), [row])


def _drop(connection: sa.Connection, table: str, column: str) -> None:
    for index in sa.inspect(connection).get_indexes(table):
        if column in index["column_names"]:
            connection.exec_driver_sql(f'DROP INDEX "{index["name"]}"')
    connection.exec_driver_sql(f'ALTER TABLE "{table}" DROP COLUMN "{column}"')
    connection.execute(
        sa.text("DELETE FROM filled_columns WHERE table_name = :table AND column_name = :column"),
        {"table": table, "column": column},
    )


def _row(table: str, column: str, entity: str, field: str, finished: bool) -> dict[str, Any]:
    return {
        "table_name": table,
        "column_name": column,
        "entity": entity,
        "field": field,
        "finished": finished,
        "place": None,
        "done": 0,
        "total": 0,
    }
