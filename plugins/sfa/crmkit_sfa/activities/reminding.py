"""Firing reminders: each once, through any outage.

What fired stands in ``sfa_reminder_notice`` under a key of reminder, occurrence and user that is unique, written in one
transaction with when the reminder is due next. A worker that dies in between has done nothing; of two that fire the same,
the database lets one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from crmkit.plugin import Context, Job, change
from crmkit_sfa.activities.due_reminders import DueReminder, due_reminders, next_due
from crmkit_sfa.activities.entities import Activity, ActivityParticipant, ActivityReminder, ReminderNotice

AT_ONCE = 200
"""Reminders that are looked at in one transaction."""
NOTICES_AT_ONCE = 1_000
"""Notices of one reminder in one transaction: after a long outage there may be many."""


def fire_reminders(ctx: Any, job: Job) -> None:
    """The job: fire all that is due, a transaction for each batch."""
    batch = 0
    while ctx.steps.transaction(f"fire {batch}", fire_batch):
        batch += 1


def fire_batch(ctx: Context) -> int:
    """Fire the reminders that have been due longest, and return how many were looked at. For whoever may see all."""
    now = ctx.clock.now()
    reminders = _due(ctx, now)
    if not reminders:
        return 0
    activities = {one.id: one for one in ctx.session.list(Activity, id=[r.activity_id for r in reminders])}
    series = [one.id for one in activities.values() if one.recurring]
    others = ctx.session.list(Activity, series_id=series) if series else []
    told = _told(ctx, [*activities, *[one.id for one in others]])
    fired = _fired(ctx, reminders)
    horizon = now + timedelta(days=366 * ctx.config.activities.look_ahead_years)
    for reminder in reminders:
        activity = activities.get(reminder.activity_id)
        if activity is None:
            ctx.session.update(change(reminder, next_at=None, settled_until=now))
            continue
        mine = [one for one in others if one.series_id == activity.id]
        notices: list[ReminderNotice] = []
        for due in due_reminders(reminder, activity, mine, now):
            notices += _notices(ctx, due, told, fired, now)
            if len(notices) >= NOTICES_AT_ONCE:
                break
        else:
            at = next_due(reminder, activity, mine, now, horizon)
            ctx.session.update(change(reminder, next_at=at, settled_until=now))
        ctx.session.add(*notices)
    ctx.session.flush()
    return len(reminders)


def _due(ctx: Context, now: datetime) -> list[ActivityReminder]:
    import sqlalchemy as sa

    table = ctx.session.table(ActivityReminder)
    statement = sa.select(table.c.id).where(table.c.next_at <= now).order_by(table.c.next_at, table.c.id).limit(AT_ONCE)
    ids = [row.id for row in ctx.session.execute(statement)]
    return list(ctx.session.list(ActivityReminder, id=ids)) if ids else []


def _told(ctx: Context, activities: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """Return the users to be told, beside the owner, by activity."""
    found: dict[UUID, list[UUID]] = {}
    for one in ctx.session.list(ActivityParticipant, activity_id=list(activities)):
        if one.user_id is not None and one.response != "declined":
            found.setdefault(one.activity_id, []).append(one.user_id)
    return found


def _fired(ctx: Context, reminders: Sequence[ActivityReminder]) -> set[str]:
    """Return the keys of what fired and may be looked at again."""
    import sqlalchemy as sa

    table = ctx.session.table(ReminderNotice)
    since = min((r.settled_until for r in reminders if r.settled_until is not None), default=None)
    statement = sa.select(table.c.key).where(table.c.reminder_id.in_([r.id for r in reminders]))
    if since is not None:
        longest = max(abs(r.minutes_before) for r in reminders)
        statement = statement.where(table.c.occurrence_at >= since - timedelta(minutes=longest))
    return {row.key for row in ctx.session.execute(statement)}


def _notices(
    ctx: Context, due: DueReminder, told: dict[UUID, list[UUID]], fired: set[str], now: datetime
) -> Iterator[ReminderNotice]:
    one, record = due.occurrence, due.occurrence.record
    series = record.series_id if record.series_id and not record.own_participants else record.id
    late = now - due.due_at > timedelta(minutes=ctx.config.activities.late_after)
    for user in dict.fromkeys([record.owner_id, *told.get(series, ())]):
        if user is None and told.get(series):
            continue
        key = f"{due.reminder.id}:{one.starts_at:%Y%m%dT%H%M%SZ}:{user or '-'}"
        if key in fired:
            continue
        fired.add(key)
        yield ReminderNotice(
            activity_id=record.id,
            reminder_id=due.reminder.id,
            occurrence_at=one.starts_at,
            due_at=due.due_at,
            fired_at=now,
            late=late,
            subject=one.activity.subject,
            owner_id=user,
            key=key,
        )
