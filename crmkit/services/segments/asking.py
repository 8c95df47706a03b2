"""Who is in a segment, as it is defined and stored at the moment, of those that the actor may see."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import attrs
import sqlalchemy as sa

from crmkit.core.entity import EntityInfo, Part
from crmkit.core.errors import BadInput
from crmkit.core.filter import EVERYTHING, And, Has, InSegment, Predicate, all_of, parse
from crmkit.core.filter.tree import parts
from crmkit.core.grouping import Segment
from crmkit.core.messages import msg
from crmkit.services.segments.defining import find_segment
from crmkit.store.session import Session

SHARE = 32
"""To look up the children of one record takes about as long as to count, for all at once, those of so many."""

FEW = 2_000
"""Records up to which children are looked up for each where rights are limited: then all at once asks rights of all."""

MOST = 10_000
"""The largest page."""


@attrs.frozen
class MemberPage:
    """Records in the order of ids; ``next`` is where the page behind this one starts, None on the last one."""

    records: tuple[Any, ...]
    next: UUID | None = None


@attrs.frozen(eq=False)
class Asked:
    """A condition on records of ``info``; ``predicate`` speaks of no segments any more, ``table`` is what is asked."""

    info: EntityInfo
    predicate: Predicate
    table: sa.FromClause

    def clause(self, session: Session, *, whole: bool = False) -> sa.ColumnElement[bool]:
        """Return the condition in SQL. Raises AccessDenied for fields that the actor may not read."""
        return session.reader.predicate(self.predicate, self.info, self.table, whole=whole)


def asked(session: Session, entity: str, predicate: Predicate) -> Asked:
    """Return what a predicate on ``entity`` asks. Raises FilterError."""
    session.flush()
    info = session.database.registry.get(entity)
    return Asked(info, session.reader.meaning(predicate, info, session.connection), session.table(info.name))


def asked_of(session: Session, segment: Segment) -> Asked:
    """Return what a segment asks. Raises FilterError for one that leads in a circle or is broken."""
    if segment.kind == "frozen" or not segment.filter.strip():
        return asked(session, segment.entity, InSegment(str(segment.id)))
    return asked(session, segment.entity, parse(segment.filter, session.database.registry, segment.entity))


def count(session: Session, segment: Segment | UUID | str) -> int:
    """Return how many records the actor may see that are in a segment.

    Raises NotFound, FilterError for a segment that is broken and AccessDenied when it reads what the actor may not.
    """
    wanted = asked_of(session, find_segment(session, segment))
    statement: sa.Select[Any] = sa.select(sa.func.count()).select_from(wanted.table).where(_whichever(session, wanted))
    return int(session.execute(statement).scalar_one())


def members(
    session: Session, segment: Segment | UUID | str, *, after: UUID | None = None, limit: int = 100
) -> MemberPage:
    """Return the records of a segment that the actor may see, at most ``limit``, behind the id ``after``.

    Raises as ``count`` does, and BadInput for a ``limit`` that is not 1 to ``MOST``.
    """
    if not 1 <= limit <= MOST:
        raise BadInput(msg("limit {limit}: a number from 1 to {most}", limit=limit, most=MOST))
    wanted = asked_of(session, find_segment(session, segment))
    records = first_records(session, wanted, limit + 1, after)
    page = records[:limit]
    return MemberPage(tuple(page), page[-1].id if len(records) > limit else None)


def in_segment(session: Session, record: Part, segment: Segment | UUID | str) -> bool:
    """Return whether a record that the actor may see is in a segment. Raises as ``count`` does."""
    found = find_segment(session, segment)
    wanted = asked_of(session, found)
    if session.database.registry.of(record).name != found.entity:
        raise BadInput(msg("{name} holds records of {entity}", name=found.name, entity=found.entity))
    return bool(matching_ids(session, wanted, [record.id]))


def first_records(session: Session, wanted: Asked, limit: int, after: UUID | None = None) -> list[Any]:
    """Return the first records that match, in the order of ids."""
    table = wanted.table
    statement = sa.select(table.c.id).where(wanted.clause(session)).order_by(table.c.id).limit(limit)
    if after is not None:
        statement = statement.where(table.c.id > after)
    ids = [row[0] for row in session.execute(statement)]
    return sorted(session.list(wanted.info.cls, id=ids), key=lambda record: ids.index(record.id)) if ids else []


def matching_ids(session: Session, wanted: Asked, among: list[UUID]) -> set[UUID]:
    """Return those of some ids whose records match."""
    table = wanted.table
    statement = sa.select(table.c.id).where(table.c.id.in_(among), wanted.clause(session))
    return {row[0] for row in session.execute(statement)}


def all_ids(session: Session, wanted: Asked) -> list[UUID]:
    """Return the ids of all records that match, in order."""
    statement = sa.select(wanted.table.c.id).where(_whichever(session, wanted)).order_by(wanted.table.c.id)
    return [row[0] for row in session.execute(statement)]


def _whichever(session: Session, wanted: Asked) -> sa.ColumnElement[bool]:
    """Return the condition in the form that suits how many records are left to ask for their children."""
    return wanted.clause(session, whole=_counts(wanted.predicate) and not _few(session, wanted))


def _few(session: Session, wanted: Asked) -> bool:
    """Whether the conditions that count nothing leave few records."""
    items = wanted.predicate.items if isinstance(wanted.predicate, And) else (wanted.predicate,)
    others = all_of(*[item for item in items if not _counts(item)])
    everything = session.actor.everything
    if others == EVERYTHING and everything:
        return False
    table = wanted.table
    meets = sa.case((session.reader.predicate(others, wanted.info, table), 1))
    statement: Any = sa.select(sa.func.count(), sa.func.count(meets)).select_from(table)
    row: Any = session.execute(statement).one()
    every, left = row
    return bool(left * SHARE <= every or (left <= FEW and not everything))


def _counts(predicate: Predicate) -> bool:
    return isinstance(predicate, Has) or any(_counts(part) for part in parts(predicate))
