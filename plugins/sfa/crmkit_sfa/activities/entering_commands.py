"""``crmkit sfa activity``: plan, complete, move and call off."""

from __future__ import annotations

from datetime import date
from typing import Any

import click

from crmkit.command import (
    DAY,
    argument,
    command,
    json_option,
    option,
    print_json,
    say,
    user_named,
    wording,
    working,
)
from crmkit.plugin import BadInput, msg
from crmkit_sfa.activities.given_values import (
    about_given,
    instant_given,
    key_given,
    person_given,
    skipped_start_given,
    start_given,
    times_given,
)

KINDS = click.Choice(["task", "call", "meeting", "visit"])
PRIORITIES = {"high": 1, "normal": 5, "low": 9}
_which = argument("activity", help=wording("Its subject or id."))
_occurrence = option(
    "--occurrence",
    default="",
    metavar="DAY",
    help=wording("Of a series: which occurrence, by its day, or by its time where a day has several."),
)


@command("add", help=wording("Plan a task, a call, a meeting or a visit."))
@argument("kind", help=wording("task, call, meeting or visit."), type=KINDS)
@argument("subject", help=wording("What it is about."))
@option("--at", metavar="TIME", help=wording("When it starts, as in 2026-03-30T09:00, where you are."))
@option("--for", "minutes", type=click.IntRange(1), metavar="MINUTES", help=wording("How long it takes."))
@option("--on", "on", type=DAY, help=wording("A whole day."))
@option("--to", "to", type=DAY, help=wording("With --on: the last of several days."))
@option("--due", metavar="DAY", help=wording("When it is due: a day, or a time."))
@option("--timezone", default="", metavar="ZONE", help=wording("Where its time is kept; where you are."))
@option("--repeat", "rrule", default="", metavar="RULE", help=wording("A rule as in FREQ=WEEKLY;BYDAY=MO;COUNT=10."))
@option(
    "--remind",
    type=int,
    multiple=True,
    metavar="MINUTES",
    help=wording("Remind so many minutes before; again for more."),
)
@option("--customer", metavar="CUSTOMER", help=wording("Whom it is about."))
@option("--opportunity", metavar="OPPORTUNITY", help=wording("The opportunity that it is about."))
@option("--lead", metavar="LEAD", help=wording("The lead that it is about."))
@option(
    "--with",
    "people",
    multiple=True,
    metavar="WHO",
    help=wording("Who takes part: a login, a customer or a mail address; again for more."),
)
@option("--place", "location", default="", metavar="TEXT", help=wording("Where it is."))
@option("--priority", type=click.Choice(list(PRIORITIES)), help=wording("How important it is."))
@option("--owner", metavar="LOGIN", help=wording("Who does it; by default you."))
@option("--note", "description", default="", metavar="TEXT", help=wording("What else there is to say."))
@json_option
def add(
    kind: Any,
    subject: str,
    at: str | None,
    minutes: int | None,
    on: date | None,
    to: date | None,
    due: str | None,
    timezone: str,
    rrule: str,
    remind: tuple[int, ...],
    customer: str | None,
    opportunity: str | None,
    lead: str | None,
    people: tuple[str, ...],
    priority: str | None,
    owner: str | None,
    as_json: bool,
    **texts: str,
) -> None:
    from crmkit_sfa.activities.planning import plan

    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        times = times_given(kind, timezone or ctx.timezone, at, minutes, on, to, due)
        made = plan(
            ctx,
            subject,
            kind=kind,
            rrule=rrule,
            rdates=skipped_start_given(at or due, timezone or ctx.timezone, rrule),
            about=about_given(ctx, session, customer, opportunity, lead),
            participants=[person_given(session, who) for who in people],
            reminders=remind,
            priority=PRIORITIES[priority] if priority else 0,
            **({"owner_id": user_named(session, owner).id} if owner else {}),
            **({"timezone": timezone} if timezone else {}),
            **times,
            **texts,
        )
        session.flush()
    if as_json:
        print_json({"id": made.id})
    else:
        click.echo(str(made.id))
        say(msg("planned: {subject}", subject=made.subject))


@command("complete", help=wording("Complete an activity: logs it once, and may plan what comes next."))
@_which
@_occurrence
@option("--outcome", default="", metavar="TEXT", help=wording("What came of it, in a word or two."))
@option("--notes", default="", metavar="TEXT", help=wording("What was said."))
@option("--at", metavar="TIME", help=wording("When it took place; by default when it was planned."))
@option("--next", "step", metavar="SUBJECT", help=wording("What is to be done next."))
@option("--next-kind", type=KINDS, help=wording("What kind the next is; task."))
@option("--next-at", metavar="TIME", help=wording("When the next one is: a day, or a time."))
@json_option
def complete(
    activity: str,
    occurrence: str,
    outcome: str,
    notes: str,
    at: str | None,
    step: str | None,
    next_kind: str | None,
    next_at: str | None,
    as_json: bool,
) -> None:
    from crmkit_sfa.activities.completing import NextStep
    from crmkit_sfa.activities.completing import complete as complete_it
    from crmkit_sfa.activities.naming import find_activity, point_of

    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        then = None
        if step is not None:
            kind = next_kind or "task"
            then = NextStep(
                subject=step, kind=kind, details=start_given(kind, point_of(next_at, ctx.timezone)) if next_at else {}
            )
        elif next_kind or next_at:
            raise BadInput(msg("--next says what is to be done next; --next-at and --next-kind belong to it"))
        found = find_activity(ctx, activity)
        result = complete_it(
            ctx,
            found,
            outcome=outcome,
            notes=notes,
            at=instant_given(ctx, at) if at else None,
            occurrence=key_given(found, occurrence),
            then=then,
        )
    if as_json:
        following = None if result.next is None else result.next.id
        logged = result.interaction.id
        print_json(
            {"id": result.activity.id, "interaction_id": logged, "next_id": following, "already_done": result.already}
        )
        return
    if result.already:
        say(msg("{subject} was done already; nothing was written", subject=result.activity.subject))
        if then is not None:
            say(msg("not planned: {subject}", subject=then.subject))
        return
    say(msg("done and logged: {subject}", subject=result.activity.subject))
    if result.next is not None:
        say(msg("next: {subject}", subject=result.next.subject))


@command("move", help=wording("Move an activity, a series or one occurrence to another time; its length stays."))
@_which
@argument("to", help=wording("When it starts: a day, or a time where you are."))
@_occurrence
@json_option
def move(activity: str, to: str, occurrence: str, as_json: bool) -> None:
    from crmkit_sfa.activities.naming import find_activity, point_of
    from crmkit_sfa.activities.planning import move as move_it

    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        found = find_activity(ctx, activity)
        moved = move_it(ctx, found, point_of(to, ctx.timezone), key_given(found, occurrence))
    if as_json:
        print_json({"id": moved.id})
    else:
        say(msg("moved: {subject}", subject=moved.subject))


@command("cancel", help=wording("Call off an activity, a series or one occurrence."))
@_which
@option("--reason", default="", metavar="TEXT", help=wording("Why."))
@_occurrence
@json_option
def cancel(activity: str, reason: str, occurrence: str, as_json: bool) -> None:
    _close(activity, "cancelled", reason, occurrence, as_json)


@command("miss", help=wording("Mark an activity as missed: it was planned and did not take place."))
@_which
@option("--reason", default="", metavar="TEXT", help=wording("Why."))
@_occurrence
@json_option
def miss(activity: str, reason: str, occurrence: str, as_json: bool) -> None:
    _close(activity, "missed", reason, occurrence, as_json)


@command("respond", help=wording("Answer an invitation."))
@_which
@argument(
    "answer", help=wording("accepted, declined or tentative."), type=click.Choice(["accepted", "declined", "tentative"])
)
@json_option
def respond(activity: str, answer: Any, as_json: bool) -> None:
    from crmkit_sfa.activities.naming import find_activity
    from crmkit_sfa.activities.planning import respond as respond_to

    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        if session.actor.user_id is None:
            raise BadInput(msg("say who answers: --as LOGIN"))
        found = find_activity(ctx, activity)
        respond_to(ctx, found, session.actor.user_id, answer)
    if as_json:
        print_json({"id": found.id, "response": answer})
    else:
        say(msg("{answer}: {subject}", answer=answer, subject=found.subject))


def _close(activity: str, status: Any, reason: str, occurrence: str, as_json: bool) -> None:
    from crmkit_sfa.activities.naming import find_activity
    from crmkit_sfa.activities.planning import close

    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        found = find_activity(ctx, activity)
        closed = close(ctx, found, status, reason, key_given(found, occurrence))
    if as_json:
        print_json({"id": closed.id, "status": closed.status})
    else:
        say(msg("{status}: {subject}", status=closed.status, subject=closed.subject))
