"""The quality of records in SQL: one statement judges them all, to be added up or listed.

A statement begins with ``judged``: of each record that the actor may see its states, as places in ``STATES``, the age of
its values, and its score. What an actor may not read is not asked for: leave such expectations out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crmkit.core.entity import EntityInfo
from crmkit.core.filter import Empty, Not, Predicate
from crmkit.core.frozen import frozen
from crmkit.core.quality_rules import Expected
from crmkit.core.quality_score import POINTS
from crmkit.store.changed import changed_fields_table, confirmations_table
from crmkit.store.lookalikes import suspected_customers, taken_values
from crmkit.store.types import column_types

if TYPE_CHECKING:
    from crmkit.store.session import Session

Clause = sa.ColumnElement[bool]

MISSING, WRONG, OLD, GOOD = 1, 2, 3, 4
"""Places in ``STATES``."""


@frozen(eq=False)
class Judged:
    """The statement's first part: a row for each record, with ``id``, ``key``, ``title``, ``good`` and ``total`` weight.

    ``states`` and ``times`` are the columns of each expectation by its name; a time is None where nothing grows old.
    """

    rows: sa.CTE
    states: Mapping[str, sa.ColumnElement[int]]
    times: Mapping[str, sa.ColumnElement[datetime]]

    @property
    def points(self) -> sa.ColumnElement[int]:
        """The score of a record in ``POINTS``; None where nothing is expected of it."""
        good = number(POINTS) * self.rows.c.good
        # PostgreSQL may divide before it looks which records there are.
        return good // sa.func.nullif(self.rows.c.total, number(0), type_=sa.BigInteger())


def judged(
    session: Session,
    info: EntityInfo,
    expected: Sequence[Expected],
    where: Iterable[Clause],
    *,
    key: sa.ColumnElement[Any] | None = None,
    shared_by: int,
    few: bool = False,
) -> Judged:
    """Return what judges the records of ``info`` that meet the conditions ``where``, on ``session.table(info)``.

    ``key`` is what they are grouped by. ``shared_by``: contact points that more customers share tell nothing. ``few``:
    the conditions leave few records, so what belongs to them is looked up for each.
    """
    return _Judging(session, info, expected, list(where), key, shared_by, few).made()


class _Judging:
    def __init__(
        self,
        session: Session,
        info: EntityInfo,
        expected: Sequence[Expected],
        where: list[Clause],
        key: sa.ColumnElement[Any] | None,
        shared_by: int,
        few: bool,
    ) -> None:
        self._session, self._info, self._expected, self._where = session, info, expected, where
        self._shared_by, self._key = shared_by, key
        self._place = {one.name: place for place, one in enumerate(expected)}
        self._records = self._seen()
        self._few = sa.select(self._records.c.id) if few else None
        self._source: sa.FromClause = self._records
        self._now = session.clock.now()

    def _seen(self) -> sa.CTE:
        """Return the records that are judged, narrowed once, with the columns that judging takes."""
        table, info = self._session.table(self._info.name), self._info
        names = {"id", "created_at", "updated_at", "owner_id", "custom", info.title}
        fields = {field for one in self._expected for entity, field in one.reads if entity == info.name}
        for field in info.stored:
            if field.name in fields:
                names |= {name for name, _ in column_types(field)}
        key = sa.literal_column("''", sa.Text()) if self._key is None else self._key
        columns = [column for column in table.c if column.name in names]
        return (
            sa.select(*columns, key.label("group_key")).where(*self._where).cte("records").prefix_with("MATERIALIZED")
        )

    def made(self) -> Judged:
        records = self._records
        parts = self._join_parts()
        changes = self._join_changes()
        confirmed = self._join_confirmations()
        states: dict[str, sa.ColumnElement[int]] = {}
        times: dict[str, sa.ColumnElement[datetime]] = {}
        for one in self._expected:
            present, valid, at = self._found(one, parts, changes)
            if one.max_age:
                at = _later(records.c.created_at if at is None else at, confirmed[one.name])
                times[one.name] = at
            states[one.name] = self._state(one, present, valid, at)
        title = records.c.get(self._info.title, records.c.id)
        columns = [
            records.c.id,
            title.label("title"),
            records.c.group_key.label("key"),
            *[state.label(f"s{place}") for place, state in enumerate(states.values())],
            *[times[one.name].label(f"t{place}") for place, one in enumerate(self._expected) if one.name in times],
        ]
        if self._info.owned:
            columns += [records.c.owner_id]
        statement = sa.select(*columns).select_from(self._source)
        first = statement.cte("stated").prefix_with("MATERIALIZED")
        return _summed(first, self._expected, times)

    # -- how one thing stands ------------------------------------------------------------------------------------

    def _found(
        self, one: Expected, parts: Mapping[str, sa.FromClause], changes: Mapping[str, sa.ColumnElement[Any]]
    ) -> tuple[Clause, Clause, Any]:
        """Return whether there is a value, whether it is right, and when it was changed last."""
        records = self._records
        if one.part is not None:
            found = parts[one.part.name]
            n, v, t = (found.c[f"{letter}{self._place[one.name]}"] for letter in "nvt")
            return sa.func.coalesce(n, 0) > 0, sa.func.coalesce(v, 0) > 0, t
        if one.subject == "unique":
            return sa.true(), self._unique(one), None
        assert one.field is not None, "what is neither a part nor unique is a field"
        present = self._holds(Not(Empty(one.field.name)))
        valid = sa.true() if one.valid is None else self._holds(one.valid)
        at: sa.ColumnElement[Any] | None = None
        if one.name in changes:
            at = sa.func.coalesce(changes[one.name], records.c.created_at)
        elif not one.field.audited:
            at = records.c.updated_at
        return present, valid, at

    def _state(self, one: Expected, present: Clause, valid: Clause, at: Any) -> sa.ColumnElement[int]:
        whens = [] if one.applies is None else [(sa.not_(self._holds(one.applies)), number(0))]
        if one.subject == "unique" and one.field is not None:
            whens.append((self._holds(Empty(one.field.name)), number(0)))
        whens += [(sa.not_(present), number(MISSING)), (sa.not_(valid), number(WRONG))]
        if one.max_age:
            whens.append((at < self._now - timedelta(days=one.max_age), number(OLD)))
        return sa.case(*whens, else_=number(GOOD))

    def _holds(self, predicate: Predicate) -> Clause:
        return self._session.reader.predicate(predicate, self._info, self._records, whole=True)

    def _unique(self, one: Expected) -> Clause:
        """Join those who are not alone, and return whether a record is."""
        if one.field is None:
            others = suspected_customers(self._session, self._shared_by, self._few).subquery("doubted")
            self._source = self._source.outerjoin(others, others.c.id == self._records.c.id)
        else:
            others = taken_values(self._session, self._info, one.field).subquery(f"d{self._place[one.name]}")
            self._source = self._source.outerjoin(others, others.c.id == self._records.c.id)
        return others.c.id.is_(None)

    # -- what is looked up for all records at once -----------------------------------------------------------------

    def _join_parts(self) -> dict[str, sa.FromClause]:
        """Join one row for each record and kind of part: how many count, how many are right, the newest of these."""
        wanted: dict[str, list[Expected]] = {}
        for one in self._expected:
            if one.part is not None:
                wanted.setdefault(one.part.name, []).append(one)
        return {name: self._joined_parts(f"p{place}", those) for place, (name, those) in enumerate(wanted.items())}

    def _joined_parts(self, name: str, those: Sequence[Expected]) -> sa.FromClause:
        part = those[0].part
        assert part is not None, "these are the expectations of a part"
        session = self._session
        info, table = session.database.registry.get(part.entity), session.table(part.entity)
        columns: list[Any] = []
        for one in those:
            counts = sa.true() if one.where is None else session.reader.predicate(one.where, info, table)
            right = counts if one.valid is None else sa.and_(counts, session.reader.predicate(one.valid, info, table))
            columns += [
                sa.func.count(sa.case((counts, number(1)))).label(f"n{self._place[one.name]}"),
                sa.func.count(sa.case((right, number(1)))).label(f"v{self._place[one.name]}"),
                _newest(right, table.c.updated_at).label(f"t{self._place[one.name]}"),
            ]
        up = table.c[part.up.field]
        statement = sa.select(up.label("record"), *columns).where(up.is_not(None)).group_by(up)
        if self._few is not None:
            statement = statement.where(up.in_(self._few))
        if part.up.kind_field:
            statement = statement.where(table.c[part.up.kind_field] == self._info.name)
        found = statement.subquery(name)
        self._source = self._source.outerjoin(found, found.c.record == self._records.c.id)
        return found

    def _join_changes(self) -> Mapping[str, sa.ColumnElement[Any]]:
        ageing = {
            one.name: one.field for one in self._expected if one.max_age and one.field is not None and one.field.audited
        }
        if not ageing:
            return {}
        found = changed_fields_table(self._session, self._info, ageing, sa.select(self._records.c.id))
        self._source = self._source.outerjoin(found, found.c.record_id == self._records.c.id)
        return {name: found.c[f"c{place}"] for place, name in enumerate(ageing)}

    def _join_confirmations(self) -> Mapping[str, sa.ColumnElement[Any]]:
        names = [one.name for one in self._expected if one.max_age]
        if not names:
            return {}
        found = confirmations_table(self._session, self._info, names, self._few)
        self._source = self._source.outerjoin(found, found.c.record_id == self._records.c.id)
        return {name: found.c[f"o{place}"] for place, name in enumerate(names)}


def _summed(first: sa.CTE, expected: Sequence[Expected], times: Mapping[str, Any]) -> Judged:
    """Add each record's weights to its states, so that they are computed once."""
    states = {one.name: first.c[f"s{place}"] for place, one in enumerate(expected)}
    good, total = (_weight(states, expected, least).label(name) for name, least in (("good", GOOD), ("total", MISSING)))
    rows = sa.select(*first.c, good, total).cte("judged")
    return Judged(
        rows,
        {one.name: rows.c[f"s{place}"] for place, one in enumerate(expected)},
        {one.name: rows.c[f"t{place}"] for place, one in enumerate(expected) if one.name in times},
    )


def _weight(states: Mapping[str, Any], expected: Sequence[Expected], least: int) -> sa.ColumnElement[int]:
    """Return the weights of what stands at ``least`` so."""
    sum_: sa.ColumnElement[int] = number(0)
    for one in expected:
        sum_ = sum_ + sa.case((states[one.name] >= number(least), number(one.weight)), else_=number(0))
    return sum_


def number(value: int) -> sa.ColumnElement[int]:
    """Return a number that is written out: one that is bound is another one to PostgreSQL each time."""
    return sa.literal_column(str(value), sa.BigInteger())


def _newest(condition: Clause, at: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    return sa.type_coerce(sa.func.max(sa.case((condition, at))), at.type)


def _later(at: Any, other: Any) -> Any:
    return sa.case((sa.and_(other.is_not(None), other > at), other), else_=at)
