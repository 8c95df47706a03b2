"""``crmkit sfa activity``: what there is to do, the route of a day, and what waits without a next step."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import click

from crmkit.command import (
    DAY,
    argument,
    group,
    json_option,
    option,
    print_block,
    print_json,
    say,
    table,
    translated,
    user_named,
    wording,
    working,
)
from crmkit.plugin import BadInput, msg
from crmkit_sfa.activities.entering_commands import add, cancel, complete, miss, move, respond


@group("activity", help=wording("Plan and complete tasks, calls, meetings and visits."))
def activity() -> None:
    pass


for _command in (add, complete, move, cancel, miss, respond):
    activity.add_command(_command)


@activity.command("show", help=wording("Show an activity: when, with whom, what it is about and what reminds of it."))
@argument("activity", help=wording("Its subject or id."))
@json_option
def show(activity: str, as_json: bool) -> None:
    from crmkit_sfa.activities.page import page_of
    from crmkit_sfa.reporting.page import show_page

    show_page(lambda ctx: page_of(ctx, activity), as_json)


def _whose(function: Callable[..., Any]) -> Callable[..., Any]:
    function = option("--user", metavar="LOGIN", help=wording("Whose; by default one's own."))(function)
    everybody = option("--everybody", is_flag=True, help=wording("Of everybody whose activities one may see."))
    return json_option(everybody(function))


def _user(session: Any, user: str | None, everybody: bool) -> Any:
    if user is not None:
        return user_named(session, user).id
    return None if everybody else session.actor.user_id


def _shown(entries: Any, timezone: str, as_json: bool, nothing: Any, *, day: bool = True) -> None:
    from crmkit_sfa.activities.pages import document, entries_table

    if as_json:
        print_json([document(entry) for entry in entries])
    elif not entries:
        say(nothing)
    else:
        print_block(entries_table(entries, timezone, day=day))


@activity.command("today", help=wording("Show what is on today, where you are."))
@option("--day", type=DAY, help=wording("Another day."))
@_whose
def today(day: date | None, user: str | None, everybody: bool, as_json: bool) -> None:
    from crmkit_sfa.activities.agenda import days

    with working(reads=True) as (crm, session):
        ctx = crm.context(session, "sfa")
        on = day or ctx.today()
        found = days(ctx, on, on, _user(session, user, everybody))
        timezone = ctx.timezone
    _shown(found, timezone, as_json, msg("nothing on {day}", day=on.isoformat()), day=False)


@activity.command("week", help=wording("Show what is on from today on, seven days."))
@option("--from", "first", type=DAY, help=wording("From this day on."))
@option("--days", "number", type=click.IntRange(1, 366), default=7, metavar="N", help=wording("So many days; 7."))
@_whose
def week(first: date | None, number: int, user: str | None, everybody: bool, as_json: bool) -> None:
    from datetime import timedelta

    from crmkit_sfa.activities.agenda import days

    with working(reads=True) as (crm, session):
        ctx = crm.context(session, "sfa")
        begin = first or ctx.today()
        last = begin + timedelta(days=number - 1)
        found = days(ctx, begin, last, _user(session, user, everybody))
        timezone = ctx.timezone
    _shown(
        found, timezone, as_json, msg("nothing from {first} to {last}", first=begin.isoformat(), last=last.isoformat())
    )


@activity.command("overdue", help=wording("Show what is planned and over, the oldest first."))
@_whose
def overdue(user: str | None, everybody: bool, as_json: bool) -> None:
    from crmkit_sfa.activities.agenda import overdue as overdue_now

    with working(reads=True) as (crm, session):
        ctx = crm.context(session, "sfa")
        found = overdue_now(ctx, _user(session, user, everybody))
        timezone = ctx.timezone
    _shown(found, timezone, as_json, msg("nothing is overdue"))


@activity.command("open", help=wording("Show what is planned; of a series, the next occurrence."))
@_whose
def open_(user: str | None, everybody: bool, as_json: bool) -> None:
    from crmkit_sfa.activities.agenda import open_ as open_now

    with working(reads=True) as (crm, session):
        ctx = crm.context(session, "sfa")
        found = open_now(ctx, _user(session, user, everybody))
        timezone = ctx.timezone
    _shown(found, timezone, as_json, msg("nothing is planned"))


@activity.command("done", help=wording("Show what was completed, the latest first."))
@option("--from", "first", type=DAY, help=wording("From this day on; by default the last seven days."))
@option("--to", "last", type=DAY, help=wording("Up to this day; today."))
@_whose
def done(first: date | None, last: date | None, user: str | None, everybody: bool, as_json: bool) -> None:
    from datetime import timedelta

    from crmkit_sfa.activities.agenda import done as done_in

    with working(reads=True) as (crm, session):
        ctx = crm.context(session, "sfa")
        end = last or ctx.today()
        found = done_in(ctx, first or end - timedelta(days=6), end, _user(session, user, everybody))
        timezone = ctx.timezone
    _shown(found, timezone, as_json, msg("nothing was completed"))


@activity.command("no-next-step", help=wording("Show open opportunities and leads that nothing is planned for."))
@_whose
def no_next_step(user: str | None, everybody: bool, as_json: bool) -> None:
    from crmkit_sfa.activities.next_steps import without_next_step

    with working(reads=True) as (crm, session):
        ctx = crm.context(session, "sfa")
        found = without_next_step(ctx, _user(session, user, everybody))
    if as_json:
        print_json(found)
        return
    if not found:
        say(msg("everything open has a next step"))
        return
    headings = [wording("Name"), wording("Entity"), wording("Stage"), wording("Customer"), wording("Expected close")]
    words = {"sfa_opportunity": wording("opportunity"), "sfa_lead": wording("lead")}
    rows = [
        (one.name, translated(words[one.entity]), one.stage, one.customer, one.close_on, one.owner) for one in found
    ]
    print_block(table([translated(heading) for heading in [*headings, wording("Owner")]], rows))


@activity.command("route", help=wording("Show the visits of a day in a sensible order."))
@option("--day", type=DAY, help=wording("The day; today."))
@option("--from", "start", metavar="LAT,LON", help=wording("Where one sets out, as in 52.52,13.405."))
@_whose
def route(day: date | None, start: str | None, user: str | None, everybody: bool, as_json: bool) -> None:
    from zoneinfo import ZoneInfo

    from crmkit_sfa.activities.pages import document, when
    from crmkit_sfa.activities.visiting import visits

    with working(reads=True) as (crm, session):
        ctx = crm.context(session, "sfa")
        on = day or ctx.today()
        found = visits(ctx, on, _user(session, user, everybody), _place(start))
        zone = ZoneInfo(ctx.timezone)
    if as_json:
        print_json(
            [
                {
                    **document(one.entry),
                    "address": one.address,
                    "postal_code": one.postal_code,
                    "city": one.city,
                    "kilometres": one.kilometres,
                }
                for one in found
            ]
        )
        return
    if not found:
        say(msg("no visit on {day}", day=on.isoformat()))
        return
    headings = [
        wording("No."),
        wording("When"),
        wording("Subject"),
        wording("Customer"),
        wording("Address"),
        wording("km"),
    ]
    rows = [
        (
            str(number),
            when(one.entry, zone, day=False),
            one.entry.activity.subject,
            one.entry.customer,
            one.address or " ".join(filter(None, (one.postal_code, one.city))),
            "" if one.kilometres is None else f"{one.kilometres}",
        )
        for number, one in enumerate(found, start=1)
    ]
    print_block(table([translated(heading) for heading in headings], rows, right=(0, 5)))


@activity.command("reminders", help=wording("Show reminders that have fired; those not seen yet."))
@option("--all", "all_", is_flag=True, help=wording("Those that were seen, too."))
@option("--seen", is_flag=True, help=wording("Mark them as seen."))
@_whose
def reminders(all_: bool, seen: bool, user: str | None, everybody: bool, as_json: bool) -> None:
    from crmkit_sfa.activities.notices import mark_seen, notices

    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        found = notices(ctx, _user(session, user, everybody), seen=all_)
        if seen:
            mark_seen(ctx, found)
    if as_json:
        print_json(
            [
                {
                    "subject": n.subject,
                    "occurrence_at": n.occurrence_at,
                    "due_at": n.due_at,
                    "late": n.late,
                    "activity_id": n.activity_id,
                }
                for n in found
            ]
        )
        return
    if not found:
        say(msg("no reminders"))
        return
    rows = [(n.subject, n.occurrence_at, n.due_at, translated(wording("late")) if n.late else "") for n in found]
    headings = [wording("Subject"), wording("Starts"), wording("Reminder due"), wording("Late")]
    print_block(table([translated(heading) for heading in headings], rows))


def _place(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        latitude, longitude = (float(part) for part in text.split(","))
        if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
            raise ValueError
    except ValueError:
        raise BadInput(msg("{value}: expected latitude and longitude, as in 52.52,13.405", value=text)) from None
    return latitude, longitude
