"""Delivering to one subscriber: batch by batch, in smaller pieces where it fails, and what was parked when its time comes.

A subscriber that fails at a batch is given it in halves until the events that it fails at are alone; those are parked,
and tried again with growing pauses. What a busy or absent database keeps from being delivered waits for the next delivery.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from crmkit.core.errors import DatabaseUnavailable, HookLoop, StorageFull, TryLater
from crmkit.core.event_order import EventOrder
from crmkit.core.journal import Event
from crmkit.core.messages import msg
from crmkit.core.values.ids import new_id
from crmkit.runtime.event_line import EventLine
from crmkit.runtime.log_reading import LogReader
from crmkit.runtime.taking import Elsewhere, HookTaker, OutsideTaker, Taker
from crmkit.runtime.telling import SharedCalls
from crmkit.store.parked_events import (
    ParkedEvent,
    Parking,
    State,
    any_to_try,
    park,
    parked,
    parked_log_events,
    update_parked,
)
from crmkit.store.subscribers import OUTSIDE, hold, move, place, plugin_of, release, rest

if TYPE_CHECKING:
    from crmkit.runtime.crm import Crm

log = logging.getLogger("crmkit.delivery")

ATTEMPTS = 3
"""How often an event is tried in a row, alone, before it is parked."""

PAUSE = 0.05
"""Seconds before a busy database is asked a second time; then twice as long each time."""

RETRIES = 6
"""How often a parked event is tried again by itself."""

FIRST_RETRY, LONGEST_RETRY = timedelta(minutes=1), timedelta(hours=12)
"""How long a parked event waits for its first retry, and at the most; each pause is four times the one before."""

FIRST_REST, LONGEST_REST = timedelta(seconds=5), timedelta(minutes=5)
"""How long a subscriber rests when what it needs is away, at first and at the most; each rest is twice the one before."""

LEASE = timedelta(minutes=2)
"""How long a process keeps a subscriber that works outside of transactions, unless it goes on delivering to it."""

STUCK = 100
"""After so many events in a row, one for one, it is the subscriber that is broken: it rests before each further one."""

NOT_NOW = (DatabaseUnavailable, StorageFull)
"""What says nothing against events: another transaction was in the way, the server is gone, the disk is full."""


class Deliverer:
    """Delivers to the subscribers of one application, each call to one of them."""

    def __init__(self, crm: Crm) -> None:
        self._crm = crm
        # One for each thread that delivers: what was read last is of the thread that drains.
        self._reader, self._outside_reader = LogReader(crm), LogReader(crm)
        self._shared = SharedCalls()
        self._holder = new_id()
        self._delivering: dict[str, datetime] = {}
        self._in_a_row: dict[str, int] = {}
        self.several = False
        """Whether several subscribers with hooks are delivered the same events."""
        self.later: set[str] = set()
        """The subscribers that cannot be delivered to now; asked again by the next drain."""

    @property
    def delivering(self) -> Mapping[str, datetime]:
        """Since when subscribers are being delivered to at this moment."""
        return dict(self._delivering)

    def forget(self) -> None:
        """Let go of what was read for several subscribers."""
        self._reader.forget()
        self._shared.forget()

    def deliver(self, subscriber: str) -> bool:
        """Deliver the next batch of events to one subscriber; False when none waits, or none can be delivered now."""
        taker, reader = self._taker(subscriber), self._reader_of(subscriber)
        for attempt in range(ATTEMPTS):
            waiting = reader.waiting(subscriber)
            if not waiting.any:
                return False
            self._delivering[subscriber] = self._crm.clock.now()
            try:
                line = EventLine(self._crm, subscriber, self._order(subscriber), waiting.events, waiting.parked)
                self._take(taker, subscriber, line, waiting.position, waiting.events, waiting.last)
            except Elsewhere:
                return True
            except TryLater as caught:
                self._rest(subscriber, max(waiting.failures, self._in_a_row.get(subscriber, 0) - STUCK), caught)
                return False
            except NOT_NOW as caught:
                if attempt + 1 == ATTEMPTS:
                    log.warning("%s is told later: %s", subscriber, caught)
                    break
                time.sleep(PAUSE * 2**attempt)
            else:
                return True
            finally:
                self._delivering.pop(subscriber, None)
        self.later.add(subscriber)
        return False

    def _take(
        self, taker: Taker, subscriber: str, line: EventLine, before: int, events: Sequence[Event], last: int
    ) -> None:
        """Give events to a subscriber, in halves when it fails at them, until those that it fails at are alone."""
        try:
            if taker.take(line, before, events, last):
                self._in_a_row.pop(subscriber, None)
        except (Elsewhere, TryLater, *NOT_NOW):
            raise
        except Exception as error:
            self._shared.forget()
            if len(events) > 1:
                middle = len(events) // 2
                between = events[middle - 1].position
                self._take(taker, subscriber, line, before, events[:middle], between)
                self._take(taker, subscriber, line, between, events[middle:], last)
            else:
                self._take_alone(taker, subscriber, line, before, events, last, error)

    def _take_alone(
        self,
        taker: Taker,
        subscriber: str,
        line: EventLine,
        before: int,
        events: Sequence[Event],
        last: int,
        error: Exception,
    ) -> None:
        """Try an event, which failed once, as often as is done in a row; then park it."""
        attempts = 1
        while attempts < ATTEMPTS and not isinstance(error, HookLoop):
            attempts += 1
            try:
                taker.take(line, before, events, last)
            except (Elsewhere, TryLater, *NOT_NOW):
                raise
            except Exception as caught:
                error = caught
            else:
                self._in_a_row.pop(subscriber, None)
                return
        crm, (event,) = self._crm, events
        now, tenant = crm.clock.now(), crm.system.tenant_id
        endless = isinstance(error, HookLoop)
        state: State = "failed" if endless else "retrying"
        item = Parking(event, line.keys(event), state, str(error), attempts, None if endless else now + FIRST_RETRY)
        with crm.database.connection(tenant=tenant) as connection:
            park(connection, crm.database, tenant, subscriber, [item], now)
            if not move(connection, crm.database, tenant, subscriber, before, last, now):
                raise Elsewhere
            connection.commit()
        line.block(event)
        log.warning("%s could not take %s at %s, which is parked: %s", subscriber, event.type, event.position, error)
        self._in_a_row[subscriber] = self._in_a_row.get(subscriber, 0) + 1
        if self._in_a_row[subscriber] >= STUCK:
            count = self._in_a_row[subscriber]
            raise TryLater(msg("{count} events in a row failed, the last: {error}", count=count, error=str(error)))

    def retry(self, subscriber: str) -> int:
        """Try parked events whose time has come, and those that wait for nothing any more; returns how many were taken."""
        crm, tenant, taken = self._crm, self._crm.system.tenant_id, 0
        with crm.database.connection(reads=True, tenant=tenant) as connection:
            now = crm.clock.now()
            if not any_to_try(connection, crm.database, tenant, subscriber, now):
                return 0
            items = parked(connection, crm.database, tenant, subscriber)
            stands = place(connection, crm.database, tenant, subscriber)
            if stands is None or (stands.resting_until is not None and stands.resting_until > now):
                return 0
            events = parked_log_events(connection, crm.database, tenant, subscriber)
        taker, blocked = self._taker(subscriber), set[UUID]()
        for item in items:
            due = item.state == "waiting" or (
                item.next_attempt_at is not None and item.next_attempt_at <= crm.clock.now()
            )
            if not due or not blocked.isdisjoint(item.keys):
                blocked |= item.keys
                continue
            if subscriber.endswith(OUTSIDE) and not self.keep(subscriber):
                break
            self._delivering[subscriber] = crm.clock.now()
            try:
                taker.take_parked(events[item.position])
                taken += 1
            except Elsewhere:
                blocked |= item.keys
            except TryLater as caught:
                self._rest(subscriber, stands.failures, caught)
                break
            except NOT_NOW as caught:
                log.warning("%s is told later: %s", subscriber, caught)
                self.later.add(subscriber)
                break
            except Exception as error:
                self._failed_again(subscriber, item, error)
                blocked |= item.keys
            finally:
                self._delivering.pop(subscriber, None)
        return taken

    def _failed_again(self, subscriber: str, item: ParkedEvent, error: Exception) -> None:
        crm, tenant, attempts = self._crm, self._crm.system.tenant_id, item.attempts + 1
        now, retries = crm.clock.now(), max(0, attempts - ATTEMPTS)
        last = retries >= RETRIES or isinstance(error, HookLoop)
        due = None if last else now + _growing(FIRST_RETRY, LONGEST_RETRY, 4, retries)
        values = {
            "state": "failed" if last else "retrying",
            "error": str(error),
            "attempts": attempts,
            "tried_at": now,
            "next_attempt_at": due,
        }
        with crm.database.connection(tenant=tenant) as connection:
            update_parked(connection, crm.database, tenant, subscriber, (item.position,), values)
            connection.commit()
        if last:
            log.error("%s gives up %s at %s: %s", subscriber, item.type, item.position, error)

    def _rest(self, subscriber: str, failures: int, error: TryLater) -> None:
        """Leave a subscriber alone for a while: what it needs is away."""
        crm, tenant = self._crm, self._crm.system.tenant_id
        until = crm.clock.now() + _growing(FIRST_REST, LONGEST_REST, 2, failures)
        log.warning("%s rests until %s: %s", subscriber, until, error)
        self.later.add(subscriber)
        with crm.database.connection(tenant=tenant) as connection:
            rest(connection, crm.database, tenant, subscriber, failures + 1, until, str(error))
            connection.commit()

    def _reader_of(self, subscriber: str) -> LogReader:
        return self._outside_reader if subscriber.endswith(OUTSIDE) else self._reader

    def _order(self, subscriber: str) -> EventOrder:
        name = plugin_of(subscriber)
        for plugin in self._crm.plugins.plugins:
            if plugin.name == name:
                return plugin.manifest.event_order
        return "customer"

    def _taker(self, subscriber: str) -> Taker:
        if subscriber.endswith(OUTSIDE):
            return OutsideTaker(self._crm, subscriber)
        return HookTaker(self._crm, subscriber, self._shared if self.several else None)

    def keep(self, subscriber: str) -> bool:
        """Keep a subscriber from other processes; False while one of them has it."""
        crm, tenant, now = self._crm, self._crm.system.tenant_id, self._crm.clock.now()
        with crm.database.connection(tenant=tenant) as connection:
            held = hold(connection, crm.database, tenant, subscriber, self._holder, now, now + LEASE)
            connection.commit()
        return held

    def leave(self, subscriber: str) -> None:
        crm, tenant = self._crm, self._crm.system.tenant_id
        with crm.database.connection(tenant=tenant) as connection:
            release(connection, crm.database, tenant, subscriber, self._holder)
            connection.commit()


def _growing(first: timedelta, longest: timedelta, factor: int, times: int) -> timedelta:
    """Return a pause that grows with the number of those before it."""
    return min(longest, first * int(factor ** min(times, 20)))
