"""How activities are shown: as lines of a table, and as documents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from crmkit.command import table, translated, wording
from crmkit_sfa.activities.agenda import Entry
from crmkit_sfa.activities.timing import end_of, start_of

KINDS = {"task": wording("task"), "call": wording("call"), "meeting": wording("meeting"), "visit": wording("visit")}
STATUSES = {
    "planned": wording("planned"),
    "done": wording("done"),
    "cancelled": wording("cancelled"),
    "missed": wording("missed"),
}


def when(entry: Entry, zone: ZoneInfo, *, day: bool = True) -> str:
    """Return when an occurrence is, where ``zone`` is; without ``day``, only the hours."""
    one = entry.activity
    start, end = start_of(one), end_of(one)
    if start is None:
        return ""
    due = one.starts_at is None and one.starts_on is None
    if not isinstance(start, datetime):
        last = end if end is not None and not isinstance(end, datetime) and end != start else None
        days = f"{start:%Y-%m-%d}" + (f" – {last:%Y-%m-%d}" if last is not None else "")
        what = translated(wording("due")) if due else translated(wording("all day"))
        return f"{days} {what}" if day or last is not None else what
    local = start.astimezone(zone)
    told = f"{local:%Y-%m-%d %H:%M}" if day else f"{local:%H:%M}"
    if due:
        return f"{told} {translated(wording('due'))}"
    if isinstance(end, datetime) and end != start:
        until = end.astimezone(zone)
        told += f"–{until:%H:%M}" if until.date() == local.date() else f" – {until:%Y-%m-%d %H:%M}"
    return told


def entries_table(entries: Iterable[Entry], timezone: str, *, day: bool = True) -> Any:
    """Return a table of entries; without ``day``, they are all of one day."""
    zone = ZoneInfo(timezone)
    headings = [wording("When"), wording("Kind"), wording("Subject"), wording("Customer"), wording("Opportunity")]
    headings += [wording("Place"), wording("Status")]
    rows = [
        (
            when(entry, zone, day=day),
            translated(KINDS[entry.activity.kind]),
            entry.activity.subject + (" ↻" if entry.occurrence is not None and entry.occurrence.series_id else ""),
            entry.customer,
            entry.opportunity,
            entry.activity.location,
            translated(STATUSES[entry.activity.status]),
        )
        for entry in entries
    ]
    return _without_empty([translated(heading) for heading in headings], rows)


def _without_empty(headings: list[str], rows: Sequence[Sequence[str]]) -> Any:
    kept = [at for at in range(len(headings)) if at < 3 or any(row[at] for row in rows)]
    return table([headings[at] for at in kept], [[row[at] for at in kept] for row in rows])


def document(entry: Entry) -> dict[str, Any]:
    """Return an entry as a document: ``id`` is that of the record, of a series' occurrence that of the series."""
    one, occurrence = entry.activity, entry.occurrence
    return {
        "id": occurrence.record.id if occurrence is not None else one.id,
        "kind": one.kind,
        "subject": one.subject,
        "status": one.status,
        "starts_at": one.starts_at,
        "ends_at": one.ends_at,
        "starts_on": one.starts_on,
        "ends_on": one.ends_on,
        "due_on": one.due_on,
        "due_at": one.due_at,
        "timezone": one.timezone,
        "series_id": occurrence.series_id if occurrence is not None else None,
        "occurrence": occurrence.key if occurrence is not None and occurrence.key else None,
        "priority": one.priority,
        "customer": entry.customer or None,
        "opportunity": entry.opportunity or None,
        "location": one.location,
        "outcome": one.outcome,
    }
