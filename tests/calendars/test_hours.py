"""Reading hours from how people write them: everything wrong is found at once, with its place."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from crmkit.core.errors import ValidationFailed
from crmkit.core.working_calendar import WorkingCalendar
from crmkit.core.working_hours import calendar_errors, clock_time, read_hours


def found(**settings: Any) -> list[tuple[str, object]]:
    return [(error.path, error.value) for error in calendar_errors(WorkingCalendar(name="office", **settings))]


def test_hours_become_minutes_in_order() -> None:
    calendar = WorkingCalendar(
        name="office",
        hours={"monday": [["13:00", "24:00"], ["8:30", "12:00"]], "sunday": (("22:00", "06:00"),)},
        exceptions={"2026-12-24": [], "2026-12-27": [["10:00", "14:00"]]},
    )
    hours = read_hours(calendar)
    assert hours.week[0] == ((510, 720), (780, 1440))
    assert hours.week[1] == ()
    assert hours.week[6] == ((1320, 1800),)
    assert hours.exceptions == {date(2026, 12, 24): (), date(2026, 12, 27): ((600, 840),)}


def test_everything_wrong_is_found_at_once_by_its_path() -> None:
    errors = found(
        hours={
            "monday": [["09:00", "12:00"], ["9 am", "25:00"]],
            "tuesday": "09:00-17:00",
            "wednesday": [["09:00"], ["10:00", "10:00"]],
            "thursday": [["09:00", "12:00"], ["11:00", "15:00"]],
            "fryday": [],
        },
        exceptions={"24.12.2026": [], "2026-02-30": [], "2026-12-31": [["24:00", "12:00"]]},
        holidays="DE-XX",
    )
    assert errors == [
        ("working_calendar.hours.monday[1][0]", "9 am"),
        ("working_calendar.hours.monday[1][1]", "25:00"),
        ("working_calendar.hours.tuesday", "09:00-17:00"),
        ("working_calendar.hours.wednesday[0]", "09:00"),
        ("working_calendar.hours.wednesday[1]", "10:00 - 10:00"),
        ("working_calendar.hours.thursday[1]", "11:00 - 15:00"),
        ("working_calendar.hours.fryday", "fryday"),
        ("working_calendar.exceptions.24.12.2026", "24.12.2026"),
        ("working_calendar.exceptions.2026-02-30", "2026-02-30"),
        ("working_calendar.exceptions.2026-12-31[0][0]", "24:00"),
        ("working_calendar.holidays", "DE-XX"),
    ]


@pytest.mark.parametrize("raw", [7, None, "monday", [["monday", "09:00"]]])
def test_hours_that_are_no_table_are_refused(raw: Any) -> None:
    assert [path for path, _ in found(hours=raw)] == ["working_calendar.hours"]


@pytest.mark.parametrize("raw", [7, None, [7], [None], [["09:00", 17]], [[["09:00"], "10:00"]], [["09:00", "12:60"]]])
def test_no_value_that_json_can_hold_breaks_the_reader(raw: Any) -> None:
    assert len(found(hours={"monday": raw})) == 1


def test_a_night_shift_ends_before_the_next_day_begins() -> None:
    assert found(hours={"sunday": [["22:00", "06:00"]], "monday": [["06:00", "14:00"]]}) == []
    overlap = ("working_calendar.hours.sunday", "22:00 - 06:00")
    assert found(hours={"sunday": [["22:00", "06:00"]], "monday": [["05:59", "14:00"]]}) == [overlap]


@pytest.mark.parametrize("code", ["", "GR", "CN", "DE-HH", "GB-SCT", "US-CA"])
def test_known_holidays(code: str) -> None:
    assert found(holidays=code) == []


@pytest.mark.parametrize(
    ("code", "expected"), [("XX", "country"), ("de", "country"), ("DE-", "region"), ("SG-01", "region")]
)
def test_unknown_holidays(code: str, expected: str) -> None:
    with pytest.raises(ValidationFailed, match=expected):
        read_hours(WorkingCalendar(name="office", holidays=code))


def test_minutes_are_shown_as_people_write_them() -> None:
    assert [clock_time(minutes) for minutes in (0, 570, 1440, 1800)] == ["00:00", "09:30", "24:00", "06:00"]
