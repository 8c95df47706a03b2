"""What records that are there already get in a new column: one value, written for each database in its own form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import ColumnElement

from crmkit.core.entity import FieldInfo
from crmkit.core.fieldtypes import Kind
from crmkit.core.values.partial_date import PartialDate, parse_partial_date
from crmkit.store.types import Exact, Flag, Id, Instant, IsoDate, Json, PartialDateText, StoredType

_READ: Mapping[type[Any], Callable[[str], Any]] = {
    Exact: Decimal,
    Id: UUID,
    Instant: datetime.fromisoformat,
    IsoDate: date.fromisoformat,
    PartialDateText: parse_partial_date,
}

_NOTHING: Mapping[Kind, Any] = {
    Kind.TEXT: "",
    Kind.INTEGER: 0,
    Kind.BOOLEAN: False,
    Kind.DECIMAL: "0",
    Kind.DATE: "0001-01-01",
    Kind.PARTIAL_DATE: "0001",
    Kind.INSTANT: "1970-01-01T00:00:00+00:00",
    Kind.ID: str(UUID(int=0)),
    Kind.WORDS: [],
    Kind.JSON: {},
}


_KINDS: tuple[tuple[Kind, type[Any]], ...] = (
    (Kind.ID, Id),
    (Kind.INSTANT, Instant),
    (Kind.DATE, IsoDate),
    (Kind.PARTIAL_DATE, PartialDateText),
    (Kind.DECIMAL, Exact),
    (Kind.BOOLEAN, Flag),
    (Kind.BOOLEAN, sa.Boolean),
    (Kind.INTEGER, sa.Integer),
)


class Default(ColumnElement[Any]):
    """A value as the default of a column. ``value`` is written as in JSON: decimals, times and ids as text."""

    inherit_cache = False

    def __init__(self, type_: Any, value: Any) -> None:
        self.type, self.value = type_, value


def default_of(type_: Any, value: Any) -> Default:
    """Return the default of a column of ``type_``, for ``server_default``; decimals, times and ids are given as text."""
    return Default(type_, value)


def written_default(field: FieldInfo) -> Any:
    """Return what existing records get in a new column that may not be empty, as ``default_of`` takes it."""
    value = _NOTHING[field.kind] if field.default is None else field.default
    if isinstance(value, Decimal | UUID | PartialDate):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else dict(value) if isinstance(value, Mapping) else value


def empty_value(type_: Any) -> Any:
    """Return what stands for nothing in a column of a type that may not be empty, as ``default_of`` takes it."""
    if isinstance(type_, Json):
        return [] if type_.words else {}
    for kind, known in _KINDS:
        if isinstance(type_, known):
            return _NOTHING[kind]
    return ""


def literal_default(type_: Any, value: Any, dialect: str) -> str:
    """Return a default as SQL of a dialect ("sqlite" or "postgresql")."""
    reader = _READ.get(type(type_))
    found = reader(value) if reader is not None and isinstance(value, str) else value
    convert = type_.to_driver(dialect) if isinstance(type_, StoredType) else None
    driven = found if convert is None else convert(found)
    if isinstance(driven, bytes):
        return f"X'{driven.hex()}'"
    if isinstance(driven, bool) and dialect == "sqlite":
        driven = int(driven)
    if isinstance(driven, bool | int | Decimal):
        return str(driven).lower()
    return "'" + str(driven).replace("'", "''") + "'"


@compiles(Default)
def _compiled(element: Default, compiler: Any, **_: Any) -> str:
    text = literal_default(element.type, element.value, compiler.dialect.name)
    # The driver of PostgreSQL takes a percent sign for a parameter wherever it takes parameters.
    return text.replace("%", "%%") if compiler.preparer._double_percents else text


def default_clause(type_: Any, value: Any) -> sa.DefaultClause:
    """Return what a column takes as its default."""
    return sa.DefaultClause(Default(type_, value))
