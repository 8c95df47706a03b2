"""Who takes part and what reminds of it, in the words of calendar files. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from crmkit.plugin import msg
from crmkit_sfa.activities.entities import ParticipantRole, Response
from crmkit_sfa.calendars.entries import Alarm, Attendee, Unreadable
from crmkit_sfa.calendars.text import content_line

ROLES: dict[str, ParticipantRole] = {
    "REQ-PARTICIPANT": "required",
    "OPT-PARTICIPANT": "optional",
    "CHAIR": "chair",
    "NON-PARTICIPANT": "information",
}
RESPONSES: dict[str, Response] = {
    "NEEDS-ACTION": "needs-action",
    "ACCEPTED": "accepted",
    "DECLINED": "declined",
    "TENTATIVE": "tentative",
    "DELEGATED": "delegated",
}
_OWN = ("CN", "ROLE", "PARTSTAT")


def attendees_of(component: Any) -> Iterator[Attendee]:
    """Yield who takes part, each address once."""
    value = component.get("ATTENDEE")
    seen: set[str] = set()
    for one in [] if value is None else value if isinstance(value, list) else [value]:
        parameters = {str(k).upper(): v for k, v in getattr(one, "params", {}).items()}
        address = bare_address(str(one))
        if not address or address.casefold() in seen:
            continue
        if len(address) > 300:
            raise Unreadable("ATTENDEE", msg("expected an address of at most {most} characters", most=300))
        seen.add(address.casefold())
        role, response = str(parameters.get("ROLE", "")).upper(), str(parameters.get("PARTSTAT", "")).upper()
        known = {"ROLE": role in ROLES, "PARTSTAT": response in RESPONSES, "CN": True}
        kept = {k: _text(v) for k, v in parameters.items() if not known.get(k, False)}
        yield Attendee(
            address=address,
            name=str(parameters.get("CN", ""))[:300],
            role=ROLES.get(role, "required"),
            response=RESPONSES.get(response, "needs-action"),
            parameters=content_line("", "", kept)[:-1][:2_000] if kept else "",
        )


def bare_address(text: str) -> str:
    """Return an address without ``mailto:``; of any other URI, all of it."""
    text = text.strip()
    return text[7:].strip() if text[:7].lower() == "mailto:" else text


def alarms_of(component: Any, *, due_only: bool) -> Iterator[Alarm]:
    """Yield the reminders of a component; what reminds of nothing (``ACTION:NONE``) is none."""
    for alarm in component.subcomponents:
        if alarm.name != "VALARM" or str(alarm.get("ACTION", "")).upper() == "NONE":
            continue
        trigger = alarm.get("TRIGGER")
        when = getattr(trigger, "dt", None)
        text = alarm.to_ical(sorted=False).decode("utf-8").replace("\r\n ", "").replace("\r\n\t", "")
        summary = str(alarm.get("DESCRIPTION", ""))[:2_000] if not isinstance(alarm.get("DESCRIPTION"), list) else ""
        # A reminder must say something in calendars; that it says the subject says nothing.
        summary = "" if summary == str(component.get("SUMMARY", "")) else summary
        if isinstance(when, timedelta):
            related = str(trigger.params.get("RELATED", "START")).upper()
            minutes = -int(when.total_seconds() // 60)
            if abs(minutes) > 60 * 24 * 366 * 5:
                raise Unreadable("TRIGGER", msg("expected a reminder within five years of the event"))
            yield Alarm(
                minutes_before=minutes, before_end=related == "END" and not due_only, summary=summary, text=text
            )
        elif isinstance(when, datetime):
            at = when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)
            yield Alarm(at=at, summary=summary, text=text)
        else:
            raise Unreadable("TRIGGER", msg("expected when to remind, such as -PT15M"))


def _text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
