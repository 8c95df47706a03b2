"""Working-time arithmetic, against a slow reference that looks at every minute on the clocks of the zone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit.core.working_calendar import WorkingCalendar
from crmkit.core.working_hours import WEEKDAYS
from crmkit.core.working_time import (
    NoWorkingTime,
    add_working_time,
    hours_on,
    is_working,
    next_working_instant,
    working_intervals,
    working_time_between,
)

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
ZERO = timedelta()
OFFICE: Mapping[str, Any] = {day: [["09:00", "12:30"], ["13:00", "17:30"]] for day in WEEKDAYS[:5]}
ALWAYS: Mapping[str, Any] = {day: [["00:00", "24:00"]] for day in WEEKDAYS}
NIGHTS: Mapping[str, Any] = {day: [["22:00", "06:00"]] for day in WEEKDAYS}


def calendar(zone: str = "Europe/Berlin", hours: Mapping[str, Any] = OFFICE, **more: Any) -> WorkingCalendar:
    return WorkingCalendar(name="office", timezone=zone, hours=hours, **more)


def local(text: str, zone: str = "Europe/Berlin") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


# -- the reference ----------------------------------------------------------------------------------------------------


def works(made: WorkingCalendar, instant: datetime) -> bool:
    """Look at the clock on the wall: does it show a time within today's hours, or in the night shift of yesterday?"""
    wall = instant.astimezone(ZoneInfo(made.timezone))
    now = f"{wall:%H:%M}"
    today, yesterday = (_written(made, wall.date() - timedelta(days=back)) for back in (0, 1))
    return any(start <= now < end if start < end else now >= start for start, end in today) or any(
        start > end and now < end for start, end in yesterday
    )


def _written(made: WorkingCalendar, day: date) -> Sequence[Any]:
    exception = made.exceptions.get(day.isoformat())
    return exception if exception is not None else made.hours.get(WEEKDAYS[day.weekday()], [])


def counted(made: WorkingCalendar, start: datetime, end: datetime) -> timedelta:
    minutes = int((end - start) / MINUTE)
    return sum(works(made, start + number * MINUTE) for number in range(minutes)) * MINUTE


# -- properties -------------------------------------------------------------------------------------------------------

# The night on which clocks change, in the zone's own year: forward and back, by an hour or half an hour, and never.
CHANGES = [
    ("Europe/Berlin", datetime(2026, 3, 29, 1, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 25, 1, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 3, 8, 7, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 11, 1, 6, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
    ("Africa/Cairo", datetime(2026, 4, 23, 22, tzinfo=UTC)),  # forward at midnight
    ("Africa/Cairo", datetime(2026, 10, 29, 21, tzinfo=UTC)),  # back at midnight, to the day before
    ("Pacific/Apia", datetime(2011, 12, 30, 10, tzinfo=UTC)),  # a whole day skipped
    ("Asia/Shanghai", datetime(2026, 5, 1, tzinfo=UTC)),
]


@st.composite
def day_hours(draw: st.DrawFn) -> list[list[str]]:
    times = draw(st.lists(st.integers(0, 96), min_size=2, max_size=6, unique=True).map(sorted))
    written = [f"{quarter // 4:02}:{quarter % 4 * 15:02}" for quarter in times]
    return [[start, end] for start, end in zip(written[::2], written[1::2], strict=False)]


@st.composite
def calendars(draw: st.DrawFn, zone: str) -> WorkingCalendar:
    if draw(st.booleans()):
        evening, morning = draw(st.integers(18, 23)), draw(st.integers(1, 6))
        hours = {day: [[f"{evening}:00", f"{morning:02}:30"]] for day in draw(st.sets(st.sampled_from(WEEKDAYS)))}
    else:
        hours = draw(st.dictionaries(st.sampled_from(WEEKDAYS), day_hours()))
    days = st.dates(date(2026, 3, 27), date(2026, 3, 31)).map(date.isoformat)
    exceptions = draw(st.dictionaries(days, day_hours(), max_size=2))
    return calendar(zone, hours, exceptions=exceptions)


@st.composite
def scenes(draw: st.DrawFn) -> tuple[WorkingCalendar, datetime, datetime]:
    """Draw a calendar and two instants around a change of its clocks."""
    zone, change = draw(st.sampled_from(CHANGES))
    made = draw(calendars(zone))
    start, end = sorted(draw(st.tuples(st.integers(-3_000, 3_000), st.integers(-3_000, 3_000))))
    return made, change + start * MINUTE, change + end * MINUTE


@settings(max_examples=40)
@given(scenes())
def test_it_agrees_with_counting_minutes_on_the_wall(scene: tuple[WorkingCalendar, datetime, datetime]) -> None:
    made, start, end = scene
    expected = counted(made, start, end)
    assert working_time_between(made, start, end) == expected
    assert working_time_between(made, end, start) == -expected
    assert is_working(made, start) is works(made, start)
    assert sum((stop - begin for begin, stop in working_intervals(made, start, end)), ZERO) == expected


@settings(max_examples=40)
@given(scenes(), st.integers(-100_000_000_000, 100_000_000_000))
def test_what_was_added_is_found_again_between(scene: tuple[Any, datetime, Any], microseconds: int) -> None:
    made, start, _ = scene
    duration = timedelta(microseconds=microseconds)
    try:
        there = add_working_time(made, start, duration)
    except NoWorkingTime:
        assert not any(made.hours.values())
        return
    assert working_time_between(made, start, there) == duration
    # It is the closest such instant: a moment nearer to the start, there is less.
    if duration:
        nearer = there - timedelta(microseconds=1 if duration > ZERO else -1)
        assert abs(working_time_between(made, start, nearer)) < abs(duration)


@settings(max_examples=40)
@given(scenes(), st.integers(-3_000, 3_000))
def test_time_between_adds_up(scene: tuple[WorkingCalendar, datetime, datetime], minutes: int) -> None:
    made, start, end = scene
    middle = start + minutes * MINUTE
    whole = working_time_between(made, start, end)
    assert working_time_between(made, start, middle) + working_time_between(made, middle, end) == whole


@settings(max_examples=40)
@given(scenes())
def test_the_next_working_instant_has_nothing_before_it(scene: tuple[WorkingCalendar, datetime, datetime]) -> None:
    made, start, _ = scene
    try:
        there = next_working_instant(made, start)
    except NoWorkingTime:
        return
    assert there >= start
    assert is_working(made, there)
    assert working_time_between(made, start, there) == ZERO
    assert (there == start) is is_working(made, start)


# -- examples ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("America/New_York", date(2026, 3, 8), 23),
        ("America/New_York", date(2026, 11, 1), 25),
        ("Australia/Lord_Howe", date(2026, 10, 4), 23.5),
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
        ("Asia/Shanghai", date(2026, 3, 29), 24),
        ("UTC", date(2026, 3, 29), 24),
    ],
)
def test_a_day_is_as_long_as_its_clocks_make_it(zone: str, day: date, hours: float) -> None:
    start, end = local(f"{day}T00:00", zone), local(f"{day + timedelta(days=1)}T00:00", zone)
    assert working_time_between(calendar(zone, ALWAYS), start, end) == hours * HOUR


@pytest.mark.parametrize(("day", "hours"), [("2026-03-28", 7), ("2026-10-24", 9), ("2026-06-01", 8)])
def test_a_night_shift_over_a_change_of_clocks(day: str, hours: int) -> None:
    evening = local(f"{day}T18:00")
    assert working_time_between(calendar(hours=NIGHTS), evening, evening + 18 * HOUR) == hours * HOUR


def test_eight_hours_after_nine_are_half_past_five() -> None:
    office = calendar()
    assert add_working_time(office, local("2026-03-13T09:00"), 8 * HOUR) == local("2026-03-13T17:30")
    assert add_working_time(office, local("2026-03-13T09:00"), 8 * HOUR + MINUTE) == local("2026-03-16T09:01")
    assert add_working_time(office, local("2026-03-16T09:00"), -MINUTE) == local("2026-03-13T17:29")
    assert add_working_time(office, local("2026-03-15T12:00"), ZERO) == local("2026-03-15T12:00")
    assert next_working_instant(office, local("2026-03-13T12:45")) == local("2026-03-13T13:00")


def test_exceptions_come_before_weekday_and_holiday() -> None:
    christmas = {"2026-12-24": [], "2026-12-25": [["10:00", "12:00"]], "2026-12-27": [["10:00", "14:00"]]}
    office = calendar(holidays="DE-HH", exceptions=christmas)
    worked = [
        working_time_between(office, local(f"2026-12-{day}T00:00"), local(f"2026-12-{day}T23:59")) / HOUR
        for day in range(23, 29)
    ]
    assert worked == [8, 0, 2, 0, 4, 8]


@pytest.mark.parametrize(
    ("code", "zone", "day", "free"),
    [
        ("DE-HH", "Europe/Berlin", "2026-10-31", True),
        ("DE-BY", "Europe/Berlin", "2026-10-31", False),
        ("US", "America/New_York", "2026-07-03", True),
        ("CN", "Asia/Shanghai", "2024-10-04", True),
        ("CN", "Asia/Shanghai", "2024-10-08", False),
    ],
)
def test_public_holidays_are_free(code: str, zone: str, day: str, free: bool) -> None:
    made = calendar(zone, {name: [["09:00", "17:00"]] for name in WEEKDAYS}, holidays=code)
    assert is_working(made, local(f"{day}T10:00", zone)) is not free


def test_a_weekend_day_worked_in_exchange_has_the_hours_of_the_working_day_before() -> None:
    made = calendar("Asia/Shanghai", {**OFFICE, "friday": [["09:00", "15:00"]]}, holidays="CN")
    assert hours_on(made, date(2024, 9, 29)) == ((540, 900),)  # a Sunday before the week of National Day
    assert hours_on(made, date(2024, 9, 28)) == ()


def test_a_holiday_takes_the_whole_night_shift_that_begins_on_it() -> None:
    made = calendar(hours=NIGHTS, holidays="DE")
    first, second = local("2026-05-01T00:00"), local("2026-05-02T00:00")  # Labour Day
    assert working_time_between(made, first, second) == 6 * HOUR
    assert working_time_between(made, second, second + 24 * HOUR) == 2 * HOUR


@pytest.mark.parametrize("hours", [{}, {"monday": []}])
def test_a_calendar_without_any_hours_says_so(hours: Mapping[str, Any]) -> None:
    empty, now = calendar(hours=hours), local("2026-03-15T12:00")
    with pytest.raises(NoWorkingTime, match="office has no working time"):
        add_working_time(empty, now, HOUR)
    with pytest.raises(NoWorkingTime, match="office has no working time"):
        next_working_instant(empty, now)
    assert working_time_between(empty, now, local("2027-03-15T12:00")) == ZERO


def test_the_ends_of_the_calendar_are_no_trap() -> None:
    office = calendar()
    with pytest.raises(NoWorkingTime):
        add_working_time(office, datetime(9999, 12, 30, tzinfo=UTC), 100 * HOUR)
    with pytest.raises(NoWorkingTime):
        add_working_time(office, datetime(1, 1, 2, tzinfo=UTC), -100 * HOUR)
    assert is_working(office, datetime.max.replace(tzinfo=UTC)) is False


def test_a_year_of_days_is_worked_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    office = calendar(holidays="DE-HH")
    start, end = local("2026-01-01T00:00"), local("2027-01-01T00:00")
    assert working_time_between(office, start, end) == 2_032 * HOUR
    asked: list[date] = []
    monkeypatch.setattr("crmkit.core.working_time.holiday_year", lambda code, year: asked.append(date(year, 1, 1)))
    assert working_time_between(office, start, end) == 2_032 * HOUR
    assert add_working_time(office, start, 2_032 * HOUR) == local("2026-12-31T17:30")
    assert asked == []
