"""The hours of a working calendar, read from how people write them; everything wrong with them is found at once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import pairwise
from types import MappingProxyType
from typing import Any

from crmkit.core.errors import FieldError, ValidationFailed, did_you_mean
from crmkit.core.frozen import frozen
from crmkit.core.messages import Message, msg
from crmkit.core.public_holidays import holiday_problem
from crmkit.core.values.pattern import pattern
from crmkit.core.working_calendar import WorkingCalendar

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAY = 24 * 60
"""Minutes of a day; an interval over midnight ends later than that."""

Interval = tuple[int, int]
Intervals = tuple[Interval, ...]

_TIME = pattern(r"([01]?\d|2[0-4]):([0-5]\d)", re.ASCII)
_DATE = pattern(r"\d{4}-\d\d-\d\d", re.ASCII)


@frozen
class WorkingHours:
    """Hours as minutes after midnight: seven days from Monday on, and single dates."""

    week: tuple[Intervals, ...]
    exceptions: Mapping[date, Intervals]


def read_hours(calendar: WorkingCalendar) -> WorkingHours:
    """Return the hours of a calendar; raises ValidationFailed with all that ``calendar_errors`` finds."""
    hours, errors = _read(calendar)
    if errors:
        raise ValidationFailed(errors)
    return hours


def calendar_errors(calendar: WorkingCalendar) -> list[FieldError]:
    """Return everything wrong with hours, exceptions and holidays, each with its path: ``hours.monday[1][0]``."""
    return _read(calendar)[1]


def clock_time(minutes: int) -> str:
    """Return minutes after midnight as people write them: 1440 is "24:00", 1500 "01:00" of the next day."""
    minutes = minutes if minutes <= DAY else minutes - DAY
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _read(calendar: WorkingCalendar) -> tuple[WorkingHours, list[FieldError]]:
    errors: list[FieldError] = []

    def wrong(path: str, code: str, value: object, expected: Message) -> None:
        errors.append(FieldError(f"working_calendar.{path}", code, value, expected, calendar.id))

    week: dict[str, Intervals] = {}
    for name, raw in _table("hours", calendar.hours, wrong):
        if name in WEEKDAYS:
            week[name] = tuple(_intervals(f"hours.{name}", raw, wrong))
        else:
            expected = msg("a weekday in English; {hint}", hint=did_you_mean(str(name), WEEKDAYS))
            wrong(f"hours.{name}", "weekday", name, expected)
    exceptions: dict[date, Intervals] = {}
    for name, raw in _table("exceptions", calendar.exceptions, wrong):
        day = _date(name)
        if day is None:
            wrong(f"exceptions.{name}", "date", name, msg("a date such as 2026-12-24"))
        else:
            exceptions[day] = tuple(_intervals(f"exceptions.{name}", raw, wrong))
    for at, name in enumerate(WEEKDAYS):
        _check_night(name, week.get(name, ()), WEEKDAYS[(at + 1) % 7], week, wrong)
    if calendar.holidays and (problem := holiday_problem(calendar.holidays)) is not None:
        wrong("holidays", "holidays", calendar.holidays, problem)
    days = tuple(week.get(name, ()) for name in WEEKDAYS)
    return WorkingHours(days, MappingProxyType(exceptions)), errors


def _table(path: str, raw: Any, wrong: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(raw, Mapping):
        return raw.items()
    wrong(path, "type", _shown(raw), msg("a table of days and their intervals"))
    return ()


def _intervals(path: str, raw: Any, wrong: Any) -> Iterator[Interval]:
    """Yield the intervals of one day in the order of time; report what is wrong with any."""
    if not _is_list(raw):
        wrong(path, "type", _shown(raw), msg('a list of intervals such as [["09:00", "17:00"]]'))
        return
    read: list[tuple[Interval, str]] = []
    for at, pair in enumerate(raw):
        place = f"{path}[{at}]"
        if not _is_list(pair) or len(pair) != 2:
            wrong(place, "type", _shown(pair), msg('a beginning and an end such as ["09:00", "17:00"]'))
            continue
        start, end = _minutes(pair[0]), _minutes(pair[1])
        if start is None or start == DAY:
            wrong(f"{place}[0]", "time", _shown(pair[0]), msg("a time from 00:00 to 23:59"))
        if end is None:
            wrong(f"{place}[1]", "time", _shown(pair[1]), msg("a time from 00:00 to 24:00"))
        if start is None or start == DAY or end is None:
            continue
        if start == end:
            wrong(place, "empty", _shown(pair), msg("an end other than the beginning; a whole day is 00:00 to 24:00"))
            continue
        read.append(((start, end if end > start else end + DAY), place))
    read.sort()
    for (before, _), (after, place) in pairwise(read):
        if after[0] < before[1]:
            wrong(place, "overlap", _span(after), msg("a time after {span}", span=_span(before)))
    yield from (interval for interval, _ in read)


def _check_night(name: str, intervals: Intervals, following: str, week: Mapping[str, Intervals], wrong: Any) -> None:
    """Report a night shift that is still running when the next day's work begins."""
    for start, end in intervals:
        begins = min((first for first, _ in week.get(following, ())), default=DAY)
        if end - DAY > begins:
            expected = msg("an end before {day} begins at {time}", day=following, time=clock_time(begins))
            wrong(f"hours.{name}", "overlap", _span((start, end)), expected)


def _minutes(raw: Any) -> int | None:
    found = _TIME.fullmatch(raw) if isinstance(raw, str) else None
    minutes = int(found[1]) * 60 + int(found[2]) if found else DAY + 1
    return minutes if minutes <= DAY else None


def _date(raw: Any) -> date | None:
    try:
        return date.fromisoformat(raw) if isinstance(raw, str) and _DATE.fullmatch(raw) else None
    except ValueError:
        return None


def _is_list(raw: Any) -> bool:
    return isinstance(raw, Sequence) and not isinstance(raw, str | bytes)


def _span(interval: Interval) -> str:
    return f"{clock_time(interval[0])} - {clock_time(interval[1])}"


def _shown(raw: Any) -> object:
    return " - ".join(map(str, raw)) if _is_list(raw) else raw
