"""Activities as calendar components (RFC 5545). Pure: the same activities give the same bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from crmkit.core.frozen import frozen
from crmkit_sfa.activities.entities import Activity, ActivityParticipant, ActivityReminder
from crmkit_sfa.activities.recurrence import moment_of, zoned
from crmkit_sfa.activities.timing import end_of, said_start, start_of, zone_of
from crmkit_sfa.calendars.addresses import Addresses
from crmkit_sfa.calendars.people import RESPONSES, ROLES
from crmkit_sfa.calendars.text import content_line, escaped, folded
from crmkit_sfa.calendars.zones import vtimezone

PRODUCT = "-//crmkit//sfa//EN"
YEARS_AHEAD = 10
"""How long behind its last time a series without end is told the offsets of its zone."""
_ROLE_WORDS = {role: word for word, role in ROLES.items()}
_RESPONSE_WORDS = {response: word for word, response in RESPONSES.items()}


@frozen
class CalendarContent:
    """Activities with what belongs to them, by activity; ``series`` are those that single occurrences belong to."""

    activities: Sequence[Activity]
    participants: Mapping[UUID, Sequence[ActivityParticipant]]
    reminders: Mapping[UUID, Sequence[ActivityReminder]]
    addresses: Addresses
    series: Mapping[UUID, Activity]


def written(content: CalendarContent, name: str = "", method: str = "PUBLISH") -> bytes:
    """Return a calendar file: UTF-8, folded, with the zones that it uses; ``name`` is what programs call it."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{PRODUCT}", "CALSCALE:GREGORIAN"]
    lines += [f"METHOD:{method}"] if method else []
    lines += [content_line("X-WR-CALNAME", escaped(name))] if name else []
    ordered = sorted(content.activities, key=lambda a: (a.uid, a.occurrence, a.id))
    lines += _zones(ordered)
    for one in ordered:
        lines += _component(one, content)
    return folded([*lines, "END:VCALENDAR"])


def is_todo(one: Activity) -> bool:
    """Whether an activity is a to-do for calendars: a task, or what is due or has no time."""
    return one.kind == "task" or one.due_at is not None or one.due_on is not None or start_of(one) is None


def _component(one: Activity, content: CalendarContent) -> list[str]:
    todo = is_todo(one)
    name = "VTODO" if todo else "VEVENT"
    series = content.series.get(one.series_id) if one.series_id is not None else None
    made = [f"UID:{escaped(one.uid)}", *_stamps(one), *_times(one, todo)]
    made += _repetition(one, series)
    made += [content_line("SUMMARY", escaped(one.subject))]
    for key, text in (("DESCRIPTION", one.description), ("LOCATION", one.location), ("X-CRMKIT-OUTCOME", one.outcome)):
        made += [content_line(key, escaped(text))] if text else []
    if one.latitude is not None and one.longitude is not None:
        made.append(f"GEO:{one.latitude.normalize():f};{one.longitude.normalize():f}")
    made += [f"PRIORITY:{one.priority}"] if one.priority else []
    made += _state(one, todo)
    kept, blocks = _kept(one, {line.partition(":")[0].upper(): line for line in made})
    # A property with parameters stands for the plain one that says the same.
    names = {_name(line) for line in kept}
    made = [line for line in made if _name(line) not in names]
    whose = one if series is None or one.own_participants else series
    people = content.participants.get(whose.id, ())
    made += _people(one, people, content.addresses, organized="ORGANIZER" in names)
    alarms: list[str] = []
    whose = one if series is None or one.own_reminders else series
    for reminder in content.reminders.get(whose.id, ()):
        alarms += _alarm(reminder, one, todo)
    return [f"BEGIN:{name}", *made, *kept, *blocks, *alarms, f"END:{name}"]


def _stamps(one: Activity) -> list[str]:
    stamp = one.stamped_at or one.updated_at or one.created_at or datetime(1970, 1, 1, tzinfo=UTC)
    return [f"DTSTAMP:{_utc(stamp)}", f"SEQUENCE:{one.sequence}"]


def _times(one: Activity, todo: bool) -> list[str]:
    found = []
    start = one.starts_at or one.starts_on
    if start is not None:
        found.append(_time("DTSTART", start, one, said_start(one)))
    end = end_of(one)
    # What calendars have no zone for keeps ours.
    if not isinstance(start or end, datetime) or one.floating or any(line.endswith("Z") for line in found):
        found += [f"X-CRMKIT-TIMEZONE:{escaped(one.timezone)}"] if one.timezone != "UTC" else []
    if end is not None:
        whole = not isinstance(end, datetime)
        # DTEND is the day behind the last one (RFC 5545, 3.6.1); DUE is the last one.
        name, last = ("DUE", end) if todo else ("DTEND", end + timedelta(days=1) if whole else end)
        found.append(_time(name, last, one, said_start(one) if start is None else ""))
    return found


def _time(name: str, point: object, one: Activity, said: str = "") -> str:
    if not isinstance(point, datetime):
        return f"{name};VALUE=DATE:{point:%Y%m%d}"
    local = point.astimezone(zone_of(one))
    if said:
        return content_line(name, said, {} if one.floating else {"TZID": one.timezone})
    if one.floating:
        return f"{name}:{local:%Y%m%dT%H%M%S}"
    if one.timezone == "UTC" and not one.zone_definition:
        return f"{name}:{_utc(point)}"
    # A time that comes twice would be read as the first one.
    if local.replace(tzinfo=None, fold=0).replace(tzinfo=zone_of(one)).astimezone(UTC) != point:
        return f"{name}:{_utc(point)}"
    return content_line(name, f"{local:%Y%m%dT%H%M%S}", {"TZID": one.timezone})


def _repetition(one: Activity, series: Activity | None) -> list[str]:
    found = []
    whole = not isinstance(start_of(one), datetime)
    utc = one.timezone == "UTC" and not one.zone_definition and not one.floating
    for rule in filter(None, one.rrule.split("\n")):
        found.append(f"RRULE:{rule if one.floating else zoned(rule, zone_of(one), whole_days=whole)}")
    further = tuple(key for key in one.rdates if key != said_start(one))
    for name, keys in (("RDATE", further), ("EXDATE", one.exdates)):
        for key in keys:
            parameters = {} if utc or one.floating or whole else {"TZID": one.timezone}
            parameters |= {"VALUE": "DATE"} if whole else {"VALUE": "PERIOD"} if "/" in key else {}
            found.append(content_line(name, "/".join(_key(part, utc) for part in key.split("/")), parameters))
    if one.occurrence:
        moment = moment_of(one.occurrence)
        of = series or one
        if not isinstance(moment, datetime):
            found.append(f"RECURRENCE-ID;VALUE=DATE:{one.occurrence}")
        elif of.floating:
            found.append(f"RECURRENCE-ID:{one.occurrence}")
        elif of.timezone == "UTC" and not of.zone_definition:
            found.append(f"RECURRENCE-ID:{one.occurrence}Z")
        else:
            found.append(content_line("RECURRENCE-ID", one.occurrence, {"TZID": of.timezone}))
    return found


def _key(part: str, utc: bool) -> str:
    return f"{part}Z" if utc and "T" in part and not part.startswith("P") else part


def _state(one: Activity, todo: bool) -> list[str]:
    found = [f"X-CRMKIT-KIND:{one.kind}"]
    found += ["CLASS:PRIVATE"] if one.visibility == "private" else []
    if one.status == "cancelled":
        found.append("STATUS:CANCELLED")
    elif one.status == "done" and todo:
        found.append("STATUS:COMPLETED")
    elif one.status in ("done", "missed"):
        found.append(f"X-CRMKIT-STATUS:{one.status}")
    if one.completed_at is not None and todo and one.status == "done":
        found.append(f"COMPLETED:{_utc(one.completed_at)}")
    return found


def _kept(one: Activity, made: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Return the kept properties that still hold, and the kept components."""
    lines, blocks, depth = [], [], 0
    for line in filter(None, one.ical_properties.split("\r\n")):
        upper = line[:6].upper()
        if depth or upper == "BEGIN:":
            depth += (upper == "BEGIN:") - (upper[:4] == "END:")
            blocks.append(line)
            continue
        name = _name(line)
        if name in ("SUMMARY", "DESCRIPTION", "LOCATION") and _value(line) != _value(made.get(name, ":")):
            continue
        if name == "CLASS" and (_value(line).upper() == "PUBLIC") != (one.visibility == "shared"):
            continue
        if name == "STATUS" and not _status_holds(one, _value(line).upper()):
            continue
        lines.append(line)
    return lines, blocks


def _status_holds(one: Activity, word: str) -> bool:
    status = {"CANCELLED": "cancelled", "COMPLETED": "done"}.get(word, "planned")
    return status == one.status


def _people(
    one: Activity, people: Sequence[ActivityParticipant], addresses: Addresses, *, organized: bool
) -> list[str]:
    found = []
    mail, name = addresses.mail_of(one.owner_id)
    if people and mail and not organized:
        found.append(content_line("ORGANIZER", f"mailto:{mail}", {"CN": name} if name else {}))
    for who in people:
        address, called = addresses.of(who)
        parameters = {"CN": called} if called else {}
        if who.role != "required":
            parameters["ROLE"] = _ROLE_WORDS[who.role]
        if who.response != "needs-action":
            parameters["PARTSTAT"] = _RESPONSE_WORDS[who.response]
        line = content_line("ATTENDEE", "", parameters)[:-1] + who.ical_parameters
        scheme = "" if ":" in address.partition("@")[0] else "mailto:"
        found.append(f"{line}:{scheme}{address}")
    return found


def _alarm(reminder: ActivityReminder, one: Activity, todo: bool) -> list[str]:
    if reminder.ical_alarm:
        return [line for line in reminder.ical_alarm.split("\r\n") if line]
    if reminder.at is not None:
        trigger = f"TRIGGER;VALUE=DATE-TIME:{_utc(reminder.at)}"
    else:
        # What has only a due date counts from it.
        end = reminder.before_end or (todo and one.starts_at is None and one.starts_on is None)
        sign = "-" if reminder.minutes_before >= 0 else ""
        trigger = f"TRIGGER{';RELATED=END' if end else ''}:{sign}PT{abs(reminder.minutes_before)}M"
    text = reminder.text or one.subject
    return ["BEGIN:VALARM", "ACTION:DISPLAY", trigger, content_line("DESCRIPTION", escaped(text)), "END:VALARM"]


def _zones(activities: Iterable[Activity]) -> list[str]:
    years: dict[str, list[int]] = {}
    defined: dict[str, str] = {}
    for one in activities:
        if one.floating or (one.timezone == "UTC" and not one.zone_definition):
            continue
        points = [p for p in (one.starts_at, one.ends_at, one.due_at) if p is not None]
        if one.zone_definition:
            defined[one.timezone] = one.zone_definition
        elif points:
            ahead = YEARS_AHEAD if one.recurring and one.recurs_until is None else 0
            span = years.setdefault(one.timezone, [])
            span += [min(points).year - 1, max(points).year + 1 + ahead]
            span += [one.recurs_until.year + 1] if one.recurs_until is not None and one.recurs_until.year < 2200 else []
            span += [moment_of(key).year for key in one.rdates]
    found: list[str] = []
    for name in sorted({*years, *defined}):
        text = defined.get(name) or vtimezone(name, max(1900, min(years[name])), min(2200, max(years[name])))
        unfolded = text.replace("\r\n ", "").replace("\r\n\t", "")
        found += [line for line in unfolded.split("\r\n") if line]
    return found


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _name(line: str) -> str:
    return line.partition(":")[0].partition(";")[0].upper()


def _value(line: str) -> str:
    quoted = False
    for at, character in enumerate(line):
        if character == '"':
            quoted = not quoted
        elif character == ":" and not quoted:
            return line[at + 1 :]
    return ""
