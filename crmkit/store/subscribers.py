"""Where each subscriber stands in the event log: its place, its rests, its replays, and its names.

All of it is the tenant's own, one row a subscriber. A row is written by whoever delivers, in the transaction of what the
delivery did, and only from the place that was read: of two that deliver the same, one is undone.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.frozen import frozen
from crmkit.store.database import Database
from crmkit.store.inserting import insert_new
from crmkit.store.tenant_wall import EVERY_TENANT
from crmkit.store.types import Id

TABLES = ("event_cursors", "parked_events", "parked_ordering_keys", "event_deliveries")
"""What is kept of subscribers, each table with their names in its column ``subscriber``."""


@frozen
class Place:
    """Where one subscriber stands.

    It was given the events behind ``start`` up to ``position``; None for an index, which takes every event. During a
    replay ``reached`` is how far it had come before, and ``replayed_from`` where the replay began. After ``failures``
    attempts that found what it needs away, it rests until ``resting_until`` for the reason ``error``. ``held_since``: since
    when a process delivers to it outside of transactions.
    """

    subscriber: str
    position: int
    start: int | None = None
    reached: int | None = None
    replayed_from: int | None = None
    moved_at: datetime | None = None
    failures: int = 0
    resting_until: datetime | None = None
    error: str = ""
    held_since: datetime | None = None
    held_until: datetime | None = None


_AWAKE: dict[str, Any] = {"failures": None, "resting_until": None, "error": None}
_MOVE = "crmkit_move"
"""In ``Table.info``, the statement that moves a place."""

_KNOWN = sa.text("SELECT subscriber FROM event_cursors WHERE tenant_id = :tenant").bindparams(
    sa.bindparam("tenant", type_=Id())
)
"""Asked whenever an application opens, which need not make the table's metadata for it."""

_FIELDS = tuple(Place.__annotations__)
_UNSAID: dict[str, Any] = {"failures": 0, "error": ""}


def places(connection: sa.Connection, database: Database, tenant: UUID) -> list[Place]:
    """Return where the subscribers of a tenant stand, by their names."""
    table = database.table("event_cursors")
    columns = [table.c[name] for name in _FIELDS]
    statement = sa.select(*columns).where(table.c.tenant_id == tenant).order_by(table.c.subscriber)
    return [_read(row) for row in connection.execute(statement)]


def place(connection: sa.Connection, database: Database, tenant: UUID, subscriber: str) -> Place | None:
    """Return where one subscriber stands; None for one that has no place yet."""
    table = database.table("event_cursors")
    columns = [table.c[name] for name in _FIELDS]
    row = connection.execute(sa.select(*columns).where(*_one(table, tenant, subscriber))).first()
    return None if row is None else _read(row)


def enrol(database: Database, tenant: UUID, former: Mapping[str, tuple[str, ...]], first: UUID | None = None) -> None:
    """Give subscribers that have none their place: before the event ``first``, by default the log's end.

    ``former`` maps the name of each to names that it had before: what is kept under one of those becomes its own, unless
    it has a place already or somebody else has that name today.
    """
    with database.connection(reads=True, tenant=tenant) as connection:
        known = set(connection.scalars(_KNOWN, {"tenant": tenant}))
    missing = sorted(set(former) - known)
    if not missing:
        return
    table, log = database.table("event_cursors"), database.tables["event"]
    with database.connection(tenant=EVERY_TENANT) as connection:
        new: list[str] = []
        for name in missing:
            older = next((old for old in former[name] if old in known and old not in former), None)
            if older is None:
                new.append(name)
            else:
                rename_subscriber(connection, database, older, name, tenant)
                known.discard(older)
        if new:
            end = sa.select(sa.func.max(log.c.position))
            if first is not None:
                end = sa.select(log.c.position - 1).where(log.c.id == first)
            position = connection.scalar(end) or 0
            rows = [{"tenant_id": tenant, "subscriber": one, "position": position, "start": position} for one in new]
            connection.execute(insert_new(table, database.dialect).values(rows))
        connection.commit()


def rename_subscriber(connection: sa.Connection, database: Database, old: str, new: str, tenant: UUID) -> None:
    """Let what is kept of a tenant's subscriber be that of another name, which has nothing yet."""
    for name in TABLES:
        table = database.table(name)
        connection.execute(table.update().where(*_one(table, tenant, old)).values(subscriber=new))


def forget_subscriber(
    connection: sa.Connection, database: Database, plugin: str, tenant: UUID | None = None
) -> dict[str, int]:
    """Delete what is kept of a plugin's places in the event log, within the caller's transaction.

    That of all tenants unless one is named, in which case the transaction must be able to see all of them
    (``database.connection(tenant=EVERY_TENANT)``). Should the plugin come back, it begins at the log's end. Returns how
    many rows each table lost.
    """
    lost: dict[str, int] = {}
    for name in TABLES:
        table = database.table(name)
        whose = [] if tenant is None else [table.c.tenant_id == tenant]
        mine = table.c.subscriber.in_(subscribers_of(plugin))
        lost[name] = connection.execute(table.delete().where(mine, *whose)).rowcount
    return lost


OUTSIDE = ":events"


def outside(plugin: str) -> str:
    """Return the name of a plugin as the subscriber that works outside of the database."""
    return plugin + OUTSIDE


def subscribers_of(plugin: str) -> tuple[str, str]:
    """Return the names that a plugin may have as a subscriber: within the database and outside of it."""
    return plugin, outside(plugin)


def plugin_of(subscriber: str) -> str:
    """Return the plugin behind a subscriber's name."""
    return subscriber.removesuffix(OUTSIDE)


def move(
    connection: sa.Connection,
    database: Database,
    tenant: UUID,
    subscriber: str,
    before: int,
    after: int,
    now: datetime,
    **more: Any,
) -> bool:
    """Move a subscriber from the place ``before`` to ``after``; False when it is not there any more."""
    table = database.table("event_cursors")
    if more:
        values = {"position": after, "moved_at": now, **_AWAKE, **more}
        statement = table.update().where(*_one(table, tenant, subscriber), table.c.position == before).values(values)
        return connection.execute(statement).rowcount == 1
    made: sa.Update | None = table.info.get(_MOVE)
    if made is None:
        # Each delivery executes it.
        mine = (table.c.tenant_id == sa.bindparam("tenant"), table.c.subscriber == sa.bindparam("who"))
        made = table.update().where(*mine, table.c.position == sa.bindparam("before"))
        made = made.values(position=sa.bindparam("after"), moved_at=sa.bindparam("now"), **_AWAKE)
        table.info[_MOVE] = made
    asked = {"tenant": tenant, "who": subscriber, "before": before, "after": after, "now": now}
    return connection.execute(made, asked).rowcount == 1


def end_replay(connection: sa.Connection, database: Database, tenant: UUID, found: Place, now: datetime) -> bool:
    """Let a subscriber that was replayed what it had missed go on where it had been."""
    if found.reached is None:
        return False
    back = {"start": found.replayed_from, "reached": None, "replayed_from": None}
    to = max(found.reached, found.position)
    return move(connection, database, tenant, found.subscriber, found.position, to, now, **back)


def rest(
    connection: sa.Connection,
    database: Database,
    tenant: UUID,
    subscriber: str,
    failures: int,
    until: datetime,
    error: str,
) -> None:
    """Let a subscriber rest: what it needs is away, which says nothing against any event."""
    table = database.table("event_cursors")
    values = {"failures": failures, "resting_until": until, "error": error}
    connection.execute(table.update().where(*_one(table, tenant, subscriber)).values(values))


def hold(
    connection: sa.Connection,
    database: Database,
    tenant: UUID,
    subscriber: str,
    holder: UUID,
    now: datetime,
    until: datetime,
) -> bool:
    """Keep a subscriber from other processes until a time; False while another one has it."""
    table = database.table("event_cursors")
    free = sa.or_(table.c.held_by.is_(None), table.c.held_by == holder, table.c.held_until <= now)
    since = sa.case(
        (table.c.held_by == holder, table.c.held_since), else_=sa.bindparam("since", now, table.c.held_since.type)
    )
    statement = (
        table.update()
        .where(*_one(table, tenant, subscriber), free)
        .values(held_by=holder, held_since=since, held_until=until)
    )
    return connection.execute(statement).rowcount == 1


def release(connection: sa.Connection, database: Database, tenant: UUID, subscriber: str, holder: UUID) -> None:
    """Leave a subscriber to other processes again."""
    table = database.table("event_cursors")
    mine = (*_one(table, tenant, subscriber), table.c.held_by == holder)
    connection.execute(table.update().where(*mine).values(held_by=None, held_since=None, held_until=None))


def go_back(
    connection: sa.Connection, database: Database, tenant: UUID, found: Place, position: int, *, again: bool
) -> bool:
    """Let a subscriber be given the events behind ``position``; False when it moved meanwhile.

    Those it was given before are left out, unless ``again``.
    """
    table = database.table("event_cursors")
    start = found.position if found.start is None else found.start
    if again:
        values: dict[str, Any] = {"start": min(start, position), "reached": None, "replayed_from": None}
    else:
        values = {"reached": max(found.reached or 0, found.position), "replayed_from": position}
    statement = (
        table.update()
        .where(*_one(table, tenant, found.subscriber), table.c.position == found.position)
        .values(position=position, failures=None, resting_until=None, error=None, **values)
    )
    return connection.execute(statement).rowcount == 1


def _read(row: Any) -> Place:
    held = row._mapping
    values: dict[str, Any] = {name: _UNSAID.get(name) if held[name] is None else held[name] for name in _FIELDS}
    return Place(**values)


def _one(table: sa.Table, tenant: UUID, subscriber: str) -> tuple[sa.ColumnElement[bool], ...]:
    return table.c.tenant_id == tenant, table.c.subscriber == subscriber
