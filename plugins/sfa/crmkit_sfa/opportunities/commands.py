"""``crmkit sfa opportunity``: enter, move and look at opportunities."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import click

from crmkit.command import (
    DAY,
    MONEY,
    argument,
    find_customer,
    group,
    json_option,
    option,
    print_block,
    print_json,
    print_list,
    say,
    user_named,
    wording,
    working,
)
from crmkit.core.staff import User
from crmkit.plugin import BadInput, Money, change, msg

if TYPE_CHECKING:
    from crmkit_sfa.opportunities.entities import Opportunity
    from crmkit_sfa.opportunities.finding import Names


@group("opportunity", help=wording("Enter, move and look at opportunities."))
def opportunity() -> None:
    pass


_which = argument("opportunity", help=wording("Its name, id or number in another system."))


@opportunity.command("add", help=wording("Enter an opportunity."))
@argument("name", help=wording("What it is called."))
@option(
    "--customer", metavar="CUSTOMER", help=wording("Whose it is: name, id, number in another system or mail address.")
)
@option("--amount", type=MONEY, help=wording("What it is worth, such as `1200 EUR`."))
@option("--close", type=DAY, help=wording("The day it is expected to be decided."))
@option("--stage", default="", metavar="STAGE", help=wording("Where it stands; by default the pipeline's first stage."))
@option("--pipeline", default="", metavar="PIPELINE", help=wording("The pipeline; by default the configured one."))
@option("--owner", metavar="LOGIN", help=wording("Whose it is to win."))
@option("--source", default="", metavar="TEXT", help=wording("Where the interest came from."))
@json_option
def add(
    name: str,
    customer: str | None,
    amount: Money | None,
    close: date | None,
    stage: str,
    pipeline: str,
    owner: str | None,
    source: str,
    as_json: bool,
) -> None:
    from crmkit_sfa.opportunities.entities import Opportunity

    with working() as (_, session):
        made = Opportunity(
            name=name,
            customer_id=find_customer(session, customer).id if customer else None,
            amount=amount,
            close_on=close,
            stage=stage,
            pipeline=pipeline,
            owner_id=own_salesperson(user_named(session, owner)).id if owner else None,
            lead_source=source,
        )
        session.add(made)
        session.flush()
        stored = session.get(Opportunity, made.id)
    if as_json:
        print_json({"id": stored.id, "stage": stored.stage})
    else:
        say(msg("{name} stands in {stage}: {id}", name=stored.name, stage=stored.stage, id=str(stored.id)))


@opportunity.command("list", help=wording("List opportunities, those first whose decision is expected soonest."))
@option(
    "--category", type=click.Choice(["open", "won", "lost", "all"]), default="open", help=wording("Which ones; open.")
)
@option("--stage", default="", metavar="STAGE", help=wording("Only those in this stage."))
@option("--pipeline", default="", metavar="PIPELINE", help=wording("Only those in this pipeline."))
@option("--owner", metavar="LOGIN", help=wording("Only this user's."))
@option("--customer", metavar="CUSTOMER", help=wording("Only this customer's."))
@option("--without-customer", is_flag=True, help=wording("Only those that belong to no customer yet."))
@option("--without-next-step", is_flag=True, help=wording("Only open ones without a next step."))
@option("--overdue", is_flag=True, help=wording("Only open ones whose expected close has passed."))
@option("--rotting", is_flag=True, help=wording("Only those that stand in their stage for too long."))
@option("--filter", "filter_", default="", metavar="FILTER", help=wording("Only those that match."))
@option("--limit", type=click.IntRange(1), default=50, metavar="N", help=wording("At most so many; 50."))
@json_option
def list_(
    category: str,
    stage: str,
    pipeline: str,
    owner: str | None,
    customer: str | None,
    without_customer: bool,
    without_next_step: bool,
    overdue: bool,
    rotting: bool,
    filter_: str,
    limit: int,
    as_json: bool,
) -> None:
    from crmkit_sfa.opportunities.finding import named
    from crmkit_sfa.opportunities.listing import Wanted, counted, listed

    with working(reads=True) as (crm, session):
        ctx = crm.context(session, "sfa")
        wanted = Wanted(
            category="" if category == "all" else category,
            stage=stage,
            pipeline=pipeline,
            owner_id=user_named(session, owner).id if owner else None,
            customer_id=find_customer(session, customer).id if customer else None,
            without_customer=without_customer,
            without_next_step=without_next_step,
            overdue=overdue,
            rotting=rotting,
            filter=filter_,
        )
        found = [session.masked(one) for one in listed(ctx, wanted, limit=limit)]
        names = named(ctx, found)
        total = None if len(found) < limit else counted(ctx, wanted)
    headings = [wording("Opportunity"), wording("Customer"), wording("Stage"), wording("Amount")]
    headings += [wording("Probability"), wording("Expected close"), wording("Owner")]
    print_list(
        [_document(one, names) for one in found],
        headings,
        [_row(one, names) for one in found],
        as_json=as_json,
        nothing=msg("no opportunity"),
        right=(3, 4),
    )
    if total is not None and total > len(found) and not as_json:
        say(msg("the first {shown} of {total}; see more with --limit", shown=len(found), total=total))


@opportunity.command("show", help=wording("Show an opportunity: what it is worth, who takes part, and its way so far."))
@_which
@json_option
def show(opportunity: str, as_json: bool) -> None:
    from crmkit_sfa.opportunities.page import page_of
    from crmkit_sfa.reporting.page import show_page

    show_page(lambda ctx: page_of(ctx, opportunity), as_json)


@opportunity.command("move", help=wording("Move an opportunity to another stage."))
@_which
@argument("stage", help=wording("Where it goes."))
@option("--reason", default="", metavar="TEXT", help=wording("Why it was won or lost."))
@option("--amount", type=MONEY, help=wording("What it is worth."))
@option("--closed", type=DAY, help=wording("The day it was won or lost; today."))
@json_option
def move(opportunity: str, stage: str, reason: str, amount: Money | None, closed: date | None, as_json: bool) -> None:
    from crmkit_sfa.opportunities.entities import Opportunity
    from crmkit_sfa.opportunities.finding import find_opportunity

    with working() as (crm, session):
        found = find_opportunity(crm.context(session, "sfa"), opportunity)
        given: dict[str, Any] = {"reason": reason, "amount": amount, "closed_on": closed}
        given = {name: value for name, value in given.items() if value not in (None, "")}
        session.update(change(found, stage=stage, **given))
        session.flush()
        stored = session.get(Opportunity, found.id)
    if as_json:
        print_json({"id": stored.id, "stage": stored.stage, "category": stored.category})
    else:
        say(msg("{name} stands in {stage}", name=stored.name, stage=stored.stage))


@opportunity.command("board", help=wording("Show the open stages of a pipeline with their opportunities."))
@option("--pipeline", default="", metavar="PIPELINE", help=wording("The pipeline; by default the configured one."))
@option("--limit", type=click.IntRange(1), default=240, metavar="N", help=wording("At most so many cards; 240."))
@json_option
def board(pipeline: str, limit: int, as_json: bool) -> None:
    from crmkit_sfa.opportunities.board import board as board_of
    from crmkit_sfa.opportunities.board_page import board_page

    with working(reads=True) as (crm, session):
        columns = board_of(crm.context(session, "sfa"), pipeline, limit=limit)
    if as_json:
        print_json(columns)
    else:
        print_block(board_page(columns))


def own_salesperson(user: User) -> User:
    """Return the user, when it is one of ours; deals go to dealers by an offer. Raises BadInput."""
    if user.customer_id is not None:
        raise BadInput(msg("{login} belongs to a dealer: offer it to the dealer", login=user.login))
    return user


def _row(one: Opportunity, names: Names) -> tuple[Any, ...]:
    from crmkit_sfa.opportunities.page import percent

    close = one.closed_on or one.close_on
    return one.name, names.customer(one), one.stage, one.amount, percent(one.probability), close, names.owner(one)


def _document(one: Opportunity, names: Names) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "customer": names.customer(one) or None,
        "pipeline": one.pipeline,
        "stage": one.stage,
        "category": one.category,
        "amount": one.amount,
        "probability": one.probability,
        "close_on": one.close_on,
        "closed_on": one.closed_on,
        "owner": names.owner(one) or None,
        "next_step": one.next_step,
    }
