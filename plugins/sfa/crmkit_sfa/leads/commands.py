"""``crmkit sfa lead``: take leads in and look at them. What is done with them stands in ``command_steps``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TextIO

import click

from crmkit.command import (
    MONEY,
    argument,
    find_customer,
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

if TYPE_CHECKING:
    from crmkit_sfa.leads.capturing import Captured
    from crmkit_sfa.leads.page import LeadPage


@group("lead", help=wording("Take leads in, qualify and convert them."))
def lead() -> None:
    pass


which = argument("lead", help=wording("What it is called, the mail address of who asks, or its id."))


@lead.command(
    "capture", help=wording("Take in that somebody is interested; whoever has an open lead touches it again.")
)
@option("--person", default="", metavar="NAME", help=wording("Who asks."))
@option("--company", default="", metavar="NAME", help=wording("For which company."))
@option("--job-title", default="", metavar="TEXT", help=wording("What the person does there."))
@option("--email", default="", metavar="ADDRESS", help=wording("The mail address."))
@option("--phone", default="", metavar="NUMBER", help=wording("The telephone number."))
@option("--country", default="", metavar="CODE", help=wording("The country, such as DE."))
@option("--city", default="", metavar="NAME", help=wording("The city."))
@option("--interest", default="", metavar="TEXT", help=wording("What they want."))
@option("--name", default="", metavar="TEXT", help=wording("What the lead is called; by default who asks."))
@option("--customer", default="", metavar="CUSTOMER", help=wording("The customer who asks, where that is known."))
@option("--product", default="", metavar="SKU", help=wording("The product that it is mainly about."))
@option("--estimated", type=MONEY, help=wording("What it may be worth, such as `9000 EUR`."))
@option("--source", default="", metavar="TEXT", help=wording("Where the interest came from, such as a fair."))
@option("--channel", default="manual", metavar="WORD", help=wording("How it came in; manual."))
@option("--key", default="", metavar="TEXT", help=wording("The channel's own name for it: the same one is taken once."))
@option("--form", default=None, metavar="FORM", help=wording("Read a form's payload as the configuration maps it."))
@option(
    "--payload",
    type=click.File("r", encoding="utf-8"),
    help=wording("The payload of a form, as JSON; - reads it here."),
)
@option("--new", "separate", is_flag=True, help=wording("Make a lead of its own, even where there is an open one."))
@option("--mine", is_flag=True, help=wording("Keep it; the rules do not assign it."))
@json_option
def capture(
    customer: str,
    product: str,
    form: str | None,
    payload: TextIO | None,
    separate: bool,
    mine: bool,
    as_json: bool,
    **told: Any,
) -> None:
    from crmkit.core.product import Product
    from crmkit_sfa.leads.capturing import capture as take
    from crmkit_sfa.leads.forms import capture_form
    from crmkit_sfa.leads.page import page_of

    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        if payload is not None:
            done = capture_form(ctx, _payload(payload), form=form or "", key=told["key"])
        else:
            if customer:
                told["customer_id"] = find_customer(session, customer).id
            if product:
                found = session.find(Product, sku=product)
                if found is None:
                    raise BadInput(msg("product: {sku} - the number of a product", sku=product))
                told["product_id"] = found.id
            done = take(ctx, separate=separate, keep=mine, **told)
        # The rules assign it once it is committed.
        session.commit()
        if done.hidden:
            page = None
        elif done.created:
            with ctx.elevated("whoever takes a lead in is told who has it"):
                page = page_of(ctx, done.lead)
        else:
            page = page_of(ctx, done.lead)
    _tell(done, page, as_json)


def _payload(file: TextIO) -> dict[str, Any]:
    try:
        document = json.load(file)
    except ValueError as error:
        raise BadInput(msg("{file}: {error} - a JSON object", file=file.name, error=str(error))) from None
    if not isinstance(document, dict):
        raise BadInput(msg("{file}: expected a JSON object with the fields of the form", file=file.name))
    return document


def _tell(done: Captured, page: LeadPage | None, as_json: bool) -> None:
    if as_json:
        shown = {} if page is None else page.short()
        print_json({**shown, "created": done.created, "repeated": done.repeated})
        return
    if page is None or done.repeated:
        name = done.lead.name if page is None else page.lead.name
        if done.repeated:
            say(msg("this was taken in before: {name}", name=name))
        else:
            say(msg("{name} has come forward again; a colleague has the lead", name=name))
        return
    name, owner = page.lead.name, page.owner
    if not done.created:
        say(
            msg(
                "{name} has come forward again, touch {count}: {id}",
                name=name,
                count=page.lead.touches,
                id=str(page.lead.id),
            )
        )
    elif owner and page.lead.assigned_at is not None:
        say(msg("{name} goes to {owner}: {id}", name=name, owner=owner, id=str(page.lead.id)))
    else:
        say(msg("{name} waits for somebody to take it up: {id}", name=name, id=str(page.lead.id)))


@lead.command("list", help=wording("List leads, those who came forward last first."))
@option(
    "--status",
    type=click.Choice(["open", "new", "working", "qualified", "converted", "recycled", "disqualified", "all"]),
    default="open",
    help=wording("Which ones; open."),
)
@option("--owner", default="", metavar="LOGIN", help=wording("Only this user's."))
@option("--filter", "filter_", default="", metavar="FILTER", help=wording("Only those that match."))
@option("--best", is_flag=True, help=wording("The most promising first."))
@option("--limit", type=click.IntRange(1), default=50, metavar="N", help=wording("At most so many; 50."))
@json_option
def list_(status: str, owner: str, filter_: str, best: bool, limit: int, as_json: bool) -> None:
    from crmkit_sfa.leads.entities import Lead
    from crmkit_sfa.leads.page import owners_of, row_of
    from crmkit_sfa.leads.statuses import OPEN

    with working(reads=True) as (crm, session):
        ctx = crm.context(session, "sfa")
        wanted: dict[str, Any] = {"open": {"status": list(OPEN)}, "all": {}}.get(status, {"status": status})
        if owner:
            wanted["owner_id"] = user_named(session, owner).id
        order = "-score,-last_touch_at,-id" if best else "-last_touch_at,-id"
        found = session.list(Lead, filter_ or None, order=order, limit=limit, **wanted)
        owners = owners_of(ctx, found)
        rows = [row_of(session.masked(one), owners) for one in found]
    if as_json:
        print_json(rows)
    elif not rows:
        say(msg("no lead"))
    else:
        headings = (
            *(wording("Lead"), wording("Company"), wording("Status"), wording("Score"), wording("Estimated value")),
            *(wording("Touches"), wording("Owner"), wording("Last touch"), wording("Id")),
        )
        print_block(
            table([translated(heading) for heading in headings], [list(row.values()) for row in rows], right=(3, 4, 5))
        )


@lead.command(
    "show", help=wording("Show a lead: who asks, what for, how promising it is, and each time it came forward.")
)
@which
@json_option
def show(lead: str, as_json: bool) -> None:
    from crmkit_sfa.leads.finding import find_lead
    from crmkit_sfa.leads.page import page_of
    from crmkit_sfa.reporting.page import show_page

    show_page(lambda ctx: page_of(ctx, find_lead(ctx, lead)), as_json)
