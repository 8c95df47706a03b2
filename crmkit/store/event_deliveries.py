"""What subscribers have done outside of the database, by (subscriber, event id), so that they do it once."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from crmkit.store.chunks import in_chunks
from crmkit.store.database import Database
from crmkit.store.inserting import insert_new


def done_among(
    connection: sa.Connection, database: Database, tenant: UUID, subscriber: str, events: Collection[UUID]
) -> set[UUID]:
    """Return the events that a subscriber has done already."""
    table, found = database.table("event_deliveries"), set[UUID]()
    for chunk in in_chunks(list(events)):
        mine = (table.c.tenant_id == tenant, table.c.subscriber == subscriber, table.c.event_id.in_(chunk))
        found.update(connection.scalars(sa.select(table.c.event_id).where(*mine)))
    return found


def record_done(
    connection: sa.Connection, database: Database, tenant: UUID, subscriber: str, events: Iterable[UUID], now: datetime
) -> None:
    """Record that a subscriber has done what events asked of it; what is recorded already stays."""
    table = database.table("event_deliveries")
    rows = [{"tenant_id": tenant, "subscriber": subscriber, "event_id": id, "done_at": now} for id in events]
    if rows:
        connection.execute(insert_new(table, database.dialect), rows)


def forget_done(connection: sa.Connection, database: Database, tenant: UUID, subscriber: str, after: int) -> int:
    """Forget what a subscriber has done of the events behind a position of the log, so that it does it again."""
    table, log = database.table("event_deliveries"), database.tables["event"]
    later = sa.select(log.c.id).where(log.c.tenant_id == tenant, log.c.position > after)
    mine = (table.c.tenant_id == tenant, table.c.subscriber == subscriber, table.c.event_id.in_(later))
    return connection.execute(table.delete().where(*mine)).rowcount
