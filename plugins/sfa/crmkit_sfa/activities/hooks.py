"""What happens while activities are saved; each hook gets all changes of a save at once.

The rules are imported when something is saved: starting the program takes none of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from crmkit.core.staff import RecordShare
from crmkit.plugin import Change, Context, RecordBatch, change, hookimpl
from crmkit_sfa.activities.entities import ACTIVITY, Activity, ActivityReminder

SHARED_WITH_PARTICIPANTS = "takes part"
"""The reason of the shares that let participants see what they take part in."""


@hookimpl(specname="derive_records", entities=(ACTIVITY,))
def derive_activities(ctx: Context, call: RecordBatch) -> list[Any]:
    """Fill in what follows, let go of what belongs to deleted series, and put the reminders to their new times."""
    from crmkit_sfa.activities.filling import filled

    living = [c for c in call.changes if c.after.deleted_at is None]
    now, timezone = ctx.clock.now(), ctx.timezone
    with ctx.elevated("an occurrence is read with its series"):
        series = _by_id(ctx, {c.after.series_id for c in living})
        found: list[Any] = [filled(c, series.get(c.after.series_id), timezone, now) for c in living]
        found += _gone_with_series(ctx, call.changes, now)
        current = {one.id: one for one in found if one.deleted_at is None}
        found += _reminders_of(ctx, living, current, series, now)
        return found + _seen_by(ctx, living)


@hookimpl(specname="derive_records", entities=("sfa_activity_reminder",))
def derive_reminders(ctx: Context, call: RecordBatch) -> list[Any]:
    """Say when reminders are due next."""
    told = [
        c.after
        for c in call.changes
        if c.after.deleted_at is None
        and (c.created or any(c.changed(name) for name in ("minutes_before", "before_end", "at")))
    ]
    fresh = [one for one in told if one.settled_until is None]
    if not fresh:
        return []
    with ctx.elevated("reminders are read with their activities"):
        activities = _by_id(ctx, {one.activity_id for one in fresh})
        others = _others(ctx, activities.values())
        return [
            _set(ctx, change(one, settled_until=ctx.clock.now()), activities[one.activity_id], others)
            for one in fresh
            if one.activity_id in activities
        ]


@hookimpl(specname="derive_records", entities=("sfa_activity_participant",))
def derive_participants(ctx: Context, call: RecordBatch) -> list[Any]:
    """Let users see what they take part in, and no longer when they do not."""
    new = [c.after for c in call.changes if c.created and c.after.user_id is not None and c.after.deleted_at is None]
    gone = [c.after for c in call.changes if c.deleted and c.after.user_id is not None]
    if not new and not gone:
        return []
    with ctx.elevated("participants see what they take part in"):
        activities = _by_id(ctx, {one.activity_id for one in new})
        shares = ctx.session.peek_all(RecordShare, "record_id", [one.activity_id for one in [*new, *gone]])
    known = {(share.record_id, share.user_id): share for share in shares}
    found: list[Any] = []
    for one in new:
        activity = activities.get(one.activity_id)
        key = (one.activity_id, one.user_id)
        if activity is not None and activity.owner_id != one.user_id and key not in known:
            known[key] = RecordShare(
                entity=ACTIVITY, record_id=one.activity_id, user_id=one.user_id, reason=SHARED_WITH_PARTICIPANTS
            )
            found.append(known[key])
    for one in gone:
        share = known.get((one.activity_id, one.user_id))
        if share is not None and share.reason == SHARED_WITH_PARTICIPANTS:
            found.append(change(share, deleted_at=ctx.clock.now()))
    return found


@hookimpl(specname="derive_records", entities=("sfa_lead",))
def derive_activities_of_leads(ctx: Context, call: RecordBatch) -> list[Any]:
    """What is planned for a lead goes on with the opportunity that it becomes, and comes back when that is undone."""
    moved = {c.after.id: c for c in call.changes if not c.created and not c.deleted and c.changed("opportunity_id")}
    if not moved:
        return []
    with ctx.elevated("activities follow their lead"):
        planned = ctx.session.peek_all(Activity, "lead_id", list(moved))
    return [
        change(
            one,
            opportunity_id=moved[one.lead_id].after.opportunity_id,
            customer_id=moved[one.lead_id].after.customer_id or one.customer_id,
        )
        for one in planned
        if one.status == "planned"
        and one.lead_id is not None
        and one.opportunity_id == moved[one.lead_id].before.opportunity_id
    ]


def _seen_by(ctx: Context, living: Sequence[Change]) -> list[Any]:
    """Return shares of new records of occurrences: whoever takes part in the series sees them, too."""
    new = [c.after for c in living if c.created and c.after.series_id is not None]
    if not new:
        return []
    shares = ctx.session.peek_all(RecordShare, "record_id", [one.series_id for one in new])
    return [
        RecordShare(entity=ACTIVITY, record_id=one.id, user_id=share.user_id, reason=share.reason)
        for one in new
        for share in shares
        if share.record_id == one.series_id and share.reason == SHARED_WITH_PARTICIPANTS
    ]


def _reminders_of(
    ctx: Context,
    living: Sequence[Change],
    current: dict[UUID, Activity],
    series: dict[UUID, Activity],
    now: datetime,
) -> list[Any]:
    """Return the reminders that activities in their new state are due by."""
    from crmkit_sfa.activities.filling import TIMES

    moved = [c for c in living if c.created or c.changed("status") or any(c.changed(name) for name in TIMES)]
    ids = {c.after.id for c in moved if not c.created} | {c.after.series_id for c in moved}
    reminders = ctx.session.peek_all(ActivityReminder, "activity_id", [id for id in ids if id is not None])
    if not reminders:
        return []
    retimed = {c.after.id for c in moved if any(c.changed(name) for name in TIMES)}
    known = {**series, **current}
    others = {one.id: one for one in _others(ctx, known.values())} | current
    # Past times that were changed by hand are nothing to be reminded of.
    return [
        _set(
            ctx,
            change(one, settled_until=now) if one.activity_id in retimed else one,
            known[one.activity_id],
            list(others.values()),
        )
        for one in reminders
        if one.activity_id in known
    ]


def _set(ctx: Context, reminder: ActivityReminder, activity: Activity, others: Iterable[Activity]) -> ActivityReminder:
    from crmkit_sfa.activities.due_reminders import due_reminders, next_due

    now, mine = ctx.clock.now(), [one for one in others if one.series_id == activity.id]
    if next(due_reminders(reminder, activity, mine, now), None) is not None:
        return change(reminder, next_at=now)
    horizon = now + timedelta(days=366 * ctx.config.activities.look_ahead_years)
    return change(reminder, next_at=next_due(reminder, activity, mine, now, horizon))


def _by_id(ctx: Context, ids: Iterable[UUID | None]) -> dict[UUID, Activity]:
    wanted = [id for id in ids if id is not None]
    found = ctx.session.peek_all(Activity, "id", wanted) if wanted else []
    return {one.id: _ready(one, ctx.timezone) for one in found}


def _ready(one: Activity, timezone: str) -> Activity:
    """Return an activity that is saved in the same flush as if it were filled in already."""
    if one.timezone and one.recurring == bool(one.rrule or one.rdates):
        return one
    return change(one, timezone=one.timezone or timezone, recurring=bool(one.rrule or one.rdates))


def _others(ctx: Context, activities: Iterable[Activity]) -> Sequence[Activity]:
    series = [one.id for one in activities if one.recurring or one.rrule or one.rdates]
    return ctx.session.peek_all(Activity, "series_id", series) if series else []


def _gone_with_series(ctx: Context, changes: Sequence[Change], now: datetime) -> list[Any]:
    gone = [c.after.id for c in changes if c.deleted and c.after.recurring]
    if not gone:
        return []
    return [change(one, deleted_at=now) for one in ctx.session.peek_all(Activity, "series_id", gone)]
