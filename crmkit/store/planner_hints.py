"""What SQLite's planner should know of our indexes before there is anything to measure.

Without statistics SQLite takes ``tenant_id = ?`` for selective and walks a whole tenant where it could look up an id. The
figures written here say what is so by design: a tenant has many rows, an id one, a customer some. A later ANALYZE
replaces them by what it measures. PostgreSQL keeps statistics of its own.
"""

from __future__ import annotations

import sqlalchemy as sa

from crmkit.store.types import Id, Instant, IsoDate

ROWS = 1_000_000
"""Rows that a table is assumed to have; only proportions matter."""

COARSE = frozenset({"kind", "entity", "system", "channel", "type", "role", "purpose", "state", "status", "stage"})
"""Columns with few different values: each is assumed to leave a tenth of the rows."""

PER_PARENT, PER_VALUE = 20, 3
"""Rows assumed to share a reference, and to share any other value."""


def advise_planner(connection: sa.Connection, metadata: sa.MetaData) -> None:
    """Write the statistics of all indexes that have none; does nothing on PostgreSQL."""
    if connection.dialect.name != "sqlite":
        return
    connection.exec_driver_sql("ANALYZE sqlite_schema")
    known = {tuple(row) for row in connection.exec_driver_sql("SELECT tbl, idx FROM sqlite_stat1")}
    rows = []
    for table in metadata.sorted_tables:
        if table.primary_key.columns and not isinstance(next(iter(table.primary_key.columns)).type, sa.BigInteger):
            rows.append(
                (table.name, f"sqlite_autoindex_{table.name}_1", _estimate(list(table.primary_key.columns), True))
            )
        rows += [
            (table.name, str(index.name), _estimate(list(index.columns), bool(index.unique))) for index in table.indexes
        ]
    rows = [row for row in rows if row[:2] not in known]
    if rows:
        connection.exec_driver_sql("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)", rows)
        connection.exec_driver_sql("ANALYZE sqlite_schema")


def _estimate(columns: list[sa.Column[object]], unique: bool) -> str:
    """Return the statistic of an index: its rows, then how many share the first column, the first two, and so on."""
    left = ROWS
    figures = [ROWS]
    for column in columns:
        if column.name == "tenant_id":
            pass
        elif column.name in COARSE:
            left = max(left // 10, 1)
        elif isinstance(column.type, Id | Instant | IsoDate):
            left = min(left, PER_PARENT)
        else:
            left = min(left, PER_VALUE)
        figures.append(left)
    if unique:
        figures[-1] = 1
    return " ".join(map(str, figures))
