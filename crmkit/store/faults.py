"""Driver errors turned into the errors that people understand."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from crmkit.core.errors import CrmError, DatabaseUnavailable, StorageFull
from crmkit.core.messages import msg, shown


class UniqueViolation(Exception):
    """A unique index refused a row. ``index`` is its name when the driver tells it, ``columns`` what it names."""

    def __init__(self, index: str, columns: tuple[str, ...], error: BaseException) -> None:
        super().__init__(index or ",".join(columns))
        self.index, self.columns = index, columns
        self.__cause__ = error


class ReferenceViolation(Exception):
    """A foreign key refused a row."""


@contextmanager
def faults_translated() -> Iterator[None]:
    """Within, a driver's error leaves as a CrmError, a UniqueViolation or a ReferenceViolation."""
    try:
        yield
    except (sa.exc.DBAPIError, sa.exc.PendingRollbackError, sqlite3.Error) as error:
        raise translate(error) from error
    except Exception as error:
        if type(error).__module__.startswith("psycopg"):
            raise translate(error) from error
        raise


def translate(error: BaseException) -> Exception:
    """Return what to raise for a driver's error; an unknown one comes back as it is."""
    if isinstance(error, sa.exc.PendingRollbackError):
        # The connection went away earlier in this transaction, which somebody tries to go on with.
        return DatabaseUnavailable(
            msg("the connection to the database was lost; nothing of this transaction is written")
        )
    origin = error.orig if isinstance(error, sa.exc.DBAPIError) and error.orig is not None else error
    if isinstance(origin, sqlite3.Error):
        return _translate_sqlite(origin)
    if type(origin).__module__.startswith("psycopg"):
        return _translate_postgres(origin)
    return origin if isinstance(origin, Exception) else CrmError(msg("{error}", error=str(origin)))


def _translate_sqlite(error: sqlite3.Error) -> Exception:
    text = str(error)
    if text.startswith("UNIQUE constraint failed: index"):
        return UniqueViolation(text.split("'")[1], (), error)
    if text.startswith("UNIQUE constraint failed: "):
        columns = tuple(part.split(".")[-1] for part in text.split(": ", 1)[1].split(", "))
        return UniqueViolation("", columns, error)
    if "FOREIGN KEY constraint failed" in text:
        return ReferenceViolation(text)
    if "disk is full" in text:
        return StorageFull(msg("the disk is full; nothing of this step was written"))
    if "locked" in text or "busy" in text:
        return DatabaseUnavailable(msg("the database is locked by another process for too long; try again"))
    if "readonly" in text:
        return DatabaseUnavailable(msg("the database cannot be written to: {error}", error=shown(text, 200)))
    if isinstance(error, sqlite3.DatabaseError) and not isinstance(
        error, sqlite3.ProgrammingError | sqlite3.IntegrityError
    ):
        return DatabaseUnavailable(msg("the database failed: {error}", error=shown(text, 200)))
    return error


def _translate_postgres(error: BaseException) -> Exception:
    import psycopg

    if isinstance(error, psycopg.errors.UniqueViolation):
        return UniqueViolation(error.diag.constraint_name or "", (), error)
    if isinstance(error, psycopg.errors.ForeignKeyViolation):
        return ReferenceViolation(str(error))
    if isinstance(error, psycopg.errors.DiskFull | psycopg.errors.OutOfMemory):
        return StorageFull(msg("the disk is full; nothing of this step was written"))
    if isinstance(
        error, psycopg.errors.SerializationFailure | psycopg.errors.DeadlockDetected | psycopg.errors.LockNotAvailable
    ):
        return DatabaseUnavailable(msg("the database is busy with conflicting work; try again"))
    if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
        reason = shown(" ".join(str(error).split()), 200)
        return DatabaseUnavailable(msg("the database cannot be written to: {error}", error=reason))
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return DatabaseUnavailable(
            msg("the database cannot be reached: {error}", error=shown(" ".join(str(error).split()), 200))
        )
    return error if isinstance(error, Exception) else CrmError(msg("{error}", error=str(error)))
