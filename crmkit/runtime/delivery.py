"""Delivers committed events to notify hooks: in process, from the event log, each plugin with a cursor of its own.

What a hook writes and the move of its cursor are one transaction, so a delivery takes effect once even when two processes
try it. A hook that keeps failing is parked: recorded, and the others go on. What a busy or absent database keeps from
being delivered waits for the next delivery. No failure here reaches those whose work is committed already.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from crmkit.core.errors import DatabaseUnavailable, HookLoop
from crmkit.core.journal import Event
from crmkit.core.values.ids import new_id
from crmkit.hooks.causation import DEPTH_LIMIT, Cause, repeating
from crmkit.runtime.telling import HOOKS, tell
from crmkit.store.settling import log_writers
from crmkit.store.tenant_wall import EVERY_TENANT

if TYPE_CHECKING:
    from crmkit.runtime.crm import Crm
    from crmkit.store.session import Session

log = logging.getLogger("crmkit.delivery")

BATCH = 500
ATTEMPTS = 3

PAUSE = 0.05
"""Seconds before a busy database is asked a second time; then twice as long each time."""


@attrs.frozen
class ParkedDelivery:
    """Events that a plugin could not take, and why."""

    subscriber: str
    first_position: int
    last_position: int
    error: str
    attempts: int


class Delivery:
    """Brings events to subscribers. A subscriber is a plugin with a notify hook."""

    def __init__(self, crm: Crm) -> None:
        self._crm = crm
        self._draining = threading.Lock()
        self._drainer = 0
        self._waits = False
        self._enrolled: frozenset[str] = frozenset()
        self._unsettled: dict[str, tuple[int, frozenset[str]]] = {}
        self._later: set[str] = set()
        self._known: tuple[int, list[str]] = (-1, [])

    def committed(self, first: UUID) -> None:
        """Deliver after a commit; what hooks cause in turn is delivered by the same loop."""
        if not self._subscribers():
            return
        try:
            if not self._enrolled.issuperset(self._subscribers()):
                self.enrol(first)
            self._waits = True
            self._drain_what_waits()
        except Exception:
            # The commit stands; what it has to tell waits in the log for the next delivery.
            log.exception("committed events were not delivered; they wait for the next delivery")

    def drain(self) -> int:
        """Deliver everything that waits; returns the number of batches delivered or parked."""
        if self._drainer == threading.get_ident():
            # A hook asks for it; the loop that called the hook goes on after it.
            return 0
        if not self._enrolled.issuperset(self._subscribers()):
            self.enrol()
        self._draining.acquire()
        made = self._drain()
        self._drain_what_waits()
        return made

    def _drain_what_waits(self) -> None:
        # Whoever drains, in this thread or another, looks again after giving the lock back: who came when it had the
        # lock but had stopped looking relies on it.
        while self._waits and self._draining.acquire(blocking=False):
            self._drain()

    def enrol(self, first: UUID | None = None) -> None:
        """Give subscribers that the database does not know their place: before the event ``first``, by default the log's end.

        A plugin that joins a database which others filled hears of what happens from then on.
        """
        crm = self._crm
        cursors, log, tenant = crm.database.table("event_cursors"), crm.database.tables["event"], crm.system.tenant_id
        wanted = frozenset(self._subscribers())
        if self._enrolled.issuperset(wanted):
            return
        with crm.database.connection(reads=True, tenant=tenant) as connection:
            known = connection.scalars(sa.select(cursors.c.subscriber).where(cursors.c.tenant_id == tenant))
            missing = sorted(wanted.difference(known))
        if missing:
            end = sa.select(sa.func.max(log.c.position))
            if first is not None:
                end = sa.select(log.c.position - 1).where(log.c.id == first)
            insert: Any = postgresql_insert if crm.database.dialect == "postgresql" else sqlite_insert
            with crm.database.connection(tenant=EVERY_TENANT) as connection:
                place = {"tenant_id": tenant, "position": connection.scalar(end) or 0}
                rows = [{**place, "subscriber": subscriber} for subscriber in missing]
                connection.execute(insert(cursors).values(rows).on_conflict_do_nothing())
                connection.commit()
        self._enrolled = wanted

    def _drain(self) -> int:
        """Deliver until nothing waits; whoever calls it has the lock, which is given back."""
        made, progress = 0, True
        self._drainer = threading.get_ident()
        try:
            self._waits = False
            self._later.clear()
            while progress:
                progress = False
                for subscriber in self._subscribers():
                    if subscriber not in self._later and self._deliver(subscriber):
                        made += 1
                        progress = True
        finally:
            self._drainer = 0
            self._draining.release()
        return made

    def parked(self) -> list[ParkedDelivery]:
        """Return what was parked, oldest first."""
        table = self._crm.database.table("parked_events")
        with self._crm.database.connection(reads=True, tenant=self._crm.system.tenant_id) as connection:
            rows = connection.execute(
                sa.select(
                    table.c.subscriber, table.c.first_position, table.c.last_position, table.c.error, table.c.attempts
                )
                .where(table.c.tenant_id == self._crm.system.tenant_id)
                .order_by(table.c.parked_at)
            )
            return [ParkedDelivery(*row) for row in rows]

    def _subscribers(self) -> list[str]:
        hooks = self._crm.hooks
        if self._known[0] == hooks.generation:
            return self._known[1]
        names = {impl.plugin for hook in HOOKS for impl in hooks.implementations(hook)}
        self._known = (hooks.generation, sorted(names))
        return self._known[1]

    def _deliver(self, subscriber: str) -> bool:
        """Deliver the next batch of events to one subscriber; False when none waits, or none can be delivered now."""
        error: Exception | None = None
        for attempt in range(ATTEMPTS):
            position, events = self._waiting(subscriber)
            if not events:
                return False
            try:
                self._hand_over(subscriber, position, events)
            except _Elsewhere:
                return True
            except DatabaseUnavailable as caught:
                # It says nothing against the events: another transaction was in the way, or the server is gone.
                if attempt + 1 == ATTEMPTS:
                    log.warning("%s is told later: %s", subscriber, caught)
                    self._later.add(subscriber)
                    return False
                time.sleep(PAUSE * 2**attempt)
            except Exception as caught:
                error = caught
            else:
                return True
        if error is None:
            return False
        self._park(subscriber, position, events, error)
        return True

    def _hand_over(self, subscriber: str, position: int, events: Sequence[Event]) -> None:
        crm = self._crm
        depth = max(event.depth for event in events)
        steps = tuple(dict.fromkeys(f"{event.plugin or 'user'}:{event.type}" for event in events))
        if depth >= DEPTH_LIMIT:
            raise HookLoop((*repeating(steps), f"{subscriber}:{events[-1].type}"))
        cause = Cause(event_id=events[-1].id, chain=(*("",) * depth, f"{subscriber}:{events[-1].type}"))
        actor = crm.system.for_plugin(subscriber)
        with crm.session(actor, cause=cause) as session:
            with session.lent():
                tell(session, subscriber, events, cause)
            session.flush()
            self._move(session, subscriber, position, events[-1].position)

    def _waiting(self, subscriber: str) -> tuple[int, list[Event]]:
        database = self._crm.database
        cursors, table = database.table("event_cursors"), database.tables["event"]
        tenant = self._crm.system.tenant_id
        # Whether the log is complete shows in the positions of all tenants.
        with database.connection(reads=True, tenant=EVERY_TENANT) as connection:
            position = connection.scalar(
                sa.select(cursors.c.position).where(cursors.c.tenant_id == tenant, cursors.c.subscriber == subscriber)
            )
            codec = database.codecs["event"]
            columns = [table.c[name] for name in codec.load_columns]
            statement = (
                sa.select(*columns)
                .where(table.c.tenant_id == tenant, table.c.position > (position or 0))
                .order_by(table.c.position)
                .limit(BATCH)
            )
            events = [codec.from_row(row) for row in connection.execute(statement)]
            if events and database.dialect == "postgresql":
                settled = self._settled(connection, subscriber, position or 0, events)
                if settled is not None:
                    statement = statement.where(table.c.position <= settled)
                    events = [codec.from_row(row) for row in connection.execute(statement)]
            return position or 0, events

    def _settled(
        self, connection: sa.Connection, subscriber: str, position: int, events: Sequence[Event]
    ) -> int | None:
        """Return up to where the log is complete; None when all of ``events`` may be taken as they were read.

        PostgreSQL counts positions when rows are written and shows rows when they are committed: a place that is free
        was rolled back, or is about to be filled. The latter takes a transaction that holds its lock on the log.
        """
        table, last = self._crm.database.tables["event"], events[-1].position
        if last - position == len(events):
            return None
        taken = sa.select(sa.func.count()).where(table.c.position > position, table.c.position <= last)
        writers: frozenset[str] = frozenset()
        if connection.scalar(taken) != last - position:
            writers = log_writers(connection, table.name)
        bound, awaited = self._unsettled.pop(subscriber, (position, frozenset()))
        if not writers:
            # Complete by now; what was committed after ``events`` were read is read with them this time.
            return last
        ended = bool(awaited) and awaited.isdisjoint(writers)
        self._unsettled[subscriber] = (last, writers) if ended or not awaited else (bound, awaited)
        return bound if ended else position

    def _move(self, session: Session, subscriber: str, before: int, after: int) -> None:
        table = self._crm.database.table("event_cursors")
        key = (table.c.tenant_id == session.actor.tenant_id, table.c.subscriber == subscriber)
        moved = session.connection.execute(
            table.update().where(*key, table.c.position == before).values(position=after)
        )
        if moved.rowcount != 1:
            raise _Elsewhere

    def _park(self, subscriber: str, position: int, events: Sequence[Event], error: Exception) -> None:
        table = self._crm.database.table("parked_events")
        with self._crm.session() as session:
            session.connection.execute(
                table.insert().values(
                    id=new_id(),
                    tenant_id=self._crm.system.tenant_id,
                    subscriber=subscriber,
                    first_position=events[0].position,
                    last_position=events[-1].position,
                    error=str(error),
                    attempts=ATTEMPTS,
                    parked_at=self._crm.clock.now(),
                )
            )
            self._move(session, subscriber, position, events[-1].position)


class _Elsewhere(Exception):
    """Another process has delivered this batch."""
