"""A number that grows whenever anybody's rights change, so that open sessions learn of it by one cheap look."""

from __future__ import annotations

import threading
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from crmkit.store.faults import faults_translated

RIGHTS = frozenset({"user", "team", "role", "role_assignment", "delegation"})
"""The entities whose records say who may do what. Shares and relations are asked for by every read itself."""

_READ = "SELECT version FROM rights_versions WHERE tenant_id = {}"
_COUNT_UP = (
    "INSERT INTO rights_versions (tenant_id, version) VALUES ({}, 1) "
    "ON CONFLICT (tenant_id) DO UPDATE SET version = rights_versions.version + 1"
)


class RightsVersions:
    """Reads and counts up the versions of tenants. ``changes`` counts what this process itself has committed."""

    def __init__(self, engine: sa.Engine, in_memory: bool) -> None:
        self._engine = engine
        mark = "%s" if engine.dialect.name == "postgresql" else "?"
        self._read, self._count_up = _READ.format(mark), _COUNT_UP.format(mark)
        self._bytes = engine.dialect.name != "postgresql"
        self._snapshots = engine.dialect.name == "sqlite" and not in_memory
        self._watch: Any = None
        self._watching = threading.Lock()
        self.changes = 0

    def seen_by(self, reads: bool) -> bool:
        """Whether a session's own connection sees what others commit meanwhile: not on SQLite, where it only reads."""
        return not (reads and self._snapshots)

    def current(self, tenant: UUID, connection: sa.Connection | None) -> int:
        """Return a tenant's version: as ``connection`` sees it, without one as it was committed last."""
        with faults_translated():
            if connection is not None:
                return self._ask(connection.connection.driver_connection, tenant)
            with self._watching:
                if self._watch is None:
                    self._watch = self._engine.raw_connection()
                return self._ask(self._watch.driver_connection, tenant)

    def count_up(self, cursor: Any, tenant: UUID) -> None:
        """Note, in the cursor's transaction, that rights change."""
        cursor.execute(self._count_up, (tenant.bytes if self._bytes else tenant,))

    def committed(self) -> None:
        """Note that this process has committed a change of rights."""
        self.changes += 1

    def close(self) -> None:
        """Give the connection back that looks for changes."""
        with self._watching:
            if self._watch is not None:
                self._watch.close()
                self._watch = None

    def _ask(self, driver: Any, tenant: UUID) -> int:
        row = driver.execute(self._read, (tenant.bytes if self._bytes else tenant,)).fetchone()
        return 0 if row is None else int(row[0])
