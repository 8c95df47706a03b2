"""Working-time arithmetic on instants: how much was worked between two, and when so much more will have been.

An instant is working when clocks in the calendar's zone show a time within the hours. So an hour that comes twice when
clocks go back counts twice, and one that is skipped when they go forward does not count.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from crmkit.core.errors import CrmError
from crmkit.core.messages import msg
from crmkit.core.public_holidays import holiday_year
from crmkit.core.working_calendar import WorkingCalendar
from crmkit.core.working_hours import Intervals, read_hours

LONGEST_REST = 3_660
"""After so many days without any work, a calendar is taken to have none at all."""

Span = tuple[int, int]
"""Beginning and end in microseconds since 1970, UTC."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SECOND = 1_000_000
_MINUTE = 60 * _SECOND
_DAY = 24 * 60 * _MINUTE
_FIRST_DAY = date(1970, 1, 1).toordinal()
_DAYS = range(3 - _FIRST_DAY, date.max.toordinal() - _FIRST_DAY - 1)
"""The UTC days, counted from 1970, whose neighbours the calendar of Python still has."""


class NoWorkingTime(CrmError):
    """A calendar has no working time for years on end, so that nothing in it is ever due."""

    code = "no_working_time"


def is_working(calendar: WorkingCalendar, instant: datetime) -> bool:
    """Whether ``instant`` (aware) is working time."""
    at = _microseconds(instant)
    return any(start <= at < end for start, end in _schedule(calendar).spans(at // _DAY))


def working_time_between(calendar: WorkingCalendar, start: datetime, end: datetime) -> timedelta:
    """Return the working time from ``start`` to ``end`` (aware); negative where ``end`` comes first."""
    first, last = _microseconds(start), _microseconds(end)
    if last < first:
        return -working_time_between(calendar, end, start)
    schedule = _schedule(calendar)
    from_day, to_day = first // _DAY, last // _DAY
    if from_day == to_day:
        return _worked(schedule.spans(from_day), first, last) * _MICROSECOND
    total = _worked(schedule.spans(from_day), first, last) + _worked(schedule.spans(to_day), first, last)
    return (total + sum(schedule.total(day) for day in range(from_day + 1, to_day))) * _MICROSECOND


def add_working_time(calendar: WorkingCalendar, start: datetime, duration: timedelta) -> datetime:
    """Return the instant (UTC) that is ``duration`` of working time after ``start``, or before it when negative.

    Of the instants that qualify it is the one closest to ``start``: eight hours after nine are five o'clock, not nine
    the next morning. Raises NoWorkingTime.
    """
    left, at = duration // _MICROSECOND, _microseconds(start)
    if not left:
        return start.astimezone(UTC)
    forward, left = left > 0, abs(left)
    schedule = _schedule(calendar)
    for day in schedule.days(at // _DAY, 1 if forward else -1):
        spans: Sequence[Span] = schedule.spans(day)
        if day == at // _DAY:
            spans = _clipped(spans, at, at + _DAY) if forward else _clipped(spans, at - _DAY, at)
        for begin, end in spans if forward else reversed(spans):
            if left <= end - begin:
                return _instant(begin + left if forward else end - left)
            left -= end - begin
    raise _endless(calendar)


def next_working_instant(calendar: WorkingCalendar, instant: datetime) -> datetime:
    """Return ``instant`` itself when it is working time, else the beginning of the next. Raises NoWorkingTime."""
    at = _microseconds(instant)
    schedule = _schedule(calendar)
    for day in schedule.days(at // _DAY, 1):
        for begin, end in schedule.spans(day):
            if at < end:
                return _instant(max(at, begin))
    raise _endless(calendar)


def working_intervals(calendar: WorkingCalendar, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield the working intervals from ``start`` to ``end``, in UTC."""
    first, last = _microseconds(start), _microseconds(end)
    schedule = _schedule(calendar)
    open_: Span | None = None
    for day in range(first // _DAY, last // _DAY + 1):
        for begin, stop in _clipped(schedule.spans(day), first, last):
            if open_ is not None and open_[1] == begin:
                open_ = (open_[0], stop)
                continue
            if open_ is not None:
                yield _instant(open_[0]), _instant(open_[1])
            open_ = (begin, stop)
    if open_ is not None:
        yield _instant(open_[0]), _instant(open_[1])


def hours_on(calendar: WorkingCalendar, day: date) -> Intervals:
    """Return the hours that begin on a civil date, in minutes after its midnight; none on a day off."""
    return _schedule(calendar).hours(day)


class _Schedule:
    """A calendar laid out on the time line. Days are worked out when first asked for, then remembered."""

    def __init__(self, calendar: WorkingCalendar) -> None:
        from zoneinfo import ZoneInfo

        hours = read_hours(calendar)
        self._week, self._exceptions, self._holidays = hours.week, hours.exceptions, calendar.holidays
        self._zone = ZoneInfo(calendar.timezone)
        self._spans: dict[int, tuple[tuple[Span, ...], int]] = {}

    def hours(self, day: date) -> Intervals:
        found = self._exceptions.get(day)
        if found is not None:
            return found
        usual = self._week[day.weekday()]
        if not self._holidays:
            return usual
        year = holiday_year(self._holidays, day.year)
        if day in year.free:
            return ()
        if day in year.worked and not usual:
            # Where a weekend day is worked in exchange, it has the hours of the last working day before it.
            earlier = (self._week[(day.weekday() - back) % 7] for back in range(1, 7))
            return next((hours for hours in earlier if hours), ())
        return usual

    def spans(self, day: int) -> tuple[Span, ...]:
        """Return the working time within a UTC day, counted from 1970, in order and without overlaps."""
        return self._known(day)[0]

    def total(self, day: int) -> int:
        return self._known(day)[1]

    def days(self, start: int, step: int) -> Iterator[int]:
        """Yield days from ``start`` on until there was nothing to do for too long."""
        rest = 0
        while rest < LONGEST_REST:
            yield start
            rest = 0 if self.total(start) else rest + 1
            start += step

    def _known(self, day: int) -> tuple[tuple[Span, ...], int]:
        found = self._spans.get(day)
        if found is None:
            spans = tuple(_merged(sorted(self._made(day)))) if day in _DAYS else ()
            found = self._spans[day] = spans, sum(end - start for start, end in spans)
        return found

    def _made(self, day: int) -> Iterator[Span]:
        for first, last, offset in self._stretches(day * _DAY, (day + 1) * _DAY):
            # The day before may have a shift that runs into this one.
            for local in range((first + offset) // _DAY - 1, (last + offset - 1) // _DAY + 1):
                for start, end in self.hours(date.fromordinal(local + _FIRST_DAY)):
                    midnight = local * _DAY - offset
                    begin, stop = max(midnight + start * _MINUTE, first), min(midnight + end * _MINUTE, last)
                    if begin < stop:
                        yield begin, stop

    def _stretches(self, first: int, last: int) -> Iterator[tuple[int, int, int]]:
        """Yield the stretches of constant offset between two instants, with the zone's offset from UTC."""
        while first < last:
            offset = self._offset(first)
            low, high = first, last
            if self._offset(last - _SECOND) != offset:
                while high - low > _SECOND:
                    middle = (low + high) // 2 // _SECOND * _SECOND
                    low, high = (middle, high) if self._offset(middle) == offset else (low, middle)
            yield first, high, offset
            first = high

    def _offset(self, at: int) -> int:
        offset = _instant(at).astimezone(self._zone).utcoffset()
        return 0 if offset is None else offset // _MICROSECOND


@lru_cache(maxsize=256)
def _schedule(calendar: WorkingCalendar) -> _Schedule:
    return _Schedule(calendar)


def _endless(calendar: WorkingCalendar) -> NoWorkingTime:
    return NoWorkingTime(
        msg("calendar {name} has no working time for {days} days", name=calendar.name, days=LONGEST_REST)
    )


def _worked(spans: Sequence[Span], first: int, last: int) -> int:
    return sum(end - begin for begin, end in _clipped(spans, first, last))


def _clipped(spans: Sequence[Span], first: int, last: int) -> list[Span]:
    return [(max(begin, first), min(end, last)) for begin, end in spans if begin < last and end > first]


def _merged(spans: Sequence[Span]) -> list[Span]:
    merged: list[Span] = []
    for begin, end in spans:
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged


def _microseconds(instant: datetime) -> int:
    return (instant - _EPOCH) // _MICROSECOND


def _instant(microseconds: int) -> datetime:
    return _EPOCH + microseconds * _MICROSECOND
