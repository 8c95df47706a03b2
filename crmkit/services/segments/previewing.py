"""A look at a segment before it is used: the first records, and for each why it is in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.entity import EntityInfo
from crmkit.core.errors import BadInput, did_you_mean
from crmkit.core.filter import (
    EVERYTHING,
    And,
    Compare,
    Constant,
    Empty,
    FilterContext,
    Has,
    In,
    InSegment,
    Match,
    Or,
    Predicate,
    parse,
    to_text,
)
from crmkit.core.filter.civil import RANGES, local_part
from crmkit.core.filter.targets import Target, resolve_path
from crmkit.core.frozen import frozen
from crmkit.core.grouping import Segment
from crmkit.core.messages import msg, shown
from crmkit.core.values.money import Money
from crmkit.services.segments.asked import Asked, asked, first_records
from crmkit.services.segments.defining import find_segment
from crmkit.store.filters import children_number
from crmkit.store.session import Session

LONGEST = 200
"""Records that a preview shows at the most."""


@frozen
class Reason:
    """A condition of a filter that a record meets: its text, and what the record has.

    ``value`` is that of the field, or how many children there are; None where the condition asks for more than one.
    """

    condition: str
    value: Any = None


@frozen
class PreviewRow:
    """A record of a segment, its values in the preview's columns and why it is in the segment."""

    record: Any
    values: tuple[Any, ...]
    reasons: tuple[Reason, ...]


@frozen
class Preview:
    """The first records of a segment; ``more`` says that there are others."""

    columns: tuple[str, ...]
    rows: tuple[PreviewRow, ...]
    more: bool


def preview(
    session: Session,
    segment: Segment | UUID | str = "",
    *,
    filter: str = "",
    entity: str = "customer",
    columns: Sequence[str] = (),
    limit: int = 10,
) -> Preview:
    """Return the first records that the actor may see of a segment, or of a ``filter`` on ``entity`` that is no segment yet.

    ``columns`` are fields to show, by default the one that records are known by. Raises NotFound, FilterError,
    AccessDenied for fields that the actor may not read, and BadInput for unknown columns and a ``limit`` beyond
    ``LONGEST``.
    """
    session.flush()
    if not 1 <= limit <= LONGEST:
        raise BadInput(msg("limit {limit}: a number from 1 to {most}", limit=limit, most=LONGEST))
    written, info = _written(session, segment, filter, entity)
    names = _columns(info, columns)
    wanted = asked(session, info.name, written)
    records = first_records(session, wanted, limit + 1)
    shown_ones = records[:limit]
    why = _Reasons(session, wanted, shown_ones)
    rows = []
    for record in shown_ones:
        values = session.shown(record, names)
        rows.append(PreviewRow(record, tuple(values[name] for name in names), tuple(why.of(written, record.id))))
    return Preview(names, tuple(rows), len(records) > limit)


def _written(session: Session, segment: Segment | UUID | str, filter: str, entity: str) -> tuple[Predicate, EntityInfo]:
    """Return the filter as it is written, for that is what people want explained, and what it asks."""
    registry = session.database.registry
    if segment == "":
        info = registry.get(entity)
        return parse(filter, registry, info.name) if filter.strip() else EVERYTHING, info
    found = find_segment(session, segment)
    info = registry.get(found.entity)
    if found.kind == "frozen":
        return InSegment(found.name), info
    return parse(found.filter, registry, info.name) if found.filter.strip() else EVERYTHING, info


def _columns(info: EntityInfo, columns: Sequence[str]) -> tuple[str, ...]:
    for name in columns:
        if name not in info.by_name:
            hint = did_you_mean(name, info.by_name)
            raise BadInput(msg("{entity} has no field {field}; {hint}", entity=info.name, field=shown(name), hint=hint))
    return tuple(columns) or (info.title if info.title in info.by_name else "id",)


class _Reasons:
    """Tells which conditions some records meet; each condition is asked once for all of them."""

    def __init__(self, session: Session, wanted: Asked, records: Sequence[Any]) -> None:
        self._session, self._info, self._table = session, wanted.info, wanted.table
        self._records = {record.id: record for record in records}
        self._met: dict[Predicate, set[UUID]] = {}
        self._counted: dict[Has, dict[UUID, int]] = {}

    def of(self, predicate: Predicate, id: UUID) -> Iterator[Reason]:
        """Yield why a record that meets ``predicate`` does."""
        if isinstance(predicate, And | Or):
            for item in predicate.items:
                if id in self._meeting(item):
                    yield from self.of(item, id)
        elif not isinstance(predicate, Constant):
            yield Reason(to_text(predicate), self._value(predicate, id))

    def _meeting(self, predicate: Predicate) -> set[UUID]:
        if predicate not in self._met:
            clause = asked(self._session, self._info.name, predicate)
            meets = self._session.reader.predicate(clause.predicate, self._info, self._table)
            self._met[predicate] = {row[0] for row in self._ask(self._table.c.id, meets)}
        return self._met[predicate]

    def _value(self, predicate: Predicate, id: UUID) -> Any:
        if isinstance(predicate, Has):
            return self._number(predicate, id)
        if not isinstance(predicate, Compare | In | Match | Empty):
            return None
        target = resolve_path(predicate.path, self._session.database.registry, self._info.name)
        record, field = self._records[id], target.field
        for hop in target.hops:
            held = self._session.shown(record, [hop.field.name])[hop.field.name]
            cls = self._session.database.registry.get(hop.target).cls
            record = None if held is None else self._session.find(cls, id=held)
            if record is None:
                return None
        return _part(target, self._session.shown(record, [field.name])[field.name], self._context())

    def _number(self, has: Has, id: UUID) -> int:
        if has not in self._counted:
            session, database = self._session, self._session.database
            meant: Any = session.reader.meaning(has, self._info, session.connection)
            number = children_number(
                meant,
                self._info.name,
                database.registry,
                session.narrowing.sources(),
                self._context(),
                database.dialect,
                self._table,
            )
            self._counted[has] = {row[0]: row[1] for row in self._ask(self._table.c.id, None, number)}
        return self._counted[has][id]

    def _ask(self, id: Any, clause: sa.ColumnElement[bool] | None, *more: Any) -> Sequence[Any]:
        statement = sa.select(id, *more).where(id.in_(list(self._records)))
        return self._session.execute(statement if clause is None else statement.where(clause)).all()

    def _context(self) -> FilterContext:
        actor = self._session.actor
        return FilterContext(now=self._session.clock.now(), zone=actor.timezone, user=actor.user_id)


def _part(target: Target, value: Any, context: FilterContext) -> Any:
    """Return what a path asks for of a field's value, which may be hidden or of another kind."""
    if target.part in RANGES:
        return local_part(value, context.tz, target.part) if isinstance(value, datetime) else None
    if target.part:
        return getattr(value, target.part) if isinstance(value, Money) else None
    return value
