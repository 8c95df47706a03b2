"""``crmkit sfa price``: keep price lists and tax rates, and see what things cost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from crmkit.command import (
    DAY,
    NUMBER,
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
    wording,
    working,
)
from crmkit.plugin import msg
from crmkit_sfa.pricing.figures import shown_price


@group("price", help=wording("Keep price lists and tax rates, and see what things cost."))
def price() -> None:
    pass


_customers = option(
    "--customer",
    "customers",
    multiple=True,
    metavar="CUSTOMER",
    help=wording("Agreed with this one; may be given again."),
)
_from = option("--from", "valid_from", type=DAY, help=wording("The first day it is valid."))
_until = option("--until", "valid_until", type=DAY, help=wording("The last day it is valid."))


@price.command("new-list", help=wording("Begin a price list."))
@argument("name", help=wording("What it is called."))
@option("--currency", default="", metavar="CODE", help=wording("Its currency, such as EUR; that of the installation."))
@option("--segment", default="", metavar="NAME", help=wording("For customers of this segment only."))
@option("--tag", default="", metavar="TAG", help=wording("For customers with this tag only."))
@option("--country", default="", metavar="CODE", help=wording("For customers in this country only."))
@_customers
@_from
@_until
@option("--priority", type=int, default=0, help=wording("Of lists that fit equally well, the higher one counts."))
@option("--with-tax", is_flag=True, help=wording("Its prices include the tax."))
@json_option
def new_list(
    name: str,
    currency: str,
    segment: str,
    tag: str,
    country: str,
    customers: tuple[str, ...],
    valid_from: date | None,
    valid_until: date | None,
    priority: int,
    with_tax: bool,
    as_json: bool,
) -> None:
    from crmkit_sfa.pricing.lists import new_price_list

    with working() as (crm, session):
        made = new_price_list(
            crm.context(session, "sfa"),
            name,
            currency.upper(),
            segment=segment,
            customers=[find_customer(session, one) for one in customers],
            tag=tag,
            country=country.upper(),
            valid_from=valid_from,
            valid_until=valid_until,
            priority=priority,
            tax_included=with_tax,
        )
    if as_json:
        print_json({"id": made.id, "name": made.name, "currency": made.currency})
    else:
        say(msg("price list {name} in {currency}", name=made.name, currency=made.currency))


@price.command("agree", help=wording("Note that a price list was agreed with customers: it is theirs alone then."))
@argument("price_list", metavar="LIST", help=wording("The price list."))
@argument("customers", nargs=-1, required=True, help=wording("Their names, ids or mail addresses."))
@json_option
def agree(price_list: str, customers: tuple[str, ...], as_json: bool) -> None:
    from crmkit_sfa.pricing.lists import agree_on, price_list_named

    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        found = price_list_named(ctx, price_list)
        count = agree_on(ctx, found, [find_customer(session, one) for one in customers])
    if as_json:
        print_json({"price_list": found.name, "customers": count})
    else:
        say(msg("price list {name} was agreed with {count} more customers", name=found.name, count=count))


@price.command("set", help=wording("Set what one unit of a product costs by a price list."))
@argument("price_list", metavar="LIST", help=wording("The price list."))
@argument("product", help=wording("Its SKU or name."))
@argument("amount", type=NUMBER, help=wording("The price, in the currency of the list."))
@option("--quantity", type=NUMBER, default=Decimal(1), metavar="N", help=wording("From this quantity on; 1."))
@_from
@_until
@option("--currency", default="", metavar="CODE", help=wording("Which list, where several have the name."))
@json_option
def set_(
    price_list: str,
    product: str,
    amount: Decimal,
    quantity: Decimal,
    valid_from: date | None,
    valid_until: date | None,
    currency: str,
    as_json: bool,
) -> None:
    from crmkit_sfa.pricing.lists import price_list_named, product_named, set_price

    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        found, what = price_list_named(ctx, price_list, currency.upper()), product_named(ctx, product)
        made = set_price(
            ctx, found, what, amount, from_quantity=quantity, valid_from=valid_from, valid_until=valid_until
        )
    if as_json:
        print_json({"id": made.id, "product": what.sku, "from_quantity": made.from_quantity, "price": made.price})
    else:
        text = msg(
            "{product} costs {price} from {quantity} on by {name}",
            product=what.name,
            price=shown_price(made.price),
            quantity=f"{made.from_quantity:f}",
            name=found.name,
        )
        say(text)


@price.command("lists", help=wording("List price lists, by name."))
@json_option
def lists(as_json: bool) -> None:
    from crmkit_sfa.pricing.listing import listed

    with working(reads=True) as (crm, session):
        rows = listed(crm.context(session, "sfa"))
    if as_json:
        print_json(rows)
    elif not rows:
        say(msg("no price list"))
    else:
        headings = [wording("Price list"), wording("Currency"), wording("For"), wording("Valid from")]
        headings += [wording("Valid until"), wording("Priority"), wording("Prices")]
        names = ("name", "currency", "audience", "valid_from", "valid_until", "priority", "prices")
        _print(headings, [[row[name] for name in names] for row in rows], right=(5, 6))


@price.command("show", help=wording("Show the prices of a price list, by product and quantity."))
@argument("price_list", metavar="LIST", help=wording("The price list."))
@option("--currency", default="", metavar="CODE", help=wording("Which list, where several have the name."))
@json_option
def show(price_list: str, currency: str, as_json: bool) -> None:
    from crmkit_sfa.pricing.listing import prices_of
    from crmkit_sfa.pricing.lists import price_list_named

    with working(reads=True) as (crm, session):
        ctx = crm.context(session, "sfa")
        rows = prices_of(ctx, price_list_named(ctx, price_list, currency.upper()))
    if as_json:
        print_json(rows)
    elif not rows:
        say(msg("price list {name} has no prices", name=price_list))
    else:
        headings = [wording("SKU"), wording("Product"), wording("From quantity"), wording("Price")]
        headings += [wording("Valid from"), wording("Valid until")]
        _print(headings, _priced(rows), right=(2, 3))


@price.command("of", help=wording("Show what a product costs somebody, and why."))
@argument("product", help=wording("Its SKU or name."))
@option("--customer", metavar="CUSTOMER", help=wording("Who buys: name, id or mail address."))
@option("--quantity", type=NUMBER, default=Decimal(1), metavar="N", help=wording("How many; 1."))
@option("--currency", default="", metavar="CODE", help=wording("In this currency; that of the installation."))
@option("--day", type=DAY, help=wording("On this day; today."))
@json_option
def of(product: str, customer: str | None, quantity: Decimal, currency: str, day: date | None, as_json: bool) -> None:
    from crmkit_sfa.pricing.assortment import as_told, buyer_of, product_for_sale
    from crmkit_sfa.pricing.finding import price_for

    with working(reads=True) as (crm, session):
        ctx = crm.context(session, "sfa")
        buyer = buyer_of(ctx, find_customer(session, customer) if customer else None)
        sold = product_for_sale(ctx, product)
        answer = as_told(ctx, price_for(ctx, buyer, sold, quantity, currency.upper(), day))
    considered: list[dict[str, Any]] = [
        {"name": one.name, "taken": one.taken, "price": one.price, "why": one.why} for one in answer.considered
    ]
    if as_json:
        print_json({"price": answer.price, "source": answer.source, "why": answer.why, "considered": considered})
        return
    if answer.price is None:
        say(msg("no price is known"))
    else:
        say(msg("{price}: {why}", price=shown_price(answer.price), why=answer.why))
    if considered:
        headings = [wording("Looked at"), wording("Taken"), wording("Price"), wording("Why")]
        _print(headings, _priced(considered), right=(2,))


@price.command("products", help=wording("List what is for sale, with what one unit costs. Dealers see it, too."))
@option("--customer", metavar="CUSTOMER", help=wording("Who buys: name, id or mail address."))
@option("--currency", default="", metavar="CODE", help=wording("In this currency; that of the installation."))
@option("--day", type=DAY, help=wording("On this day; today."))
@json_option
def products_(customer: str | None, currency: str, day: date | None, as_json: bool) -> None:
    from crmkit_sfa.pricing.assortment import assortment

    with working(reads=True) as (crm, session):
        buyer = find_customer(session, customer) if customer else None
        found = assortment(crm.context(session, "sfa"), buyer, currency=currency.upper(), day=day)
    if as_json:
        print_json(found)
    elif not found:
        say(msg("nothing is for sale"))
    else:
        headings = [wording("SKU"), wording("Product"), wording("Category"), wording("Unit"), wording("Price")]
        rows = [[one.sku, one.name, one.category, one.unit, shown_price(one.price)] for one in found]
        _print(headings, rows, right=(4,))


@price.command("tax", help=wording("Set the tax in percent on goods of a category in a country."))
@argument("rate", type=NUMBER, help=wording("In percent, such as 19."))
@option("--country", default="", metavar="CODE", help=wording("Where the customer is; everywhere else."))
@option("--category", default="", metavar="TEXT", help=wording("The tax category of products; all others."))
@_from
@option("--name", default="", metavar="TEXT", help=wording("What the tax is called."))
@json_option
def tax(rate: Decimal, country: str, category: str, valid_from: date | None, name: str, as_json: bool) -> None:
    from crmkit_sfa.pricing.lists import set_tax_rate

    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        made = set_tax_rate(ctx, rate, country=country.upper(), category=category, valid_from=valid_from, name=name)
    if as_json:
        print_json({"id": made.id, "rate": made.rate, "country": made.country, "category": made.category})
    else:
        say(msg("tax {rate} % is set", rate=f"{made.rate:f}"))


@price.command("taxes", help=wording("List tax rates, by country and category."))
@json_option
def taxes(as_json: bool) -> None:
    from crmkit_sfa.pricing.entities import TaxRate

    names = ("country", "category", "valid_from", "rate", "name")
    with working(reads=True) as (_, session):
        found = [session.masked(one) for one in session.list(TaxRate, order="country,category,valid_from")]
    rows = [{name: getattr(one, name) for name in names} for one in found]
    if as_json:
        print_json(rows)
    elif not rows:
        say(msg("no tax rate"))
    else:
        headings = [wording("Country"), wording("Tax category"), wording("Valid from"), wording("Percent")]
        _print([*headings, wording("Name")], [list(row.values()) for row in rows], right=(3,))


def _priced(rows: Sequence[dict[str, Any]]) -> list[list[Any]]:
    return [list({**row, "price": shown_price(row["price"])}.values()) for row in rows]


def _print(headings: Sequence[str], rows: list[list[Any]], right: tuple[int, ...] = ()) -> None:
    print_block(table([translated(heading) for heading in headings], rows, right=right))
