"""What is deleted goes from the disk as well: checkpoints, and files or tables written anew.

SQLite overwrites what it deletes (``secure_delete``), but older states stand in the write-ahead log until it is emptied,
and in pages that were rearranged. PostgreSQL keeps older states of rows until it vacuums, and samples of values in its
statistics until it analyses.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from contextlib import closing
from typing import Any

from crmkit.core.errors import Conflict, CrmError
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg
from crmkit.store.database import Database
from crmkit.store.faults import faults_translated

log = logging.getLogger("crmkit.purge")


@frozen
class Purge:
    """What was done: ``tables`` were written anew or vacuumed, ``skipped`` belong to another role."""

    tables: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()


def checkpoint(database: Database) -> bool:
    """Empty SQLite's write-ahead log, as far as nobody reads from it; returns whether it is empty.

    Other databases have nothing of the kind: True.
    """
    if database.dialect != "sqlite" or database.in_memory:
        return True
    try:
        with closing(database.engine.raw_connection()) as connection:
            driver: Any = connection.driver_connection
            busy, _, _ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except Exception:
        # It is a step after the commit: what was committed stands, and the next checkpoint does it.
        log.exception("the write-ahead log was not emptied")
        return False
    return not busy


def purge(database: Database, tables: Iterable[str] = (), *, rebuild: bool = False) -> Purge:
    """Let nothing of what was erased remain in the database's files, and return what was done.

    SQLite's file is written anew, which takes its size once more in free space and keeps writers waiting; PostgreSQL
    vacuums and analyses the tables (by default all), with ``rebuild`` it writes them anew and locks each meanwhile. Raises
    Conflict when somebody else uses the SQLite file for too long.
    """
    if database.in_memory:
        return Purge()
    if database.dialect == "sqlite":
        return _purge_sqlite(database)
    return _purge_postgres(database, tuple(tables) or tuple(sorted(database.table_names)), rebuild)


def _purge_sqlite(database: Database) -> Purge:
    with faults_translated(), closing(database.engine.raw_connection()) as connection:
        driver: Any = connection.driver_connection
        driver.execute("VACUUM")
        busy, _, _ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise Conflict(
            msg("somebody still reads from the database; what was erased stands in its write-ahead log, try again")
        )
    return Purge(tuple(sorted(database.table_names)))


def _purge_postgres(database: Database, tables: tuple[str, ...], rebuild: bool) -> Purge:
    options = "FULL, ANALYZE" if rebuild else "ANALYZE"
    skipped: list[str] = []
    with faults_translated(), closing(database.engine.raw_connection()) as connection:
        driver: Any = connection.driver_connection
        before, driver.autocommit = driver.autocommit, True
        for table in tables:
            warnings: list[Any] = []
            driver.add_notice_handler(warnings.append)
            try:
                driver.execute(f'VACUUM ({options}) "{table}"')
            finally:
                driver.remove_notice_handler(warnings.append)
            if any(warning.severity_nonlocalized == "WARNING" for warning in warnings):
                skipped.append(table)
        driver.autocommit = before
    if len(skipped) == len(tables):
        raise CrmError(msg("the database's user owns none of the tables; have their owner vacuum them"))
    return Purge(tuple(table for table in tables if table not in skipped), tuple(skipped))
