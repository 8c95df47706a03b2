"""Working calendars: when people are at work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crmkit.core.entity import EMPTY, Record, entity, field


@entity("working_calendar", unique=(("name",),))
class WorkingCalendar(Record):
    """Working hours in a time zone.

    ``hours`` maps a weekday ("monday") to intervals, each ["09:00", "12:30"]; "24:00" ends a day, and an interval that
    ends before it begins runs past midnight into the next day. ``holidays`` names a country, or country-subdivision as
    in ISO 3166-2, whose public holidays are free. ``exceptions`` maps a date ("2026-12-24") to its intervals, none for
    a day off; it comes before weekday and holiday.
    """

    name: str = field(max_length=100)
    timezone: str = field(default="UTC", format="timezone", label="Time zone")
    hours: Mapping[str, Any] = field(default=EMPTY)
    holidays: str = field(default="", max_length=10)
    exceptions: Mapping[str, Any] = field(default=EMPTY, help="Extra days off and extra working days, by date")
