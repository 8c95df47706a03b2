"""What a condition compares in SQL: a column, or a value inside the JSON of custom fields."""

from __future__ import annotations

from typing import Any, Literal

import sqlalchemy as sa

from crmkit.core.entity import FieldInfo
from crmkit.core.fieldtypes import Kind
from crmkit.core.filter.asking import OrderOp
from crmkit.core.filter.civil import RANGES
from crmkit.core.filter.targets import Target
from crmkit.core.frozen import frozen
from crmkit.store.custom_columns import column_name
from crmkit.store.types import Id, Instant

Dialect = Literal["sqlite", "postgresql"]
Clause = sa.ColumnElement[bool]

SHORT = 100
VOCABULARIES = frozenset({"country", "currency", "language", "timezone"})
"""Texts up to this length, and of these formats, are taken for words of a vocabulary: few, and each of them often."""

_NUMBER = r"^[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$"
_INSTANT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?(Z|[+-][0-9]{2}:?[0-9]{2})$"
_ID = r"^[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}$"


@frozen
class Operand:
    """A value in SQL. ``nullable`` tells whether it can be null, ``few`` whether it is a column of few different values."""

    value: sa.ColumnElement[Any]
    nullable: bool
    few: bool = False

    def present(self) -> Clause:
        """The value is not null."""
        return self.value.is_not(None)

    def equals(self, values: tuple[Any, ...]) -> Clause:
        """The value is one of ``values``, of which there is one at least."""
        return self.value == values[0] if len(values) == 1 else self.value.in_(values)

    def ordered(self, op: OrderOp, bound: Any) -> Clause:
        """``value op bound``."""
        return self.value.op(op, is_comparison=True)(bound)


@frozen
class JsonNumber(Operand):
    """A number inside JSON on SQLite, which has no exact decimals: compared by a function of ours."""

    def present(self) -> Clause:
        return self._compared("0").is_not(None)

    def equals(self, values: tuple[Any, ...]) -> Clause:
        return sa.or_(*(self._compared(str(value)) == 0 for value in values))

    def ordered(self, op: OrderOp, bound: Any) -> Clause:
        return self._compared(str(bound)).op(op, is_comparison=True)(0)

    def _compared(self, bound: str) -> sa.ColumnElement[int]:
        return sa.func.crm_compare(self.value, bound, type_=sa.Integer())


def operand(target: Target, source: sa.FromClause, dialect: Dialect, zone: str, filled: bool = False) -> Operand:
    """Return what stands for the value at ``target`` in a row of ``source``; local times are those of ``zone``.

    ``filled`` says that the column of a custom field holds the values of all records.
    """
    whole = _whole(target, source, dialect, filled)
    return _local_part(target.part, whole, zone, dialect) if target.part in RANGES else whole


def _whole(target: Target, source: sa.FromClause, dialect: Dialect, filled: bool) -> Operand:
    field = target.field
    if field.custom and not filled:
        return _custom(field, source, dialect)
    if field.kind is Kind.MONEY:
        return Operand(source.c[f"{field.name}_{target.part or 'amount'}"], nullable=True)
    value: sa.ColumnElement[Any] = source.c[column_name(field) if field.custom else field.name]
    if field.kind is Kind.PARTIAL_DATE:
        value = _by_code_point(sa.type_coerce(value, sa.Text()), dialect)
    nullable = field.kind is not Kind.TEXT if field.custom else field.nullable
    return Operand(value, nullable, few=_of_few(field))


def _of_few(field: FieldInfo) -> bool:
    return field.kind is Kind.TEXT and (field.max_length <= SHORT or field.format in VOCABULARIES)


_EXTRACTED = {"hour": "hour", "weekday": "isodow", "month": "month"}


def _local_part(part: str, instant: Operand, zone: str, dialect: Dialect) -> Operand:
    name = sa.literal(zone, sa.Text())
    value: sa.ColumnElement[int]
    if dialect == "sqlite":
        value = sa.func.crm_local(instant.value, name, sa.literal(part, sa.Text()), type_=sa.Integer())
    else:
        local = sa.func.timezone(name, instant.value, type_=sa.DateTime())
        value = sa.cast(sa.extract(_EXTRACTED[part], local), sa.Integer())
    return Operand(value, instant.nullable)


def reference(field: FieldInfo, source: sa.FromClause, dialect: Dialect, filled: bool = False) -> sa.ColumnElement[Any]:
    """Return the id that a reference field holds; ``filled`` as for ``operand``."""
    if field.custom and not filled:
        return _custom(field, source, dialect).value
    return source.c[column_name(field) if field.custom else field.name]


def _custom(field: FieldInfo, source: sa.FromClause, dialect: Dialect) -> Operand:
    return _custom_sqlite(field, source) if dialect == "sqlite" else _custom_postgres(field, source)


def _custom_sqlite(field: FieldInfo, source: sa.FromClause) -> Operand:
    document, path = sa.type_coerce(source.c.custom, sa.Text()), f"$.{field.name}"
    raw = sa.func.json_extract(document, path, type_=sa.Text())
    match field.kind:
        case Kind.INTEGER | Kind.DECIMAL:
            return JsonNumber(raw, nullable=True)
        case Kind.BOOLEAN:
            kind = sa.func.json_type(document, path, type_=sa.Text())
            return Operand(sa.case((kind == "true", sa.true()), (kind == "false", sa.false())), nullable=True)
        case Kind.INSTANT:
            return Operand(sa.func.crm_instant(raw, type_=Instant()), nullable=True)
        case Kind.ID:
            return Operand(sa.func.crm_id(raw, type_=Id()), nullable=True)
        case Kind.WORDS:
            return Operand(raw, nullable=True)
        case Kind.TEXT:
            return Operand(sa.func.coalesce(raw, "", type_=sa.Text()), nullable=False)
        case _:
            return Operand(raw, nullable=True)


def _custom_postgres(field: FieldInfo, source: sa.FromClause) -> Operand:
    raw = source.c.custom.op("->>", return_type=sa.Text())(sa.literal(field.name, sa.Text()))
    match field.kind:
        case Kind.INTEGER | Kind.DECIMAL:
            return Operand(_cast_where(raw, _NUMBER, sa.Numeric()), nullable=True)
        case Kind.BOOLEAN:
            return Operand(sa.case((raw == "true", sa.true()), (raw == "false", sa.false())), nullable=True)
        case Kind.INSTANT:
            return Operand(_cast_where(raw, _INSTANT, Instant()), nullable=True)
        case Kind.ID:
            return Operand(_cast_where(raw, _ID, Id()), nullable=True)
        case Kind.WORDS:
            words = source.c.custom.op("->", return_type=sa.Text())(sa.literal(field.name, sa.Text()))
            return Operand(words, nullable=True)
        case Kind.TEXT:
            return Operand(_by_code_point(sa.func.coalesce(raw, "", type_=sa.Text()), "postgresql"), nullable=False)
        case _:
            return Operand(_by_code_point(raw, "postgresql"), nullable=True)


def _cast_where(raw: sa.ColumnElement[str], pattern: str, type_: Any) -> sa.ColumnElement[Any]:
    """Cast text of the right form; other text, which nothing of ours writes, is null instead of an error."""
    return sa.case((raw.op("~")(pattern), sa.cast(raw, type_)))


def _by_code_point(text: sa.ColumnElement[str], dialect: Dialect) -> sa.ColumnElement[str]:
    return text.collate("C") if dialect == "postgresql" else text
