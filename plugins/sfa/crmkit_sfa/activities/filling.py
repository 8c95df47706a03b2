"""What follows from an activity as it is saved: its UID, until when it repeats, its revision. Pure but for the clock."""

from __future__ import annotations

from datetime import UTC, datetime

from crmkit.core.errors import FieldError, ValidationFailed
from crmkit.plugin import BadInput, Change, Message, change, msg
from crmkit_sfa.activities.entities import ACTIVITY, Activity
from crmkit_sfa.activities.occurrences import SLACK
from crmkit_sfa.activities.recurrence import instant, latest, moment_of
from crmkit_sfa.activities.timing import repetition_of, said_start, span, wrong_repetition, wrong_times, zone_of

REVISED_BY = (
    "status", "starts_at", "ends_at", "starts_on", "ends_on", "due_on", "due_at", "timezone", "rrule", "rdates", "exdates",
    "location",
)  # fmt: skip
"""A change of one of these is a new revision for calendars (RFC 5546, 2.1.4, and the place)."""
TOLD = (*REVISED_BY, "subject", "description", "priority", "visibility", "kind", "outcome")
TIMES = ("starts_at", "ends_at", "starts_on", "ends_on", "due_on", "due_at", "timezone", "rrule", "rdates", "exdates")


def filled(c: Change, series: Activity | None, timezone: str, now: datetime) -> Activity:
    """Return the activity of a change with everything that follows; raises ValidationFailed for times that make no sense.

    ``series`` is what it is an occurrence of, ``timezone`` the one of whoever saves it.
    """
    one: Activity = c.after
    if not one.timezone:
        one = change(one, timezone=timezone)
    if series is not None and not one.uid:
        one = change(one, uid=series.uid, calendar_id=series.calendar_id)
    if not one.uid:
        one = change(one, uid=str(one.id))
    one = _without_former_start(c, one)
    recurring = bool(one.rrule or one.rdates)
    problems = [*_wrong_values(one, recurring), *wrong_times(one)]
    if not problems and recurring:
        problems += wrong_repetition(one)
    if problems:
        raise ValidationFailed(
            FieldError(f"{ACTIVITY}.{name}", "time", value, expected, one.id) for name, value, expected in problems
        )
    one = change(
        one,
        recurring=recurring,
        recurs_until=_until(one) if recurring else None,
        occurrence_at=_stands_for(one, series),
        completed_at=(one.completed_at or now) if one.status == "done" else None,
    )
    return _revised(c, one, now)


def _without_former_start(c: Change, one: Activity) -> Activity:
    """A start that was said, but that the activity has no longer, is no further time of it."""
    former = "" if c.created else said_start(c.before)
    if not former or former not in one.rdates or (one.rrule and said_start(one) == former):
        return one
    return change(one, rdates=tuple(key for key in one.rdates if key != former))


def _wrong_values(one: Activity, recurring: bool) -> list[tuple[str, object, Message]]:
    found: list[tuple[str, object, Message]] = []
    if one.priority > 9:
        found.append(("priority", one.priority, msg("a number from 0 to 9; 1 is the highest")))
    for name, most in (("latitude", 90), ("longitude", 180)):
        value = getattr(one, name)
        if value is not None and abs(value) > most:
            found.append((name, value, msg("degrees from {least} to {most}", least=-most, most=most)))
    try:
        zone_of(one)
    except BadInput as error:
        found.append(("timezone", one.timezone, error.message))
    if recurring and one.series_id is not None:
        found.append(("rrule", one.rrule, msg("nothing: an occurrence of a series does not repeat itself")))
    if one.series_id is not None and not one.occurrence:
        found.append(("occurrence", one.occurrence, msg("the local start that it has in its series")))
    return found


def _until(one: Activity) -> datetime | None:
    repetition = repetition_of(one)
    last = None if repetition is None else latest(repetition)
    if last is None:
        return None
    length = span(one, UTC)
    extra = length[1] - length[0] if length else SLACK
    return instant(last, zone_of(one)) + extra + SLACK


def _stands_for(one: Activity, series: Activity | None) -> datetime | None:
    if one.series_id is None or not one.occurrence:
        return None
    return instant(moment_of(one.occurrence), zone_of(series or one))


def _revised(c: Change, one: Activity, now: datetime) -> Activity:
    if c.created:
        return one if one.stamped_at is not None else change(one, stamped_at=now)
    # Whoever says when the revision was made, as a calendar does, says which one it is.
    if c.changed("stamped_at") or not any(c.changed(name) for name in TOLD):
        return one
    revised = any(c.changed(name) for name in REVISED_BY)
    lines = [line for line in one.ical_properties.split("\r\n") if not line.upper().startswith("LAST-MODIFIED")]
    sequence = max(one.sequence, c.before.sequence + 1) if revised else one.sequence
    return change(one, stamped_at=now, sequence=sequence, ical_properties="\r\n".join(lines))
