"""``crmkit calendar``: make working calendars, change them, and give single days hours of their own."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from crmkit.cli.localized import argument, command, json_option, option
from crmkit.cli.words import translated, wording

if TYPE_CHECKING:
    from crmkit.core.working_calendar import WorkingCalendar

_SPAN = re.compile(r"[\s,;]+")


def _settings(function: Any) -> Any:
    for decorate in (
        option("--timezone", metavar="ZONE", help=wording("The time zone of its hours, such as Europe/Berlin.")),
        option(
            "--hours",
            multiple=True,
            metavar="DAYS=HOURS",
            help=wording("Hours of one or more days, as in monday-friday=08:00-12:00,12:45-17:00; may be given again."),
        ),
        option("--holidays", metavar="CODE", help=wording("Whose public holidays are free, such as CN or DE-HH.")),
        json_option,
    )[::-1]:
        function = decorate(function)
    return function


@command("add", help=wording("Add a working calendar."))
@argument("name", help=wording("What it is called."))
@_settings
def add(name: str, timezone: str | None, hours: tuple[str, ...], holidays: str | None, as_json: bool) -> None:
    from crmkit.cli.history import zone_of
    from crmkit.cli.running import working
    from crmkit.core.working_calendar import WorkingCalendar

    with working() as (_, session):
        zone = timezone or str(zone_of(session))
        made = WorkingCalendar(name=name, timezone=zone, hours=_hours(hours), holidays=holidays or "")
        session.add(made)
        session.commit()
        stored = session.get(WorkingCalendar, made.id)
    _tell(stored, as_json, new=True)


@command("change", help=wording("Change a working calendar. Days that --hours does not name stay as they are."))
@argument("name", help=wording("The calendar's name or id."))
@_settings
def change_(name: str, timezone: str | None, hours: tuple[str, ...], holidays: str | None, as_json: bool) -> None:
    from crmkit.cli.running import working
    from crmkit.core.entity import change
    from crmkit.services.working_time import find_calendar

    values: dict[str, Any] = {}
    if timezone is not None:
        values["timezone"] = timezone
    if holidays is not None:
        values["holidays"] = holidays
    with working() as (_, session):
        found = find_calendar(session, name)
        if hours:
            values["hours"] = {**found.hours, **_hours(hours)}
        if not values:
            raise click.UsageError(translated(wording("Say what changes, with --timezone, --hours or --holidays.")))
        session.update(change(found, **values))
        session.commit()
        stored = find_calendar(session, str(found.id))
    _tell(stored, as_json)


@command("day", help=wording("Give a date hours of its own: none for a day off, whatever weekday or holiday it is."))
@argument("name", help=wording("The calendar's name or id."))
@argument("date", help=wording("The date, such as 2026-12-24."))
@argument("hours", nargs=-1, metavar="[HOURS]...", help=wording("Its hours, such as 08:00-12:00."))
@option("--usual", is_flag=True, help=wording("Take the hours of its own back: it is as usual again."))
@json_option
def day(name: str, date: str, hours: tuple[str, ...], usual: bool, as_json: bool) -> None:
    from crmkit.cli.running import working
    from crmkit.core.values.clock import parse_date
    from crmkit.services.working_time import find_calendar, set_day

    if usual and hours:
        raise click.UsageError(translated(wording("--usual takes hours back and gives none.")))
    with working() as (_, session):
        found = find_calendar(session, name)
        set_day(session, found, parse_date(date), None if usual else _intervals(hours, date))
        session.commit()
        stored = find_calendar(session, str(found.id))
    _tell(stored, as_json)


def _tell(stored: WorkingCalendar, as_json: bool, *, new: bool = False) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import say
    from crmkit.core.messages import msg

    if as_json:
        columns = ("id", "name", "timezone", "hours", "holidays", "exceptions")
        print_json({column: getattr(stored, column) for column in columns})
        return
    click.echo(str(stored.id))
    say(msg("added {name}", name=stored.name) if new else msg("changed {name}", name=stored.name))


def _hours(given: Iterable[str]) -> dict[str, list[list[str]]]:
    """Return hours by weekday; raises BadInput. Whether the hours make sense, the calendar itself says."""
    from crmkit.core.errors import BadInput, did_you_mean
    from crmkit.core.messages import msg, shown
    from crmkit.core.working_hours import WEEKDAYS

    found: dict[str, list[list[str]]] = {}
    for text in given:
        days, equals, hours = text.partition("=")
        if not equals:
            raise BadInput(
                msg("--hours {value}: expected DAYS=HOURS, as in monday-friday=08:00-17:00", value=shown(text))
            )
        first, _, last = days.strip().lower().partition("-")
        for name in (first.strip(), (last or first).strip()):
            if name not in WEEKDAYS:
                hint = did_you_mean(name, WEEKDAYS)
                raise BadInput(
                    msg("--hours {value}: no weekday {name}; {hint}", value=shown(text), name=shown(name), hint=hint)
                )
        start, end = WEEKDAYS.index(first.strip()), WEEKDAYS.index((last or first).strip())
        if end < start:
            end += len(WEEKDAYS)
        for at in range(start, end + 1):
            found[WEEKDAYS[at % len(WEEKDAYS)]] = _intervals([hours], text)
    return found


def _intervals(given: Iterable[str], shown_as: str) -> list[list[str]]:
    """Return intervals such as 08:00-12:00 as a beginning and an end each; raises BadInput."""
    from crmkit.core.errors import BadInput
    from crmkit.core.messages import msg, shown

    found = []
    for span in (part for text in given for part in _SPAN.split(text) if part):
        start, dash, end = span.partition("-")
        if not (start and dash and end):
            raise BadInput(
                msg("{value}: expected hours such as 08:00-12:00, not {span}", value=shown(shown_as), span=shown(span))
            )
        found.append([start, end])
    return found
