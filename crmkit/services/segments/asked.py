"""What a segment or a filter asks of stored records, and the statements that ask it.

Children can be counted for one record after the other or for all at once. Which takes less depends on how many records
the other conditions leave, so those are asked first.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.entity import EntityInfo
from crmkit.core.filter import EVERYTHING, And, FilterContext, Has, InSegment, Not, Or, Predicate, all_of, parse
from crmkit.core.filter.tree import parts
from crmkit.core.frozen import frozen
from crmkit.core.grouping import Segment
from crmkit.store.filters import of_late
from crmkit.store.session import Session

SHARE = 32
"""To look up the children of one record takes about as long as to count, for all at once, those of so many."""

FEW = 2_000
"""Records up to which children are looked up for each, however many others there are."""

FEW_OF_LATE = 10_000
"""The same where only children of late count, of which each record has few."""


@frozen(eq=False)
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


def number_of(session: Session, wanted: Asked) -> int:
    """Return how many records match."""
    found = _number_of_few(session, wanted)
    if found is None:
        statement: sa.Select[Any] = sa.select(sa.func.count()).select_from(wanted.table)
        found = session.execute(statement.where(_whichever(session, wanted))).scalar_one()
    return int(found)


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


def _number_of_few(session: Session, wanted: Asked) -> int | None:
    """Return how many match of the records that the other conditions leave; None where these are not few.

    One statement finds that out and counts: the records are looked through once.
    """
    others, counting = _apart(session, wanted)
    if not counting or not all(map(_only_counts, counting)) or others == EVERYTHING:
        return None
    most = FEW_OF_LATE if all(_of_late(session, wanted, part) for part in counting) else FEW
    table = wanted.table
    left = session.reader.predicate(others, wanted.info, table)
    few = sa.select(table.c.id).where(left).limit(most + 1).cte("few")
    meeting = [session.reader.predicate(part, wanted.info, few) for part in counting]
    number: Any = sa.select(sa.func.count()).select_from(few).scalar_subquery()
    met: Any = sa.select(sa.func.count()).select_from(few).where(*meeting).scalar_subquery()
    statement: Any = sa.select(sa.case((number <= most, met)))
    found: int | None = session.execute(statement).scalar_one()
    return found


def _whichever(session: Session, wanted: Asked) -> sa.ColumnElement[bool]:
    """Return the condition in the form that suits how many records are left to ask for their children."""
    return wanted.clause(session, whole=_counts(wanted.predicate) and not _few(session, wanted))


def _few(session: Session, wanted: Asked) -> bool:
    """Whether the conditions that count nothing leave few records."""
    others, _ = _apart(session, wanted)
    everything = session.actor.everything
    if others == EVERYTHING and everything:
        return False
    table = wanted.table
    meets = sa.case((session.reader.predicate(others, wanted.info, table), 1))
    statement: Any = sa.select(sa.func.count(), sa.func.count(meets)).select_from(table)
    row: Any = session.execute(statement).one()
    every, left = row
    # Where rights are limited, all at once asks for the rights to all.
    return bool(left * SHARE <= every or (left <= FEW and not everything))


def _apart(session: Session, wanted: Asked) -> tuple[Predicate, list[Predicate]]:
    """Return the conditions that count nothing, and those that do."""
    items = wanted.predicate.items if isinstance(wanted.predicate, And) else (wanted.predicate,)
    counting = [item for item in items if _counts(item)]
    return all_of(*[item for item in items if not _counts(item)]), counting


def _counts(predicate: Predicate) -> bool:
    return isinstance(predicate, Has) or any(_counts(part) for part in parts(predicate))


def _only_counts(predicate: Predicate) -> bool:
    """Whether nothing is asked of the records themselves."""
    if isinstance(predicate, And | Or | Not):
        return all(_only_counts(part) for part in parts(predicate))
    return isinstance(predicate, Has)


def _of_late(session: Session, wanted: Asked, predicate: Predicate) -> bool:
    if isinstance(predicate, Has):
        now, zone = session.clock.now(), session.actor.timezone
        return of_late(predicate, wanted.info.name, session.database.registry, FilterContext(now=now, zone=zone))
    return all(_of_late(session, wanted, part) for part in parts(predicate))
