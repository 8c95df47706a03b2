"""Events that a subscriber could not take, each for itself, and those that wait behind one of them.

A parked event has the ordering keys that it had when it was parked. An event with one of them waits behind it, for this
subscriber alone: it is parked too, as *waiting*.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import attrs
import sqlalchemy as sa

from crmkit.core.frozen import frozen
from crmkit.core.journal import Event
from crmkit.store.chunks import in_chunks
from crmkit.store.database import Database
from crmkit.store.inserting import insert_new

State = Literal["retrying", "failed", "waiting"]
"""It is tried again at a time; it is not tried again by itself; it waits behind another one."""


@frozen
class ParkedEvent:
    """An event that a subscriber has not taken. ``error`` is empty for one that waits and was never tried.

    ``attempts`` counts those for this event alone, the last one at ``tried_at``, the next at ``next_attempt_at``.
    ``behind`` is the position of the event that it waits for.
    """

    subscriber: str
    position: int
    event_id: UUID
    state: State
    error: str
    attempts: int
    parked_at: datetime
    tried_at: datetime | None
    next_attempt_at: datetime | None
    type: str = ""
    entity: str = ""
    record_id: UUID | None = None
    cause_id: UUID | None = None
    occurred_at: datetime | None = None
    keys: frozenset[UUID] = frozenset()
    behind: int | None = None


@frozen
class Parking:
    """One event to park: with its ordering keys, and what is known of attempts so far."""

    event: Event
    keys: Collection[UUID]
    state: State
    error: str = ""
    attempts: int = 0
    next_attempt_at: datetime | None = None


def park(
    connection: sa.Connection,
    database: Database,
    tenant: UUID,
    subscriber: str,
    items: Sequence[Parking],
    now: datetime,
) -> None:
    """Park events; one that is parked already stays as it is."""
    table, keyed = database.table("parked_events"), database.table("parked_ordering_keys")
    mine = {"tenant_id": tenant, "subscriber": subscriber}
    rows = [
        {
            **mine,
            "position": item.event.position,
            "event_id": item.event.id,
            "state": item.state,
            "error": item.error,
            "attempts": item.attempts,
            "parked_at": now,
            "tried_at": now if item.attempts else None,
            "next_attempt_at": item.next_attempt_at,
        }
        for item in items
    ]
    keys = [{**mine, "position": item.event.position, "ordering_key": key} for item in items for key in item.keys]
    if rows:
        connection.execute(insert_new(table, database.dialect), rows)
    if keys:
        connection.execute(insert_new(keyed, database.dialect), keys)


def blocking(
    connection: sa.Connection, database: Database, tenant: UUID, subscriber: str, keys: Collection[UUID]
) -> dict[UUID, int]:
    """Return which of the ordering keys parked events have, each with the first position that has it."""
    table, found = database.table("parked_ordering_keys"), dict[UUID, int]()
    for chunk in in_chunks(list(keys)):
        mine = (table.c.tenant_id == tenant, table.c.subscriber == subscriber, table.c.ordering_key.in_(chunk))
        statement = sa.select(table.c.ordering_key, sa.func.min(table.c.position)).where(*mine)
        found.update((key, first) for key, first in connection.execute(statement.group_by(table.c.ordering_key)))
    return found


def parked_positions(
    connection: sa.Connection, database: Database, tenant: UUID, subscriber: str, after: int, last: int
) -> set[int]:
    """Return the positions within a stretch of the log that are parked."""
    table = database.table("parked_events")
    mine = (table.c.tenant_id == tenant, table.c.subscriber == subscriber)
    within = (table.c.position > after, table.c.position <= last)
    return set(connection.scalars(sa.select(table.c.position).where(*mine, *within)))


def parked(
    connection: sa.Connection,
    database: Database,
    tenant: UUID,
    subscriber: str | None = None,
    states: Collection[str] = (),
    limit: int | None = None,
) -> list[ParkedEvent]:
    """Return parked events with their ordering keys and what they wait behind, by subscriber in the order of the log."""
    table, log = database.table("parked_events"), database.tables["event"]
    mine = [table.c.tenant_id == tenant]
    if subscriber is not None:
        mine.append(table.c.subscriber == subscriber)
    if states:
        mine.append(table.c.state.in_(states))
    own = ("subscriber", "position", "event_id", "state", "error", "attempts", "parked_at", "tried_at")
    told = ("type", "entity", "record_id", "cause_id", "occurred_at")
    joined = table.outerjoin(log, sa.and_(log.c.tenant_id == table.c.tenant_id, log.c.position == table.c.position))
    statement = (
        sa.select(*[table.c[name] for name in (*own, "next_attempt_at")], *[log.c[name] for name in told])
        .select_from(joined)
        .where(*mine)
        .order_by(table.c.subscriber, table.c.position)
    )
    rows = connection.execute(statement if limit is None else statement.limit(limit)).all()
    keys = _keys(connection, database, tenant, {row.subscriber for row in rows})
    first = {subscriber: _first(own) for subscriber, own in keys.items()}
    return [_with_keys(ParkedEvent(*row), keys, first) for row in rows]


def any_to_try(connection: sa.Connection, database: Database, tenant: UUID, subscriber: str, now: datetime) -> bool:
    """Whether a parked event's time has come, or one that waits has nothing before it any more."""
    table, keyed = database.table("parked_events"), database.table("parked_ordering_keys")
    mine = (table.c.tenant_id == tenant, table.c.subscriber == subscriber)
    due = sa.exists().where(*mine, table.c.state == "retrying", table.c.next_attempt_at <= now)
    own, before = keyed.alias(), keyed.alias()
    same = (before.c.tenant_id == tenant, before.c.subscriber == subscriber)
    blocked = sa.exists().where(
        own.c.tenant_id == tenant,
        own.c.subscriber == subscriber,
        own.c.position == table.c.position,
        *same,
        before.c.ordering_key == own.c.ordering_key,
        before.c.position < own.c.position,
    )
    free = sa.exists().where(*mine, table.c.state == "waiting", ~blocked)
    return bool(connection.scalar(sa.select(sa.or_(due, free))))


def parked_log_events(connection: sa.Connection, database: Database, tenant: UUID, subscriber: str) -> dict[int, Event]:
    """Return the events themselves that are parked for a subscriber, by position."""
    table, log, codec = database.table("parked_events"), database.tables["event"], database.codecs["event"]
    statement = (
        sa.select(*[log.c[name] for name in codec.load_columns])
        .join(table, sa.and_(table.c.tenant_id == log.c.tenant_id, table.c.position == log.c.position))
        .where(table.c.tenant_id == tenant, table.c.subscriber == subscriber)
    )
    return {event.position: event for event in (codec.from_row(row) for row in connection.execute(statement))}


def remove_parked(
    connection: sa.Connection, database: Database, tenant: UUID, subscriber: str, positions: Iterable[int]
) -> int:
    """Take events out of the parked ones, with their ordering keys; returns how many were there."""
    count = 0
    for chunk in in_chunks(list(positions)):
        for name in ("parked_ordering_keys", "parked_events"):
            table = database.table(name)
            mine = (table.c.tenant_id == tenant, table.c.subscriber == subscriber, table.c.position.in_(chunk))
            removed = connection.execute(table.delete().where(*mine)).rowcount
        count += removed
    return count


def update_parked(
    connection: sa.Connection,
    database: Database,
    tenant: UUID,
    subscriber: str,
    positions: Iterable[int] | None,
    values: Mapping[str, Any],
    states: Collection[str] = (),
) -> int:
    """Write values of parked events, all of a subscriber when no positions are given; returns how many there were."""
    table = database.table("parked_events")
    mine = [table.c.tenant_id == tenant, table.c.subscriber == subscriber]
    if states:
        mine.append(table.c.state.in_(states))
    if positions is None:
        return connection.execute(table.update().where(*mine).values(values)).rowcount
    return sum(
        connection.execute(table.update().where(*mine, table.c.position.in_(chunk)).values(values)).rowcount
        for chunk in in_chunks(list(positions))
    )


def _keys(
    connection: sa.Connection, database: Database, tenant: UUID, subscribers: Collection[str]
) -> dict[str, dict[int, set[UUID]]]:
    table = database.table("parked_ordering_keys")
    found: dict[str, dict[int, set[UUID]]] = {subscriber: {} for subscriber in subscribers}
    statement = sa.select(table.c.subscriber, table.c.position, table.c.ordering_key).where(
        table.c.tenant_id == tenant, table.c.subscriber.in_(sorted(subscribers))
    )
    for subscriber, position, key in connection.execute(statement) if subscribers else ():
        found[subscriber].setdefault(position, set()).add(key)
    return found


def _with_keys(
    item: ParkedEvent, keys: Mapping[str, Mapping[int, set[UUID]]], first: Mapping[str, Mapping[UUID, int]]
) -> ParkedEvent:
    own = frozenset(keys[item.subscriber].get(item.position, ()))
    before = min((first[item.subscriber][key] for key in own), default=item.position)
    waits = item.state == "waiting" and before < item.position
    return attrs.evolve(item, keys=own, behind=before if waits else None)


def _first(keys: Mapping[int, set[UUID]]) -> dict[UUID, int]:
    """Return the first position that has each key."""
    found: dict[UUID, int] = {}
    for position in sorted(keys):
        for key in keys[position]:
            found.setdefault(key, position)
    return found
