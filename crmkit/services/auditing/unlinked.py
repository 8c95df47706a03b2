"""What stands beside the chain of the audit log: entries that wait for their seal, and those that only seem to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.messages import msg
from crmkit.services.auditing.faults import ChainFault
from crmkit.store.chunks import distinct_chunks
from crmkit.store.session import Session

_WRITTEN = ("created", "updated", "deleted", "restored", "erased")


class Unlinked:
    """Looks for entries without a link. ``position`` is the event up to which the log is sealed."""

    def __init__(self, session: Session, position: int) -> None:
        self._connection, self._tenant, self._position = session.connection, session.actor.tenant_id, position
        self._entries, self._events = session.database.tables["audit_entry"], session.database.tables["event"]
        self._links = session.database.table("audit_links")

    def waiting(self) -> int:
        """Return how many entries wait for their seal."""
        events = self._events
        mine = (events.c.tenant_id == self._tenant, events.c.position > self._position)
        return int(self._connection.scalar(sa.select(sa.func.count()).where(*mine)) or 0)

    def erased(self, records: Iterable[UUID]) -> Iterator[UUID]:
        """Yield those of the records whose erasure is told by an entry that waits for its seal."""
        entries, links = self._entries, self._links
        for chunk in distinct_chunks(records):
            sealed = sa.exists().where(links.c.tenant_id == self._tenant, links.c.entry_id == entries.c.id)
            statement = sa.select(entries.c.record_id).where(
                entries.c.tenant_id == self._tenant,
                entries.c.record_id.in_(chunk),
                entries.c.action == "erased",
                sa.not_(sealed),
            )
            yield from self._connection.scalars(statement)

    def inserted(self) -> Iterator[ChainFault]:
        """Yield entries without a link that do not wait for one, as their events would stand behind the last seal."""
        entries, links, events = self._entries, self._links, self._events
        linked = sa.and_(links.c.entry_id == entries.c.id, links.c.tenant_id == entries.c.tenant_id)
        told = sa.and_(events.c.id == entries.c.id, events.c.tenant_id == entries.c.tenant_id)
        statement: Any = (
            sa.select(entries.c.id, entries.c.entity, entries.c.record_id)
            .join_from(entries, links, linked, isouter=True)
            .join(events, told, isouter=True)
            .where(
                entries.c.tenant_id == self._tenant,
                links.c.entry_id.is_(None),
                sa.or_(events.c.position.is_(None), events.c.position <= self._position),
            )
            .order_by(entries.c.id)
        )
        added = msg("the entry was added beside the log: it belongs to no seal and waits for none")
        for id, entity, record in self._connection.execute(statement):
            yield ChainFault("inserted", added, None, id, entity, record)

    def lost(self) -> Iterator[ChainFault]:
        """Yield entries deleted before they were sealed: every event of a change has an entry of the same id."""
        entries, links, events = self._entries, self._links, self._events
        linked = sa.and_(links.c.entry_id == events.c.id, links.c.tenant_id == events.c.tenant_id)
        told = sa.and_(entries.c.id == events.c.id, entries.c.tenant_id == events.c.tenant_id)
        statement: Any = (
            sa.select(events.c.id, events.c.entity, events.c.record_id)
            .join_from(events, entries, told, isouter=True)
            .join(links, linked, isouter=True)
            .where(
                events.c.tenant_id == self._tenant,
                entries.c.id.is_(None),
                links.c.entry_id.is_(None),
                sa.or_(*[events.c.type == events.c.entity + f".{action}" for action in _WRITTEN]),
            )
            .order_by(events.c.position)
        )
        gone = msg("the entry was deleted before it was sealed; the event log tells of it")
        for id, entity, record in self._connection.execute(statement):
            yield ChainFault("deleted", gone, None, id, entity, record)
