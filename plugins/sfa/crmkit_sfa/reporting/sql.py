"""What SQLite and PostgreSQL say in different words: days and time between, and the month of a day."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

DAY = 86_400_000_000
"""Microseconds of a day."""


class days_between(FunctionElement[int]):
    """Whole days from one civil date to a later one: ``days_between(earlier, later)``."""

    inherit_cache = True
    name = "days_between"
    type = sa.BigInteger()


class time_between(FunctionElement[int]):
    """Microseconds from one instant to a later one: ``time_between(earlier, later)``."""

    inherit_cache = True
    name = "time_between"
    type = sa.BigInteger()


class whole_days(FunctionElement[int]):
    """How many whole days so many microseconds are: ``whole_days(microseconds)``."""

    inherit_cache = True
    name = "whole_days"
    type = sa.BigInteger()


class month_of(FunctionElement[str]):
    """The month of a civil date as text: ``2026-03``."""

    inherit_cache = True
    name = "month_of"
    type = sa.String()


class in_order(FunctionElement[str]):
    """The texts of a group, one behind the other by another column: ``in_order(text, column)``.

    The rows must come from a subquery in that order: SQLite keeps it for aggregates that it matters to.
    """

    inherit_cache = True
    name = "in_order"
    type = sa.String()


@compiles(in_order, "sqlite")
def _in_order_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    text, _ = _arguments(element, compiler, options)
    return f"group_concat({text}, '')"


@compiles(in_order, "postgresql")
def _in_order_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    text, column = _arguments(element, compiler, options)
    return f"string_agg({text}, '' ORDER BY {column})"


@compiles(days_between, "sqlite")
def _days_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    earlier, later = _arguments(element, compiler, options)
    return f"CAST(julianday({later}) - julianday({earlier}) AS INTEGER)"


@compiles(days_between, "postgresql")
def _days_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    earlier, later = _arguments(element, compiler, options)
    return f"({later} - {earlier})"


@compiles(time_between, "sqlite")
def _time_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    earlier, later = _arguments(element, compiler, options)
    return f"({later} - {earlier})"


@compiles(time_between, "postgresql")
def _time_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    earlier, later = _arguments(element, compiler, options)
    # A double holds the microseconds of 285 years exactly, and takes a quarter of the time of a numeric.
    return f"CAST(date_part('epoch', {later} - {earlier}) * 1000000 AS bigint)"


@compiles(whole_days, "sqlite")
@compiles(whole_days, "postgresql")
def _whole_days(element: Any, compiler: Any, **options: Any) -> str:
    (time,) = _arguments(element, compiler, options)
    return f"CAST({time} AS bigint) / {DAY}"


@compiles(month_of, "sqlite")
def _month_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    (day,) = _arguments(element, compiler, options)
    return f"substr({day}, 1, 7)"


@compiles(month_of, "postgresql")
def _month_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    (day,) = _arguments(element, compiler, options)
    return f"to_char({day}, 'YYYY-MM')"


def _arguments(element: Any, compiler: Any, options: dict[str, Any]) -> list[str]:
    return [compiler.process(clause, **options) for clause in element.clauses]
