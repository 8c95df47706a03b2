"""``crmkit calendar``: working calendars, and the working time between two dates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.cli.calendar_making import add, change_, day
from crmkit.cli.localized import argument, group, json_option, option
from crmkit.cli.words import translated, wording

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, timedelta

    from crmkit.core.working_hours import Intervals

_DAYS = {
    "monday": wording("Monday"),
    "tuesday": wording("Tuesday"),
    "wednesday": wording("Wednesday"),
    "thursday": wording("Thursday"),
    "friday": wording("Friday"),
    "saturday": wording("Saturday"),
    "sunday": wording("Sunday"),
}


@group("calendar", help=wording("Make and show working calendars, and the working time between two dates."))
def calendar() -> None:
    pass


for _command in (add, change_, day):
    calendar.add_command(_command)


_name = argument("name", help=wording("The calendar's name or id."))


@calendar.command("list", help=wording("List working calendars, and whether it is working time now."))
@json_option
def list_(as_json: bool) -> None:
    from crmkit.cli.output import print_block, print_json, table
    from crmkit.cli.running import working
    from crmkit.core.working_time import is_working
    from crmkit.services.working_time import list_calendars

    with working(reads=True) as (_, session):
        now = session.clock.now()
        found = [(item, is_working(item, now)) for item in list_calendars(session)]
    if as_json:
        columns = ("id", "name", "timezone", "holidays")
        print_json([{**{name: getattr(item, name) for name in columns}, "working": at_work} for item, at_work in found])
        return
    headings = (wording("Name"), wording("Time zone"), wording("Holidays"), wording("Working now"))
    rows = [(item.name, item.timezone, item.holidays, at_work) for item, at_work in found]
    print_block(table([translated(heading) for heading in headings], rows))


@calendar.command("show", help=wording("Show the hours of a working calendar, its exceptions and its next holidays."))
@_name
@json_option
def show(name: str, as_json: bool) -> None:
    from zoneinfo import ZoneInfo

    from crmkit.cli.output import pairs, print_block, print_json, table
    from crmkit.cli.running import working
    from crmkit.core.public_holidays import holiday_year
    from crmkit.core.working_hours import WEEKDAYS, read_hours
    from crmkit.services.working_time import find_calendar

    with working(reads=True) as (_, session):
        found = find_calendar(session, name)
        today = session.clock.now().astimezone(ZoneInfo(found.timezone)).date()
    years = [holiday_year(found.holidays, today.year + more) for more in (0, 1)] if found.holidays else []
    holidays = [(day, text) for year in years for day, text in year.free.items() if day >= today]
    if as_json:
        columns = ("id", "name", "timezone", "hours", "holidays", "exceptions")
        next_holidays = [{"date": day, "name": text} for day, text in holidays]
        print_json({**{column: getattr(found, column) for column in columns}, "next_holidays": next_holidays})
        return
    hours = read_hours(found)
    print_block(pairs([(translated(wording("Name")), found.name), (translated(wording("Time zone")), found.timezone)]))
    rows = [(translated(_DAYS[day]), _shown(hours.week[at])) for at, day in enumerate(WEEKDAYS)]
    coming = sorted(day for day in hours.exceptions if day >= today)
    rows += [(day.isoformat(), _shown(hours.exceptions[day])) for day in coming]
    print_block(table([translated(wording("Day")), translated(wording("Hours"))], rows))
    if holidays:
        headings = [translated(wording("Date")), translated(wording("Holiday"))]
        print_block(table(headings, holidays[:_NEXT], title=found.holidays))


_NEXT = 8


@calendar.command("hours", help=wording("Show the working time of each day, from one date to another, and its sum."))
@_name
@option("--from", "first", metavar="DATE", help=wording("The first day; today without it."))
@option("--to", "last", metavar="DATE", help=wording("The last day; six days after the first without it."))
@json_option
def hours(name: str, first: str | None, last: str | None, as_json: bool) -> None:
    from datetime import UTC, datetime, time, timedelta
    from zoneinfo import ZoneInfo

    from crmkit.cli.output import print_block, print_json, table
    from crmkit.cli.running import working
    from crmkit.core.errors import BadInput
    from crmkit.core.messages import msg
    from crmkit.core.values.clock import parse_date
    from crmkit.core.working_hours import WEEKDAYS
    from crmkit.core.working_time import hours_on, working_time_between
    from crmkit.services.working_time import find_calendar

    with working(reads=True) as (_, session):
        found = find_calendar(session, name)
        zone = ZoneInfo(found.timezone)
        today = session.clock.now().astimezone(zone).date()
    start = parse_date(first) if first else today
    end = parse_date(last) if last else start + timedelta(days=6)
    if end < start:
        raise BadInput(msg("--to {last} comes before --from {first}", last=end, first=start))

    def midnight(day: date) -> datetime:
        return datetime.combine(day, time(), zone).astimezone(UTC)

    days = [start + timedelta(days=number) for number in range((end - start).days + 1)]
    times = [working_time_between(found, midnight(day), midnight(day + timedelta(days=1))) for day in days]
    total = sum(times, timedelta())
    if as_json:
        each = [{"date": day, "minutes": _minutes(worked)} for day, worked in zip(days, times, strict=True)]
        print_json({"calendar": found.name, "days": each, "minutes": _minutes(total)})
        return
    rows: list[tuple[str, ...]] = [
        (day.isoformat(), translated(_DAYS[WEEKDAYS[day.weekday()]]), _shown(hours_on(found, day)), _duration(worked))
        for day, worked in zip(days, times, strict=True)
    ]
    rows.append((translated(wording("Sum")), "", "", _duration(total)))
    headings = (wording("Date"), wording("Day"), wording("Hours"), wording("Time"))
    print_block(table([translated(heading) for heading in headings], rows, title=found.name, right=[3]))


def _shown(intervals: Intervals | Iterable[tuple[int, int]]) -> str:
    from crmkit.core.working_hours import clock_time

    return ", ".join(f"{clock_time(start)}-{clock_time(end)}" for start, end in intervals)


def _minutes(duration: timedelta) -> int:
    return int(duration.total_seconds()) // 60


def _duration(duration: timedelta) -> str:
    minutes = _minutes(duration)
    return f"{minutes // 60}:{minutes % 60:02}"
