"""What waits in the event log for a subscriber: read up to where no earlier event can appear, once for all who wait there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crmkit.core.frozen import frozen
from crmkit.core.journal import Event
from crmkit.store.database import Database
from crmkit.store.parked_events import parked_positions
from crmkit.store.settling import log_writers
from crmkit.store.subscribers import Place, end_replay
from crmkit.store.tenant_wall import EVERY_TENANT

if TYPE_CHECKING:
    from crmkit.runtime.crm import Crm

BATCH = 500

_STANDS = ("position", "start", "reached", "replayed_from", "failures", "resting_until")
_END = 2**63 - 1
"""Behind every position."""


@frozen
class Waiting:
    """Events behind the place ``position`` of a subscriber; ``last`` is where it is once they are taken.

    ``parked`` tells whether anything is parked for it; what is parked already is not among the events. ``failures`` counts
    the attempts that found what it needs away.
    """

    position: int
    events: Sequence[Event]
    last: int
    parked: bool = False
    failures: int = 0

    @property
    def any(self) -> bool:
        """Whether there is anything to do."""
        return self.last > self.position


class LogReader:
    """Reads the log for the subscribers of one application."""

    def __init__(self, crm: Crm) -> None:
        self._crm = crm
        self._unsettled: dict[str, tuple[int, frozenset[str]]] = {}
        self._recent: tuple[int, list[Event]] = (-1, [])
        # Made once: each commit asks them.
        self._place_of: sa.Select[Any] | None = None
        self._next: sa.Select[Any] | None = None

    def forget(self) -> None:
        """Let go of the events that were read last."""
        self._recent = (-1, [])

    def waiting(self, subscriber: str) -> Waiting:
        """Return what a subscriber is to be given next; nothing while it rests."""
        database, tenant = self._crm.database, self._crm.system.tenant_id
        while True:
            # Whether the log is complete shows in the positions of all tenants.
            with database.connection(reads=True, tenant=EVERY_TENANT) as connection:
                found, parked = self._place(connection, subscriber)
                if found.resting_until is not None and found.resting_until > self._crm.clock.now():
                    return Waiting(found.position, (), found.position)
                until = found.start if found.reached is not None else None
                events = self._events(connection, subscriber, found.position, until)
                last = events[-1].position if events else found.position
                if parked and events:
                    held = parked_positions(connection, database, tenant, subscriber, found.position, last)
                    events = [event for event in events if event.position not in held] if held else events
            if last == found.position and found.reached is not None:
                with database.connection(tenant=tenant) as connection:
                    end_replay(connection, database, tenant, found, self._crm.clock.now())
                    connection.commit()
                continue
            return Waiting(found.position, events, last, parked, found.failures)

    def _place(self, connection: sa.Connection, subscriber: str) -> tuple[Place, bool]:
        if self._place_of is None:
            self._place_of = _place_statement(self._crm.database)
        asked = {"tenant": self._crm.system.tenant_id, "subscriber": subscriber}
        row = connection.execute(self._place_of, asked).first()
        if row is None:
            return Place(subscriber, 0), False
        *values, any_parked = row
        stands: dict[str, Any] = dict(zip(_STANDS, values, strict=True))
        return Place(subscriber, **{**stands, "failures": stands["failures"] or 0}), bool(any_parked)

    def _events(self, connection: sa.Connection, subscriber: str, position: int, until: int | None) -> list[Event]:
        if until is None and self._recent[0] == position:
            return self._recent[1]
        database = self._crm.database
        if self._next is None:
            self._next = _next_statement(database)
        codec = database.codecs["event"]
        end = _END if until is None else until
        asked = {"tenant": self._crm.system.tenant_id, "after": position, "until": end}
        events = [codec.from_row(row) for row in connection.execute(self._next, asked)]
        if events and database.dialect == "postgresql":
            settled = self._settled(connection, subscriber, position, events)
            if settled is not None:
                bounded = {**asked, "until": min(settled, end)}
                events = [codec.from_row(row) for row in connection.execute(self._next, bounded)]
        if events and until is None:
            # Complete up to its last event for good: whoever stands at the same place need not read it.
            self._recent = (position, events)
        return events

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


def _place_statement(database: Database) -> sa.Select[Any]:
    cursors, parked = database.table("event_cursors"), database.table("parked_events")
    tenant: sa.BindParameter[Any] = sa.bindparam("tenant")
    subscriber: sa.BindParameter[Any] = sa.bindparam("subscriber")
    held = sa.exists().where(parked.c.tenant_id == tenant, parked.c.subscriber == subscriber)
    mine = (cursors.c.tenant_id == tenant, cursors.c.subscriber == subscriber)
    return sa.select(*[cursors.c[name] for name in _STANDS], held).where(*mine)


def _next_statement(database: Database) -> sa.Select[Any]:
    log, codec = database.tables["event"], database.codecs["event"]
    mine = log.c.tenant_id == sa.bindparam("tenant")
    between = (log.c.position > sa.bindparam("after"), log.c.position <= sa.bindparam("until"))
    columns = [log.c[name] for name in codec.load_columns]
    return sa.select(*columns).where(mine, *between).order_by(log.c.position).limit(BATCH)
