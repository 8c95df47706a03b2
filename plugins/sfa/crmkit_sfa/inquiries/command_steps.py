"""``crmkit sfa inquiry``: asking engineering, answering, and putting the answers onto quotations."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import click

from crmkit.command import (
    DAY,
    MONEY,
    NUMBER,
    argument,
    find_customer,
    json_option,
    option,
    print_json,
    say,
    shown_value,
    team_named,
    user_named,
    wording,
    working,
)
from crmkit.plugin import Money, msg
from crmkit_sfa.inquiries.command_group import inquiry
from crmkit_sfa.inquiries.command_group import note as _note
from crmkit_sfa.inquiries.command_group import which as _which


@inquiry.command("new", help=wording("Begin an inquiry: what a customer needs that no price list has."))
@argument("name", help=wording("What it is about."))
@option("--customer", metavar="CUSTOMER", help=wording("Whose it is: name, id or mail address."))
@option("--opportunity", metavar="OPPORTUNITY", help=wording("The opportunity that it belongs to: name or id."))
@option("--description", default="", metavar="TEXT", help=wording("Anything worth knowing."))
@option("--require", "requirements", multiple=True, metavar="TEXT", help=wording("A requirement; may be given again."))
@json_option
def new(
    name: str,
    customer: str | None,
    opportunity: str | None,
    description: str,
    requirements: tuple[str, ...],
    as_json: bool,
) -> None:
    from crmkit_sfa.inquiries.asking import new_inquiry
    from crmkit_sfa.inquiries.asking import require as require_
    from crmkit_sfa.opportunities.finding import find_opportunity

    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        made = new_inquiry(
            ctx,
            name,
            find_customer(session, customer) if customer else None,
            opportunity=find_opportunity(ctx, opportunity) if opportunity else None,
            description=description,
        )
        for text in requirements:
            require_(ctx, made, text)
    if as_json:
        print_json({"id": made.id, "number": made.number})
    else:
        say(msg("inquiry {number}: {name}", number=made.number, name=made.name))


@inquiry.command("require", help=wording("Add a requirement to an inquiry."))
@_which
@argument("requirement", help=wording("What is needed."))
@option("--quantity", type=NUMBER, default=Decimal(1), metavar="N", help=wording("How many; 1."))
@option("--unit", default="", metavar="TEXT", help=wording("What is counted, such as pc or m."))
@option("--product", default="", metavar="PRODUCT", help=wording("What it is built upon: SKU or name."))
@option("--option", "options", multiple=True, metavar="NAME=VALUE", help=wording("What is chosen; may be given again."))
@json_option
def require(
    inquiry: str, requirement: str, quantity: Decimal, unit: str, product: str, options: tuple[str, ...], as_json: bool
) -> None:
    from crmkit_sfa.inquiries.asking import inquiry_named
    from crmkit_sfa.inquiries.asking import require as require_
    from crmkit_sfa.pricing.lists import product_named

    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        found = inquiry_named(ctx, inquiry)
        what = product_named(ctx, product) if product else None
        made = require_(ctx, found, requirement, quantity, product=what, options=options, unit=unit)
    if as_json:
        print_json({"id": made.id, "position": made.position})
    else:
        say(msg("line {position} of inquiry {number}", position=made.position, number=found.number))


@inquiry.command("ask", help=wording("Send an inquiry to engineering, once more when it was answered."))
@_which
@option("--to", "assignee", metavar="LOGIN", help=wording("Who is to answer it."))
@option("--team", metavar="TEAM", help=wording("The team of which somebody is to answer it."))
@option("--due", type=DAY, help=wording("The day by which the answer is needed."))
@_note
@json_option
def ask(inquiry: str, assignee: str | None, team: str | None, due: date | None, note: str, as_json: bool) -> None:
    from crmkit_sfa.inquiries.asking import ask as ask_
    from crmkit_sfa.inquiries.asking import inquiry_named

    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        found = ask_(
            ctx,
            inquiry_named(ctx, inquiry),
            to=user_named(session, assignee) if assignee else None,
            team=team_named(session, team) if team else None,
            due_on=due,
            note=note,
        )
    _said(found, as_json)


@inquiry.command("assign", help=wording("Pass an inquiry on to somebody who is to answer it."))
@_which
@argument("assignee", metavar="LOGIN", help=wording("Who is to answer it."))
@_note
@json_option
def assign(inquiry: str, assignee: str, note: str, as_json: bool) -> None:
    from crmkit_sfa.inquiries.asking import assign as assign_
    from crmkit_sfa.inquiries.asking import inquiry_named

    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        found = assign_(ctx, inquiry_named(ctx, inquiry), user_named(session, assignee), note)
    _said(found, as_json)


@inquiry.command("answer", help=wording("Answer a requirement: with a price, or with the reason why there is none."))
@_which
@argument("line", type=click.IntRange(1), help=wording("The position of the requirement."))
@option("--price", type=MONEY, help=wording("What one is sold for."))
@option("--cost", type=MONEY, help=wording("What one costs us."))
@option("--lead-days", type=click.IntRange(0), metavar="N", help=wording("How many days it takes."))
@option("--valid-until", type=DAY, help=wording("The last day on which the price holds."))
@option("--text", default="", metavar="TEXT", help=wording("What will be delivered, or why it cannot be."))
@_note
@json_option
def answer(
    inquiry: str,
    line: int,
    price: Money | None,
    cost: Money | None,
    lead_days: int | None,
    valid_until: date | None,
    text: str,
    note: str,
    as_json: bool,
) -> None:
    from crmkit_sfa.inquiries.asking import answer as answer_
    from crmkit_sfa.inquiries.asking import inquiry_named, line_at
    from crmkit_sfa.inquiries.entities import Inquiry

    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        found = inquiry_named(ctx, inquiry)
        given: dict[str, Any] = {"price": price, "cost": cost, "lead_days": lead_days, "valid_until": valid_until}
        answer_(ctx, line_at(ctx, found, line), text=text, note=note, **given)
        stored = session.get(Inquiry, found.id)
    _said(stored, as_json)


@inquiry.command("withdraw", help=wording("Withdraw an inquiry: nobody needs to answer it any more."))
@_which
@_note
@json_option
def withdraw(inquiry: str, note: str, as_json: bool) -> None:
    from crmkit_sfa.inquiries.asking import inquiry_named
    from crmkit_sfa.inquiries.asking import withdraw as withdraw_

    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        found = withdraw_(ctx, inquiry_named(ctx, inquiry), note)
    _said(found, as_json)


@inquiry.command("quote", help=wording("Put the answers with a price onto a quotation, by default a new one."))
@_which
@option("--onto", metavar="QUOTE", help=wording("The quotation, which must be a draft."))
@option(
    "--line",
    "lines",
    type=click.IntRange(1),
    multiple=True,
    metavar="N",
    help=wording("Only these; may be given again."),
)
@json_option
def quote(inquiry: str, onto: str | None, lines: tuple[int, ...], as_json: bool) -> None:
    from crmkit_sfa.inquiries.asking import inquiry_named, line_at
    from crmkit_sfa.inquiries.using import quote_answers
    from crmkit_sfa.quotes.states import named
    from crmkit_sfa.quotes.writing import quote_named

    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        found = inquiry_named(ctx, inquiry)
        chosen = [line_at(ctx, found, one) for one in lines] or None
        target, made = quote_answers(ctx, found, quote_named(ctx, onto) if onto else None, chosen)
    if as_json:
        print_json({"number": named(target), "lines": [one.position for one in made], "net": target.net})
    else:
        net = shown_value(target.net)
        say(msg("{count} lines on quotation {number}: {net}", count=len(made), number=named(target), net=net))


@inquiry.command("opportunity", help=wording("Put the answers with a price onto an opportunity as lines of it."))
@_which
@option("--onto", metavar="OPPORTUNITY", help=wording("The opportunity; by default the inquiry's."))
@json_option
def opportunity(inquiry: str, onto: str | None, as_json: bool) -> None:
    from crmkit_sfa.inquiries.asking import inquiry_named
    from crmkit_sfa.inquiries.using import answers_to_opportunity
    from crmkit_sfa.opportunities.finding import find_opportunity

    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        target = find_opportunity(ctx, onto) if onto else None
        made = answers_to_opportunity(ctx, inquiry_named(ctx, inquiry), target)
    if as_json:
        print_json({"lines": [one.position for one in made]})
    else:
        say(msg("{count} lines on the opportunity", count=len(made)))


def _said(inquiry: Any, as_json: bool) -> None:
    if as_json:
        print_json({"id": inquiry.id, "number": inquiry.number, "status": inquiry.status, "due_on": inquiry.due_on})
    elif inquiry.status == "asked":
        say(msg("inquiry {number} is to be answered by {day}", number=inquiry.number, day=inquiry.due_on))
    else:
        say(msg("inquiry {number} is {state}", number=inquiry.number, state=inquiry.status))
