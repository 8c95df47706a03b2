"""``crmkit sfa account``: the team of a key account, its plans, goals, actions and reviews."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import click

from crmkit.command import (
    argument,
    find_customer,
    group,
    json_option,
    option,
    pairs,
    print_block,
    print_json,
    say,
    table,
    translated,
    user_named,
    wording,
    working,
)
from crmkit.plugin import BadInput, NotFound, change, msg

_CUSTOMER = wording("The customer: its name, id, number in another system or mail address.")
_DATE = click.DateTime(["%Y-%m-%d"])
_PLAN = wording("The plan's name; by default the latest that is active.")


@group("account", help=wording("Look after key accounts: team, plans, goals, actions, reviews."))
def account() -> None:
    pass


@account.command("join", help=wording("Put a user into the team of a key account, who then may read the customer."))
@argument("customer", help=_CUSTOMER)
@argument("login", help=wording("The user."))
@option("--role", default="other", show_default=True, help=wording("The user's part, such as manager or service."))
@option("--from", "starts_on", type=_DATE, metavar="DATE", help=wording("The first day."))
@option("--until", "ends_on", type=_DATE, metavar="DATE", help=wording("The last day."))
@option("--change", "may_change", is_flag=True, help=wording("The user may change the customer, too."))
@json_option
def join(
    customer: str,
    login: str,
    role: str,
    starts_on: datetime | None,
    ends_on: datetime | None,
    may_change: bool,
    as_json: bool,
) -> None:
    from crmkit_sfa.accounts.entities import AccountMember

    with working() as (_, session):
        found, user = find_customer(session, customer), user_named(session, login)
        fields: dict[str, Any] = {"role": role, "starts_on": _day(starts_on), "ends_on": _day(ends_on)}
        made = AccountMember(customer_id=found.id, user_id=user.id, may_change=may_change, **fields)
        session.add(made)
        session.flush()
        stored = session.get(AccountMember, made.id)
    _told(stored, as_json, msg("{login} is in the team of {name}", login=login, name=found.name))


@account.command("leave", help=wording("Take a user out of the team of a key account."))
@argument("customer", help=_CUSTOMER)
@argument("login", help=wording("The user."))
@json_option
def leave(customer: str, login: str, as_json: bool) -> None:
    from crmkit_sfa.accounts.entities import AccountMember

    with working() as (_, session):
        found, user = find_customer(session, customer), user_named(session, login)
        members = session.list(AccountMember, customer_id=found.id, user_id=user.id)
        if not members:
            raise NotFound(msg("{login} is not in the team of {name}", login=login, name=found.name))
        session.delete(*members)
    _told({"left": len(members)}, as_json, msg("{login} has left the team of {name}", login=login, name=found.name))


@account.command("team", help=wording("Show the team of a key account."))
@argument("customer", help=_CUSTOMER)
@json_option
def team(customer: str, as_json: bool) -> None:
    from crmkit.core.staff import User
    from crmkit_sfa.accounts.entities import AccountMember
    from crmkit_sfa.naming import names_beside

    with working(reads=True) as (crm, session):
        found = session.list(AccountMember, customer_id=find_customer(session, customer).id, order="role")
        names = names_beside(crm.context(session, "sfa"), User, [one.user_id for one in found])
    if as_json:
        print_json([{"user": names.get(one.user_id, ""), "member": one} for one in found])
        return
    headings = (wording("User"), wording("Role"), wording("From"), wording("Until"), wording("Changes"))
    rows = [(names.get(m.user_id, ""), translated(m.role), m.starts_on, m.ends_on, m.may_change) for m in found]
    print_block(table([translated(heading) for heading in headings], rows))


@account.command("plan", help=wording("Make a plan for a key account."))
@argument("customer", help=_CUSTOMER)
@argument("name", help=wording("What the plan is called."))
@option("--from", "starts_on", type=_DATE, required=True, metavar="DATE", help=wording("The first day."))
@option("--until", "ends_on", type=_DATE, required=True, metavar="DATE", help=wording("The last day."))
@option("--strategy", default="", metavar="TEXT", help=wording("How the goals are to be reached."))
@option("--service-level", default="", metavar="TEXT", help=wording("What service the account is promised."))
@option("--response-hours", type=int, default=None, help=wording("Within so many hours it gets an answer."))
@option("--review", "review_on", type=_DATE, metavar="DATE", help=wording("The day of the next review."))
@json_option
def plan(
    customer: str,
    name: str,
    starts_on: datetime,
    ends_on: datetime,
    review_on: datetime | None,
    response_hours: int | None,
    as_json: bool,
    **texts: Any,
) -> None:
    from crmkit_sfa.accounts.entities import AccountPlan

    with working() as (_, session):
        found = find_customer(session, customer)
        made = AccountPlan(
            customer_id=found.id,
            name=name,
            starts_on=starts_on.date(),
            ends_on=ends_on.date(),
            review_on=_day(review_on),
            response_hours=response_hours,
            **texts,
        )
        session.add(made)
        session.flush()
        stored = session.get(AccountPlan, made.id)
    _told(stored, as_json, msg("plan {name}; next review on {day}", name=name, day=str(stored.review_on)))


@account.command("goal", help=wording("Add a goal to a plan, or note what is reached of one."))
@argument("customer", help=_CUSTOMER)
@argument("goal", help=wording("What the goal is called."))
@option("--target", default="", metavar="NUMBER", help=wording("What is to be reached; makes the goal, or changes it."))
@option("--measure", default="manual", show_default=True, help=wording("manual, or computed: revenue, won."))
@option("--unit", default="", help=wording("In what it is counted."))
@option("--actual", default="", metavar="NUMBER", help=wording("What is reached."))
@option("--plan", "plan_name", default="", metavar="NAME", help=_PLAN)
@json_option
def goal(
    customer: str, goal: str, target: str, measure: str, unit: str, actual: str, plan_name: str, as_json: bool
) -> None:
    from crmkit_sfa.accounts.entities import AccountGoal
    from crmkit_sfa.accounts.planning import plan_of, set_actual
    from crmkit_sfa.scorecards.scoring import number

    if bool(target) == bool(actual):
        raise BadInput(msg("give either a target or what is reached"))
    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        found = plan_of(ctx, find_customer(session, customer), plan_name)
        if actual:
            stored = set_actual(ctx, found, goal, number("actual", actual))
        else:
            known = session.find(AccountGoal, plan_id=found.id, name=goal)
            values: dict[str, Any] = {"measure": measure, "unit": unit, "target": number("target", target)}
            made = AccountGoal(plan_id=found.id, name=goal, **values) if known is None else change(known, **values)
            (session.add if known is None else session.update)(made)
            session.flush()
            stored = session.get(AccountGoal, made.id)
    _told(stored, as_json, msg("goal {name} of {plan}", name=goal, plan=found.name))


@account.command("action", help=wording("Add something to do to a plan, or note that it is done."))
@argument("customer", help=_CUSTOMER)
@argument("name", help=wording("What is to be done."))
@option("--user", default="", metavar="LOGIN", help=wording("Who does it."))
@option("--due", "due_on", type=_DATE, metavar="DATE", help=wording("The last day."))
@option("--done", is_flag=True, help=wording("It is done."))
@option("--plan", "plan_name", default="", metavar="NAME", help=_PLAN)
@json_option
def action(
    customer: str, name: str, user: str, due_on: datetime | None, done: bool, plan_name: str, as_json: bool
) -> None:
    from crmkit_sfa.accounts.entities import AccountAction
    from crmkit_sfa.accounts.planning import plan_of

    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        found = plan_of(ctx, find_customer(session, customer), plan_name)
        known = session.find(AccountAction, plan_id=found.id, name=name)
        if done and known is None:
            raise NotFound(msg("{plan} has no action {name}", plan=found.name, name=name))
        if known is None:
            whom = user_named(session, user).id if user else None
            made = AccountAction(plan_id=found.id, name=name, user_id=whom, due_on=_day(due_on))
            session.add(made)
        else:
            made = change(known, done_on=ctx.today()) if done else change(known, due_on=_day(due_on) or known.due_on)
            session.update(made)
        session.flush()
        stored = session.get(AccountAction, made.id)
    _told(stored, as_json, msg("action {name} of {plan}", name=name, plan=found.name))


@account.command("review", help=wording("Note a review of a plan, which sets the next one."))
@argument("customer", help=_CUSTOMER)
@argument("notes", help=wording("What was found."))
@option("--on", "held_on", type=_DATE, metavar="DATE", help=wording("The day it was held; by default today."))
@option("--next", "review_on", type=_DATE, metavar="DATE", help=wording("The day of the next review."))
@option("--plan", "plan_name", default="", metavar="NAME", help=_PLAN)
@json_option
def review(
    customer: str, notes: str, held_on: datetime | None, review_on: datetime | None, plan_name: str, as_json: bool
) -> None:
    from crmkit_sfa.accounts.entities import AccountReview
    from crmkit_sfa.accounts.planning import plan_of

    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        found = plan_of(ctx, find_customer(session, customer), plan_name)
        made = AccountReview(
            plan_id=found.id, notes=notes, held_on=_day(held_on) or ctx.today(), review_on=_day(review_on)
        )
        session.add(made)
        session.flush()
        stored = session.get(AccountReview, made.id)
    _told(stored, as_json, msg("next review of {plan} on {day}", plan=found.name, day=str(stored.review_on)))


@account.command("reviews", help=wording("List plans whose review is due, the most overdue first."))
@option("--within", "days", default=0, help=wording("Also those that are due in so many days."))
@json_option
def reviews(days: int, as_json: bool) -> None:
    from crmkit_sfa.accounts.planning import due_reviews

    with working(reads=True) as (crm, session):
        found = due_reviews(crm.context(session, "sfa"), days)
    if as_json:
        print_json(found)
    elif not found:
        say(msg("no review is due"))
    else:
        headings = (wording("Customer"), wording("Plan"), wording("Owner"), wording("Review"), wording("Days overdue"))
        rows = [(one.customer, one.plan.name, one.owner, one.plan.review_on, one.days) for one in found]
        print_block(table([translated(heading) for heading in headings], rows, right=(4,)))


@account.command("show", help=wording("Show a plan with goals, actions and reviews."))
@argument("customer", help=_CUSTOMER)
@option("--plan", "plan_name", default="", metavar="NAME", help=_PLAN)
@json_option
def show(customer: str, plan_name: str, as_json: bool) -> None:
    from crmkit.core.staff import User
    from crmkit_sfa.accounts.planning import plan_of, plan_view
    from crmkit_sfa.naming import names_beside

    with working(reads=True) as (crm, session):
        ctx = crm.context(session, "sfa")
        view = plan_view(ctx, plan_of(ctx, find_customer(session, customer), plan_name))
        users = names_beside(ctx, User, [one.user_id for one in view.actions])
    if as_json:
        print_json(view)
        return
    made = view.plan
    print_block(
        pairs(
            [
                (translated(wording("Customer")), view.customer),
                (translated(wording("Plan")), made.name),
                (translated(wording("From")), made.starts_on),
                (translated(wording("Until")), made.ends_on),
                (translated(wording("Service level")), made.service_level),
                (translated(wording("Next review")), made.review_on),
                (translated(wording("Overdue")), view.overdue),
            ]
        )
    )
    headings = (wording("Goal"), wording("Target"), wording("Actual"), wording("Reached %"), wording("Unit"))
    rows: list[tuple[Any, ...]] = [(g.goal.name, g.goal.target, g.actual, g.percent, g.goal.unit) for g in view.goals]
    print_block(table([translated(heading) for heading in headings], rows, right=(1, 2, 3)))
    steps = (wording("Action"), wording("User"), wording("Due on"), wording("Done on"))
    rows = [(a.name, users.get(a.user_id, ""), a.due_on, a.done_on) for a in view.actions]
    print_block(table([translated(heading) for heading in steps], rows))
    rows = [(r.held_on, r.notes) for r in view.reviews]
    print_block(table([translated(wording("Review")), translated(wording("Notes"))], rows))


def _day(at: datetime | None) -> date | None:
    return None if at is None else at.date()


def _told(record: Any, as_json: bool, text: Any) -> None:
    if as_json:
        print_json(record)
    else:
        say(text)
