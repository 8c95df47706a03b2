"""Planning activities: entering, moving and calling off, the whole of a series or one occurrence."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from crmkit.core.customer import Customer
from crmkit.core.frozen import frozen
from crmkit.core.staff import User
from crmkit.plugin import BadInput, Context, NotFound, Refused, change, msg
from crmkit_sfa.activities.entities import (
    Activity,
    ActivityParticipant,
    ActivityReminder,
    ActivityStatus,
    ParticipantRole,
    Response,
)
from crmkit_sfa.activities.occurrences import occurrence
from crmkit_sfa.activities.timing import Point, moved_to_point

Who = Customer | User | str
"""A customer, a user, or an address."""


@frozen(kw_only=True)
class Invited:
    """Somebody who is to take part, and how."""

    who: Who
    role: ParticipantRole = "required"
    response: Response = "needs-action"
    name: str = ""


def plan(
    ctx: Context,
    subject: str,
    *,
    participants: Iterable[Who | Invited] = (),
    reminders: Iterable[int | datetime] = (),
    about: Any = None,
    **details: Any,
) -> Activity:
    """Enter an activity with its participants and reminders, and return it; it is written with the session.

    ``reminders`` are minutes before the start, or instants. ``about`` is any record that it is about: a customer, an
    opportunity, a lead. ``details`` are further fields of the activity; its time zone is that of whoever plans it, unless
    given. Raises ValidationFailed, when it is written, for times that make no sense.
    """
    if about is not None:
        details = {**_about(about), **details}
    made = Activity(**{"subject": subject.strip(), "timezone": ctx.timezone, **details})
    ctx.session.add(made)
    ctx.session.add(*[participant_of(made.id, one) for one in participants])
    ctx.session.add(*[_reminder(made.id, one) for one in reminders])
    return made


def participant_of(activity: UUID, who: Who | Invited) -> ActivityParticipant:
    """Return a participant of an activity."""
    invited = who if isinstance(who, Invited) else Invited(who=who)
    one = invited.who
    given: dict[str, Any] = {"address": one.strip()} if isinstance(one, str) else {}
    if isinstance(one, Customer):
        given = {"customer_id": one.id}
    if isinstance(one, User):
        given = {"user_id": one.id}
    return ActivityParticipant(
        activity_id=activity, role=invited.role, response=invited.response, name=invited.name, **given
    )


def occurrence_of(ctx: Context, activity: Activity, key: str = "") -> Activity:
    """Return what stands for one occurrence of a series: its own record, or a new one that is not added yet.

    An activity that does not repeat is its own occurrence. ``key`` is the local start as the series has it. Raises
    BadInput without it, and NotFound for a start that the series does not have.
    """
    activity = stored(ctx, activity)
    if not activity.recurring:
        return activity
    if not key:
        raise BadInput(msg("“{subject}” repeats: say which occurrence is meant", subject=activity.subject))
    found = ctx.session.find(Activity, series_id=activity.id, occurrence=key)
    if found is not None:
        return found
    once = occurrence(activity, key, ZoneInfo(ctx.timezone))
    if once is None:
        raise NotFound(msg("“{subject}” has no occurrence {key}", subject=activity.subject, key=key))
    return detached(once.activity, activity, key)


def detached(one: Activity, series: Activity, key: str) -> Activity:
    """Return a new record for an occurrence of a series, like ``one``."""
    fresh = Activity(subject=one.subject)
    taken = {
        name: getattr(fresh, name) for name in ("id", "version", "created_at", "created_by", "updated_at", "updated_by")
    }
    return change(
        one,
        **taken,
        rrule="", rdates=(), exdates=(), recurring=False, recurs_until=None,
        series_id=series.id, occurrence=key, uid=series.uid, calendar_id=series.calendar_id,
        sequence=series.sequence, stamped_at=None, interaction_id=None,
    )  # fmt: skip


def move(ctx: Context, activity: Activity, to: Point, occurrence: str = "") -> Activity:
    """Give an activity, or one occurrence of a series, another start; its length stays. Returns its new state.

    ``to`` is an instant or a day. Without ``occurrence``, a series is moved as a whole: what was made of single
    occurrences stays as it is. Raises Refused for what is done or called off.
    """
    one = occurrence_of(ctx, activity, occurrence) if occurrence else stored(ctx, activity)
    _refuse_unless_planned(ctx, one)
    return saved(ctx, moved_to_point(one, to))


def close(ctx: Context, activity: Activity, status: ActivityStatus, reason: str = "", occurrence: str = "") -> Activity:
    """Call an activity off or mark it as missed, or one occurrence of a series; returns its new state.

    Without ``occurrence``, a series is called off as a whole. Closing it the same way again changes nothing. Raises
    Refused for what is done.
    """
    if status not in ("cancelled", "missed"):
        raise BadInput(msg("status is {value}, expected cancelled or missed", value=status))
    one = occurrence_of(ctx, activity, occurrence) if occurrence or status == "missed" else stored(ctx, activity)
    if one.status == status:
        return one
    _refuse_unless_planned(ctx, one)
    return saved(ctx, change(one, status=status, outcome=reason or one.outcome))


def respond(ctx: Context, activity: Activity, user: UUID, response: Response) -> ActivityParticipant:
    """Take down a user's answer to an invitation; the user's own needs no right to the activity.

    Raises NotFound for somebody who does not take part.
    """
    mine = getattr(ctx.actor, "user_id", None) == user
    with ctx.elevated("a participant answers") if mine else _as_is():
        found = ctx.session.find(ActivityParticipant, activity_id=activity.id, user_id=user)
        if found is None:
            raise NotFound(msg("you do not take part in “{subject}”", subject=activity.subject))
        answered = change(found, response=response)
        ctx.session.update(answered)
    return answered


def stored(ctx: Context, one: Activity) -> Activity:
    """Return an activity as it is stored; one that was just planned is written first."""
    if one.version:
        return one
    ctx.session.flush()
    return ctx.session.get(Activity, one.id)


def saved(ctx: Context, one: Activity) -> Activity:
    """Add or update an activity, and return it as it is then."""
    if one.version:
        ctx.session.update(one)
    else:
        ctx.session.add(one)
    ctx.session.flush()
    return ctx.session.get(Activity, one.id)


def _about(record: Any) -> dict[str, Any]:
    from crmkit.plugin import entity_info

    name = entity_info(type(record)).name
    if name == "customer":
        return {"customer_id": record.id}
    customer = getattr(record, "customer_id", None)
    if name == "sfa_opportunity":
        return {"opportunity_id": record.id, "customer_id": customer}
    if name == "sfa_lead":
        return {"lead_id": record.id, "customer_id": customer, "opportunity_id": record.opportunity_id}
    return {"entity": name, "record_id": record.id, "customer_id": customer}


def _reminder(activity: UUID, when: int | datetime) -> ActivityReminder:
    if isinstance(when, datetime):
        return ActivityReminder(activity_id=activity, at=when)
    return ActivityReminder(activity_id=activity, minutes_before=when)


def _refuse_unless_planned(ctx: Context, one: Activity) -> None:
    if one.status != "planned":
        reason = msg("“{subject}” is {status} and is not changed", subject=one.subject, status=one.status)
        raise Refused(ctx.plugin, reason)


def _as_is() -> Any:
    from contextlib import nullcontext

    return nullcontext()
