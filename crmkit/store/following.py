"""Following the event log: a place in it for each subscriber, moved in the transaction of what was made of the events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import attrs
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from crmkit.store.settling import log_writers
from crmkit.store.tenant_wall import across_tenants

if TYPE_CHECKING:
    from crmkit.store.session import Session


@attrs.frozen
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
        insert: Any = postgresql_insert if session.database.dialect == "postgresql" else sqlite_insert
        row = {"tenant_id": session.actor.tenant_id, "subscriber": subscriber, "position": 0}
        session.connection.execute(insert(cursors).values(row).on_conflict_do_nothing())
        found = session.connection.scalar(held)
    return found


def next_stretch(session: Session, after: int, most: int) -> Stretch:
    """Return at most ``most`` events behind ``after``, and how far they may be counted as taken.

    Where others still write, events may appear before those that are seen; the place then stops in front of the gap,
    and what stands behind it is seen again.
    """
    settled = _settled(session)
    log = session.database.tables["event"]
    upper = [] if settled is None else [log.c.position <= settled]
    statement = (
        sa.select(log.c.position, log.c.entity, log.c.record_id)
        .where(log.c.tenant_id == session.actor.tenant_id, log.c.position > after, *upper)
        .order_by(log.c.position)
        .limit(most)
    )
    events = session.connection.execute(statement).all()
    if not events:
        return Stretch(after, events, after, False)
    end = int(events[-1].position)
    last = _gapless(session, after, end) if settled is None else end
    return Stretch(after, events, last, len(events) == most)


def move_place(session: Session, subscriber: str, to: int) -> None:
    """Write how far a subscriber has come; the caller holds the place."""
    cursors = session.database.table("event_cursors")
    session.connection.execute(cursors.update().where(*_mine(session, cursors, subscriber)).values(position=to))


def _mine(session: Session, cursors: sa.Table, subscriber: str) -> list[sa.ColumnElement[bool]]:
    return [cursors.c.tenant_id == session.actor.tenant_id, cursors.c.subscriber == subscriber]


def _settled(session: Session) -> int | None:
    """Return the log's last position when nothing can appear before it any more, None while others write."""
    log = session.database.tables["event"]
    if session.database.dialect == "sqlite":
        return int(session.connection.scalar(sa.select(sa.func.max(log.c.position))) or 0)
    # What was counted, for whatever tenant; the rows of others are not this transaction's to see.
    end = int(session.connection.scalar(sa.text(f"SELECT last_value FROM {log.name}_position_seq")) or 0)
    # Read after the end: whoever wrote before it and is not among them has ended.
    return None if log_writers(session.connection, log.name) else end


def _gapless(session: Session, after: int, last: int) -> int:
    """Return the last position up to which none is missing: one that is may still be committed by somebody else."""
    log = session.database.tables["event"]
    between = (log.c.position > after, log.c.position <= last)
    statement = sa.select(log.c.position).where(*between).order_by(log.c.position)
    with across_tenants(session.connection):
        for expected, position in enumerate(session.connection.scalars(statement).all(), start=after + 1):
            if position != expected:
                return expected - 1
    return last
