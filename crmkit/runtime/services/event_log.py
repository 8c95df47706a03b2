"""The event log, its subscribers and what they could not take."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from crmkit.runtime.services.bound import Bound

if TYPE_CHECKING:
    from datetime import datetime

    from crmkit.core.journal import Event
    from crmkit.services.events import ChangePage, EventsHealth, ReplayPlan
    from crmkit.store.parked_events import ParkedEvent


class EventLog(Bound):
    """The event log, its subscribers and what they could not take. Delivery itself is the background worker's."""

    __slots__ = ()

    def list_events(self, **wanted: Any) -> list[Event]:
        """Return events in the order of the log; see :func:`crmkit.services.events.listing.listed_events`."""
        from crmkit.services.events import listed_events

        return listed_events(self._session, **wanted)

    def changes_behind(self, place: int = 0, **details: Any) -> ChangePage:
        """Return a page of the feed of changes; see :func:`crmkit.services.events.changes.changes_behind`."""
        from crmkit.services.events import changes_behind

        return changes_behind(self._session, place, **details)

    def feed_place(self, moment: datetime | None = None) -> int:
        """Return a place in the feed of changes; see :func:`crmkit.services.events.changes.feed_place`."""
        from crmkit.services.events import feed_place

        return feed_place(self._session, moment)

    def events_health(self) -> EventsHealth:
        """Return how each subscriber stands; see :func:`crmkit.services.events.health.health`."""
        from crmkit.runtime.events import subscribers_health

        return subscribers_health(self._crm, self._session)

    def parked_events(self, subscriber: str = "", *, limit: int | None = None) -> list[ParkedEvent]:
        """Return what is parked; see :func:`crmkit.services.events.parked.parked_events`."""
        from crmkit.services.events import parked_events

        return parked_events(self._session, subscriber, limit=limit)

    def release_events(self, subscriber: str, positions: Collection[int] = ()) -> int:
        """Let parked events be tried with the next delivery; see :func:`crmkit.services.events.parked.release_parked`."""
        from crmkit.services.events import release_parked

        return release_parked(self._session, subscriber, positions)

    def discard_events(self, subscriber: str, positions: Collection[int]) -> int:
        """Give up parked events; see :func:`crmkit.services.events.parked.discard_parked`."""
        from crmkit.services.events import discard_parked

        return discard_parked(self._session, subscriber, positions)

    def replay_events(self, subscriber: str, **how: Any) -> ReplayPlan:
        """Have a subscriber be given earlier events; see :func:`crmkit.services.events.replaying.replay`."""
        from crmkit.services.events import replay

        return replay(self._session, subscriber, **how)
