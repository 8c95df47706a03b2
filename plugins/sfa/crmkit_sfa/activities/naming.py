"""Which activity and which occurrence somebody means."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from uuid import UUID

from crmkit.core.values.clock import parse_date, parse_instant
from crmkit.plugin import BadInput, Context, CrmError, NotFound, msg
from crmkit_sfa.activities.entities import Activity
from crmkit_sfa.activities.recurrence import key_of, moments
from crmkit_sfa.activities.timing import Point, repetition_of, zone_of


def find_activity(ctx: Context, needle: str) -> Activity:
    """Return the activity with this id, or the one that is planned under this subject; raises NotFound or BadInput."""
    text = needle.strip()
    try:
        return ctx.session.get(Activity, UUID(text))
    except ValueError:
        pass
    found: Sequence[Activity] = ctx.session.list(Activity, subject=text, limit=50)
    # Single occurrences are named by their series; what is over counts only where nothing is planned.
    found = [one for one in found if one.series_id is None] or found
    found = [one for one in found if one.status == "planned"] or found
    if not found:
        raise NotFound(msg("no activity “{needle}”", needle=text))
    if len(found) > 1:
        ids = ", ".join(str(one.id) for one in found[:5])
        raise BadInput(
            msg(
                "{count} activities are called “{needle}”; name one by its id: {ids}",
                count=len(found),
                needle=text,
                ids=ids,
            )
        )
    return found[0]


def occurrence_key(series: Activity, text: str) -> str:
    """Return which occurrence of a series is meant by a day, or by a local time as the series has it.

    Raises NotFound for a day without one, and BadInput where a day has several, or for what is neither.
    """
    repetition = repetition_of(series)
    if repetition is None or not series.recurring:
        raise BadInput(msg("“{subject}” does not repeat: it has no occurrences", subject=series.subject))
    zone = zone_of(series)
    point = point_of(text, series.timezone)
    first: date | datetime
    last: date | datetime
    if isinstance(point, datetime):
        first = last = point.astimezone(zone).replace(tzinfo=None)
    else:
        first, last = datetime.combine(point, time()), datetime.combine(point, time.max)
    if not isinstance(repetition.start, datetime):
        first = last = first.date() if isinstance(first, datetime) else first
    found = list(moments(repetition, first, last))
    if not found:
        raise NotFound(msg("“{subject}” has no occurrence {key}", subject=series.subject, key=text))
    if len(found) > 1:
        raise BadInput(
            msg(
                "“{subject}” has {count} occurrences that day: name the time, too",
                subject=series.subject,
                count=len(found),
            )
        )
    return key_of(found[0])


def point_of(text: str, timezone: str) -> Point:
    """Read a day, or a time in a zone unless it names its offset; raises BadInput."""
    try:
        return parse_date(text)
    except CrmError:
        from crmkit_sfa.activities.timing import known_zone

        return parse_instant(text, known_zone(timezone))
