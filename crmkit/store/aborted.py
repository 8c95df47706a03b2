"""Transactions that the database has given up: committing one undoes it, and PostgreSQL says nothing about that."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa


def is_over(connection: sa.Connection) -> bool:
    """Whether nothing of the running transaction can be committed any more: a statement failed, or the server is gone."""
    if connection.invalidated:
        return True
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "sqlite":
        return not driver.in_transaction
    from psycopg.pq import TransactionStatus

    return bool(driver.pgconn.transaction_status != TransactionStatus.INTRANS)


def refuse_aborted(connection: sa.Connection) -> None:
    """Raise the driver's error in place of a commit that would undo everything, since somebody has swallowed an error.

    On PostgreSQL, on which a statement that fails takes its whole transaction along.
    """
    from psycopg.errors import InFailedSqlTransaction
    from psycopg.pq import TransactionStatus

    driver: Any = connection.connection.driver_connection
    if driver.pgconn.transaction_status == TransactionStatus.INERROR:
        driver.rollback()
        raise InFailedSqlTransaction("a statement has failed and the error was swallowed; nothing is written")
