"""``crmkit sfa quote``: drawing up quotations, and looking at them."""

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
    print_block,
    print_json,
    say,
    shown_value,
    table,
    translated,
    user_named,
    wording,
    working,
)
from crmkit.plugin import Money, msg
from crmkit_sfa.quotes.command_group import quote, which

_STATES = ("draft", "approval", "approved", "sent", "accepted", "declined", "expired", "superseded")


@quote.command("new", help=wording("Begin a quotation for a customer or an opportunity."))
@option("--customer", metavar="CUSTOMER", help=wording("Whom it is for: name, id or mail address."))
@option("--opportunity", metavar="OPPORTUNITY", help=wording("The opportunity that it is about: name or id."))
@option("--contact", metavar="PERSON", help=wording("The person it is addressed to."))
@option("--currency", default="", metavar="CODE", help=wording("Its currency; that of the price list or opportunity."))
@option("--list", "price_list", default="", metavar="LIST", help=wording("Take all prices from this price list."))
@option("--with-tax", is_flag=True, default=None, help=wording("Its prices include the tax."))
@option("--discount", type=NUMBER, default=Decimal(0), metavar="PERCENT", help=wording("On the whole quotation."))
@option("--valid-until", type=DAY, help=wording("The last day on which it can be accepted."))
@option("--language", type=click.Choice(["en", "zh"]), default=None, help=wording("The language of the document."))
@option("--introduction", default="", metavar="TEXT", help=wording("What stands before the lines."))
@option("--terms", default="", metavar="TEXT", help=wording("What stands under the sums."))
@option("--take-lines", is_flag=True, help=wording("With the lines of the opportunity."))
@json_option
def new(
    customer: str | None,
    opportunity: str | None,
    contact: str | None,
    currency: str,
    price_list: str,
    with_tax: bool | None,
    discount: Decimal,
    valid_until: date | None,
    language: str | None,
    introduction: str,
    terms: str,
    take_lines: bool,
    as_json: bool,
) -> None:
    from crmkit_sfa.opportunities.entities import OpportunityLine
    from crmkit_sfa.opportunities.finding import find_opportunity
    from crmkit_sfa.pricing.lists import price_list_named
    from crmkit_sfa.quotes.writing import new_quote, take_opportunity_lines

    values: dict[str, Any] = {"discount": discount, "valid_until": valid_until, "language": language or ""}
    values |= {"introduction": introduction, "terms": terms, **({"tax_included": True} if with_tax else {})}
    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        about = find_opportunity(ctx, opportunity) if opportunity else None
        made = new_quote(
            ctx,
            find_customer(session, customer) if customer else None,
            opportunity=about,
            currency=currency.upper(),
            price_list=price_list_named(ctx, price_list, currency.upper()) if price_list else None,
            contact_id=find_customer(session, contact).id if contact else None,
            **values,
        )
        if about is not None and take_lines:
            take_opportunity_lines(ctx, made, session.list(OpportunityLine, opportunity_id=about.id, order="position"))
    if as_json:
        print_json({"id": made.id, "number": made.number, "currency": made.currency})
    else:
        say(msg("quotation {number} in {currency}", number=made.number, currency=made.currency))


@quote.command("add", help=wording("Add a line to a draft: a product, or what --description says."))
@which
@argument("product", required=False, help=wording("Its SKU or name."))
@option("--quantity", type=NUMBER, default=Decimal(1), metavar="N", help=wording("How many; 1."))
@option("--price", type=MONEY, help=wording("For one; by default that of the price lists."))
@option("--discount", type=NUMBER, default=Decimal(0), metavar="PERCENT", help=wording("On this line."))
@option("--description", default="", metavar="TEXT", help=wording("What the line says."))
@option("--detail", default="", metavar="TEXT", help=wording("Further lines of text."))
@option("--unit", default="", metavar="TEXT", help=wording("What is counted, such as pc or m."))
@option("--tax", type=NUMBER, help=wording("The tax in percent; by default that of the tax table."))
@json_option
def add(
    quote: str,
    product: str | None,
    quantity: Decimal,
    price: Money | None,
    discount: Decimal,
    description: str,
    detail: str,
    unit: str,
    tax: Decimal | None,
    as_json: bool,
) -> None:
    from crmkit_sfa.pricing.lists import product_named
    from crmkit_sfa.quotes.entities import Quote
    from crmkit_sfa.quotes.states import named
    from crmkit_sfa.quotes.writing import add_line, quote_named

    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        found = quote_named(ctx, quote)
        what = product_named(ctx, product) if product else None
        given = {"detail": detail, "unit": unit, "tax_rate": tax}
        line = add_line(ctx, found, what, quantity, price=price, description=description, discount=discount, **given)
        total = session.get(Quote, found.id)
    if as_json:
        print_json({"id": line.id, "position": line.position, "net": line.net, "gross": total.gross})
        return
    amount, gross = shown_value(line.amount), shown_value(total.gross)
    say(
        msg(
            "line {position}: {amount}; {number} is {gross} now",
            position=line.position,
            amount=amount,
            number=named(total),
            gross=gross,
        )
    )


@quote.command("change", help=wording("Change a line of a draft, or what holds for all of it."))
@which
@option("--line", type=click.IntRange(1), metavar="N", help=wording("The position of the line."))
@option("--quantity", type=NUMBER, metavar="N", help=wording("How many; the price is looked up anew."))
@option("--price", type=MONEY, help=wording("For one."))
@option("--discount", type=NUMBER, metavar="PERCENT", help=wording("On the line, or without --line on all of it."))
@option("--tax", type=NUMBER, help=wording("The tax in percent."))
@option("--description", metavar="TEXT", help=wording("What the line says."))
@option("--valid-until", type=DAY, help=wording("The last day on which it can be accepted."))
@option("--terms", metavar="TEXT", help=wording("What stands under the sums."))
@option("--remove", is_flag=True, help=wording("Take the line away."))
@json_option
def change_(
    quote: str,
    line: int | None,
    quantity: Decimal | None,
    price: Money | None,
    discount: Decimal | None,
    tax: Decimal | None,
    description: str | None,
    valid_until: date | None,
    terms: str | None,
    remove: bool,
    as_json: bool,
) -> None:
    from crmkit_sfa.quotes.entities import Quote
    from crmkit_sfa.quotes.states import named
    from crmkit_sfa.quotes.writing import change_line, change_quote, line_at, quote_named, remove_line

    own = {"quantity": quantity, "unit_price": price, "tax_rate": tax, "description": description}
    if line is None and (remove or any(value is not None for value in own.values())):
        raise click.UsageError(translated(wording("--line says which line is meant")))
    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        found = quote_named(ctx, quote)
        whole = {"valid_until": valid_until, "terms": terms, **({"discount": discount} if line is None else {})}
        whole = {name: value for name, value in whole.items() if value is not None}
        if whole:
            change_quote(ctx, found, **whole)
        if line is not None:
            one = line_at(ctx, found, line)
            given = {name: value for name, value in {**own, "discount": discount}.items() if value is not None}
            if price is not None:
                given["price_source"] = "manual"
            if remove:
                remove_line(ctx, one)
            else:
                change_line(ctx, one, reprice=quantity is not None and price is None, **given)
        stored = session.get(Quote, found.id)
    if as_json:
        print_json({"number": stored.number, "net": stored.net, "tax": stored.tax, "gross": stored.gross})
    else:
        say(msg("{number} is {gross} now", number=named(stored), gross=shown_value(stored.gross)))


@quote.command("list", help=wording("List quotations, the newest first; superseded ones are left out."))
@option("--status", type=click.Choice([*_STATES, "all"]), default=None, help=wording("Only those in this state."))
@option("--customer", metavar="CUSTOMER", help=wording("Only this customer's."))
@option("--opportunity", metavar="OPPORTUNITY", help=wording("Only those of this opportunity."))
@option("--owner", metavar="LOGIN", help=wording("Only this user's."))
@option("--limit", type=click.IntRange(1), default=50, metavar="N", help=wording("At most so many; 50."))
@json_option
def list_(
    status: str | None, customer: str | None, opportunity: str | None, owner: str | None, limit: int, as_json: bool
) -> None:
    from crmkit_sfa.opportunities.finding import find_opportunity
    from crmkit_sfa.quotes.showing import listed

    with working(reads=True) as (crm, session):
        ctx = crm.context(session, "sfa")
        equal: dict[str, Any] = {}
        if customer:
            equal["customer_id"] = find_customer(session, customer).id
        if opportunity:
            equal["opportunity_id"] = find_opportunity(ctx, opportunity).id
        if owner:
            equal["owner_id"] = user_named(session, owner).id
        rows = listed(ctx, status or "", limit, equal)
    if as_json:
        print_json(rows)
    elif not rows:
        say(msg("no quotation"))
    else:
        headings = [wording("Quotation"), wording("Customer"), wording("Status"), wording("Without tax")]
        headings += [wording("Total"), wording("Date"), wording("Valid until"), wording("Owner")]
        names = ("number", "customer", "status", "net", "gross", "date", "valid_until", "owner")
        cells = [[row[name] for name in names] for row in rows]
        print_block(table([translated(heading) for heading in headings], cells, right=(3, 4)))


@quote.command("show", help=wording("Show a quotation: its lines, its sums, who approved it and what became of it."))
@which
@json_option
def show(quote: str, as_json: bool) -> None:
    from crmkit_sfa.quotes.showing import page_of
    from crmkit_sfa.quotes.writing import quote_named
    from crmkit_sfa.reporting.page import show_page

    show_page(lambda ctx: page_of(ctx, quote_named(ctx, quote)), as_json)
