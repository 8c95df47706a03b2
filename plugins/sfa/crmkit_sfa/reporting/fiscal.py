"""The fiscal calendar, as pure rules: months, quarters and years of a fiscal year that starts with any month.

A fiscal year is called after the civil year in which it ends, as is usual (``FY2026`` may run from April 2025 to March
2026). One that starts in January is the civil year.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Literal, get_args

from crmkit.core.frozen import frozen
from crmkit.core.values.pattern import pattern
from crmkit.plugin import BadInput, msg

PeriodKind = Literal["month", "quarter", "year"]
MONTHS = {"month": 1, "quarter": 3, "year": 12}

_NAME = pattern(r"(?:FY)?(\d{4})(?:-?(?:Q([1-4])|M?(\d{2})))?", re.IGNORECASE)


@frozen(order=True)
class Period:
    """A month, quarter or year: ``start`` is its first day, ``end`` the first day after it."""

    start: date
    end: date
    kind: PeriodKind
    name: str
    """``2026-03`` for a month, ``FY2026-Q1`` for a quarter, ``FY2026`` for a year."""

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self.start <= day < self.end

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.end - self.start).days

    @property
    def last_day(self) -> date:
        """Its last day."""
        return self.end - timedelta(days=1)


def period_of(day: date, kind: PeriodKind, starts: int = 1) -> Period:
    """Return the period that ``day`` lies in; ``starts`` is the month, 1 to 12, in which fiscal years start.

    Raises BadInput for another month, and for a day so near the end of the calendar that its period has no end.
    """
    if not 1 <= starts <= 12:
        raise BadInput(msg("fiscal_year_starts {value}: expected a month from 1 to 12", value=starts))
    length = MONTHS[kind]
    since = (day.month - starts) % 12
    first = day.year * 12 + day.month - 1 - since % length
    try:
        start, end = _month(first), _month(first + length)
    except ValueError:
        raise BadInput(msg("{value}: expected a day in the years 2 to 9998", value=day.isoformat())) from None
    if kind == "month":
        return Period(start, end, kind, f"{start:%Y-%m}")
    # The fiscal year's last month tells its name.
    year = (first - since // length * length + 11) // 12
    name = f"FY{year}" if kind == "year" else f"FY{year}-Q{since // 3 + 1}"
    return Period(start, end, kind, name)


def next_period(period: Period, starts: int = 1) -> Period:
    """Return the period after this one."""
    return period_of(period.end, period.kind, starts)


def periods_between(first: date, last: date, kind: PeriodKind, starts: int = 1) -> Iterator[Period]:
    """Yield the periods from that of ``first`` to that of ``last``, both included."""
    period = period_of(first, kind, starts)
    while period.start <= last:
        yield period
        period = next_period(period, starts)


def period_named(name: str, starts: int = 1) -> Period:
    """Return the period called ``FY2026-Q1``, ``2026-Q1``, ``2026-03`` or ``FY2026``; raises BadInput."""
    found = _NAME.fullmatch(name.strip())
    year, quarter, month = (int(part) if part else None for part in found.groups()) if found else (None, None, None)
    if year is None or not 2 <= year <= 9998 or (month is not None and not 1 <= month <= 12):
        raise BadInput(msg("period {value}: expected one such as 2026-03, FY2026-Q1 or FY2026", value=name))
    if month is not None:
        return period_of(date(year, month, 1), "month", starts)
    # Its last month lies in the civil year that gives the name.
    opening = _month((year - (starts > 1)) * 12 + starts - 1)
    if quarter is None:
        return period_of(opening, "year", starts)
    return period_of(_month(opening.year * 12 + opening.month - 1 + 3 * (quarter - 1)), "quarter", starts)


def period_kind(text: str) -> PeriodKind:
    """Return ``text`` as a kind of period; raises BadInput."""
    for kind in get_args(PeriodKind):
        if text == kind:
            return kind  # type: ignore[no-any-return]
    raise BadInput(
        msg("period {value}: expected one of {expected}", value=text, expected=", ".join(get_args(PeriodKind)))
    )


def _month(number: int) -> date:
    """Return the first day of a month counted from year 0."""
    return date(number // 12, number % 12 + 1, 1)
