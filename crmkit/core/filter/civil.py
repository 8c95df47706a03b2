"""Parts of an instant in somebody's local time: the hour, the day of the week, the month."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

from crmkit.core.frozen import frozen

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

RANGES = {"hour": (0, 23), "weekday": (1, 7), "month": (1, 12)}
"""The parts, each with its least and its greatest value; weekdays count from Monday, as in ISO 8601."""

_FIRST = datetime(1, 1, 3, tzinfo=UTC)
_LAST = datetime(9999, 12, 29, tzinfo=UTC)
_CYCLE = timedelta(days=146_097)
"""The Gregorian calendar repeats itself, weekdays included, after so many days: 400 years."""


@frozen
class Weekday:
    """A day of the week, 1 for Monday to 7 for Sunday."""

    number: int

    def __str__(self) -> str:
        return WEEKDAYS[self.number - 1]


def read_weekday(text: str) -> Weekday | None:
    """Return the day that a folded text names: ``friday``, ``fri`` or ``5``; None when it names none."""
    if text.isdecimal() and text.isascii():
        return Weekday(int(text)) if len(text) == 1 and "1" <= text <= "7" else None
    for number, name in enumerate(WEEKDAYS, start=1):
        if text in (name, name[:3]):
            return Weekday(number)
    return None


def local_part(instant: datetime, zone: tzinfo, part: str) -> int:
    """Return a part, a key of ``RANGES``, of an aware instant as clocks and calendars in ``zone`` show it.

    Where local time would leave the years 1 to 9999, it is that of the same day four hundred years nearer.
    """
    if not _FIRST <= instant <= _LAST:
        instant += _CYCLE if instant < _FIRST else -_CYCLE
    local = instant.astimezone(zone)
    if part == "hour":
        return local.hour
    return local.isoweekday() if part == "weekday" else local.month
