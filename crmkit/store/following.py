"""Following the event log: a place in it for each subscriber, moved in the transaction of what was made of the events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from crmkit.core.frozen import frozen
from crmkit.store.database import Database
from crmkit.store.inserting import insert_new
from crmkit.store.settling import log_writers
from crmkit.store.tenant_wall import across_tenants

if TYPE_CHECKING:
    from crmkit.store.session import Session

PAGE = 5_000
"""Positions read at a time."""


@frozen
class Stretch:
    """Events behind a subscriber's place ``after``, in order: rows of position, entity and record_id.

    ``last`` is how far the place may move once they are taken; ``more`` says that others wait behind them.
    """

    after: int
    events: Sequence[Any]
    last: int
    more: bool

    @property
    def moved(self) -> int:
        """How far the place moves."""
        return self.last - self.after


def place_of(session: Session, subscriber: str) -> int:
    """Return up to where a subscriber has followed the log of the session's tenant; 0 before its first event."""
    cursors = session.database.table("event_cursors")
    asked = sa.select(cursors.c.position).where(*_mine(session, cursors, subscriber))
    return int(session.connection.scalar(asked) or 0)


def hold_place(session: Session, subscriber: str) -> int | None:
    """Return the place and keep it from others until the end of the transaction; None while somebody else holds it."""
    if session.read_only:
        return place_of(session, subscriber)
    cursors = session.database.table("event_cursors")
    asked = sa.select(cursors.c.position).where(*_mine(session, cursors, subscriber))
    held = asked.with_for_update(skip_locked=True)
    found: int | None = session.connection.scalar(held)
    if found is None:
        row = {"tenant_id": session.actor.tenant_id, "subscriber": subscriber, "position": 0}
        session.connection.execute(insert_new(cursors, session.database.dialect).values(row))
        found = session.connection.scalar(held)
    return found


def next_stretch(session: Session, after: int, most: int) -> Stretch:
    """Return at most ``most`` events behind ``after``, and how far they may be counted as taken.

    Where others still write, events may appear before those that are seen; the place then stops in front of the gap,
    and what stands behind it is seen again.
    """
    end, running = _end(session)
    log = session.database.tables["event"]
    upper = [] if running else [log.c.position <= end]
    statement = (
        sa.select(log.c.position, log.c.entity, log.c.record_id)
        .where(log.c.tenant_id == session.actor.tenant_id, log.c.position > after, *upper)
        .order_by(log.c.position)
        .limit(most)
    )
    events = session.connection.execute(statement).all()
    if not events:
        return Stretch(after, events, after, False)
    last = int(events[-1].position)
    if running:
        last = _gapless(session, after, last, running)
    return Stretch(after, events, last, len(events) == most)


def move_place(session: Session, subscriber: str, to: int) -> None:
    """Write how far a subscriber has come; the caller holds the place."""
    cursors = session.database.table("event_cursors")
    session.connection.execute(cursors.update().where(*_mine(session, cursors, subscriber)).values(position=to))


def _mine(session: Session, cursors: sa.Table, subscriber: str) -> list[sa.ColumnElement[bool]]:
    return [cursors.c.tenant_id == session.actor.tenant_id, cursors.c.subscriber == subscriber]


def _end(session: Session) -> tuple[int, frozenset[str]]:
    """Return the log's last position and who still writes: without any, nothing can appear before it any more."""
    log = session.database.tables["event"]
    if session.database.dialect == "sqlite":
        return int(session.connection.scalar(sa.select(sa.func.max(log.c.position))) or 0), frozenset()
    # What was counted, for whatever tenant; the rows of others are not this transaction's to see.
    end = int(session.connection.scalar(sa.text(f"SELECT last_value FROM {log.name}_position_seq")) or 0)
    # Read after the end: whoever wrote before it and is not among them has ended.
    return end, log_writers(session.connection, log.name)


def _gapless(session: Session, after: int, last: int, running: frozenset[str]) -> int:
    """Return the last position up to which none is missing: one that is may still be committed by somebody else.

    A gap stays for good once all have ended who wrote when it was first seen: they rolled it back. ``running`` are those
    who wrote before the positions are read here.
    """
    known = _gaps.setdefault(session.database, {})
    expected = after + 1
    for position in _positions(session, after, last):
        if position != expected:
            awaited = known.get(expected)
            if awaited is None:
                # Read after the positions, so that nobody is missed who holds one of those that are missing.
                known[expected] = log_writers(session.connection, session.database.tables["event"].name)
            if awaited is None or not awaited.isdisjoint(running):
                return expected - 1
        expected = position + 1
    for gap in [gap for gap in known if gap <= after]:
        del known[gap]
    return last


def _positions(session: Session, after: int, last: int) -> Iterator[int]:
    log = session.database.tables["event"]
    while after < last:
        statement = sa.select(log.c.position).where(log.c.position > after, log.c.position <= last)
        with across_tenants(session.connection):
            found = session.connection.scalars(statement.order_by(log.c.position).limit(PAGE)).all()
        yield from found
        after = found[-1] if len(found) == PAGE else last


_gaps: WeakKeyDictionary[Database, dict[int, frozenset[str]]] = WeakKeyDictionary()
"""Missing positions, each with those who wrote when it was first seen to be missing."""
