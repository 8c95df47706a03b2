"""The wall between tenants around tables that a migration makes."""

from __future__ import annotations

import sqlalchemy as sa

from crmkit.store.tenant_wall import raise_wall


def keep_tenants_apart(connection: sa.Connection, *tables: str) -> None:
    """Put the policies of PostgreSQL on new tables with rows of tenants; does nothing on SQLite."""
    raise_wall(connection, dict.fromkeys(tables, False))
