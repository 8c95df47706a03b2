"""Lists by pages: a page tells where it ended by the values it is sorted by, so that the next one need not count its way.

A page of a long list takes as long as the first one, and what is added or deleted meanwhile moves nothing twice or past
the reader. A record whose sorted values change between two pages is where its new values put it.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar
from uuid import UUID

import attrs
import msgspec
import sqlalchemy as sa
from sqlalchemy.types import NULLTYPE

from crmkit.core.entity import EntityInfo, FieldInfo
from crmkit.core.errors import BadInput
from crmkit.core.fieldtypes import Kind
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg, shown
from crmkit.core.values.partial_date import PartialDate, parse_partial_date
from crmkit.store.custom_columns import CustomColumn, column_name
from crmkit.store.types import LARGEST

E = TypeVar("E")

MOST = 10_000
"""The largest page."""

_PADDING = "==="
_WHOLE = 2**63


@frozen
class Page(Generic[E]):
    """Records in their order; ``next`` is the cursor of the page behind this one, empty on the last one."""

    records: tuple[E, ...]
    next: str = ""


@frozen(eq=False)
class Sorting:
    """One field that a list is sorted by, and its column. Nothing comes before everything, or behind it when descending."""

    field: FieldInfo
    column: sa.ColumnElement[Any]
    descending: bool
    of: Callable[[Any], Any] | None = None
    """Gives the value that a record is sorted by, where it is none of its attributes."""

    def value(self, record: Any) -> Any:
        """Return the value that a record is sorted by."""
        return getattr(record, self.field.name) if self.of is None else self.of(record)

    @property
    def word(self) -> str:
        """How ``order`` says it."""
        return f"-{self.field.name}" if self.descending else self.field.name

    def ordered(self) -> sa.ColumnElement[Any]:
        """Return the term of ORDER BY."""
        if not self.field.nullable:
            # Said of what is never null, it would keep PostgreSQL from using an index.
            return self.column.desc() if self.descending else self.column.asc()
        return self.column.desc().nulls_last() if self.descending else self.column.asc().nulls_first()

    def behind(self, value: Any) -> sa.ColumnElement[bool]:
        """Return whether a row comes behind those that have ``value``."""
        if value is None:
            return sa.false() if self.descending else self.column.is_not(None)
        further: sa.ColumnElement[bool] = self.column < value if self.descending else self.column > value
        return sa.or_(further, self.column.is_(None)) if self.descending and self.field.nullable else further

    def beside(self, value: Any) -> sa.ColumnElement[bool]:
        """Return whether a row has ``value`` too."""
        return self.column.is_(None) if value is None else self.column == value


def sorting_by(field: FieldInfo, table: sa.FromClause, descending: bool) -> Sorting:
    """Return how a list is sorted by a field with a column; that of a custom field is never null for texts."""
    if not field.custom:
        return Sorting(field, table.c[field.name], descending)
    copy = CustomColumn(attrs.evolve(field, nullable=field.kind is not Kind.TEXT), column_name(field), NULLTYPE)
    return Sorting(copy.field, table.c[copy.name], descending, lambda record: copy.value(record.custom))


def check_limit(limit: int) -> None:
    """Raise BadInput unless ``limit`` is 1 to ``MOST``."""
    if not 1 <= limit <= MOST:
        raise BadInput(msg("limit {limit}: a number from 1 to {most}", limit=limit, most=MOST))


def cursor_at(info: EntityInfo, sortings: Sequence[Sorting], record: Any) -> str:
    """Return the cursor of the page behind ``record``."""
    values = [_written(sorting.value(record)) for sorting in sortings]
    place = [info.name, [sorting.word for sorting in sortings], values, record.id.hex]
    return urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def behind(
    sortings: Sequence[Sorting], id: sa.ColumnElement[Any], values: Sequence[Any], last: Any
) -> sa.ColumnElement[bool]:
    """Return the condition on rows behind the one with an id and these values, or parameters for them but for None."""
    found: sa.ColumnElement[bool] = id > last
    for sorting, value in zip(reversed(sortings), reversed(values), strict=True):
        found = sa.or_(sorting.behind(value), sa.and_(sorting.beside(value), found))
    if sortings and values[0] is not None and not (sortings[0].descending and sortings[0].field.nullable):
        # The same once more as a bound, which an index can start from.
        first, value = sortings[0], values[0]
        found = sa.and_(first.column <= value if first.descending else first.column >= value, found)
    return found


def read_cursor(info: EntityInfo, sortings: Sequence[Sorting], cursor: str) -> tuple[list[Any], UUID]:
    """Return the values and the id that a cursor tells; raises BadInput for one of another list and for none at all."""
    try:
        place = msgspec.json.decode(
            urlsafe_b64decode((cursor + _PADDING[: -len(cursor) % 4]).encode("ascii")),
            type=tuple[str, list[str], list[Any], str],
        )
        entity, words, values, last = place
        if (entity, words) == (info.name, [sorting.word for sorting in sortings]):
            return [_value(sorting.field, value) for sorting, value in zip(sortings, values, strict=True)], UUID(last)
    except (ValueError, TypeError, ArithmeticError, msgspec.MsgspecError, BadInput):
        raise BadInput(msg("{cursor} is no place in a list", cursor=shown(cursor))) from None
    there = ", ".join(words) or "id"
    raise BadInput(msg("this is a place in a list of {entity} by {order}, not in this one", entity=entity, order=there))


def _written(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal | UUID | PartialDate) else value


def _value(field: FieldInfo, value: Any) -> Any:
    """Return the value that a cursor tells of a field; raises ValueError or TypeError where it can be none."""
    if value is None:
        if not field.nullable:
            raise ValueError(field.name)
        return None
    if field.kind is Kind.BOOLEAN or field.kind is Kind.INTEGER:
        if type(value) is not (bool if field.kind is Kind.BOOLEAN else int) or abs(value) >= _WHOLE:
            raise ValueError(field.name)
        return value
    if not isinstance(value, str) or "\0" in value:
        raise ValueError(field.name)
    found = _TYPES[field.kind](value)
    if isinstance(found, Decimal) and not (found.is_finite() and abs(found) <= LARGEST):
        raise ValueError(field.name)
    if isinstance(found, datetime) and found.tzinfo is None:
        raise ValueError(field.name)
    return found


_TYPES: dict[Kind, Any] = {
    Kind.TEXT: str,
    Kind.DECIMAL: Decimal,
    Kind.DATE: date.fromisoformat,
    Kind.PARTIAL_DATE: parse_partial_date,
    Kind.INSTANT: datetime.fromisoformat,
    Kind.ID: UUID,
}

SORTED_BY = frozenset(_TYPES) | {Kind.BOOLEAN, Kind.INTEGER}
"""The kinds of fields that have an order."""
