"""Workers known to one another: names that last, signs of life, and who is dead."""

from __future__ import annotations

import logging
import os
import socket
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crmkit.runtime.jobs.impatience import be_brief

if TYPE_CHECKING:
    from crmkit.runtime.crm import Crm

log = logging.getLogger("crmkit.jobs")

LIVE, STOPPED, DEAD = "live", "stopped", "dead"

_NAMING = 0x63726D6B
"""The lock of PostgreSQL under which workers choose their names."""


class Presence:
    """The place of one worker among the others."""

    def __init__(self, crm: Crm, id: str, slots: int) -> None:
        self._crm, self._slots = crm, slots
        self._table = crm.database.table("background_workers")
        self._tenant = crm.system.tenant_id
        self.host, self.pid = socket.gethostname() or "localhost", os.getpid()
        self.id = id

    def join(self) -> str:
        """Take a place and return its name: the one that was given, else the first of this machine that nobody uses.

        A worker that is started again gets the name of the one that died, and with it what that one had taken.
        """
        with self._crm.database.connection(tenant=self._tenant) as connection:
            be_brief(connection)
            if connection.dialect.name == "postgresql":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_NAMING)))
            mine = self._table.c.tenant_id == self._tenant
            known = {row.id: row for row in connection.execute(sa.select(*self._table.c).where(mine))}
            self.id = self.id or self._free_name(known)
            now = self._crm.clock.now()
            values = {"host": self.host, "pid": self.pid, "state": LIVE, "slots": self._slots, "hanging": 0}
            values |= {"started_at": now, "seen_at": now}
            if self.id in known:
                self._warn_of_namesake(known[self.id], now)
                connection.execute(self._table.update().where(mine, self._table.c.id == self.id).values(**values))
            else:
                connection.execute(self._table.insert().values(tenant_id=self._tenant, id=self.id, **values))
            connection.commit()
        return self.id

    def beat(self, hanging: int = 0) -> bool:
        """Give a sign of life; False when the others took this worker for dead meanwhile, and have its jobs by now."""
        return self._note({LIVE}, state=LIVE, hanging=hanging) or not self._note({STOPPED, DEAD}, state=LIVE)

    def leave(self) -> None:
        """Say that the worker has stopped."""
        self._note({LIVE, DEAD}, state=STOPPED)

    def dead(self) -> list[str]:
        """Return the workers that give no sign of life and have not stopped."""
        table = self._table
        before = self._crm.clock.now() - timedelta(seconds=self._crm.config.jobs.dead_after)
        with self._crm.database.connection(reads=True, tenant=self._tenant) as connection:
            gone = (table.c.tenant_id == self._tenant, table.c.state == LIVE, table.c.seen_at < before)
            return list(connection.scalars(sa.select(table.c.id).where(*gone, table.c.id != self.id)))

    def bury(self, id: str) -> None:
        """Note that another worker is dead, unless it has given a sign of life since."""
        table = self._table
        before = self._crm.clock.now() - timedelta(seconds=self._crm.config.jobs.dead_after)
        with self._crm.database.connection(tenant=self._tenant) as connection:
            silent = (table.c.tenant_id == self._tenant, table.c.id == id, table.c.seen_at < before)
            connection.execute(table.update().where(*silent).values(state=DEAD))
            connection.commit()

    def _note(self, states: set[str], **values: Any) -> bool:
        table = self._table
        mine = (table.c.tenant_id == self._tenant, table.c.id == self.id, table.c.state.in_(states))
        with self._crm.database.connection(tenant=self._tenant) as connection:
            noted = connection.execute(table.update().where(*mine).values(seen_at=self._crm.clock.now(), **values))
            connection.commit()
            return noted.rowcount == 1

    def _free_name(self, known: dict[str, Any]) -> str:
        before = self._crm.clock.now() - timedelta(seconds=self._crm.config.jobs.dead_after)
        number = 1
        while True:
            name = f"{self.host}:{number}"
            row = known.get(name)
            if row is None or row.state != LIVE or row.seen_at < before:
                return name
            if self._gone(row):
                return name
            number += 1

    def _gone(self, row: Any) -> bool:
        """Whether the process of a worker is known to be no more: it was of this machine, and even had our number."""
        return bool(row.host == self.host and (row.pid == self.pid or not _runs(row.pid)))

    def _warn_of_namesake(self, row: Any, now: datetime) -> None:
        silent = now - row.seen_at > timedelta(seconds=self._crm.config.jobs.dead_after)
        if row.state == LIVE and not silent and not self._gone(row):
            log.warning("worker %s gave a sign of life a moment ago: two of one name do each other's work", self.id)


def _runs(pid: int) -> bool:
    """Whether a process of this machine is there."""
    if os.name == "nt":
        # There, asking would end it.
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
