"""The quality of many records added up in SQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crmkit.core.quality_rules import Expected
from crmkit.store.quality import GOOD, MISSING, OLD, WRONG, Judged, number

if TYPE_CHECKING:
    from crmkit.store.session import Session

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""What mean times are counted from."""


def summed_up(session: Session, found: Judged, expected: Sequence[Expected]) -> sa.Select[Any]:
    """Return the select of one row a group: key, records, and of each expectation its counts and its mean time.

    Counts are expected, present, valid and current; the mean is of what is valid, in seconds since 1970, None without.
    """
    columns: list[Any] = [found.rows.c.key, sa.func.count()]
    for one in expected:
        state = found.states[one.name]
        columns += [
            sa.func.count(sa.case((state >= number(least), number(1)))) for least in (MISSING, WRONG, OLD, GOOD)
        ]
        if one.name in found.times:
            right = sa.case((state >= number(OLD), _seconds(session, found.times[one.name])))
            columns.append(sa.func.avg(right))
        else:
            columns.append(sa.null())
    return sa.select(*columns).group_by(found.rows.c.key).order_by(found.rows.c.key)


def _seconds(session: Session, at: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    if session.database.dialect == "sqlite":
        return sa.type_coerce(at, sa.BigInteger()) / sa.literal_column("1000000.0", sa.Float())
    return sa.extract("epoch", at)


@contextmanager
def all_at_once(session: Session) -> Iterator[None]:
    """Within, PostgreSQL joins whole tables: one that it has not measured yet it would take for empty, and go through
    what it joins to it once for every record.
    """
    if session.database.dialect != "postgresql":
        yield
        return
    session.connection.exec_driver_sql("SET LOCAL enable_nestloop = off")
    try:
        yield
    finally:
        # Where the transaction failed, the setting ends with it.
        with suppress(sa.exc.DBAPIError):
            session.connection.exec_driver_sql("SET LOCAL enable_nestloop = on")
