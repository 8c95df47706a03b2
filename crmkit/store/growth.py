"""Telling PostgreSQL's planner of tables that grow quickly.

A server measures tables in the background about once a minute. An import fills them faster, and a planner that believes a
table empty reads it whole where it could look up a key: each chunk would then take longer than the one before.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

BATCH = 100
"""Rows written at once from which they are counted; single records leave the measuring to the server."""

LEAST, FACTOR = 500, 4
"""A table is measured when it has at least so many rows, and so many times those measured last."""


class Growth:
    """What one process has added to each table since the planner measured it."""

    def __init__(self) -> None:
        self._measured: dict[str, int] = {}
        self._added: dict[str, int] = {}

    def added(self, cursor: Any, table: sa.Table, rows: int) -> None:
        """Count ``rows`` just inserted with ``cursor``, and have the table measured when it has outgrown its statistics.

        The statistics belong to the transaction and are forgotten when it is rolled back, the count is not: the server's
        own measuring mends that.
        """
        name = table.name
        measured = self._measured.get(name)
        if measured is None:
            cursor.execute("SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass", (f'"{name}"',))
            # -1 says that the table was never measured.
            measured = self._measured[name] = max(cursor.fetchone()[0], 0)
        added = self._added.get(name, 0) + rows
        if measured + added < max(LEAST, FACTOR * measured):
            self._added[name] = added
            return
        # The lock of measuring lasts as long as the transaction: who finds it taken leaves the table to whoever has it.
        cursor.execute(f'ANALYZE (SKIP_LOCKED) "{name}" ({_searched(table)})')
        self._measured[name], self._added[name] = measured + added, 0


def _searched(table: sa.Table) -> str:
    """Return the columns that an index is about; the others need not be known to choose among indexes."""
    names = {column.name for index in table.indexes for column in index.columns}
    names |= {column.name for column in table.primary_key.columns}
    return ", ".join(f'"{column.name}"' for column in table.columns if column.name in names)
