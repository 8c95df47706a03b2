"""``crmkit asset``: what customers own of our products."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from crmkit.cli.localized import argument, group, json_option, option
from crmkit.cli.words import translated, wording

_DATE = click.DateTime(["%Y-%m-%d"])


@group("asset", help=wording("Show and add what customers own: machines, licences, vehicles."))
def asset() -> None:
    pass


_customer = argument("customer", help=wording("Its name, id, number in another system or mail address."))


@asset.command("list", help=wording("List what a customer owns."))
@_customer
@option("--status", default="", metavar="WORD", help=wording("Only those in this state, such as in_use."))
@json_option
def list_(customer: str, status: str, as_json: bool) -> None:
    from crmkit.cli.output import print_block, print_json, table
    from crmkit.cli.running import say, working
    from crmkit.core.messages import msg
    from crmkit.core.product import Product
    from crmkit.services.assets import assets_of, under_warranty
    from crmkit.services.customer_view import find_customer

    with working(reads=True) as (_, session):
        owner = find_customer(session, customer)
        found = [
            (session.masked(one), under_warranty(session, one)) for one in assets_of(session, owner, status=status)
        ]
        ids = list({one.product_id for one, _ in found if one.product_id})
        products = {one.id: session.masked(one) for one in session.list(Product, id=ids)} if ids else {}
    if as_json:
        print_json([{**_document(one), "under_warranty": covered} for one, covered in found])
        return
    if not found:
        say(msg("{name} owns nothing that we know of", name=owner.name))
        return
    headings = [wording("Name"), wording("Product"), wording("Serial number"), wording("Status")]
    headings += [wording("Under warranty"), wording("Asset")]
    rows = [
        (
            one.name,
            products[one.product_id].sku if one.product_id in products else "",
            one.serial_number,
            translated(one.status),
            covered,
            str(one.id),
        )
        for one, covered in found
    ]
    print_block(table([translated(heading) for heading in headings], rows, title=owner.name))


@asset.command("add", help=wording("Add a thing that a customer owns."))
@_customer
@argument("name", required=False, help=wording("What it is called; as its product, when left out."))
@option("--product", metavar="SKU", help=wording("The product that it is one of: its SKU or id."))
@option("--serial", default="", metavar="NUMBER", help=wording("Its serial number."))
@option("--status", metavar="WORD", help=wording("ordered, in_use (by default), in_repair or retired."))
@option("--purchased", type=_DATE, metavar="DATE", help=wording("When it was bought, such as 2026-03-15."))
@option("--installed", type=_DATE, metavar="DATE", help=wording("When it was put to use."))
@option("--warranty-until", type=_DATE, metavar="DATE", help=wording("The last day of its warranty."))
@option("--location", default="", metavar="TEXT", help=wording("Where it stands."))
@json_option
def add(customer: str, name: str | None, product: str | None, serial: str, as_json: bool, **details: Any) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import say, working
    from crmkit.core.messages import msg
    from crmkit.services.assets import add_asset
    from crmkit.services.customer_view import find_customer

    fields = {key: value.date() if isinstance(value, datetime) else value for key, value in details.items() if value}
    with working() as (_, session):
        owner = find_customer(session, customer)
        made_of = _product(session, product) if product else None
        made = add_asset(session, owner, name or "", product=made_of, serial_number=serial, **fields)
        session.commit()
    if as_json:
        print_json(_document(made))
    else:
        click.echo(str(made.id))
        say(msg("{customer} owns {asset}", customer=owner.name, asset=made.name))


@asset.command("transfer", help=wording("Give an asset to another customer, as when it was sold on."))
@argument("asset", help=wording("Its id or serial number."))
@argument("customer", help=wording("The new owner: its name, id, number in another system or mail address."))
@json_option
def transfer(asset: str, customer: str, as_json: bool) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import say, working
    from crmkit.core.messages import msg
    from crmkit.services.assets import find_asset, transfer_asset
    from crmkit.services.customer_view import find_customer

    with working() as (_, session):
        owner = find_customer(session, customer)
        made = transfer_asset(session, find_asset(session, asset), owner)
        session.commit()
    if as_json:
        print_json(_document(made))
    else:
        say(msg("{customer} owns {asset}", customer=owner.name, asset=made.name))


def _product(session: Any, needle: str) -> Any:
    from crmkit.cli.needles import named_record
    from crmkit.core.product import Product

    return session.find(Product, sku=needle) or named_record(session, session.database.registry.get(Product), needle)


def _document(one: Any) -> dict[str, Any]:
    names = ("id", "customer_id", "product_id", "name", "serial_number", "status", "purchased", "installed")
    return {name: getattr(one, name) for name in (*names, "warranty_until", "location")}
