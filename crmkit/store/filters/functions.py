"""The functions that filters call inside SQLite: ``crm_fold``, and helpers for JSON values."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from crmkit.core.fieldtypes import Kind
from crmkit.core.filter.civil import local_part
from crmkit.core.filter.custom import custom_value
from crmkit.core.filter.fold import fold
from crmkit.core.values.clock import time_zone

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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
