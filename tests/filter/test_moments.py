"""Relative dates in the zone of whoever asks, where days are not always 24 hours."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from crmkit.core.errors import BadInput
from crmkit.core.filter import FilterContext
from crmkit.core.filter.moments import read_moment

# Sunday; in Berlin the clocks go from 02:00 to 03:00 on this day.
NOW = datetime(2026, 3, 29, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("today", "Europe/Berlin", date(2026, 3, 29)),
        ("today", "Pacific/Kiritimati", date(2026, 3, 30)),
        ("yesterday", "UTC", date(2026, 3, 28)),
        ("tomorrow", "UTC", date(2026, 3, 30)),
        ("today + 1 month - 1 day", "UTC", date(2026, 4, 28)),
        ("today - 1 month", "UTC", date(2026, 2, 28)),
        ("today - 2 years", "UTC", date(2024, 3, 29)),
        ("start of week", "UTC", date(2026, 3, 23)),
        ("start of month", "UTC", date(2026, 3, 1)),
        ("start of quarter - 1 day", "UTC", date(2025, 12, 31)),
        ("start of year", "UTC", date(2026, 1, 1)),
        ("now", "Europe/Berlin", NOW),
        ("now - 1 day", "UTC", datetime(2026, 3, 28, 14, 30, tzinfo=UTC)),
        ("now - 1 day", "Europe/Berlin", datetime(2026, 3, 28, 15, 30, tzinfo=UTC)),
        ("now - 24 hours", "Europe/Berlin", datetime(2026, 3, 28, 14, 30, tzinfo=UTC)),
        ("now - 90 minutes", "Europe/Berlin", datetime(2026, 3, 29, 13, 0, tzinfo=UTC)),
        ("today + 9 hours", "Europe/Berlin", datetime(2026, 3, 29, 8, 0, tzinfo=UTC)),
        ("today + 9 hours + 1 day", "Europe/Berlin", datetime(2026, 3, 30, 8, 0, tzinfo=UTC)),
        ("today - 1000000 years", "UTC", date.min),
        ("today + 1000000 weeks", "UTC", date.max),
        ("now + 1000000 years", "UTC", datetime.combine(date.max, NOW.time(), UTC)),
    ],
)
def test_a_moment_is(text: str, zone: str, expected: date | datetime) -> None:
    moment = read_moment(text)
    assert moment is not None
    assert str(moment) == text
    assert moment.resolve(FilterContext(NOW, zone)) == expected


def test_weeks_may_start_on_sunday() -> None:
    moment = read_moment("start of week")
    assert moment is not None
    assert moment.resolve(FilterContext(NOW, first_weekday=6)) == date(2026, 3, 29)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("UTC", date(2026, 3, 29), 24),
    ],
)
def test_days_have_the_hours_of_their_zone(zone: str, day: date, hours: int) -> None:
    context = FilterContext(NOW, zone)
    assert (context.end_of(day) - context.start_of(day)).total_seconds() == hours * 3600


def test_a_day_without_midnight_starts_where_the_clock_resumes() -> None:
    context = FilterContext(NOW, "America/Havana")
    assert context.start_of(date(2026, 3, 8)) == datetime(2026, 3, 8, 5, tzinfo=UTC)


def test_words_that_are_no_moment_are_left_to_others() -> None:
    assert read_moment("2024-05-17") is None
    assert read_moment("nowhere") is None


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(BadInput, match="Europe/Berlin"):
        FilterContext(NOW, "Mars/Olympus").start_of(date(2026, 3, 29))
