"""When an activity is: its zone, its start and end as people say them, and as instants. Pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache

from crmkit.plugin import BadInput, Message, change, msg
from crmkit_sfa.activities.entities import Activity
from crmkit_sfa.activities.recurrence import Moment, Repetition, instant, key_of, moment_of

Point = date | datetime
"""A civil date, or an instant in UTC."""
DAY = timedelta(days=1)


def zone_of(activity: Activity, fallback: str = "UTC") -> tzinfo:
    """Return the time zone that keeps an activity's local time; raises BadInput for one that nobody knows."""
    if activity.zone_definition:
        return defined_zone(activity.zone_definition)
    return known_zone(activity.timezone or fallback)


@lru_cache(maxsize=200)
def defined_zone(definition: str) -> tzinfo:
    """Return the zone that a VTIMEZONE defines, whatever it is called; raises BadInput."""
    from icalendar import Timezone

    try:
        read = Timezone.from_ical(definition)
        assert isinstance(read, Timezone)
        # By its definition alone: the library remembers zones of other files by their names.
        zone: tzinfo = read.to_tz(lookup_tzid=False)
        datetime(2026, 1, 1, tzinfo=zone).utcoffset()
    except Exception:
        raise BadInput(msg("this VTIMEZONE defines no time zone")) from None
    return zone


def known_zone(name: str) -> tzinfo:
    """Return the zone with an IANA name; raises BadInput."""
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        raise BadInput(msg("{value}: expected a time zone such as Europe/Berlin", value=name)) from None


def start_of(activity: Activity) -> Point | None:
    """Return when it starts, an instant or a day; for what is only due, when it is due; None where nothing is said."""
    return activity.starts_at or activity.starts_on or end_of(activity)


def end_of(activity: Activity) -> Point | None:
    """Return when it ends or is due: an instant, or the last day, included."""
    return activity.ends_at or activity.ends_on or activity.due_at or activity.due_on


def local_start(activity: Activity) -> Moment | None:
    """Return its start as a local time of its zone, or as a day: what repeats.

    Of a start that clocks skip it is the time that was said; see ``said_start``.
    """
    start = start_of(activity)
    if said := said_start(activity):
        return moment_of(said)
    return start.astimezone(zone_of(activity)).replace(tzinfo=None) if isinstance(start, datetime) else start


def skipped_start(moment: Moment, zone: tzinfo, rrule: str) -> tuple[str, ...]:
    """Return what to keep among the further times of a series so that its start is known as it was said.

    That is the start itself where clocks skip it (half past two on the last Sunday of March): as an instant it is an hour
    later, and on all other days the series is at the time that was said. Nothing for other starts, and by the hour.
    """
    if not isinstance(moment, datetime) or not rrule or "HOURLY" in rrule.upper():
        return ()
    there = instant(moment, zone).astimezone(zone).replace(tzinfo=None)
    return () if there == moment else (key_of(moment),)


def said_start(activity: Activity) -> str:
    """Return the key of the local start that was said of a series where clocks skip it, else the empty text."""
    start = start_of(activity)
    if not activity.rdates or not isinstance(start, datetime):
        return ""
    zone = zone_of(activity)
    there = start.astimezone(zone).replace(tzinfo=None)
    for key in activity.rdates:
        try:
            moment = moment_of(key)
        except BadInput:
            continue
        # Two local times are one instant only where the first is skipped.
        same = isinstance(moment, datetime) and "/" not in key and moment != there and instant(moment, zone) == start
        if same:
            return key
    return ""


def repetition_of(activity: Activity) -> Repetition | None:
    """Return how it repeats; None where it has no start."""
    start = local_start(activity)
    if start is None:
        return None
    rules = tuple(filter(None, activity.rrule.split("\n")))
    return Repetition(start, rules, activity.rdates, activity.exdates)


def moved_to(activity: Activity, moment: Moment) -> Activity:
    """Return it with another local start; its length stays, in minutes or in days."""
    start = start_of(activity)
    if isinstance(moment, datetime):
        return _shifted(activity, start, instant(moment, zone_of(activity)))
    return _shifted(activity, start, moment)


def moved_to_point(activity: Activity, point: Point) -> Activity:
    """Return it with another start, an instant or a day. What had whole days gets a time, and the other way round."""
    return _shifted(activity, start_of(activity), point)


def _shifted(activity: Activity, start: Point | None, to: Point) -> Activity:
    if isinstance(start, datetime) and isinstance(to, datetime):
        by = to - start
        return change(
            activity,
            starts_at=activity.starts_at and activity.starts_at + by,
            ends_at=activity.ends_at and activity.ends_at + by,
            due_at=activity.due_at and activity.due_at + by,
        )
    if start is not None and not isinstance(start, datetime) and not isinstance(to, datetime):
        days = to - start
        return change(
            activity,
            starts_on=activity.starts_on and activity.starts_on + days,
            ends_on=activity.ends_on and activity.ends_on + days,
            due_on=activity.due_on and activity.due_on + days,
        )
    timed = isinstance(to, datetime)
    due = activity.kind == "task" or activity.due_on is not None or activity.due_at is not None
    bare = change(activity, starts_at=None, ends_at=None, due_at=None, starts_on=None, ends_on=None, due_on=None)
    return change(bare, **{("due" if due else "starts") + ("_at" if timed else "_on"): to})


def span(activity: Activity, zone: tzinfo) -> tuple[datetime, datetime] | None:
    """Return the instants between which it is, for somebody in ``zone`` where whole days begin; None without a time.

    What is due on a day has that day; what is due at an instant, that instant.
    """
    start, end = start_of(activity), end_of(activity)
    if start is None:
        return None
    begins = start if isinstance(start, datetime) else instant(start, zone)
    if end is None:
        end = start
    ends = end if isinstance(end, datetime) else instant(end + DAY, zone)
    return begins, max(begins, ends)


def day_bounds(first: date, last: date, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return the instants that the days from ``first`` to ``last`` begin and end with where ``zone`` is; the end excluded.

    A day may have 23 or 25 hours.
    """
    return instant(first, zone), instant(last + DAY, zone)


def wrong_times(activity: Activity) -> list[tuple[str, object, Message]]:
    """Return what is wrong with the times of an activity: field, value and expectation."""
    found: list[tuple[str, object, Message]] = []
    timed = [name for name in ("starts_at", "ends_at", "due_at") if getattr(activity, name) is not None]
    days = [name for name in ("starts_on", "ends_on", "due_on") if getattr(activity, name) is not None]
    due = [name for name in (*timed, *days) if name.startswith("due")]
    ends = [name for name in (*timed, *days) if name.startswith("ends")]
    if timed and days:
        found.append((days[0], getattr(activity, days[0]), msg("whole days or times, not both")))
    if due and ends:
        found.append((ends[0], getattr(activity, ends[0]), msg("an end or when it is due, not both")))
    if ends and activity.kind == "task":
        found.append((ends[0], getattr(activity, ends[0]), msg("when it is due: a task has no end")))
    for first, last in (
        ("starts_at", "ends_at"),
        ("starts_at", "due_at"),
        ("starts_on", "ends_on"),
        ("starts_on", "due_on"),
    ):
        begin, end = getattr(activity, first), getattr(activity, last)
        if begin is not None and end is not None and end < begin:
            found.append((last, end, msg("not before it starts")))
        elif begin is None and end is not None and last.startswith("ends"):
            found.append((last, end, msg("a start, too")))
    return found


def wrong_repetition(activity: Activity) -> list[tuple[str, object, Message]]:
    """Return what is wrong with how an activity repeats: field, value and expectation."""
    from crmkit_sfa.activities.recurrence import check_rule

    start = local_start(activity)
    if start is None:
        return [("rrule", activity.rrule, msg("a start: without one nothing repeats"))]
    found: list[tuple[str, object, Message]] = []
    for rule in filter(None, activity.rrule.split("\n")):
        try:
            check_rule(rule, start)
        except BadInput as error:
            found.append(("rrule", rule, error.message))
    for name in ("rdates", "exdates"):
        for key in getattr(activity, name):
            try:
                moment = moment_of(key)
            except BadInput as error:
                found.append((name, key, error.message))
                continue
            if isinstance(moment, datetime) != isinstance(start, datetime):
                found.append((name, key, msg("a day for whole days, a local time for times")))
    return found
