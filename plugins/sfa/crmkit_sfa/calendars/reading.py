"""Reading calendar files (RFC 5545): what they say, and what is wrong with them. Pure; nothing is written."""

from __future__ import annotations

import hashlib
import warnings
from collections import Counter
from collections.abc import Iterator
from typing import Any

from crmkit.plugin import BadInput, msg
from crmkit_sfa.calendars.components import METHODS, entry_of
from crmkit_sfa.calendars.entries import CalendarEntry, CalendarFile, Problem, Unreadable
from crmkit_sfa.calendars.text import decoded
from crmkit_sfa.calendars.zones import iana_name

TAKEN = ("VEVENT", "VTODO")
DEEPEST = 20


def read_calendar(content: bytes, timezone: str, encoding: str = "") -> CalendarFile:
    """Return what a calendar file says.

    ``timezone`` is where times without a zone are, unless the file says so. Whatever is wrong with it is among the
    problems, each naming component and property; what is right is there nevertheless. Raises BadInput for a file that
    is no calendar at all.
    """
    text = decoded(content, encoding)
    _check_nesting(text)
    from icalendar import Component

    try:
        with warnings.catch_warnings():
            # Zones are looked up by this room, from the names that the file uses.
            warnings.simplefilter("ignore")
            tops: list[Any] = Component.from_ical(text, multiple=True)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError, OverflowError) as error:
        raise BadInput(msg("the file is no calendar (RFC 5545): {error}", error=_short(error))) from None
    if not tops:
        raise BadInput(msg("the file is no calendar: it has no component such as VCALENDAR"))
    entries: list[CalendarEntry] = []
    problems: list[Problem] = []
    ignored: Counter[str] = Counter()
    method = ""
    for top in tops:
        calendar = top.name == "VCALENDAR"
        method = str(top.get("METHOD", "")).upper() if calendar else ""
        if method not in METHODS:
            problems.append(Problem("VCALENDAR", "METHOD", msg("{value} is not taken in", value=method)))
            continue
        if calendar:
            problems += _errors(top, "VCALENDAR")
        zone = iana_name(str(top.get("X-WR-TIMEZONE", "")).strip()) if calendar else ""
        definitions = dict(_definitions(top))
        for component in top.subcomponents if calendar else [top]:
            if component.name not in TAKEN:
                ignored[component.name] += component.name != "VTIMEZONE"
                continue
            label = f"{component.name} {_uid(component)}"
            wrong = list(_errors(component, label))
            problems += wrong
            if wrong:
                continue
            try:
                entries.append(entry_of(component, label, _uid(component), definitions, zone or timezone, method))
            except Unreadable as error:
                problems.append(Problem(label, error.property, error.reason))
            except BadInput as error:
                problems.append(Problem(label, "", error.message))
    return CalendarFile(
        entries=tuple(entries), problems=tuple(problems), ignored={k: n for k, n in ignored.items() if n}, method=method
    )


def _errors(component: Any, label: str) -> Iterator[Problem]:
    """Yield what the library could not read of a component and of what is within it, zones aside."""
    for name, error in component.errors:
        yield Problem(label, str(name or ""), msg("{error}", error=_short(error)))
    if component.name == "VCALENDAR":
        return
    for part in component.subcomponents:
        yield from _errors(part, f"{label} {part.name}")


def _definitions(top: Any) -> Iterator[tuple[str, str]]:
    for component in top.walk("VTIMEZONE"):
        name = str(component.get("TZID", "")).strip()
        if name:
            yield name, component.to_ical().decode("utf-8")


def _uid(component: Any) -> str:
    uid = str(component.get("UID", "")).strip()
    # RFC 5545 wants one. What has none is known by what it says, so that taking it again changes nothing.
    return uid or f"no-uid-{hashlib.sha256(component.to_ical()).hexdigest()[:32]}"


def _short(error: object) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= 200 else f"{text[:200]}…"


def _check_nesting(text: str) -> None:
    depth = 0
    for line in text.split("\r\n"):
        start = line[:6].upper()
        depth += (start == "BEGIN:") - (start[:4] == "END:")
        if depth > DEEPEST:
            raise BadInput(msg("the file is no calendar: components within components, {depth} deep", depth=depth))
    if depth > 0:
        raise BadInput(msg("the file is no calendar: it breaks off, {count} components have no END", count=depth))
