"""New rows that wait: a transaction that many share inserts them when somebody looks, or at its end, all in one go.

Whoever asks a session for its connection has them inserted before, so nobody sees a state without them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from crmkit.store.database import hung_up
from crmkit.store.faults import translate
from crmkit.store.writing import Lone, Row

if TYPE_CHECKING:
    from crmkit.store.database import Database


class _Waiting(NamedTuple):
    """Rows of an entity, one new record with its journal, or a row of a table of the store itself."""

    entity: str = ""
    rows: Sequence[Row] | None = None
    lone: Lone | None = None
    beside: tuple[sa.Insert, Mapping[str, Any]] | None = None


class Deferred:
    """The rows of a transaction that wait to be inserted, in the order in which they were made."""

    def __init__(self, database: Database, connection: sa.Connection) -> None:
        self._writer, self._connection = database.writer, connection
        self._waiting: list[_Waiting] = []
        self.made = 0
        """How many times rows were given."""
        self.failed = False
        """Whether nothing of the transaction can stay: the database has refused rows, or holds some that were taken back."""

    def add(self, entity: str, rows: Sequence[Row]) -> None:
        """Have rows inserted."""
        self._take(_Waiting(entity, rows))

    def add_lone(self, entity: str, lone: Lone) -> None:
        """Have one new record inserted with its audit entry and event."""
        self._take(_Waiting(entity, lone=lone))

    def add_beside(self, statement: sa.Insert, values: Mapping[str, Any]) -> None:
        """Have a row inserted that is no record's; rows of one table go together, after all records."""
        self._take(_Waiting(beside=(statement, values)))

    def take_back(self, made: int) -> None:
        """Insert nothing of what was given after the first ``made`` times; what is inserted already spoils the rest."""
        excess = self.made - made
        if excess > len(self._waiting):
            self.failed = True
        elif excess:
            del self._waiting[-excess:]
        self.made = made

    def settle(self) -> None:
        """Insert what waits; raises what the database has against it."""
        try:
            self._send()
        except Exception as error:
            self.failed = True
            raise translate(error) from error

    def commit(self) -> None:
        """Insert what waits and commit: on PostgreSQL by one message, since each that waits for an answer takes as long.

        Raises what the database has against it; ``failed`` then tells whether it is known that nothing stands.
        """
        if not self._waiting or self._connection.dialect.name == "sqlite":
            self.settle()
            return
        driver: Any = self._connection.connection.driver_connection
        try:
            with driver.pipeline():
                self._send()
                driver.execute("COMMIT", prepare=False)
        except Exception as error:
            # Of a server that is gone nobody knows what it still did.
            self.failed = not hung_up(self._connection)
            raise translate(error) from error

    def _send(self) -> None:
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        cursor: Any = self._connection.connection.cursor()
        try:
            records = (one for one in waiting if one.beside is None)
            for (entity, is_lone), some in groupby(records, lambda one: (one.entity, one.lone is not None)):
                if is_lone:
                    self._writer.insert_lone(cursor, entity, *[one.lone for one in some if one.lone is not None])
                else:
                    for one in some:
                        self._writer.insert(cursor, entity, one.rows or ())
        finally:
            cursor.close()
        beside = [one.beside for one in waiting if one.beside is not None]
        for _, alike in groupby(beside, lambda one: one[0].table):
            found = list(alike)
            self._connection.execute(found[0][0], [dict(values) for _, values in found])

    def _take(self, one: _Waiting) -> None:
        self.made += 1
        self._waiting.append(one)
