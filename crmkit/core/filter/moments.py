"""Dates relative to now: ``today - 90 days``, ``start of month``, and what they are for whoever asks."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Literal
from uuid import UUID

from crmkit.core.filter.faults import Unsuitable
from crmkit.core.filter.fold import fold
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg
from crmkit.core.values.clock import time_zone
from crmkit.core.values.pattern import pattern

Base = Literal[
    "now", "today", "yesterday", "tomorrow", "start of week", "start of month", "start of quarter", "start of year"
]
Unit = Literal["minute", "hour", "day", "week", "month", "year"]

MAX_AMOUNT = 1_000_000

_BASES: tuple[Base, ...] = (
    "now",
    "today",
    "yesterday",
    "tomorrow",
    "start of week",
    "start of month",
    "start of quarter",
    "start of year",
)
_BASE = pattern("|".join(base.replace(" ", r"\s+") for base in _BASES))
_SHIFT = pattern(r"\s*([+\-])\s*(\d+)\s*(minute|hour|day|week|month|year)s?\b", re.ASCII)
_FIRST = datetime.min.replace(tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)


@frozen
class FilterContext:
    """Who asks and when: ``now`` is an aware instant, ``zone`` an IANA time zone, ``user`` what ``me`` stands for.

    ``first_weekday`` starts the week, 0 for Monday to 6 for Sunday.
    """

    now: datetime
    zone: str = "UTC"
    user: UUID | None = None
    first_weekday: int = 0

    @property
    def tz(self) -> tzinfo:
        """The time zone itself; raises BadInput for an unknown name."""
        return time_zone(self.zone)

    def start_of(self, day: date) -> datetime:
        """Return the first instant of a civil date, in UTC; where clocks skip midnight, the instant of the skip."""
        return self.at(datetime.combine(day, time()))

    def end_of(self, day: date) -> datetime:
        """Return the first instant after a civil date, in UTC; the end of time for the last date there is."""
        return _LAST if day == date.max else self.start_of(day + timedelta(days=1))

    def at(self, local: datetime) -> datetime:
        """Return the instant, in UTC, of a local time without zone. A doubled time is its first, see PEP 495."""
        try:
            return local.replace(tzinfo=self.tz).astimezone(UTC)
        except OverflowError:
            return _FIRST if local.year == 1 else _LAST


@frozen
class Moment:
    """A base and what to add to it, in order.

    Days, weeks, months and years are steps in the calendar of the asking user's zone (31 January + 1 month is the last
    of February); hours and minutes are durations. ``now`` is an instant, the other bases are dates until hours or
    minutes are added to their midnight.
    """

    base: Base
    shifts: tuple[tuple[int, Unit], ...] = ()

    def __str__(self) -> str:
        said = (f" {'-' if n < 0 else '+'} {abs(n)} {unit}{'' if abs(n) == 1 else 's'}" for n, unit in self.shifts)
        return self.base + "".join(said)

    def resolve(self, context: FilterContext) -> date | datetime:
        """Return the civil date or the instant (in UTC) that is meant. Beyond the years 1 to 9999 it is their end."""
        value: date | datetime = _base(self.base, context)
        for amount, unit in self.shifts:
            if unit in ("minute", "hour"):
                instant = value if isinstance(value, datetime) else context.start_of(value)
                value = _add(instant, timedelta(minutes=amount) if unit == "minute" else timedelta(hours=amount))
            elif isinstance(value, datetime):
                local = value.astimezone(context.tz).replace(tzinfo=None)
                value = context.at(datetime.combine(_step(local.date(), amount, unit), local.time()))
            else:
                value = _step(value, amount, unit)
        return value


def read_moment(text: str) -> Moment | None:
    """Return the relative date that ``text`` says, or None when it starts with no base; raises Unsuitable after one."""
    words = fold(text).strip()
    found = _BASE.match(words)
    if not found or words[found.end() : found.end() + 1].isalnum():
        return None
    base = next(base for base in _BASES if base == " ".join(found[0].split()))
    shifts: list[tuple[int, Unit]] = []
    place = found.end()
    while place < len(words):
        shift = _SHIFT.match(words, place)
        if not shift:
            units = "minutes, hours, days, weeks, months or years"
            example = f"{base} - 90 days"
            problem = msg("expected + or -, a number and {units}, as in {example}", units=units, example=example)
            raise Unsuitable(problem, len(words) - len(words[place:].lstrip()))
        amount = int(shift[2])
        if amount > MAX_AMOUNT:
            raise Unsuitable(msg("at most {limit} of a unit can be added", limit=MAX_AMOUNT), shift.start(1))
        shifts.append((-amount if shift[1] == "-" else amount, _UNITS[shift[3]]))
        place = shift.end()
    return Moment(base, tuple(shifts))


_UNITS: dict[str, Unit] = {
    "minute": "minute",
    "hour": "hour",
    "day": "day",
    "week": "week",
    "month": "month",
    "year": "year",
}


def _base(base: Base, context: FilterContext) -> date | datetime:
    if base == "now":
        return context.now.astimezone(UTC)
    today = context.now.astimezone(context.tz).date()
    if base == "yesterday":
        return _step(today, -1, "day")
    if base == "tomorrow":
        return _step(today, 1, "day")
    if base == "start of week":
        return _step(today, -((today.weekday() - context.first_weekday) % 7), "day")
    if base == "start of month":
        return today.replace(day=1)
    if base == "start of quarter":
        return today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1)
    return today.replace(month=1, day=1) if base == "start of year" else today


def _step(day: date, amount: int, unit: Unit) -> date:
    if unit in ("day", "week"):
        ordinal = day.toordinal() + amount * (7 if unit == "week" else 1)
        return date.fromordinal(min(max(ordinal, 1), date.max.toordinal()))
    months = day.year * 12 + day.month - 1 + amount * (12 if unit == "year" else 1)
    year, month = divmod(months, 12)
    if year < 1:
        return date.min
    if year > 9999:
        return date.max
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _add(instant: datetime, duration: timedelta) -> datetime:
    try:
        return instant + duration
    except OverflowError:
        return _FIRST if duration < timedelta() else _LAST
