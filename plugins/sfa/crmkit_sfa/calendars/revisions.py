"""Which of several entries is the newest, and which occurrence one stands for. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from crmkit.plugin import change
from crmkit_sfa.activities.entities import Activity
from crmkit_sfa.activities.recurrence import key_of
from crmkit_sfa.activities.timing import said_start, zone_of
from crmkit_sfa.calendars.entries import CalendarEntry


def newest(entries: Sequence[CalendarEntry]) -> list[CalendarEntry]:
    """Return the entries; of one that the file has several times, the newest revision."""
    found: dict[tuple[str, object], CalendarEntry] = {}
    for entry in entries:
        known = found.get((entry.uid, entry.recurrence))
        if known is None or (entry.sequence, _stamp(entry)) >= (known.sequence, _stamp(known)):
            found[(entry.uid, entry.recurrence)] = entry
    return list(found.values())


def _stamp(entry: CalendarEntry) -> float:
    return entry.stamped_at.timestamp() if entry.stamped_at is not None else 0.0


def occurrence_key(entry: CalendarEntry, master: Activity | None) -> str:
    """Return which occurrence an entry stands for, in the local time of its series, or of its own zone."""
    at = entry.recurrence
    assert at is not None
    if isinstance(at, datetime):
        zone = zone_of(master) if master is not None else zone_of(change(_BARE, **_zone_values(entry)))
        local = at.astimezone(zone).replace(tzinfo=None)
        if master is not None and at == master.starts_at and (said := said_start(master)):
            return said
        return key_of(local.date() if master is not None and master.starts_on is not None else local)
    if master is not None and master.starts_at is not None:
        local_start = master.starts_at.astimezone(zone_of(master))
        return key_of(datetime.combine(at, local_start.time()))
    return key_of(at)


_BARE = Activity(subject="-")


def _zone_values(entry: CalendarEntry) -> dict[str, Any]:
    return {name: entry.values[name] for name in ("timezone", "zone_definition")}
