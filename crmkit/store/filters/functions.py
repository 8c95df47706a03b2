"""The functions that filters call inside databases: ``crm_fold`` in both, helpers for JSON values in SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from crmkit.core.fieldtypes import Kind
from crmkit.core.filter.civil import local_part
from crmkit.core.filter.custom import custom_value
from crmkit.core.filter.fold import FOLDINGS, fold
from crmkit.core.values.clock import time_zone

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


_COMMON = (range(0xB5, 0x100), range(0x370, 0x3D0), range(0x400, 0x460))
"""The letters of Western Europe, Greek and Cyrillic."""


def _postgres_fold() -> str:
    # translate() searches its whole table for every character, so few texts should get to the large one (35 us for a
    # name, the small table 6, the rest 0.5): ASCII is told by its length in bytes, the others by character classes.
    common = {code: to for code, to in FOLDINGS.items() if any(code in block for block in _COMMON)}
    others = [code for code in FOLDINGS if code not in common]
    lowered = 'lower(value COLLATE "C")'
    return (
        "CREATE OR REPLACE FUNCTION crm_fold(value text) RETURNS text\n"
        "LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$\n"
        "SELECT CASE\n"
        f"  WHEN octet_length(value) = char_length(value) THEN {lowered}\n"
        f"  WHEN value COLLATE \"C\" !~ U&'[{_ranges(FOLDINGS)}]' THEN {lowered}\n"
        f"  WHEN value COLLATE \"C\" !~ U&'[{_ranges(others)}]' THEN {_translated(lowered, common)}\n"
        f"  ELSE {_translated(lowered, FOLDINGS)}\n"
        "END $$"
    )


def _translated(value: str, table: Mapping[int, int]) -> str:
    source, result = "".join(map(_escaped, table)), "".join(map(_escaped, table.values()))
    return f"translate({value}, U&'{source}', U&'{result}')"


def _ranges(codes: Iterable[int]) -> str:
    spans: list[list[int]] = []
    for code in sorted(codes):
        if spans and code <= spans[-1][1] + 2:
            spans[-1][1] = code
        else:
            spans.append([code, code])
    return "".join(f"{_escaped(first)}-{_escaped(last)}" for first, last in spans)


def _escaped(code: int) -> str:
    """A character inside U&'...'. All are escaped, so that no driver or client takes one for a sign of its own."""
    return f"\\{code:04X}"


POSTGRES_FUNCTIONS: tuple[str, ...] = (_postgres_fold(),)
"""Statements that create what filters need in a PostgreSQL database (15 or later, UTF-8); they can be repeated."""


def register_functions(connection: sqlite3.Connection) -> None:
    """Give a new SQLite connection what filters need.

    ``crm_fold(text)`` is the fold. ``crm_compare(json value, number as text)`` is -1, 0 or 1, exact for decimals;
    ``crm_instant(json value)`` is microseconds since 1970 and ``crm_id(json value)`` the bytes of an id.
    ``crm_local(microseconds since 1970, zone, part)`` is the hour, weekday or month in a time zone. All give null for
    null and for values of another kind.
    """
    for name, arguments, function in (
        ("crm_fold", 1, _fold),
        ("crm_compare", 2, _compare),
        ("crm_instant", 1, _instant),
        ("crm_id", 1, _id),
        ("crm_local", 3, _local),
    ):
        connection.create_function(name, arguments, function, deterministic=True)


def _fold(value: object) -> str | None:
    return None if value is None else fold(str(value))


def _compare(value: object, bound: str) -> int | None:
    number = custom_value(Kind.DECIMAL, value)
    return None if number is None else int(number.compare(Decimal(bound)))


def _instant(value: object) -> int | None:
    instant = custom_value(Kind.INSTANT, value)
    return None if instant is None else (instant - _EPOCH) // timedelta(microseconds=1)


def _id(value: object) -> bytes | None:
    found = custom_value(Kind.ID, value)
    return None if found is None else found.bytes


def _local(value: object, zone: str, part: str) -> int | None:
    if not isinstance(value, int):
        return None
    return local_part(_EPOCH + timedelta(microseconds=value), time_zone(zone), part)
