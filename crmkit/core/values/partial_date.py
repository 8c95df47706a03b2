"""Dates of which parts may be unknown, as vCard (RFC 6350, 4.3.1) and ISO 8601 write them: birthdays without a year."""

from __future__ import annotations

import re
from datetime import date

from crmkit.core.frozen import frozen
from crmkit.core.messages import msg
from crmkit.core.values.bad_value import BadValue
from crmkit.core.values.pattern import pattern

_FORM = pattern(
    r"(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d))?)?"
    r"|(?P<year_b>\d{4})(?P<month_b>\d\d)(?P<day_b>\d\d)"
    r"|--(?P<month_n>\d\d)(?:-?(?P<day_n>\d\d))?"
    r"|---(?P<day_o>\d\d)",
    re.ASCII,
)
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@frozen
class PartialDate:
    """A civil date with at least one known part; a year with a day needs the month. It has no order.

    Impossible dates raise ``BadInput``; 29 February is possible as long as no common year is given.
    """

    year: int | None = None
    month: int | None = None
    day: int | None = None

    def __attrs_post_init__(self) -> None:
        if not _possible(self.year, self.month, self.day):
            raise BadValue((self.year, self.month, self.day), msg("a possible year, month and day"))

    def __str__(self) -> str:
        """Return the canonical form: ``1980``, ``1980-05``, ``1980-05-17``, ``--05-17``, ``--05`` or ``---17``."""
        if self.month is None:
            return f"{self.year:04d}" if self.year is not None else f"---{self.day:02d}"
        head = f"{self.year:04d}-{self.month:02d}" if self.year is not None else f"--{self.month:02d}"
        return head if self.day is None else f"{head}-{self.day:02d}"

    @classmethod
    def of(cls, day: date) -> PartialDate:
        """Return the whole date ``day`` as a partial date."""
        return cls(day.year, day.month, day.day)

    def to_date(self) -> date | None:
        """Return the date when year, month and day are all known, else None."""
        if self.year is None or self.month is None or self.day is None:
            return None
        return date(self.year, self.month, self.day)


def parse_partial_date(raw: str) -> PartialDate:
    """Read ``1980``, ``1980-05``, ``1980-05-17``, ``19800517``, ``--05-17``, ``--0517``, ``--05`` or ``---17``.

    Raises ``BadInput`` for other texts and for impossible dates.
    """
    found = _FORM.fullmatch(raw.strip())
    if not found:
        raise BadValue(raw, msg("a date such as 1980-05-17, 1980-05, 1980 or, without the year, --05-17"))
    parts = {name[0]: int(value) for name, value in found.groupdict().items() if value is not None}
    year, month, day = parts.get("y"), parts.get("m"), parts.get("d")
    if not _possible(year, month, day):
        raise BadValue(raw, msg("a possible date; this one is in no calendar"))
    return PartialDate(year, month, day)


def _possible(year: int | None, month: int | None, day: int | None) -> bool:
    if month is None:
        day_ok = day is None or (year is None and 1 <= day <= 31)
        return day_ok and (year is not None or day is not None) and (year is None or 1 <= year <= 9999)
    if not 1 <= month <= 12 or (year is not None and not 1 <= year <= 9999):
        return False
    if day is None:
        return True
    leap = year is None or (year % 4 == 0 and (year % 100 != 0 or year % 400 == 0))
    return 1 <= day <= (28 if month == 2 and not leap else _DAYS[month - 1])
