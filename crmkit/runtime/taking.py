"""How a subscriber takes events: a hook within one transaction, whoever works elsewhere outside of any.

What a hook writes and the move of its subscriber's place are one transaction, so it takes effect once even when two
processes try it. What is done elsewhere is recorded by (subscriber, event id) afterwards, so it is done at least once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import attrs

from crmkit.core.cloud_events import event_source
from crmkit.core.errors import CrmError, HookLoop, PluginError
from crmkit.core.journal import Event
from crmkit.hooks.causation import DEPTH_LIMIT, Cause, repeating
from crmkit.hooks.events import CommittedEvents
from crmkit.hooks.run import run_notify
from crmkit.runtime.event_line import EventLine
from crmkit.runtime.telling import SharedCalls, tell
from crmkit.services.domain_events import domain_events_of
from crmkit.store.event_deliveries import done_among, record_done
from crmkit.store.ordering_keys import customers_of
from crmkit.store.parked_events import park, remove_parked
from crmkit.store.subscribers import move, plugin_of

if TYPE_CHECKING:
    import sqlalchemy as sa

    from crmkit.runtime.crm import Crm

OUTSIDE_HOOK = "after_events_committed"


class Elsewhere(Exception):
    """Another process has delivered these events."""


class Taker(Protocol):
    """Gives events to one subscriber; each method raises Elsewhere when another process was first."""

    def take(self, line: EventLine, before: int, events: Sequence[Event], last: int) -> int:
        """Give the events that may be taken, park those that wait, and move the place from ``before`` to ``last``.

        Returns how many were given.
        """

    def take_parked(self, event: Event) -> None:
        """Give an event that is parked, and take it out of the parked ones."""


class HookTaker:
    """Calls the notify hooks of a plugin, in one transaction with what becomes of the events."""

    def __init__(self, crm: Crm, subscriber: str, shared: SharedCalls | None) -> None:
        self._crm, self._subscriber, self._shared = crm, subscriber, shared

    def take(self, line: EventLine, before: int, events: Sequence[Event], last: int) -> int:
        crm = self._crm
        free, waiting = line.split(events)
        cause = self._cause(free) if free else Cause()
        with crm.session(crm.system.for_plugin(self._subscriber), cause=cause) as session:
            if free:
                with session.lent():
                    tell(session, self._subscriber, free, cause, self._shared)
                session.flush()
            connection, tenant, now = session.connection, crm.system.tenant_id, crm.clock.now()
            park(connection, crm.database, tenant, self._subscriber, waiting, now)
            if not move(connection, crm.database, tenant, self._subscriber, before, last, now):
                raise Elsewhere
        return len(free)

    def take_parked(self, event: Event) -> None:
        crm, cause = self._crm, self._cause((event,))
        with crm.session(crm.system.for_plugin(self._subscriber), cause=cause) as session:
            with session.lent():
                tell(session, self._subscriber, (event,), cause)
            session.flush()
            _taken(session.connection, crm, self._subscriber, event)

    def _cause(self, events: Sequence[Event]) -> Cause:
        depth = max(event.depth for event in events)
        steps = tuple(dict.fromkeys(f"{event.plugin or 'user'}:{event.type}" for event in events))
        if depth >= DEPTH_LIMIT:
            raise HookLoop((*repeating(steps), f"{self._subscriber}:{events[-1].type}"))
        return Cause(event_id=events[-1].id, chain=(*("",) * depth, f"{self._subscriber}:{events[-1].type}"))


class OutsideTaker:
    """Calls the hook of a plugin that does something elsewhere; no transaction is open meanwhile."""

    def __init__(self, crm: Crm, subscriber: str) -> None:
        self._crm, self._subscriber = crm, subscriber

    def take(self, line: EventLine, before: int, events: Sequence[Event], last: int) -> int:
        crm, tenant = self._crm, self._crm.system.tenant_id
        free, waiting = line.split(events)
        left = self._call(self._left(free))
        with crm.database.connection(tenant=tenant) as connection:
            now = crm.clock.now()
            self._record(connection, left)
            park(connection, crm.database, tenant, self._subscriber, waiting, now)
            if not move(connection, crm.database, tenant, self._subscriber, before, last, now):
                # What was done stays recorded: whoever is at it now leaves it out.
                connection.rollback()
                self._record(connection, left)
                connection.commit()
                raise Elsewhere
            connection.commit()
        return len(free)

    def take_parked(self, event: Event) -> None:
        crm = self._crm
        left = self._call(self._left((event,)))
        with crm.database.connection(tenant=crm.system.tenant_id) as connection:
            self._record(connection, left)
            _taken(connection, crm, self._subscriber, event)
            connection.commit()

    def _left(self, events: Sequence[Event]) -> Sequence[Event]:
        """Return the events that are not done yet."""
        database, tenant = self._crm.database, self._crm.system.tenant_id
        with database.connection(reads=True, tenant=tenant) as connection:
            done = done_among(connection, database, tenant, self._subscriber, [event.id for event in events])
        return [event for event in events if event.id not in done] if done else events

    def _record(self, connection: sa.Connection, events: Sequence[Event]) -> None:
        crm = self._crm
        ids = [event.id for event in events]
        record_done(connection, crm.database, crm.system.tenant_id, self._subscriber, ids, crm.clock.now())

    def _call(self, events: Sequence[Event]) -> Sequence[Event]:
        """Call the hook with events; return those that it did something with."""
        if not events:
            return events
        crm, tenant, plugin = self._crm, self._crm.system.tenant_id, plugin_of(self._subscriber)
        with crm.database.connection(reads=True, tenant=tenant) as connection:
            customers = customers_of(connection, crm.database, tenant, events)
        cause = Cause(event_id=events[-1].id, chain=(f"{self._subscriber}:{events[-1].type}",))
        call = CommittedEvents(tuple(events), customers, event_source(crm.tenant), cause)
        try:
            with crm.session(crm.system.for_plugin(plugin), reads=True, cause=cause) as session:
                call = attrs.evolve(call, told=domain_events_of(session, events))
                caller = crm.hooks.caller(OUTSIDE_HOOK)
                for failure in run_notify(caller, session.contexts, call, only=plugin):
                    raise_failure(failure, OUTSIDE_HOOK)
        except Exception:
            known = {event.id: event for event in events}
            done = [known[id] for id in call.acknowledged if id in known]
            if done:
                with crm.database.connection(tenant=tenant) as connection:
                    self._record(connection, done)
                    connection.commit()
            raise
        return [event for event in events if event.id not in call.ignored] if call.ignored else events


def raise_failure(failure: Any, hook: str) -> None:
    """Raise what a plugin raised in a notify hook: an expected error as it is, any other as PluginError."""
    if isinstance(failure.error, CrmError):
        raise failure.error
    raise PluginError(failure.plugin, hook, failure.error)


def _taken(connection: sa.Connection, crm: Crm, subscriber: str, event: Event) -> None:
    if not remove_parked(connection, crm.database, crm.system.tenant_id, subscriber, (event.position,)):
        raise Elsewhere
