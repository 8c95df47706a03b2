"""Completing an activity: one interaction with who took part, and the next step where there is one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import attrs

from crmkit.core.frozen import frozen
from crmkit.plugin import Context, Refused, change, msg
from crmkit_sfa.activities.entities import Activity, ActivityParticipant
from crmkit_sfa.activities.planning import occurrence_of, plan, saved, stored
from crmkit_sfa.activities.timing import start_of

CHANNEL = "sfa"
LOGGED_AS = {"task": "note", "call": "call", "meeting": "meeting", "visit": "visit"}
"""The kind of interaction that completing an activity logs."""


@frozen(kw_only=True)
class NextStep:
    """What is to be done next; what is left out is as with the activity that it follows."""

    subject: str
    kind: str = ""
    details: dict[str, Any] = attrs.field(factory=dict)
    reminders: Sequence[int | datetime] = ()


@frozen
class Completed:
    """A completed activity, the interaction that it logged, and what was planned next."""

    activity: Activity
    interaction: Any
    next: Activity | None = None
    already: bool = False
    """Whether it was completed before, so that nothing was written now."""


def complete(
    ctx: Context,
    activity: Activity,
    *,
    outcome: str = "",
    notes: str = "",
    at: datetime | None = None,
    occurrence: str = "",
    then: NextStep | None = None,
) -> Completed:
    """Complete an activity, or one occurrence of a series, and log it once as an interaction; perhaps plan the next.

    ``at`` is when it took place, by default when it was planned, or now where that is still to come. Completing it again
    returns what was logged, ``already`` done, and plans nothing. All of it is one transaction. Raises Refused for what was
    called off.
    """
    one = occurrence_of(ctx, activity, occurrence)
    now = ctx.clock.now()
    if one.status == "done" and one.interaction_id is not None:
        return Completed(one, _logged(ctx, one), already=True)
    if one.status == "cancelled":
        raise Refused(ctx.plugin, msg("“{subject}” was called off; it cannot be completed", subject=one.subject))
    when = at or _when(one, now)
    logged = ctx.services.log(
        LOGGED_AS[one.kind],
        participants=list(_parties(ctx, one)),
        at=when,
        ended_at=one.ends_at if at is None and one.ends_at is not None and when < one.ends_at <= now else None,
        channel=CHANNEL,
        # The series keeps the key the same, whoever makes the record of an occurrence.
        key=f"activity:{one.series_id or one.id}:{one.occurrence}",
        subject=one.subject,
        body=notes or one.description,
        outcome=outcome,
        links=list(_links(one)),
        private=one.visibility == "private",
        source="sfa",
    )
    done = change(
        one,
        status="done",
        outcome=outcome or one.outcome,
        completed_at=one.completed_at or now,
        interaction_id=logged.interaction.id,
    )
    done = saved(ctx, done)
    following = None if then is None else _planned(ctx, done, then)
    return Completed(done, logged.interaction, following)


def participants_of(ctx: Context, one: Activity) -> Sequence[ActivityParticipant]:
    """Return who takes part in an activity or occurrence: its own participants, or those of its series."""
    whose = one.series_id if one.series_id is not None and not one.own_participants else one.id
    return ctx.session.list(ActivityParticipant, activity_id=whose)


def _parties(ctx: Context, one: Activity) -> Any:
    customers, participant = set(), ctx.services.participant
    if one.owner_id is not None:
        yield participant(user=one.owner_id)
    for who in participants_of(ctx, one):
        if who.response == "declined" or who.user_id == one.owner_id is not None:
            continue
        customers.add(who.customer_id)
        yield participant(customer=who.customer_id, user=who.user_id, address=who.address, name=who.name)
    if one.customer_id is not None and one.customer_id not in customers:
        yield participant(customer=one.customer_id)


def _links(one: Activity) -> Any:
    yield ("sfa_activity", one.id)
    if one.opportunity_id is not None:
        yield ("sfa_opportunity", one.opportunity_id)
    if one.lead_id is not None:
        yield ("sfa_lead", one.lead_id)
    if one.entity and one.record_id is not None:
        yield (one.entity, one.record_id)


def _when(one: Activity, now: datetime) -> datetime:
    start = start_of(one) if one.kind != "task" else None
    return start if isinstance(start, datetime) and start <= now else now


def _logged(ctx: Context, one: Activity) -> Any:
    from crmkit.core.interaction import Interaction

    return ctx.session.find(Interaction, id=one.interaction_id)


def _planned(ctx: Context, done: Activity, step: NextStep) -> Activity:
    about = {name: getattr(done, name) for name in ("customer_id", "opportunity_id", "lead_id", "entity", "record_id")}
    made = plan(
        ctx,
        step.subject,
        reminders=step.reminders,
        **{"kind": step.kind or done.kind, "follows_id": done.id, "owner_id": done.owner_id, **about, **step.details},
    )
    return stored(ctx, made)
