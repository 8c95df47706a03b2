"""``crm.events``: the event log and its delivery, for those who run an application."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, Any

from crmkit.core.access import Actor
from crmkit.core.cloud_events import cloud_event, event_source
from crmkit.core.journal import Event
from crmkit.services.domain_events import domain_events_of
from crmkit.services.events import (
    EventsHealth,
    ReplayPlan,
    discard_parked,
    health,
    listed_events,
    parked_events,
    preview_replay,
    release_parked,
    replay,
)
from crmkit.services.events.rights import require_operator
from crmkit.store.ordering_keys import customers_of
from crmkit.store.parked_events import ParkedEvent
from crmkit.store.session import Session

if TYPE_CHECKING:
    from crmkit.runtime.crm import Crm


class Events:
    """Each method works in a transaction of its own, for ``actor``, by default the system."""

    def __init__(self, crm: Crm) -> None:
        self._crm = crm

    def health(self, actor: Actor | None = None) -> EventsHealth:
        """Return how each subscriber stands; see :func:`crmkit.services.events.health.health`."""
        with self._crm.session(actor, reads=True) as session:
            return subscribers_health(self._crm, session)

    def list(self, actor: Actor | None = None, **wanted: Any) -> list[dict[str, Any]]:
        """Return events as CloudEvents; see :func:`crmkit.services.events.listing.listed_events`."""
        with self._crm.session(actor, reads=True) as session:
            return documents(self._crm, session, listed_events(session, **wanted))

    def parked(
        self, subscriber: str = "", actor: Actor | None = None, *, limit: int | None = None
    ) -> tuple[ParkedEvent, ...]:
        """Return what is parked, of all subscribers or one; see :func:`crmkit.services.events.parked.parked_events`."""
        with self._crm.session(actor, reads=True) as session:
            return tuple(parked_events(session, subscriber, limit=limit))

    def retry(self, subscriber: str, positions: Collection[int] = (), actor: Actor | None = None) -> int:
        """Have parked events tried again at once; returns how many are not parked any more.

        What waited behind them and was taken too, counts. Raises what
        :func:`crmkit.services.events.parked.release_parked` raises.
        """
        require_operator(actor or self._crm.system)
        before = {item.position for item in self.parked(subscriber, actor)}
        with self._crm.session(actor) as session:
            release_parked(session, subscriber, positions)
        self._crm.drain()
        return len(before - {item.position for item in self.parked(subscriber, actor)})

    def discard(self, subscriber: str, positions: Collection[int], actor: Actor | None = None) -> int:
        """Give up parked events, and deliver what waited behind them; returns how many were given up.

        Raises what :func:`crmkit.services.events.parked.discard_parked` raises.
        """
        with self._crm.session(actor) as session:
            count = discard_parked(session, subscriber, positions)
        self._crm.drain()
        return count

    def preview_replay(self, subscriber: str, actor: Actor | None = None, **how: Any) -> ReplayPlan:
        """Return what a replay would do; see :func:`crmkit.services.events.replaying.preview_replay`."""
        with self._crm.session(actor, reads=True) as session:
            return preview_replay(session, subscriber, **how)

    def replay(
        self,
        subscriber: str,
        actor: Actor | None = None,
        *,
        position: int | None = None,
        since: datetime | None = None,
        again: bool = False,
    ) -> ReplayPlan:
        """Have a subscriber be given earlier events with the next ``crm.drain()``, which the worker calls.

        See :func:`crmkit.services.events.replaying.replay`.
        """
        with self._crm.session(actor) as session:
            return replay(session, subscriber, position=position, since=since, again=again)


def subscribers_health(crm: Crm, session: Session) -> EventsHealth:
    """Return how each subscriber stands, as a session's actor may see it."""
    return health(session, crm._delivery.subscribers, crm._delivery.delivering)


def documents(crm: Crm, session: Session, events: Collection[Event]) -> list[dict[str, Any]]:
    """Return events as CloudEvents, with the customers that they are about."""
    source = event_source(crm.tenant)
    customers = customers_of(session.connection, crm.database, session.actor.tenant_id, list(events))
    told = domain_events_of(session, list(events))
    return [cloud_event(event, source, customers[event.id], told=told.get(event.id)) for event in events]
