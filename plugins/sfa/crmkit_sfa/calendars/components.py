"""One VEVENT or VTODO as it is read: its times, its repetition, and what is kept as it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from crmkit.plugin import BadInput, entity_info, msg
from crmkit_sfa.activities.entities import Activity
from crmkit_sfa.activities.recurrence import instant, key_of, localised, moment_of
from crmkit_sfa.activities.timing import skipped_start
from crmkit_sfa.calendars.entries import CalendarEntry, Unreadable
from crmkit_sfa.calendars.people import alarms_of, attendees_of, bare_address
from crmkit_sfa.calendars.zones import Zone, zone_called

METHODS = ("", "PUBLISH", "REQUEST", "CANCEL", "REPLY")
MODELLED = frozenset({
    "UID", "DTSTART", "DTEND", "DUE", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID", "SEQUENCE",
    "DTSTAMP", "SUMMARY", "DESCRIPTION", "LOCATION", "GEO", "PRIORITY", "ATTENDEE", "ORGANIZER", "COMPLETED",
    "X-CRMKIT-KIND", "X-CRMKIT-STATUS", "X-CRMKIT-OUTCOME", "X-CRMKIT-TIMEZONE",
})  # fmt: skip
"""What is a field of an activity. Everything else is kept as it stands."""
_WHOLLY_MODELLED = (("CLASS", "PRIVATE"), ("STATUS", "CANCELLED"))
_TEXTS = {"SUMMARY": "subject", "DESCRIPTION": "description", "LOCATION": "location", "X-CRMKIT-OUTCOME": "outcome"}
_OWN_KINDS = ("task", "call", "meeting", "visit")
_OFFSET_UTC = re.compile(r"\d{8}T\d{6}Z")
UNTITLED = "-"


def entry_of(
    component: Any, label: str, uid: str, definitions: dict[str, str], timezone: str, method: str
) -> CalendarEntry:
    """Return what a component says; raises Unreadable, naming the property, and BadInput."""
    if "EXRULE" in component:
        raise Unreadable("EXRULE", msg("a rule of exceptions, which RFC 5545 has given up; expected EXDATE"))
    times = _Times(component, definitions, timezone)
    values: dict[str, Any] = {**times.values(), **times.repetition(), **_texts(component)}
    values |= _state(component, method)
    values["priority"] = _number(component, "PRIORITY")
    values["visibility"] = "shared" if str(component.get("CLASS", "PUBLIC")).upper() == "PUBLIC" else "private"
    values["latitude"], values["longitude"] = _place(component)
    values["ical_properties"] = "\r\n".join(kept_lines(component))
    lengths = entity_info(Activity).by_name
    for name, value in values.items():
        if isinstance(value, str) and len(value) > lengths[name].max_length:
            property = next((key for key, field in _TEXTS.items() if field == name), name)
            raise Unreadable(property, msg("expected at most {most} characters", most=lengths[name].max_length))
    own = str(component.get("X-CRMKIT-KIND", "")).lower()
    return CalendarEntry(
        component=label,
        uid=uid,
        kind=own if own in _OWN_KINDS else "",
        values=values,
        recurrence=times.recurrence_id(),
        sequence=_number(component, "SEQUENCE"),
        stamped_at=times.instant_of("DTSTAMP"),
        organizer=bare_address(str(component.get("ORGANIZER", "")) if not _several(component, "ORGANIZER") else ""),
        attendees=tuple(attendees_of(component)),
        alarms=tuple(alarms_of(component, due_only=times.due_only)),
    )


def kept_lines(component: Any) -> Iterator[str]:
    """Yield the content lines, unfolded, of what is no field of an activity, or says more than a field can."""
    for name, value in component.property_items(recursive=False, sorted=False):
        if name in ("BEGIN", "END"):
            continue
        more = name in ("SUMMARY", "DESCRIPTION", "LOCATION", "ORGANIZER") and bool(getattr(value, "params", None))
        word = str(value).upper() if not isinstance(value, list) else ""
        if (name, word) in _WHOLLY_MODELLED or (name, word, component.name) == ("STATUS", "COMPLETED", "VTODO"):
            continue
        if name not in MODELLED or more or name == "ORGANIZER":
            yield str(component.content_line(name, value, sorted=False))
    for part in component.subcomponents:
        if part.name != "VALARM" or str(part.get("ACTION", "")).upper() == "NONE":
            yield from (str(line) for line in part.content_lines(sorted=False) if line)


class _Times:
    """The times of one component: its zone is that of its start."""

    def __init__(self, component: Any, definitions: dict[str, str], timezone: str) -> None:
        self.component, self.definitions = component, definitions
        self.event = component.name == "VEVENT"
        own = str(component.get("X-CRMKIT-TIMEZONE", ""))
        self.own = zone_called(own, definitions) if own else None
        self.fallback = self.own or Zone(timezone)
        due, start = component.get("DUE"), component.get("DTSTART")
        self.due_only = start is None and due is not None
        self.floating = False
        self.zone = Zone("UTC")
        self.start = self.point("DTSTART", zone=True)
        self.end = self.point("DTEND" if self.event else "DUE", zone=self.due_only)
        if start is None and not self.due_only:
            self.zone = self.fallback

    def values(self) -> dict[str, Any]:
        """Return the fields of times: instants, or days."""
        start, end = self.start, self.end
        if self.event and start is None:
            raise Unreadable("DTSTART", msg("expected when it starts"))
        if end is None and "DURATION" in self.component:
            end = self._after(start)
        if start is not None and end is not None and isinstance(start, datetime) != isinstance(end, datetime):
            raise Unreadable("DTEND" if self.event else "DUE", msg("expected a time or a day, as DTSTART is"))
        found: dict[str, Any] = dict.fromkeys(("starts_at", "ends_at", "starts_on", "ends_on", "due_on", "due_at"))
        if start is not None:
            found["starts_at" if isinstance(start, datetime) else "starts_on"] = start
        if end is not None and not isinstance(end, datetime) and self.event:
            # DTEND is the day after the last one; one day is said without it.
            assert start is not None
            end = end - timedelta(days=1) if end > start else end
            end = None if end == start else end
        if end is not None and start is not None and end < start:
            raise Unreadable("DTEND" if self.event else "DUE", msg("expected an end that is not before the start"))
        if end is not None:
            found[("ends" if self.event else "due") + ("_at" if isinstance(end, datetime) else "_on")] = end
        return {
            **found,
            "timezone": self.zone.name,
            "zone_definition": self.zone.definition,
            "floating": self.floating,
        }

    def repetition(self) -> dict[str, Any]:
        """Return the fields of repetition, told in the local time of the start."""
        anchor = self.start if self.start is not None else self.end
        whole = not isinstance(anchor, datetime)
        rules = [localised(_raw(rule), self.zone.tz, whole_days=whole) for rule in _values(self.component, "RRULE")]
        return {
            "rrule": "\n".join(rules),
            "rdates": (*self._skipped_start("\n".join(rules)), *self._moments("RDATE", anchor)),
            "exdates": tuple(self._moments("EXDATE", anchor)),
        }

    def _skipped_start(self, rules: str) -> tuple[str, ...]:
        text = [_raw(one) for one in _values(self.component, "DUE" if self.due_only else "DTSTART")][:1]
        if not text or _OFFSET_UTC.fullmatch(text[0]):
            return ()
        return skipped_start(moment_of(text[0]), self.zone.tz, rules)

    def recurrence_id(self) -> date | datetime | None:
        """Return which occurrence of its series the component is: an instant, or a day."""
        if "RECURRENCE-ID" not in self.component:
            return None
        if str(_parameters(self.component.get("RECURRENCE-ID")).get("RANGE", "")).upper() == "THISANDFUTURE":
            raise Unreadable("RECURRENCE-ID", msg("changes of this and all future occurrences are not taken in"))
        return self.point("RECURRENCE-ID")

    def instant_of(self, name: str) -> datetime | None:
        """Return a property that is an instant."""
        point = self.point(name)
        if point is None or isinstance(point, datetime):
            return point
        return datetime.combine(point, time(), UTC)

    def point(self, name: str, *, zone: bool = False) -> date | datetime | None:
        """Return a property as an instant in UTC, or as a day; with ``zone``, its zone is the one of the component."""
        found = list(_values(self.component, name))
        if not found:
            return None
        if len(found) > 1:
            raise Unreadable(name, msg("expected it once"))
        text, parameters = _raw(found[0]), _parameters(found[0])
        return self._read(name, text, parameters, zone)

    def _read(self, name: str, text: str, parameters: dict[str, str], zone: bool = False) -> date | datetime:
        try:
            if _OFFSET_UTC.fullmatch(text):
                if zone:
                    self.zone = self.own or Zone("UTC")
                return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            moment = moment_of(text)
            where = parameters.get("TZID", "")
            if not isinstance(moment, datetime):
                if zone:
                    self.zone = self.fallback
                return moment
            local = zone_called(where, self.definitions) if where else self.fallback
            if zone:
                self.zone, self.floating = local, not where
            elif not where and self.floating:
                local = self.zone
            return instant(moment, local.tz)
        except BadInput as error:
            raise Unreadable(name, error.message) from None
        except (OverflowError, ValueError):
            raise Unreadable(name, msg("{value}: expected a time or a day of a calendar", value=text)) from None

    def _after(self, start: date | datetime | None) -> date | datetime:
        duration = getattr(self.component.get("DURATION"), "dt", None) or getattr(
            self.component.get("DURATION"), "td", None
        )
        if start is None or not isinstance(duration, timedelta):
            raise Unreadable("DURATION", msg("expected a duration such as PT1H, and DTSTART"))
        if duration < timedelta():
            raise Unreadable("DURATION", msg("expected a duration that is not negative"))
        try:
            if not isinstance(start, datetime):
                # Of whole days, DUE is the last day and DTEND the one after it.
                return start + (duration if self.event else duration - timedelta(days=1))
            # Days are those of the place, hours are hours (RFC 5545 3.3.6).
            local = start.astimezone(self.zone.tz).replace(tzinfo=None) + timedelta(days=duration.days)
            return instant(local, self.zone.tz) + timedelta(seconds=duration.seconds)
        except OverflowError:
            raise Unreadable("DURATION", msg("expected an end within the calendar")) from None

    def _moments(self, name: str, anchor: date | datetime | None) -> Iterator[str]:
        for one in _values(self.component, name):
            parameters = _parameters(one)
            for text in filter(None, _raw(one).split(",")):
                begin, slash, end = text.partition("/")
                point = self._read(name, begin, parameters)
                key = self._key(point, anchor)
                if slash and name == "RDATE":
                    key += "/" + (end if end.startswith("P") else self._key(self._read(name, end, parameters), anchor))
                yield key

    def _key(self, point: date | datetime, anchor: date | datetime | None) -> str:
        if isinstance(point, datetime):
            local = point.astimezone(self.zone.tz).replace(tzinfo=None)
            return key_of(local if anchor is None or isinstance(anchor, datetime) else local.date())
        if isinstance(anchor, datetime):
            # A day among times means the occurrence of that day.
            return key_of(datetime.combine(point, anchor.astimezone(self.zone.tz).time()))
        return key_of(point)


def _texts(component: Any) -> dict[str, str]:
    found = {}
    for name, field in _TEXTS.items():
        if _several(component, name):
            raise Unreadable(name, msg("expected it once"))
        value = component.get(name)
        found[field] = "" if value is None else str(value)
    found["subject"] = found["subject"].strip() or UNTITLED
    return found


def _state(component: Any, method: str) -> dict[str, Any]:
    word = str(component.get("STATUS", "")).upper() if not _several(component, "STATUS") else ""
    own = str(component.get("X-CRMKIT-STATUS", "")).lower()
    status = {"CANCELLED": "cancelled", "COMPLETED": "done"}.get(word, "planned")
    completed = getattr(component.get("COMPLETED"), "dt", None)
    if completed is not None and word == "":
        status = "done"
    if own in ("done", "missed") and status == "planned":
        status = own
    found: dict[str, Any] = {"status": "cancelled" if method == "CANCEL" else status}
    if isinstance(completed, datetime):
        found["completed_at"] = completed.astimezone(UTC) if completed.tzinfo else completed.replace(tzinfo=UTC)
    return found


def _place(component: Any) -> tuple[Decimal | None, Decimal | None]:
    value = component.get("GEO")
    if value is None:
        return None, None
    text = str(value.to_ical()) if not isinstance(value, list) else ""
    try:
        latitude, longitude = (Decimal(part).quantize(Decimal("0.000001")) for part in text.split(";"))
    except (ValueError, InvalidOperation):
        raise Unreadable("GEO", msg("expected latitude and longitude, as in 37.386013;-122.082932")) from None
    return latitude, longitude


def _number(component: Any, name: str) -> int:
    value = component.get(name)
    if value is None:
        return 0
    try:
        number = int(value)
    except (TypeError, ValueError):
        raise Unreadable(name, msg("expected a number")) from None
    if not 0 <= number <= (9 if name == "PRIORITY" else 2_147_483_647):
        raise Unreadable(name, msg("{value}: expected a number from 0 to 9", value=number))
    return number


def _several(component: Any, name: str) -> bool:
    return isinstance(component.get(name), list)


def _values(component: Any, name: str) -> list[Any]:
    value = component.get(name)
    return [] if value is None else value if isinstance(value, list) else [value]


def _raw(value: Any) -> str:
    told = value.to_ical()
    return told.decode("utf-8") if isinstance(told, bytes) else str(told)


def _parameters(value: Any) -> dict[str, str]:
    return {str(key).upper(): str(text) for key, text in getattr(value, "params", {}).items()}
