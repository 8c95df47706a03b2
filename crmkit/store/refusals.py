"""What guards refused: the newest refusals, kept apart, since what they stopped was rolled back with its transaction.

They are noted while the refusal happens and written afterwards in a transaction of their own, where the installation
keeps any at all (``refusals_kept``). They help to explain, and nothing relies on them: one that cannot be written is lost.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs
import sqlalchemy as sa

from crmkit.core.errors import Refused
from crmkit.core.frozen import frozen
from crmkit.core.origin import Release
from crmkit.core.values.ids import new_id
from crmkit.store.database import Database

if TYPE_CHECKING:
    from crmkit.store.session import Session

log = logging.getLogger("crmkit.refusals")

MOST_WAITING = 1_000
"""Refusals noted and not yet written; older ones give way."""

MOST_OF_ONE = 100
"""Records of one refused batch that are noted."""

LONGEST_REASON = 500


@frozen
class Refusal:
    """One change of one record that was refused: when, by whom tried, by which plugin in which hook, and why.

    ``reason`` is in English. ``cause_id`` is what led to the change, None for what a person did.
    """

    id: UUID
    occurred_at: datetime
    actor_id: UUID | None
    on_behalf_id: UUID | None
    by: Release
    hook: str
    entity: str
    record_id: UUID
    cause_id: UUID | None
    reason: str


class Refusals:
    """The refusals of one application; ``keep`` of them are kept for each tenant, with 0 none."""

    def __init__(self, database: Database, keep: int) -> None:
        self._database, self.keep = database, keep
        self._waiting: deque[tuple[UUID, Refusal]] = deque(maxlen=MOST_WAITING)
        self._writing = threading.Lock()

    def note(self, session: Session, error: Refused) -> None:
        """Remember what a session was refused, once per error; ``write`` keeps it."""
        if self.keep <= 0 or getattr(error, "noted", False):
            return
        error.__dict__["noted"] = True
        actor, now = session.actor, session.clock.now()
        releases = session.hooks.releases
        for plugin, reason, about in error.refusals:
            _, _, version = releases.get(plugin, plugin).partition("@")
            for record in [about] if about is not None else error.records[:MOST_OF_ONE]:
                if isinstance(record, UUID):
                    refusal = Refusal(
                        id=new_id(),
                        occurred_at=now,
                        actor_id=actor.acting_id,
                        on_behalf_id=actor.on_behalf_id,
                        by=Release(plugin, version),
                        hook=error.hook,
                        entity=error.entity,
                        record_id=record,
                        cause_id=session.cause.event_id,
                        reason=str(reason)[:LONGEST_REASON],
                    )
                    self._waiting.append((actor.tenant_id, refusal))

    def write(self) -> None:
        """Write what waits, in a transaction of its own. Called where no transaction of the caller is open."""
        if not self._waiting or not self._writing.acquire(blocking=False):
            return
        try:
            by_tenant: dict[UUID, list[Refusal]] = {}
            while self._waiting:
                tenant, refusal = self._waiting.popleft()
                by_tenant.setdefault(tenant, []).append(refusal)
            for tenant, refusals in by_tenant.items():
                self._write(tenant, refusals)
        except Exception:
            log.warning("refusals could not be kept", exc_info=True)
        finally:
            self._writing.release()

    def _write(self, tenant: UUID, refusals: list[Refusal]) -> None:
        table = self._database.table("refusals")
        with self._database.connection(tenant=tenant) as connection:
            connection.execute(table.insert(), [_row(tenant, refusal) for refusal in refusals[-self.keep :]])
            last = (
                sa.select(table.c.id)
                .where(table.c.tenant_id == tenant)
                .order_by(table.c.id.desc())
                .offset(self.keep)
                .limit(1)
                .scalar_subquery()
            )
            connection.execute(table.delete().where(table.c.tenant_id == tenant, table.c.id <= last))
            connection.commit()


def refusals_of(session: Session, record_id: UUID, limit: int = 20) -> list[Refusal]:
    """Return the newest refusals of a record's changes that were kept, newest first."""
    table = session.database.table("refusals")
    statement = (
        sa.select(*[table.c[name] for name in _COLUMNS])
        .where(table.c.tenant_id == session.actor.tenant_id, table.c.record_id == record_id)
        .order_by(table.c.id.desc())
        .limit(limit)
    )
    found = [dict(zip(_COLUMNS, row, strict=True)) for row in session.connection.execute(statement)]
    return [Refusal(by=Release(row.pop("plugin"), row.pop("version")), **row) for row in found]


def forget_refusals(session: Session, record_ids: Iterable[UUID]) -> None:
    """Take away what was refused about records, since reasons may tell what they were."""
    table = session.database.table("refusals")
    mine = (table.c.tenant_id == session.actor.tenant_id, table.c.record_id.in_(list(record_ids)))
    session.connection.execute(table.delete().where(*mine))


_COLUMNS = (
    "id", "occurred_at", "actor_id", "on_behalf_id", "plugin", "version", "hook", "entity", "record_id", "cause_id",
    "reason",
)  # fmt: skip


def _row(tenant: UUID, refusal: Refusal) -> dict[str, Any]:
    values = attrs.asdict(refusal, recurse=False)
    by = values.pop("by")
    return {"tenant_id": tenant, **values, "plugin": by.plugin, "version": by.version}
