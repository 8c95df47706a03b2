"""Taking the values out of the audit log, while who did what and when stays and the chain stays valid."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.audit_chain import tombstone
from crmkit.core.errors import AccessDenied
from crmkit.core.journal import AuditEntry, Event
from crmkit.core.messages import msg
from crmkit.store.chunks import distinct_chunks
from crmkit.store.refusals import forget_refusals
from crmkit.store.sealing import lock_chain

if TYPE_CHECKING:
    from crmkit.store.session import Session


def erase_deltas(session: Session, record_ids: Iterable[UUID]) -> int:
    """Replace the values in the audit entries of records by tombstones, with their salts; returns how many entries.

    An entry and event "erased" for each record say who did it: a tombstone without one counts as tampering. Nothing
    but the audit log is touched. The caller has checked the right to erase. Raises AccessDenied in a session that only
    reads.
    """
    session.flush()
    if session.read_only:
        raise AccessDenied(msg("this session only reads"))
    database, connection, tenant = session.database, session.connection, session.actor.tenant_id
    entries, links = database.tables["audit_entry"], database.table("audit_links")
    lock_chain(connection, tenant)
    now, erased = session.clock.now(), 0
    for chunk in distinct_chunks(record_ids):
        mine = (entries.c.tenant_id == tenant, entries.c.record_id.in_(chunk), entries.c.action != "erased")
        found = connection.execute(
            sa.select(entries.c.record_id, entries.c.entity, sa.func.max(entries.c.version))
            .where(*mine)
            .group_by(entries.c.record_id, entries.c.entity)
        ).all()
        erased += connection.execute(entries.update().where(*mine).values(delta=tombstone(now))).rowcount
        # Without its salt a digest tells nothing of what it was made from, however few values there are to try.
        ids = sa.select(entries.c.id).where(*mine)
        sealed = (links.c.tenant_id == tenant, links.c.entry_id.in_(ids))
        connection.execute(links.update().where(*sealed).values(salt=None))
        forget_refusals(session, chunk)
        _tell(session, [AuditEntry(**_what(session, *row)) for row in found])
    return erased


def _what(session: Session, record_id: UUID, entity: str, version: int) -> dict[str, Any]:
    return {
        "occurred_at": session.clock.now(),
        "actor_id": session.actor.acting_id,
        "on_behalf_id": session.actor.on_behalf_id,
        "plugin": session.actor.plugin,
        "entity": entity,
        "record_id": record_id,
        "action": "erased",
        "version": version,
        "cause_id": session.cause.event_id,
        "origin": _origin(session),
    }


def _origin(session: Session) -> dict[str, Any]:
    plugin = session.actor.plugin
    return {"by": session.hooks.releases.get(plugin, plugin), "hook": session.cause.hook} if plugin else {}


def _tell(session: Session, entries: list[AuditEntry]) -> None:
    """Write entries, each with the event of the same id."""
    events = [
        Event(
            id=entry.id,
            type=f"{entry.entity}.erased",
            entity=entry.entity,
            record_id=entry.record_id,
            occurred_at=entry.occurred_at,
            actor_id=entry.actor_id,
            plugin=entry.plugin,
            cause_id=entry.cause_id,
            depth=session.cause.depth,
        )
        for entry in entries
    ]
    if not events:
        return
    database = session.database
    cursor = session.connection.connection.cursor()
    try:
        for name, records in (("audit_entry", entries), ("event", events)):
            to_row = database.codecs[name].to_row
            database.writer.insert(cursor, name, [to_row(record, session.driver_tenant) for record in records])
    finally:
        cursor.close()
    session.first_event = session.first_event or events[0].id
    session.told.update(event.entity for event in events)
