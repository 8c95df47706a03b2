"""Inserting what may be there already."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa


def insert_new(table: sa.Table, dialect: str) -> Any:
    """Return the insert that leaves alone what a unique key says is there, for a dialect ("sqlite" or "postgresql")."""
    # Each dialect takes tens of milliseconds to import, and an application speaks one.
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as postgresql_insert

        return postgresql_insert(table).on_conflict_do_nothing()
    from sqlalchemy.dialects.sqlite import insert as sqlite_insert

    return sqlite_insert(table).on_conflict_do_nothing()
