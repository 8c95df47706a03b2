"""Which records are going on and which are over: by their lifecycle or, for interactions, their status."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from crmkit.core.entity import EntityInfo, Via
from crmkit.core.filter import parse
from crmkit.store.session import Session

NEITHER, OPEN, CLOSED = 0, 1, 2
"""What ``progress_of`` gives; records without lifecycle and status are neither open nor closed."""

WORDS = {"open": OPEN, "closed": CLOSED}

_GOING_ON = ("open", "active")
_TO_COME = ("planned", "in_progress")


def progress_of(session: Session, info: EntityInfo, table: sa.FromClause) -> sa.ColumnElement[int]:
    """Return the expression that says of a row of ``table``, records of ``info``, whether it is open or closed.

    Interactions are open while planned or in progress; records with tracks while one of these stands in a stage of
    category open or active, customers by their relationships too; where an entity says which of its records are over, as
    it says. A part is what its whole is. Only what the session's actor may see counts.
    """
    if info.name == "interaction":
        return _either(table.c.status.in_(_TO_COME))
    if info.name == "stage_track":
        return _either(table.c.category.in_(_GOING_ON))
    if info.over:
        over = session.reader.predicate(
            parse(info.over, session.database.registry, info.name), info, table, session.connection
        )
        return sa.case((over, _number(CLOSED)), else_=_number(OPEN))
    if not info.owned:
        return _of_whole(session, info, table)
    tracked = _tracked(session, info, table)
    # Numbers as literals: PostgreSQL does not see two parameters as one expression of SELECT and GROUP BY.
    return sa.case(
        (_any(tracked, going_on=True), _number(OPEN)), (_any(tracked), _number(CLOSED)), else_=_number(NEITHER)
    )


def passing(session: Session, info: EntityInfo, table: sa.FromClause) -> list[sa.ColumnElement[bool]]:
    """Return the conditions on records of a user that pass to heirs: what is credited to its owner stays once it is over.

    Its track stays with it.
    """
    credited = [other.name for other in session.database.registry if other.credited]
    if info.name == "stage_track" and credited:
        return [sa.or_(table.c.entity.not_in(credited), table.c.category.in_(_GOING_ON))]
    return [progress_of(session, info, table) != CLOSED] if info.credited else []


def _either(open_: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.case((open_, _number(OPEN)), else_=_number(CLOSED))


def _number(value: int) -> sa.ColumnElement[int]:
    return sa.literal_column(str(value), sa.Integer())


def _of_whole(session: Session, info: EntityInfo, table: sa.FromClause) -> sa.ColumnElement[int]:
    rule = next((rule for rule in info.access if isinstance(rule, Via)), None)
    if rule is None:
        return _number(NEITHER)
    whole = session.database.registry.get(info.field(rule.reference).reference)
    other = session.database.tables[whole.name].alias()
    inner = sa.select(progress_of(session, whole, other)).where(
        other.c.id == table.c[rule.reference], *session.narrowing.conditions(whole.name, other)
    )
    return sa.func.coalesce(inner.correlate_except(other).scalar_subquery(), _number(NEITHER))


def _tracked(
    session: Session, info: EntityInfo, table: sa.FromClause
) -> list[tuple[sa.FromClause, sa.FromClause, Any]]:
    """Return the tracks of a row, each way with what to select from and the condition that ties them to the row."""
    tables, living = session.database.tables, session.narrowing.conditions
    track = tables["stage_track"].alias()
    tied = sa.and_(track.c.entity == info.name, track.c.record_id == table.c.id, *living("stage_track", track))
    found: list[tuple[sa.FromClause, sa.FromClause, Any]] = [(track, track, tied)]
    if info.name == "customer":
        track, relationship = tables["stage_track"].alias(), tables["relationship"].alias()
        joined = relationship.join(track, track.c.record_id == relationship.c.id)
        tied = sa.and_(
            relationship.c.customer_id == table.c.id,
            track.c.entity == "relationship",
            *living("relationship", relationship),
            *living("stage_track", track),
        )
        found.append((track, joined, tied))
    return found


def _any(tracked: list[tuple[sa.FromClause, sa.FromClause, Any]], *, going_on: bool = False) -> sa.ColumnElement[bool]:
    found = []
    for track, source, tied in tracked:
        where = [tied, track.c.category.in_(_GOING_ON)] if going_on else [tied]
        found.append(sa.exists(sa.select(_number(1)).select_from(source).where(*where).correlate_except(source)))
    return sa.or_(*found)
