"""Reads a page of a list. Its statement is compiled once for an actor, a filter and an order, and then only bound.

Whoever looks through a list asks the same again and again; to put the filter into SQL, and to have SQLAlchemy run it,
would take longer than the database does.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from crmkit.core.entity import EntityInfo
from crmkit.core.filter import Predicate, parse
from crmkit.core.filter.routes import depends_on_time
from crmkit.store.paging import Page, behind, cursor_at, read_cursor
from crmkit.store.plain_queries import PlainQuery, plain_query
from crmkit.store.reading import Reader
from crmkit.store.types import Id

KEPT = 64
"""Statements that an actor keeps."""


def read_page(
    reader: Reader,
    connection: sa.Connection,
    entity: type[Any],
    filter: Any,
    order: str,
    limit: int,
    cursor: str,
    deleted: bool = False,
    *,
    bare: bool = False,
) -> Page[Any]:
    """Return the ``limit`` records behind a cursor, empty for the first ones, that match a filter, text or predicate.

    ``deleted`` gives the deleted records that the actor may bring back instead of living ones. ``bare`` gives the values of
    their stored fields instead, in their order: to make records takes as long as to read them.

    Raises BadInput for a cursor of another list and AccessDenied for fields that the actor may not read.
    """
    info = reader.database.registry.get(entity)
    predicate: Predicate | None = (
        parse(filter, reader.database.registry, info.name) if isinstance(filter, str) else filter
    )
    if predicate is not None:
        predicate = reader.meaning(predicate, info, connection)
    sortings = reader.sortings(info, order)
    values, last = read_cursor(info, sortings, cursor) if cursor else ([], None)
    query = _query(reader, info, predicate, order, [value is None for value in values] if cursor else None, deleted)
    bound: dict[str, Any] = {"most": limit + 1}
    if cursor:
        bound |= {f"at_{place}": value for place, value in enumerate(values) if value is not None} | {"at_id": last}
    codec = reader.database.codecs[info.name]
    rows = query.rows(connection, bound)
    following = cursor_at(info, sortings, codec.from_driver(rows[limit - 1])) if len(rows) > limit else ""
    return Page(tuple(map(codec.values if bare else codec.from_driver, rows[:limit])), following)


def _query(
    reader: Reader, info: EntityInfo, predicate: Predicate | None, order: str, nulls: list[bool] | None, deleted: bool
) -> PlainQuery:
    """Return the statement; ``nulls`` tells which values at the cursor are null, None that there is no cursor."""
    key = ("page", info.name, predicate, order, None if nulls is None else tuple(nulls), deleted)
    known = reader.plain.get(key)
    if known is not None:
        return known
    made = plain_query(_statement(reader, info, predicate, order, nulls, deleted), reader.database.engine.dialect)
    # What speaks of now means something else the next time.
    if predicate is None or not depends_on_time(predicate):
        if len(reader.plain) >= KEPT:
            reader.plain.clear()
        reader.plain[key] = made
    return made


def _statement(
    reader: Reader, info: EntityInfo, predicate: Predicate | None, order: str, nulls: list[bool] | None, deleted: bool
) -> sa.Select[Any]:
    table = reader.database.tables[info.name]
    columns = [table.c[name] for name in reader.database.codecs[info.name].load_columns]
    statement = sa.select(*columns).where(*reader.narrowing.conditions(info.name, table, deleted=deleted))
    if deleted:
        statement = statement.where(*reader.narrowing.deletable(info.name, table))
    if predicate is not None:
        statement = statement.where(reader.predicate(predicate, info, table))
    sortings = reader.sortings(info, order)
    if nulls is not None:
        values = [
            None if null else sa.bindparam(f"at_{place}", type_=sorting.column.type)
            for place, (sorting, null) in enumerate(zip(sortings, nulls, strict=True))
        ]
        statement = statement.where(behind(sortings, table.c.id, values, sa.bindparam("at_id", type_=Id())))
    ordered = statement.order_by(*[sorting.ordered() for sorting in sortings], table.c.id)
    return ordered.limit(sa.bindparam("most", type_=sa.Integer()))
