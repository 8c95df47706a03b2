"""Writing rows on SQLite, which runs within the process: what is bound to a statement, is bound for each row anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crmkit.store.chunks import in_chunks
from crmkit.store.writing import Repointing, Row, Writer, columns_of, quoted

AT_ONCE = 900
"""Ids named in one statement, below SQLite's limit of variables."""

MANY = 100
"""Rows from which on a statement is made for them alone."""

LONGEST = 1_000
"""Characters of a text that such a statement holds."""


class SqliteWriter(Writer):
    """Prepared statements that SQLite runs row by row within its own process."""

    def insert(self, cursor: Any, entity: str, rows: Sequence[Row]) -> None:
        columns = self._codecs[entity].columns
        if len(rows) >= MANY:
            # What all rows share stands in the statement; to bind it to each of them takes half as long again.
            given, same = columns_of(rows)
            written = [_literal(values[0]) if alike else "?" for values, alike in zip(given, same, strict=True)]
            own = [values for values, mark in zip(given, written, strict=True) if mark == "?"]
            if own:
                cursor.executemany(self._insert(entity, columns, written), zip(*own, strict=True))
                return
        statement = self._inserts.get(entity)
        if statement is None:
            statement = self._inserts[entity] = self._insert(entity, columns, ["?"] * len(columns))
        if len(rows) == 1:
            cursor.execute(statement, rows[0])
        else:
            cursor.executemany(statement, rows)

    def _insert(self, entity: str, columns: Sequence[str], values: Sequence[str]) -> str:
        return f'INSERT INTO "{self._tables[entity].name}" ({quoted(columns)}) VALUES ({", ".join(values)})'

    def insert_journal(self, cursor: Any, audit: Sequence[Row], depth: int) -> None:
        entries, events = self._tables["audit_entry"].name, self._tables["event"].name
        # There is one writer at a time, and the rows of a transaction are numbered from the greatest number on.
        (last,) = cursor.execute(f'SELECT max(rowid) FROM "{entries}"').fetchone()
        self.insert(cursor, "audit_entry", audit)
        columns, repeated = self.repeated(type="entity || '.' || action", depth="?")
        cursor.execute(
            f'INSERT INTO "{events}" ({columns}) SELECT {repeated} FROM "{entries}" WHERE rowid > ? ORDER BY rowid',
            (depth, last or 0),
        )

    def update(self, cursor: Any, entity: str, columns: tuple[str, ...], rows: Sequence[Row]) -> int:
        statement = self._updates.get((entity, columns))
        if statement is None:
            assignments = ", ".join(f'"{name}" = ?' for name in columns)
            table = self._tables[entity].name
            statement = f'UPDATE "{table}" SET {assignments} WHERE "id" = ? AND "tenant_id" = ? AND "version" = ?'
            self._updates[entity, columns] = statement
        cursor.executemany(statement, rows)
        return int(cursor.rowcount)

    def repoint(self, cursor: Any, to: Repointing, ids: Sequence[Any]) -> list[tuple[Any, int]]:
        moved: list[tuple[Any, int]] = []
        for chunk in in_chunks(ids, AT_ONCE):
            statement = (
                f'UPDATE "{self._tables[to.entity].name}" SET "{to.field}" = ?, "version" = "version" + 1, '
                '"updated_at" = ?, "updated_by" = ? WHERE "tenant_id" = ? '
                f'AND "{to.field}" = ? AND "id" IN ({", ".join("?" * len(chunk))}) RETURNING "id", "version"'
            )
            moved += cursor.execute(statement, (to.after, to.at, to.by, to.tenant, to.before, *chunk)).fetchall()
        return moved


def _literal(value: Any) -> str:
    """Return a driver's value as a statement holds it; a question mark where it is better bound."""
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, bytes):
        return f"x'{value.hex()}'"
    if isinstance(value, str) and len(value) <= LONGEST and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    return "?"
