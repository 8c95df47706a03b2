"""Short transactions of workers: none may hold up the others, even when its process stands still in the middle."""

from __future__ import annotations

import sqlalchemy as sa

_LIMITS = sa.text(
    "SELECT set_config('idle_in_transaction_session_timeout', '10s', true), set_config('lock_timeout', '5s', true)"
)


def be_brief(connection: sa.Connection) -> None:
    """Have PostgreSQL end the transaction when nothing comes for ten seconds, or a lock is not to be had for five.

    SQLite knows no such thing: there, whoever stands still within a transaction holds up everybody.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(_LIMITS)
