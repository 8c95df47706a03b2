"""Which reminders are due, and when the next one is. Pure: what fired already is handed in."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta

from crmkit.core.frozen import frozen
from crmkit_sfa.activities.entities import Activity, ActivityReminder
from crmkit_sfa.activities.occurrences import Occurrence, occurrences, single
from crmkit_sfa.activities.timing import zone_of


@frozen
class DueReminder:
    """A reminder that is due at an instant, for one occurrence."""

    reminder: ActivityReminder
    occurrence: Occurrence
    due_at: datetime


def due_at(reminder: ActivityReminder, occurrence: Occurrence) -> datetime:
    """Return when a reminder is due for an occurrence."""
    if reminder.at is not None:
        return reminder.at
    base = occurrence.ends_at if reminder.before_end else occurrence.starts_at
    return base - timedelta(minutes=reminder.minutes_before)


def due_reminders(
    reminder: ActivityReminder,
    activity: Activity,
    others: Sequence[Activity],
    now: datetime,
    fired: Collection[datetime] = (),
) -> Iterator[DueReminder]:
    """Yield what a reminder is due for up to ``now`` and was not dealt with, by the starts of the occurrences.

    ``fired`` are starts of occurrences that it fired for. What started and was due up to ``settled_until`` is dealt with.
    """
    since = reminder.settled_until
    early = timedelta(minutes=max(0, reminder.minutes_before))
    late = timedelta(minutes=max(0, -reminder.minutes_before))
    after = None if since is None else since - late
    for one in _planned(reminder, activity, others, after, now + early + timedelta(microseconds=1)):
        at = due_at(reminder, one)
        if at <= now and one.starts_at not in fired and (since is None or max(one.starts_at, at) > since):
            yield DueReminder(reminder, one, at)


def next_due(
    reminder: ActivityReminder, activity: Activity, others: Sequence[Activity], after: datetime, until: datetime
) -> datetime | None:
    """Return when a reminder is due next, after an instant; None where it is not due any more up to ``until``."""
    slack = timedelta(minutes=abs(reminder.minutes_before))
    soonest: datetime | None = None
    for one in _planned(reminder, activity, others, after - slack, until):
        at = due_at(reminder, one)
        if soonest is not None and one.starts_at > soonest + slack + timedelta(days=1):
            break
        if at > after and (soonest is None or at < soonest):
            soonest = at
    return soonest


def _planned(
    reminder: ActivityReminder,
    activity: Activity,
    others: Sequence[Activity],
    after: datetime | None,
    until: datetime,
) -> Iterator[Occurrence]:
    zone = zone_of(activity)
    if activity.recurring and reminder.at is None:
        if activity.status != "planned":
            return
        found = occurrences(activity, others, zone, after, until)
        # An occurrence with reminders of its own is reminded of by those.
        yield from (o for o in found if o.activity.status == "planned" and not (o.detached and o.record.own_reminders))
        return
    alone = single(activity, zone)
    if alone is not None and activity.status == "planned":
        yield alone
