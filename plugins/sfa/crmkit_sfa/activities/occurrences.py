"""Occurrences: what a series is on each of its days, with those that differ from it. Pure and lazy."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from uuid import UUID

from crmkit.core.frozen import frozen
from crmkit.plugin import change
from crmkit_sfa.activities.entities import Activity
from crmkit_sfa.activities.recurrence import key_of, moment_of, moments
from crmkit_sfa.activities.timing import DAY, moved_to, repetition_of, span, zone_of

SLACK = timedelta(days=2)
"""More than any zone's offset from UTC, at both ends of a window."""


@frozen
class Occurrence:
    """An activity once: one that does not repeat, or one time of a series.

    ``activity`` has the times of this occurrence. ``record`` is the stored record: of an occurrence like its series,
    the series. ``key`` tells which one of the series it is.
    """

    activity: Activity
    record: Activity
    starts_at: datetime
    ends_at: datetime
    key: str = ""

    @property
    def series_id(self) -> UUID | None:
        """The series that it belongs to, if any."""
        return self.record.id if self.record.recurring else self.record.series_id

    @property
    def detached(self) -> bool:
        """Whether it has a record of its own."""
        return not self.record.recurring


def single(activity: Activity, zone: tzinfo) -> Occurrence | None:
    """Return an activity that does not repeat as an occurrence; None for one without a time."""
    found = span(activity, zone)
    return None if found is None else Occurrence(activity, activity, *found, activity.occurrence)


def occurrences(
    series: Activity,
    others: Sequence[Activity],
    zone: tzinfo,
    after: datetime | None = None,
    until: datetime | None = None,
) -> Iterator[Occurrence]:
    """Yield the occurrences of a series that start before ``until`` and do not end before ``after``, by their starts.

    ``others`` are the records of occurrences that differ; they take the place of those they stand for, wherever they
    were moved. ``zone`` is where whole days begin.
    """
    repetition = repetition_of(series)
    if repetition is None:
        return
    own = zone_of(series)
    taken = {other.occurrence for other in others if other.series_id == series.id}
    moved = [one for other in others if other.series_id == series.id and (one := single(other, zone)) is not None]
    moved = sorted((one for one in moved if _within(one, after, until)), key=_start)
    length = _length(series, zone)
    lowest = None if after is None else _bound(after - length - SLACK, own, repetition.start)
    highest = None if until is None else _bound(until + SLACK, own, repetition.start)
    periods = {key.partition("/")[0]: key for key in series.rdates if "/" in key}

    def regular() -> Iterator[Occurrence]:
        for moment in moments(repetition, lowest, highest):
            key = key_of(moment)
            if key in taken:
                continue
            activity = moved_to(series, moment)
            if key in periods and activity.starts_at is not None:
                activity = change(activity, ends_at=_period_end(activity.starts_at, periods[key], own))
            found = span(activity, zone)
            if found is not None and _within(one := Occurrence(activity, series, *found, key), after, until):
                yield one

    yield from heapq.merge(regular(), moved, key=_start)


def expanded(activities: Iterable[Activity], zone: tzinfo, after: datetime | None, until: datetime) -> list[Occurrence]:
    """Return all occurrences of activities, series with what differs from them among them, within a window by start."""
    given = list(activities)
    by_series: dict[UUID, list[Activity]] = {}
    for one in given:
        if one.series_id is not None:
            by_series.setdefault(one.series_id, []).append(one)
    series = {one.id for one in given if one.recurring}
    found: list[Occurrence] = []
    for one in given:
        if one.recurring:
            found += occurrences(one, by_series.get(one.id, ()), zone, after, until)
        elif one.series_id not in series:
            alone = single(one, zone)
            if alone is not None and _within(alone, after, until):
                found.append(alone)
    return sorted(found, key=_start)


def occurrence(series: Activity, key: str, zone: tzinfo) -> Occurrence | None:
    """Return the occurrence of a series that starts at a local time, as the series has it; None when there is none."""
    moment = moment_of(key)
    repetition = repetition_of(series)
    if repetition is None or isinstance(moment, datetime) != isinstance(repetition.start, datetime):
        return None
    if next(moments(repetition, moment, moment), None) is None:
        return None
    activity = moved_to(series, moment)
    found = span(activity, zone)
    return None if found is None else Occurrence(activity, series, *found, key_of(moment))


def _start(one: Occurrence) -> tuple[datetime, datetime, str]:
    return one.starts_at, one.ends_at, one.activity.subject


def _within(one: Occurrence, after: datetime | None, until: datetime | None) -> bool:
    # An end is excluded, except of what has no length.
    over = after is not None and (one.ends_at < after or (one.ends_at == after and one.ends_at > one.starts_at))
    return not over and (until is None or one.starts_at < until)


def _length(series: Activity, zone: tzinfo) -> timedelta:
    found = span(series, zone)
    return DAY if found is None else max(found[1] - found[0], DAY)


def _bound(at: datetime, own: tzinfo, start: object) -> datetime | None:
    local = at.astimezone(own).replace(tzinfo=None)
    return local if isinstance(start, datetime) else datetime(local.year, local.month, local.day)


def _period_end(start: datetime, period: str, own: tzinfo) -> datetime:
    from icalendar import vDuration

    end = period.partition("/")[2]
    if end.startswith("P"):
        length: timedelta = vDuration.from_ical(end)  # type: ignore[no-untyped-call]
        return start + length
    moment = moment_of(end)
    assert isinstance(moment, datetime)
    return moment.replace(tzinfo=own).astimezone(UTC)
