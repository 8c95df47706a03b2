"""``crmkit sfa order``: entering orders, and looking at them."""

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
    table,
    translated,
    user_named,
    wording,
    working,
)
from crmkit.plugin import Money, msg
from crmkit_sfa.orders.command_group import on_day_help, order, position_option, quantities, tell, which

_STATES = ("draft", "confirmed", "fulfilled", "closed", "cancelled")


@order.command("from-quote", help=wording("Order what an accepted quotation offers, all of it or a part."))
@argument("quote", help=wording("The number of the quotation."))
@position_option
@option("--on", "ordered_on", type=DAY, help=on_day_help)
@option("--reference", default="", metavar="TEXT", help=wording("What the customer calls the order."))
@option("--confirm", is_flag=True, help=wording("Confirm it at once."))
@json_option
def from_quote(
    quote: str,
    positions: tuple[tuple[int, Decimal], ...],
    ordered_on: date | None,
    reference: str,
    confirm: bool,
    as_json: bool,
) -> None:
    from crmkit_sfa.orders import placing
    from crmkit_sfa.orders.entering import order_from_quote
    from crmkit_sfa.quotes.writing import quote_named

    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        found = quote_named(ctx, quote)
        made = order_from_quote(ctx, found, quantities(positions), ordered_on=ordered_on, reference=reference)
        if confirm:
            made = placing.confirm(ctx, made)
    tell(made, as_json)


@order.command("new", help=wording("Begin an order of a customer; `add` puts positions into it."))
@argument("customer", help=wording("Its name, id, number in another system or mail address."))
@option("--opportunity", default="", metavar="OPPORTUNITY", help=wording("The opportunity that it comes from."))
@option("--currency", default="", metavar="CODE", help=wording("Its currency; by default that of sums."))
@option("--on", "ordered_on", type=DAY, help=on_day_help)
@option("--reference", default="", metavar="TEXT", help=wording("What the customer calls the order."))
@option("--discount", type=NUMBER, default=Decimal(0), metavar="PERCENT", help=wording("On the whole order."))
@option("--with-tax", is_flag=True, help=wording("Its prices include the tax."))
@option("--note", default="", metavar="TEXT", help=wording("What else there is to know."))
@json_option
def new(customer: str, opportunity: str, currency: str, with_tax: bool, as_json: bool, **fields: Any) -> None:
    from crmkit_sfa.opportunities.finding import find_opportunity
    from crmkit_sfa.orders.entering import new_order

    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        if opportunity:
            fields["opportunity_id"] = find_opportunity(ctx, opportunity).id
        buyer = find_customer(session, customer)
        made = new_order(ctx, buyer, [], currency=currency.upper(), tax_included=with_tax, **fields)
    tell(made, as_json)


@order.command("add", help=wording("Add a position to a draft: a product, or what --description says."))
@which
@argument("product", required=False, help=wording("Its SKU or name."))
@option("--quantity", type=NUMBER, default=Decimal(1), metavar="N", help=wording("How many; 1."))
@option("--price", type=MONEY, help=wording("For one; by default that of the price lists."))
@option("--discount", type=NUMBER, default=Decimal(0), metavar="PERCENT", help=wording("On this position."))
@option("--description", default="", metavar="TEXT", help=wording("What the position says."))
@option("--tax", "tax_rate", type=NUMBER, help=wording("The tax in percent; by default that of the tax table."))
@json_option
def add(order: str, product: str | None, quantity: Decimal, price: Money | None, as_json: bool, **details: Any) -> None:
    from crmkit_sfa.orders.entering import add_product
    from crmkit_sfa.orders.entities import Order
    from crmkit_sfa.orders.finding import order_named
    from crmkit_sfa.pricing.lists import product_named

    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        found = order_named(ctx, order)
        what = product_named(ctx, product) if product else None
        add_product(ctx, found, what, quantity, price=price, **details)
        stored = session.get(Order, found.id)
    tell(stored, as_json)


@order.command("list", help=wording("List orders, the newest first."))
@option("--status", type=click.Choice(_STATES), default=None, help=wording("Only those in this state."))
@option("--customer", default="", metavar="CUSTOMER", help=wording("Only this customer's."))
@option("--owner", default="", metavar="LOGIN", help=wording("Only this user's."))
@option("--filter", "filter_", default="", metavar="FILTER", help=wording("Only those that match this filter."))
@option("--limit", type=click.IntRange(1), default=50, metavar="N", help=wording("At most so many; 50."))
@json_option
def list_(status: str | None, customer: str, owner: str, filter_: str, limit: int, as_json: bool) -> None:
    from crmkit_sfa.orders.showing import listed

    with working(reads=True) as (crm, session):
        equal: dict[str, Any] = {"status": status} if status else {}
        if customer:
            equal["customer_id"] = find_customer(session, customer).id
        if owner:
            equal["owner_id"] = user_named(session, owner).id
        rows = listed(crm.context(session, "sfa"), filter_, limit, equal)
    if as_json:
        print_json(rows)
    elif not rows:
        say(msg("no order"))
    else:
        headings = [wording("Order"), wording("Customer"), wording("Ordered on"), wording("Status")]
        headings += [wording("Without tax"), wording("Total"), wording("Reference"), wording("Owner")]
        names = ("number", "customer", "ordered_on", "status", "net", "gross", "reference", "owner")
        cells = [[row[name] for name in names] for row in rows]
        print_block(table([translated(heading) for heading in headings], cells, right=(4, 5)))


@order.command("show", help=wording("Show an order: its positions, its sums and how it was amended."))
@which
@json_option
def show(order: str, as_json: bool) -> None:
    from crmkit_sfa.orders.finding import order_named
    from crmkit_sfa.orders.showing import page_of
    from crmkit_sfa.reporting.page import show_page

    show_page(lambda ctx: page_of(ctx, order_named(ctx, order)), as_json)
