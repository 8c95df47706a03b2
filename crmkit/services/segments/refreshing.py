"""Members of watched segments, kept as they were when somebody looked last: who joined since, and who left.

A segment is refreshed whole, or only for the records that changes since the last time concern. Both write differences
alone, through the write path, so that everybody learns of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Literal
from uuid import UUID

import attrs
import sqlalchemy as sa

from crmkit.core.access import Actor
from crmkit.core.errors import AccessDenied, BadInput
from crmkit.core.filter import FilterError
from crmkit.core.filter.routes import depends_on_time
from crmkit.core.frozen import frozen
from crmkit.core.grouping import Segment, SegmentMember
from crmkit.core.messages import Message, msg
from crmkit.services.access.required import require_right
from crmkit.services.segments.asked import Asked, asked_of, matching_ids
from crmkit.services.segments.concerned import Changes, concerned
from crmkit.services.segments.defining import find_segment
from crmkit.services.segments.rules import maintaining
from crmkit.store.application import Application
from crmkit.store.chunks import in_chunks
from crmkit.store.following import hold_place, move_place, next_stretch
from crmkit.store.locking import in_turn
from crmkit.store.session import Session
from crmkit.store.settling import settled_position

CURSOR = "crmkit:segments"
"""The name of the segments among the subscribers of the event log."""

BATCH = 1_000
"""Events looked at, and members written, in one go."""

LAGGING = 20_000
"""Events behind which it takes less to refresh everything than to ask whom they concern."""

How = Literal["whole", "changed"]


@frozen
class Refreshed:
    """What became of one segment: how many joined and left, or the ``error`` for which it stands as it was."""

    segment_id: UUID
    name: str
    joined: int = 0
    left: int = 0
    how: How = "whole"
    error: Message | None = None


def refresh(session: Session, segment: Segment | UUID | str) -> Refreshed:
    """Bring the members of a watched segment up to date, of all records of the tenant whoever sees them.

    Raises NotFound, BadInput for a segment that is not watched, AccessDenied without the right to update it and
    FilterError when it is broken.
    """
    found = find_segment(session, segment)
    if not found.watched:
        raise BadInput(msg("{name} is not watched: who is in it is found out when it is asked", name=found.name))
    require_right(session, session.database.registry.get(Segment), [found.id], "update")
    with _seeing_everything(session, found):
        return _refreshed_whole(session, found)


def refresh_changed(application: Application, actor: Actor, *, size: int = BATCH) -> list[Refreshed]:
    """Refresh watched segments for the records that were changed since the last call; returns those that changed.

    It follows the event log with a place of its own, each batch of ``size`` events a transaction, and may be stopped and
    called again at any time. Who is at it already is left to it. What changes as time goes by is for ``refresh_timed``.
    Raises AccessDenied unless the actor may do everything.
    """
    _require_everything(actor)
    found: dict[UUID, Refreshed] = {}
    more = True
    while more:
        end = settled_position(application.database)
        with Session(application, actor) as session:
            place = hold_place(session, CURSOR)
            if place is None:
                break
            if end is not None and end - place > LAGGING:
                results = [_whole_or_error(session, segment) for segment in _watched(session)]
                move_place(session, CURSOR, end)
            else:
                stretch = next_stretch(session, place, size)
                results = _taken(session, Changes.of(stretch.after, stretch.events)) if stretch.events else []
                move_place(session, CURSOR, stretch.last)
                more = stretch.more and stretch.moved > 0
        _add_up(found, results)
    return list(found.values())


def refresh_timed(application: Application, actor: Actor) -> list[Refreshed]:
    """Refresh the watched segments that speak of now, today and their like, each in a transaction of its own.

    To be called on a schedule, as often as the shortest of those times asks for; returns those that changed. Raises
    AccessDenied unless the actor may do everything.
    """
    _require_everything(actor)
    with Session(application, actor, reads=True) as session:
        timed = [segment for segment in _watched(session) if _timed(session, segment)]
    found: list[Refreshed] = []
    for segment in timed:
        with Session(application, actor) as session:
            found.append(_whole_or_error(session, segment))
    return [one for one in found if one.joined or one.left or one.error]


def _taken(session: Session, changes: Changes) -> list[Refreshed]:
    """Do what the changes ask for, segment by segment."""
    results = []
    for segment in _watched(session):
        with _seeing_everything(session, segment):
            try:
                ids = concerned(session, segment, changes)
                if ids is None:
                    results.append(_refreshed_whole(session, segment))
                elif ids:
                    results.append(_refreshed_for(session, segment, ids))
            except FilterError as fault:
                results.append(Refreshed(segment.id, segment.name, error=fault.problem))
    touched = changes.ids.get("segment")
    if touched:
        _clear(session, touched)
    return results


def _refreshed_whole(session: Session, segment: Segment) -> Refreshed:
    in_turn(session, "segment", str(segment.id))
    wanted = asked_of(session, segment)
    joined, left = _differences(session, segment, wanted)
    _write(session, segment, joined, left)
    return Refreshed(segment.id, segment.name, len(joined), len(left))


def _refreshed_for(session: Session, segment: Segment, ids: Collection[UUID]) -> Refreshed:
    in_turn(session, "segment", str(segment.id))
    wanted = asked_of(session, segment)
    joined: list[UUID] = []
    left: list[UUID] = []
    ordered = sorted(ids)
    for chunk in in_chunks(ordered):
        matching = matching_ids(session, wanted, chunk)
        were = {member.record_id for member in session.list(SegmentMember, segment_id=segment.id, record_id=chunk)}
        joined += sorted(matching - were)
        left += sorted(were - matching)
    _write(session, segment, joined, left)
    return Refreshed(segment.id, segment.name, len(joined), len(left), "changed")


def _differences(session: Session, segment: Segment, wanted: Asked) -> tuple[list[UUID], list[UUID]]:
    """Return who is in a segment and no member yet, and who is a member and no more in it, by one statement."""
    members = session.table(SegmentMember)
    matching = sa.select(wanted.table.c.id.label("id")).where(wanted.clause(session, whole=True)).cte("matching")
    being = sa.select(members.c.record_id.label("id")).where(members.c.segment_id == segment.id).cte("being")
    joined = sa.except_(sa.select(matching.c.id), sa.select(being.c.id)).subquery("joined")
    left = sa.except_(sa.select(being.c.id), sa.select(matching.c.id)).subquery("gone")
    statement: Any = sa.union_all(
        sa.select(joined.c.id, sa.literal_column("1").label("side")),
        sa.select(left.c.id, sa.literal_column("0").label("side")),
    )
    sides: dict[int, list[UUID]] = {0: [], 1: []}
    rows: Iterable[Any] = session.execute(statement)
    for id, side in rows:
        sides[side].append(id)
    return sorted(sides[1]), sorted(sides[0])


def _write(session: Session, segment: Segment, joined: list[UUID], left: list[UUID]) -> None:
    """Write the differences in batches, without keeping what is written in memory."""
    with maintaining(session):
        for chunk in in_chunks(joined, BATCH):
            made = [SegmentMember(segment_id=segment.id, entity=segment.entity, record_id=id) for id in chunk]
            session.add(*made)
            _flush(session, made)
        for chunk in in_chunks(left):
            gone = session.list(SegmentMember, segment_id=segment.id, record_id=chunk)
            session.delete(*gone)
            _flush(session, gone)


def _flush(session: Session, members: Iterable[SegmentMember]) -> None:
    session.flush()
    for member in members:
        session.work.current.pop(member.id, None)


def _clear(session: Session, segments: Collection[UUID]) -> None:
    """Take the members off segments that are watched no more."""
    for chunk in in_chunks(sorted(segments)):
        unwatched = session.list(Segment, id=chunk, kind="filter", watched=False)
        for segment in unwatched:
            members = session.list(SegmentMember, segment_id=segment.id)
            _write(session, segment, [], [member.record_id for member in members])


def _whole_or_error(session: Session, segment: Segment) -> Refreshed:
    try:
        with _seeing_everything(session, segment):
            return _refreshed_whole(session, segment)
    except FilterError as fault:
        return Refreshed(segment.id, segment.name, error=fault.problem)


def _watched(session: Session) -> list[Segment]:
    return session.list(Segment, kind="filter", watched=True)


def _timed(session: Session, segment: Segment) -> bool:
    try:
        with _seeing_everything(session, segment):
            return depends_on_time(asked_of(session, segment).predicate)
    except FilterError:
        # Whoever refreshes it is told what is wrong.
        return True


def _add_up(found: dict[UUID, Refreshed], results: Iterable[Refreshed]) -> None:
    for one in results:
        if one.joined or one.left or one.error:
            known = found.get(one.segment_id, Refreshed(one.segment_id, one.name, how=one.how))
            found[one.segment_id] = attrs.evolve(one, joined=known.joined + one.joined, left=known.left + one.left)


def _require_everything(actor: Actor) -> None:
    if not actor.everything:
        raise AccessDenied(msg("{actor} may not refresh all segments", actor=actor.name))


@contextmanager
def _seeing_everything(session: Session, segment: Segment) -> Iterator[None]:
    """Within the block a segment means what it means to all: no rights narrow it, and its days are those of its zone."""
    everybody = attrs.evolve(session.actor.elevated(), timezone=segment.timezone or "UTC")
    with session.acting_as(everybody):
        yield
