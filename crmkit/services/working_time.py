"""Working calendars by name, and working time for programs and plugins."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from crmkit.core.entity import change
from crmkit.core.errors import FieldError, NotFound, ValidationFailed, did_you_mean
from crmkit.core.messages import msg, shown
from crmkit.core.working_calendar import WorkingCalendar
from crmkit.core.working_hours import calendar_errors
from crmkit.core.working_time import add_working_time, working_time_between
from crmkit.hooks.records import RecordBatch
from crmkit.store.session import Session


def find_calendar(session: Session, name: str) -> WorkingCalendar:
    """Return the calendar of this name or id; raises NotFound with the closest name.

    Calendars are the same for everybody: rights do not narrow them.
    """
    calendars = list_calendars(session)
    for calendar in calendars:
        if name in (calendar.name, str(calendar.id)):
            return calendar
    hint = did_you_mean(name, [calendar.name for calendar in calendars])
    raise NotFound(msg("no working calendar {name}; {hint}", name=shown(name), hint=hint))


def list_calendars(session: Session) -> list[WorkingCalendar]:
    """Return all calendars, by name."""
    with session.acting_as(session.actor.elevated()):
        found = session.peek_all(WorkingCalendar)
    return sorted((calendar for calendar in found if calendar.deleted_at is None), key=lambda calendar: calendar.name)


def set_day(
    session: Session, calendar: WorkingCalendar, day: date, intervals: Iterable[Sequence[str]] | None = ()
) -> WorkingCalendar:
    """Give a date hours of its own and return the calendar: ``["08:00", "12:00"]`` each, none for a day off.

    ``None`` takes them back. It is written with the session, which raises ValidationFailed for hours that make no sense.
    """
    exceptions = {name: hours for name, hours in calendar.exceptions.items() if name != day.isoformat()}
    if intervals is not None:
        exceptions[day.isoformat()] = [list(interval) for interval in intervals]
    changed = change(calendar, exceptions=exceptions)
    session.update(changed)
    return changed


def working_time(session: Session, calendar: str, start: datetime, end: datetime) -> timedelta:
    """Return the working time between two instants in the calendar of this name. Raises NotFound."""
    return working_time_between(find_calendar(session, calendar), start, end)


def deadline(session: Session, calendar: str, start: datetime, duration: timedelta) -> datetime:
    """Return when ``duration`` of working time after ``start`` is over. Raises NotFound and NoWorkingTime."""
    return add_working_time(find_calendar(session, calendar), start, duration)


def check_calendars(call: RecordBatch) -> None:
    """Raise ValidationFailed with everything wrong with the hours of calendars about to be saved."""
    errors: list[FieldError] = []
    for c in call.changes:
        if c.changed("hours") or c.changed("exceptions") or c.changed("holidays"):
            errors += calendar_errors(c.after)
    if errors:
        raise ValidationFailed(errors)
