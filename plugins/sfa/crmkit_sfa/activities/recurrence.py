"""Repetition by RFC 5545: RRULE, RDATE and EXDATE in local time, expanded lazily. Pure; the rules are python-dateutil's.

Local times are naive: where clocks change, a meeting at nine stays at nine. They become instants as RFC 5545 3.3.5 says:
a time that comes twice is the first one, a time that is skipped is read with the offset from before the change.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterable, Iterator
from datetime import MAXYEAR, UTC, date, datetime, time, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from crmkit.core.frozen import frozen
from crmkit.plugin import BadInput, msg

if TYPE_CHECKING:
    from dateutil.rrule import rrule

FREQUENCIES = ("HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY")
"""What a rule may repeat by. A CRM has no activities by the minute, and nobody waits until such a rule is counted."""
MAX_COUNT = 10_000
_PARTS = (
    "FREQ", "UNTIL", "COUNT", "INTERVAL", "BYHOUR", "BYMINUTE", "BYSECOND", "BYDAY", "BYMONTHDAY", "BYYEARDAY",
    "BYWEEKNO", "BYMONTH", "BYSETPOS", "WKST",
)  # fmt: skip
_LOCAL = re.compile(r"(\d{8})(?:T(\d{6}))?")
HORIZON = 100
"""For how many years from its start a rule is followed at least; what comes later is nobody's calendar."""
_CYCLE = 400
"""Years after which the Gregorian calendar repeats, weekdays and all: 146,097 days are 20,871 weeks."""
_DAYS_OF = {1: 31, 2: 29, 3: 31, 4: 30, 5: 31, 6: 30, 7: 31, 8: 31, 9: 30, 10: 31, 11: 30, 12: 31}

Moment = date | datetime
"""A civil date, or a local time without zone."""


@frozen
class Repetition:
    """What repeats: from ``start`` on by rules, with further moments and without some.

    ``rules`` are RRULE values; ``further`` and ``left_out`` are moments in the form of RFC 5545, of which a further one
    may be a period (``19970101T180000/19970102T070000``).
    """

    start: Moment
    rules: tuple[str, ...] = ()
    further: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def key_of(moment: Moment) -> str:
    """Return the form that RFC 5545 writes a moment in: ``20260329`` or ``20260329T090000``."""
    return f"{moment:%Y%m%dT%H%M%S}" if isinstance(moment, datetime) else f"{moment:%Y%m%d}"


def moment_of(key: str) -> Moment:
    """Read what ``key_of`` writes; of a period its start. Raises BadInput."""
    found = _LOCAL.fullmatch(key.partition("/")[0])
    try:
        if found is None:
            raise ValueError
        if found[2] is None:
            return datetime.strptime(found[1], "%Y%m%d").date()
        return datetime.strptime(found[0], "%Y%m%dT%H%M%S")
    except ValueError:
        raise BadInput(
            msg("{value}: expected a local time or day such as 20260329T090000 or 20260329", value=key)
        ) from None


def instant(moment: Moment, zone: tzinfo) -> datetime:
    """Return a local time of ``zone``, or the midnight that a day begins with, as an instant in UTC."""
    return as_time(moment).replace(tzinfo=zone).astimezone(UTC)


def as_time(moment: Moment) -> datetime:
    """Return a moment as a local time; a day is its midnight."""
    return moment if isinstance(moment, datetime) else datetime.combine(moment, time())


def moments(repetition: Repetition, after: Moment | None = None, until: Moment | None = None) -> Iterator[Moment]:
    """Yield the moments from ``after`` up to ``until`` (both included), in order and each once.

    The start is one of them, as RFC 5545 has it, unless it is left out. Lazy: nothing behind ``until`` is computed.
    """
    whole_days = not isinstance(repetition.start, datetime)
    left_out = {as_time(moment_of(key)) for key in repetition.left_out}
    lowest = None if after is None else as_time(after)
    highest = None if until is None else as_time(until)
    single = sorted(as_time(one) for one in [repetition.start, *map(moment_of, repetition.further)])
    sources: list[Iterable[datetime]] = [single]
    sources += [_times(rule, as_time(repetition.start), lowest) for rule in repetition.rules]
    last: datetime | None = None
    for one in heapq.merge(*sources):
        if highest is not None and one > highest:
            return
        if one != last and one not in left_out and (lowest is None or one >= lowest):
            yield one.date() if whole_days else one
        last = one


def latest(repetition: Repetition) -> Moment | None:
    """Return a moment behind which none comes; None for what repeats without end."""
    found = [as_time(one) for one in [repetition.start, *map(moment_of, repetition.further)]]
    for rule in repetition.rules:
        read: Any = parsed(rule, as_time(repetition.start))
        if read._until is not None:
            found.append(read._until)
        elif read._count is not None:
            found += list(_times(rule, as_time(repetition.start)))[-1:]
        else:
            return None
    last = max(found)
    return last if isinstance(repetition.start, datetime) else last.date()


def check_rule(rule: str, start: Moment) -> None:
    """Raise BadInput unless ``rule`` is an RRULE that this module expands and that ever comes.

    An end before its first time is fine: calendars have series that were cut short.
    """
    parsed(rule, as_time(start))
    endless = ";".join(part for part in rule.split(";") if not part.strip().upper().startswith("UNTIL"))
    if not _comes(endless, as_time(start)):
        raise BadInput(msg("rule {rule} never comes: no such day in these months", rule=rule))


def normalised(rule: str) -> str:
    """Return an RRULE so that two which say the same in another order of parts and values are equal."""
    parts = []
    for part in rule.strip().upper().removeprefix("RRULE:").rstrip(";").split(";"):
        name, _, value = part.partition("=")
        values = value.split(",")
        if name.startswith("BY"):
            values = sorted(re.sub(r"^([+-]?)0*(?=\d)", lambda sign: sign[1].strip("+"), one) for one in values)
        if (name, value) != ("INTERVAL", "1"):
            parts.append(f"{name}={','.join(values)}")
    return ";".join(sorted(parts))


def localised(rule: str, zone: tzinfo, *, whole_days: bool) -> str:
    """Return an RRULE whose UNTIL, if it is an instant, is told in the local time of ``zone`` (RFC 5545 has it in UTC)."""
    return ";".join(_local_until(part, zone, whole_days) for part in rule.split(";"))


def zoned(rule: str, zone: tzinfo, *, whole_days: bool) -> str:
    """Return an RRULE whose local UNTIL is told in UTC again, as RFC 5545 wants it of times with a zone."""
    parts = []
    for part in rule.split(";"):
        name, _, value = part.partition("=")
        if name.upper() == "UNTIL" and not whole_days and "T" in value:
            part = f"UNTIL={instant(moment_of(value), zone):%Y%m%dT%H%M%SZ}"
        parts.append(part)
    return ";".join(parts)


def _local_until(part: str, zone: tzinfo, whole_days: bool) -> str:
    name, _, value = part.partition("=")
    if name.strip().upper() != "UNTIL":
        return part
    value = value.strip().upper()
    if value.endswith("Z"):
        at = as_time(moment_of(value[:-1])).replace(tzinfo=UTC)
        value = key_of(at.astimezone(zone).replace(tzinfo=None))
    return f"UNTIL={value[:8] if whole_days else value}"


@lru_cache(maxsize=2_000)
def parsed(rule: str, start: datetime) -> rrule:
    """Return an RRULE read for a local start; raises BadInput."""
    from dateutil.rrule import rrulestr

    parts = _parts(rule)
    until = parts.get("UNTIL", "")
    if until:
        end = moment_of(until.removesuffix("Z"))
        # A day ends with its last second: people who say "until Friday" mean Friday, too.
        whole = datetime.combine(end, time(23, 59, 59)) if not isinstance(end, datetime) else end
        parts["UNTIL"] = key_of(whole)
    try:
        made: Any = rrulestr(";".join(f"{name}={value}" for name, value in parts.items()), dtstart=start)
    except (ValueError, TypeError, KeyError, IndexError, OverflowError, AttributeError):
        raise _bad(rule) from None
    read: rrule = made
    return read


def _parts(rule: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in rule.strip().upper().removeprefix("RRULE:").rstrip(";").split(";"):
        name, equals, value = part.partition("=")
        if not equals or not value or name in parts or name not in _PARTS:
            raise _bad(rule)
        parts[name] = value
    if parts.get("FREQ") not in FREQUENCIES:
        raise BadInput(msg("rule {rule}: expected FREQ to be one of {known}", rule=rule, known=", ".join(FREQUENCIES)))
    if "COUNT" in parts and "UNTIL" in parts:
        raise BadInput(msg("rule {rule}: expected COUNT or UNTIL, not both", rule=rule))
    if "COUNT" in parts and not (parts["COUNT"].isdecimal() and 0 < int(parts["COUNT"]) <= MAX_COUNT):
        raise BadInput(msg("rule {rule}: expected COUNT from 1 to {most}", rule=rule, most=MAX_COUNT))
    if not (parts.get("INTERVAL", "1").isdecimal() and 0 < int(parts.get("INTERVAL", "1")) <= MAX_COUNT):
        raise BadInput(msg("rule {rule}: expected INTERVAL from 1 to {most}", rule=rule, most=MAX_COUNT))
    _refuse_never(rule, parts)
    return parts


def _refuse_never(rule: str, parts: dict[str, str]) -> None:
    """Refuse a day that no month has, such as 30 February: counting to the end of time finds none."""
    try:
        days = [int(day) for day in parts.get("BYMONTHDAY", "").split(",") if day]
        months = [int(month) for month in parts.get("BYMONTH", "").split(",") if month] or list(_DAYS_OF)
        longest = max(_DAYS_OF[month] for month in months)
    except (ValueError, KeyError):
        raise _bad(rule) from None
    if days and all(not 1 <= abs(day) <= longest for day in days):
        raise BadInput(msg("rule {rule} never comes: no such day in these months", rule=rule))


def _bad(rule: str) -> BadInput:
    return BadInput(msg("{rule} is no rule of RFC 5545, as in FREQ=WEEKLY;BYDAY=MO,WE;COUNT=10", rule=rule or "-"))


@lru_cache(maxsize=2_000)
def _comes(rule: str, start: datetime) -> bool:
    return next(_times(rule, start), None) is not None


def _times(rule: str, start: datetime, lowest: datetime | None = None) -> Iterator[datetime]:
    """Yield the times of a rule from ``lowest`` on, for at least HORIZON years after the start and at most 400 more."""
    later, years = _bounded(rule, start)
    found: Iterable[datetime] = later
    if lowest is not None:
        if lowest.year + years > MAXYEAR:
            return
        # dateutil counts from the start; its own skipping keeps COUNT and BYSETPOS right.
        found = later.xafter(_in_year(max(lowest, start), years), inc=True)
    for one in found:
        yield _in_year(one, -years)


@lru_cache(maxsize=2_000)
def _bounded(rule: str, start: datetime) -> tuple[rrule, int]:
    """Return a rule so many whole cycles of the calendar later that it ends in time, and the years of these cycles.

    dateutil looks for a next time up to the year 9999, which takes minutes where none comes. From a start that is near
    to this year it takes a blink, and finds the same days.
    """
    years = max(0, MAXYEAR - start.year - HORIZON) // _CYCLE * _CYCLE
    read: Any = parsed(rule, start)
    ends = read._until is not None and read._until.year + years <= MAXYEAR
    later: rrule = read.replace(dtstart=_in_year(start, years), until=_in_year(read._until, years) if ends else None)
    return later, years


def _in_year(moment: datetime, later: int) -> datetime:
    return moment.replace(year=moment.year + later)
