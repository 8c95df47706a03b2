"""Fills the columns of custom fields for records that were there before the column: chunk by chunk, with a place kept.

Whoever writes a record meanwhile fills its column by the way. A job calls ``fill_chunk`` until nothing is left; it may
be interrupted at any moment and goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import attrs
import sqlalchemy as sa

from crmkit.core.errors import BadInput, DatabaseUnavailable
from crmkit.core.messages import msg, shown
from crmkit.store.custom_columns import CustomColumn, custom_columns
from crmkit.store.database import Database
from crmkit.store.migration.columns import mark_stale, wanted_columns
from crmkit.store.migration.facts import FilledColumn, filled
from crmkit.store.tenant_wall import EVERY_TENANT

CHUNK = 1_000
"""Records that are looked at in one transaction."""

Progress = Callable[[FilledColumn], None]


def fill_chunk(database: Database, size: int = CHUNK) -> FilledColumn | None:
    """Fill one column for the next ``size`` records and return how far it is; None when no column has anything left.

    Raises BadInput for a value that the column cannot hold, naming the record: correct it, and call again.
    """
    wanted = wanted_columns(database)
    with database.connection(tenant=EVERY_TENANT) as connection:
        waiting = [found for key, found in sorted(filled(connection).items()) if key in wanted and not found.finished]
        if not waiting:
            return None
        moved = _fill(connection, database, waiting[0], size)
        connection.commit()
    if moved.finished:
        database.registry.filled |= {(moved.entity, moved.field)}
    return moved


def fill_columns(database: Database, progress: Progress | None = None, size: int = CHUNK) -> list[FilledColumn]:
    """Fill every column to its end; returns those that were filled. Raises BadInput as ``fill_chunk``."""
    done: list[FilledColumn] = []
    while (moved := fill_chunk(database, size)) is not None:
        if progress is not None:
            progress(moved)
        if moved.finished:
            done.append(moved)
    return done


def settle_columns(database: Database, found: Mapping[tuple[str, str], FilledColumn] | None = None) -> None:
    """Tell filters, when a database is opened, which columns they may read; ``found`` when it was read already.

    A column whose field is filterable no more is noted as out of date: this application does not fill it.
    """
    wanted = wanted_columns(database)
    if database.in_memory or (found is not None and not found and not wanted):
        database.registry.filled = frozenset(wanted.values())
        return
    if found is None:
        with database.connection(reads=True, tenant=EVERY_TENANT) as connection:
            found = filled(connection)
    database.registry.filled = frozenset(
        names for key, names in wanted.items() if (known := found.get(key)) is not None and known.finished
    )
    if any(key not in wanted and (known.finished or known.done) for key, known in found.items()):
        # A database that cannot be written to gets no records that lack in the column either.
        with suppress(DatabaseUnavailable), database.connection(tenant=EVERY_TENANT) as connection:
            mark_stale(connection, database, found)
            connection.commit()


def _fill(connection: sa.Connection, database: Database, waiting: FilledColumn, size: int) -> FilledColumn:
    places, table = database.table("filled_columns"), database.table(waiting.table)
    mine = (places.c.table_name == waiting.table, places.c.column_name == waiting.column)
    # Two processes that fill the same column take turns.
    place, done, total = connection.execute(
        sa.select(places.c.place, places.c.done, places.c.total).where(*mine).with_for_update()
    ).one()
    if place is None:
        total = connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
    info = database.registry.get(waiting.entity)
    copy = next(column for column in custom_columns(info) if column.name == waiting.column)
    statement = (
        sa.select(table.c.id, table.c.version, table.c.custom, table.c[copy.name]).order_by(table.c.id).limit(size)
    )
    rows = connection.execute(statement if place is None else statement.where(table.c.id > place)).all()
    changes = [change for row in rows if (change := _change(waiting, copy, *row)) is not None]
    if changes:
        # Whoever has written the record since has filled the column as well.
        connection.execute(
            table.update()
            .where(table.c.id == sa.bindparam("of_id"), table.c.version == sa.bindparam("of_version"))
            .values({copy.name: sa.bindparam("found")}),
            changes,
        )
    moved = attrs.evolve(waiting, finished=len(rows) < size, done=done + len(rows), total=max(total, done + len(rows)))
    at = rows[-1].id if rows else place
    connection.execute(
        places.update().where(*mine).values(place=at, done=moved.done, total=moved.total, finished=moved.finished)
    )
    return moved


def _change(
    waiting: FilledColumn, copy: CustomColumn, id: Any, version: int, custom: Mapping[str, Any], held: Any
) -> dict[str, Any] | None:
    if not copy.fits(custom):
        raise BadInput(
            msg(
                "{entity} {id}: custom.{field} is {value}, which a filterable field of type {type} cannot hold; correct it "
                "and go on with crmkit db upgrade",
                entity=waiting.entity,
                id=id,
                field=waiting.field,
                value=shown(custom.get(waiting.field), 60),
                type=copy.field.kind.value,
            )
        )
    value = copy.value(custom)
    held = str(held) if copy.field.kind.value == "partial_date" and held is not None else held
    return None if value == held else {"of_id": id, "of_version": version, "found": value}
