"""Up to where the event log is complete: no event will appear any more before that position.

SQLite's writers take turns. PostgreSQL counts positions when rows are written and shows rows when they are committed: a
free position was rolled back, or is about to be filled by a transaction that holds its lock on the log.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from crmkit.store.database import Database
from crmkit.store.tenant_wall import EVERY_TENANT

PAUSE = 0.01
PATIENCE = 100
"""Pauses, of so many seconds each, to wait for running transactions: one second."""

_AT_ONCE = 5_000

_WRITERS = sa.text(
    "SELECT virtualtransaction FROM pg_locks WHERE locktype = 'relation' AND mode = 'RowExclusiveLock' AND granted "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND relation = CAST(:log AS regclass) AND pid <> pg_backend_pid()"
)


def log_writers(connection: sa.Connection, log: str) -> frozenset[str]:
    """Return the transactions, other than this one, that have written to the table ``log`` and have not ended."""
    return frozenset(connection.scalars(_WRITERS, {"log": log}))


def settled_position(database: Database, pause: Callable[[float], Any] = time.sleep) -> int | None:
    """Return the log's last position, once everything up to it is committed or rolled back.

    None when a transaction that may still fill a position before it goes on for longer than a second.
    """
    log = database.tables["event"]
    # Positions are counted over all tenants.
    with database.connection(reads=True, tenant=EVERY_TENANT) as connection:
        end = last_position(connection, database)
        if database.dialect != "postgresql":
            return end
        # Read after the end: whoever wrote before it and is not among them has ended.
        awaited = log_writers(connection, log.name)
        for _ in range(PATIENCE):
            if not awaited:
                return end
            pause(PAUSE)
            awaited &= log_writers(connection, log.name)
        return None


def last_position(connection: sa.Connection, database: Database) -> int:
    """Return the log's last position, on a connection that sees every tenant."""
    return int(connection.scalar(sa.select(sa.func.max(database.tables["event"].c.position))) or 0)


def settled_behind(
    database: Database, after: int, pause: Callable[[float], Any] = time.sleep, patience: int = 20
) -> int:
    """Return up to where a reader who stands at ``after`` may read on: nothing will appear before it any more.

    It waits for running transactions, but not for long: while one goes on, the place before the first position behind
    ``after`` that is free is answered, since that one may be about to be filled.
    """
    log = database.tables["event"]
    with database.connection(reads=True, tenant=EVERY_TENANT) as connection:
        end = last_position(connection, database)
        if database.dialect != "postgresql" or end <= after:
            return end
        awaited = log_writers(connection, log.name)
        for _ in range(patience):
            if not awaited:
                return end
            pause(PAUSE)
            awaited &= log_writers(connection, log.name)
        if not awaited:
            return end
        return _before_gap(connection, log, after, end)


def _before_gap(connection: sa.Connection, log: sa.Table, after: int, end: int) -> int:
    """Return the last position of those that follow ``after`` without a gap."""
    while after < end:
        some = sa.select(log.c.position).where(log.c.position > after, log.c.position <= end)
        positions = list(connection.scalars(some.order_by(log.c.position).limit(_AT_ONCE)))
        for position in positions:
            if position != after + 1:
                return after
            after = position
        if not positions:
            return after
    return after
