"""``crmkit customer``: list, add and show customers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from crmkit.cli.localized import argument, group, json_option, option
from crmkit.cli.records import SHOWN, filter_option
from crmkit.cli.words import wording

if TYPE_CHECKING:
    from crmkit.core.customer import ContactPoint, Customer, CustomerKind, PointKind

_ALL = 1_000_000


@group("customer", help=wording("List, add and show customers."))
def customer() -> None:
    pass


@customer.command("list", help=wording("List customers, as a table of the first 50 or as JSON of all."))
@filter_option
@option("--order", default="name", metavar="FIELDS", help=wording("Sort by these fields, as in -created_at,name."))
@option("--limit", type=click.IntRange(min=0), metavar="N", help=wording("At most this many records; 0 for all."))
@option("--fields", metavar="FIELDS", help=wording("Show these fields, separated by commas."))
@json_option
@click.pass_context
def list_(ctx: click.Context, filter_: str, order: str, limit: int | None, fields: str | None, as_json: bool) -> None:
    from crmkit.cli.records import list_ as list_records

    ctx.invoke(
        list_records, entity="customer", filter_=filter_, order=order, limit=limit, fields=fields, as_json=as_json
    )


@customer.command("add", help=wording("Add a customer, with ways to reach it."))
@argument("name", help=wording("What people call the customer."))
@option(
    "--kind",
    type=click.Choice(["person", "organization", "household"]),
    default="organization",
    show_default=True,
    help=wording("What the customer is."),
)
@option("--email", multiple=True, metavar="ADDRESS", help=wording("A mail address; may be given again."))
@option("--phone", multiple=True, metavar="NUMBER", help=wording("A phone number; may be given again."))
@option("--country", default="", metavar="CODE", help=wording("ISO 3166 country code such as DE or CN."))
@option("--industry", default="", metavar="TEXT", help=wording("The line of trade."))
@option("--description", default="", metavar="TEXT", help=wording("Anything worth knowing."))
@json_option
def add(
    name: str,
    kind: CustomerKind,
    email: tuple[str, ...],
    phone: tuple[str, ...],
    country: str,
    industry: str,
    description: str,
    as_json: bool,
) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import say, working
    from crmkit.core.customer import Customer
    from crmkit.core.messages import msg

    with working() as (_, session):
        made = Customer(
            name=name,
            kind=kind,
            country=country.upper(),
            industry=industry,
            description=description,
        )
        points = [_point(made, "email", value) for value in email] + [_point(made, "phone", value) for value in phone]
        session.add(made, *points)
        session.commit()
        stored = session.get(Customer, made.id)
    if as_json:
        print_json(stored)
    else:
        click.echo(str(stored.id))
        say(msg("added {name}", name=stored.name))


@customer.command(
    "show", help=wording("Show everything known of a customer: how to reach it, relations, value and history.")
)
@argument("customer", help=wording("Its name, id, number in another system or mail address."))
@option(
    "--limit",
    type=click.IntRange(min=0),
    metavar="N",
    help=wording("So many newest interactions (50, in JSON all); 0 for all."),
)
@json_option
def show(customer: str, limit: int | None, as_json: bool) -> None:
    from zoneinfo import ZoneInfo

    from crmkit.cli.customer_page import view_document, view_page
    from crmkit.cli.output import print_block, print_json
    from crmkit.cli.running import working
    from crmkit.services.customer_view import customer_view

    with working(reads=True) as (crm, session):
        most = limit if limit is not None else 0 if as_json else SHOWN
        view = customer_view(session, customer, crm.kinds, most or _ALL)
        if as_json:
            print_json(view_document(view))
            return
        labels = {name: kind.label for name, kind in crm.kinds.items()}
        page = list(view_page(view, crm.registry.get("customer"), labels, ZoneInfo(session.actor.timezone)))
    for block in page:
        print_block(block)


def _point(customer: Customer, kind: PointKind, value: str) -> ContactPoint:
    from crmkit.core.customer import ContactPoint

    return ContactPoint(customer_id=customer.id, kind=kind, value=value)
