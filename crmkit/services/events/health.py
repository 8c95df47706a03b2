"""How far each subscriber is: its place in the log, what waits behind it, and what is parked."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Literal
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.frozen import frozen
from crmkit.services.events.rights import require_reader
from crmkit.store.database import Database
from crmkit.store.session import Session
from crmkit.store.subscribers import OUTSIDE, Place, places, plugin_of

Kind = Literal["hook", "outside", "index"]
"""It takes events within the database; it does something elsewhere; it is an index of the core's own."""

CORE = "crmkit:"
"""What the names of the core's own subscribers begin with."""


@frozen
class SubscriberHealth:
    """How one subscriber stands.

    ``active`` tells whether its plugin is there to be delivered to. ``lag`` counts the events that it was not given yet,
    ``behind_since`` is when the first of them happened and ``lag_seconds`` how long ago that is. ``retrying`` parked
    events are tried again by themselves, the next at ``next_attempt_at``; ``failed`` ones wait for a person, and
    ``waiting`` ones for those before them. ``delivering_since`` is when the delivery under way began, as far as it is
    known here: that of a hook in this process, that of a subscriber outside of the database in every one. It rests until
    ``resting_until`` when what it needs is away (``error``). ``replaying``: it is given events again.
    """

    subscriber: str
    plugin: str
    kind: Kind
    active: bool
    position: int
    lag: int
    lag_seconds: float
    behind_since: datetime | None
    retrying: int
    failed: int
    waiting: int
    next_attempt_at: datetime | None
    moved_at: datetime | None
    delivering_since: datetime | None
    resting_until: datetime | None
    error: str
    replaying: bool

    @property
    def parked(self) -> int:
        """How many of its events are parked, those that wait behind others included."""
        return self.retrying + self.failed + self.waiting


@frozen
class EventsHealth:
    """The log's last position and how its subscribers stand, by name."""

    end: int
    subscribers: tuple[SubscriberHealth, ...]


def health(
    session: Session, active: Collection[str], delivering: Mapping[str, datetime] = MappingProxyType({})
) -> EventsHealth:
    """Return how the subscribers of the session's tenant stand. Raises AccessDenied.

    ``active`` are the subscribers whose plugins are there, ``delivering`` says since when one is delivered to.
    """
    require_reader(session.actor)
    session.flush()
    database, tenant, connection = session.database, session.actor.tenant_id, session.connection
    log, now = database.tables["event"], session.clock.now()
    end = int(connection.scalar(sa.select(sa.func.max(log.c.position)).where(log.c.tenant_id == tenant)) or 0)
    counts, due = _parked(connection, database, tenant)
    found: list[SubscriberHealth] = []
    known = places(connection, database, tenant)
    for place in known:
        lag, since = _lag(connection, database, tenant, place)
        held = place.held_since if place.held_until is not None and place.held_until > now else None
        mine = counts.get(place.subscriber, {})
        found.append(
            SubscriberHealth(
                subscriber=place.subscriber,
                plugin="crmkit" if place.subscriber.startswith(CORE) else plugin_of(place.subscriber),
                kind=_kind(place.subscriber),
                active=place.subscriber in active or place.subscriber.startswith(CORE),
                position=place.position,
                lag=lag,
                lag_seconds=max(0.0, (now - since).total_seconds()) if since is not None else 0.0,
                behind_since=since,
                retrying=mine.get("retrying", 0),
                failed=mine.get("failed", 0),
                waiting=mine.get("waiting", 0),
                next_attempt_at=due.get(place.subscriber),
                moved_at=place.moved_at,
                delivering_since=delivering.get(place.subscriber, held),
                resting_until=place.resting_until if place.failures else None,
                error=place.error,
                replaying=place.reached is not None,
            )
        )
    return EventsHealth(end, tuple(found))


def _kind(subscriber: str) -> Kind:
    if subscriber.startswith(CORE):
        return "index"
    return "outside" if subscriber.endswith(OUTSIDE) else "hook"


def _lag(connection: sa.Connection, database: Database, tenant: UUID, place: Place) -> tuple[int, datetime | None]:
    """Return how many events wait for a subscriber, and when the first of them happened."""
    log = database.tables["event"]
    waits = [log.c.tenant_id == tenant, log.c.position > place.position]
    if place.reached is not None and place.start is not None:
        # What it had before is left out of the replay.
        waits.append(sa.or_(log.c.position <= place.start, log.c.position > place.reached))
    first = connection.scalar(sa.select(log.c.occurred_at).where(*waits).order_by(log.c.position).limit(1))
    if first is None:
        return 0, None
    return int(connection.scalar(sa.select(sa.func.count()).select_from(log).where(*waits)) or 0), first


def _parked(
    connection: sa.Connection, database: Database, tenant: UUID
) -> tuple[dict[str, dict[str, int]], dict[str, datetime]]:
    table = database.table("parked_events")
    statement = sa.select(
        table.c.subscriber, table.c.state, sa.func.count(), sa.func.min(table.c.next_attempt_at)
    ).where(table.c.tenant_id == tenant)
    counts: dict[str, dict[str, int]] = {}
    due: dict[str, datetime] = {}
    for subscriber, state, count, next_attempt in connection.execute(
        statement.group_by(table.c.subscriber, table.c.state)
    ):
        counts.setdefault(subscriber, {})[state] = count
        if state == "retrying" and next_attempt is not None:
            due[subscriber] = next_attempt
    return counts, due
