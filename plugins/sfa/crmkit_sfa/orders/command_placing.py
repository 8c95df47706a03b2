"""``crmkit sfa order``: what becomes of orders."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from crmkit.command import (
    DAY,
    NUMBER,
    json_option,
    option,
    print_json,
    say,
    shown_value,
    wording,
    working,
)
from crmkit.plugin import change, msg
from crmkit_sfa.orders.command_group import QUANTITY, order, position_option, quantities, tell, which


@order.command("confirm", help=wording("Confirm a draft: the purchase is logged, and its opportunity won."))
@which
@json_option
def confirm(order: str, as_json: bool) -> None:
    from crmkit_sfa.orders import placing
    from crmkit_sfa.orders.finding import order_named

    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        found = placing.confirm(ctx, order_named(ctx, order))
    tell(found, as_json)


@order.command("deliver", help=wording("Note what was delivered; a whole delivery fulfils the order."))
@which
@position_option
@json_option
def deliver(order: str, positions: tuple[tuple[int, Decimal], ...], as_json: bool) -> None:
    from crmkit_sfa.orders import placing
    from crmkit_sfa.orders.finding import order_named

    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        found = placing.deliver(ctx, order_named(ctx, order), quantities(positions))
    tell(found, as_json)


@order.command("close", help=wording("Close an order: nothing more is to come."))
@which
@json_option
def close(order: str, as_json: bool) -> None:
    from crmkit_sfa.orders import placing
    from crmkit_sfa.orders.finding import order_named

    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        found = placing.close(ctx, order_named(ctx, order))
    tell(found, as_json)


@order.command("amend", help=wording("Amend a confirmed order: its next revision, with what changed and why."))
@which
@option("--reason", required=True, metavar="TEXT", help=wording("Why."))
@option(
    "--quantity", type=QUANTITY, multiple=True, metavar="N=QUANTITY", help=wording("Positions with their new quantity.")
)
@option(
    "--price", type=QUANTITY, multiple=True, metavar="N=AMOUNT", help=wording("Positions with their new price for one.")
)
@option("--discount", type=NUMBER, metavar="PERCENT", help=wording("On the whole order."))
@option("--on", "ordered_on", type=DAY, help=wording("The day of the order."))
@json_option
def amend(
    order: str,
    reason: str,
    quantity: tuple[tuple[int, Decimal], ...],
    price: tuple[tuple[int, Decimal], ...],
    discount: Decimal | None,
    ordered_on: date | None,
    as_json: bool,
) -> None:
    from crmkit.plugin import Money
    from crmkit_sfa.orders import amending
    from crmkit_sfa.orders.entities import OrderLine
    from crmkit_sfa.orders.finding import order_named
    from crmkit_sfa.orders.placing import check_positions

    amounts, prices = quantities(quantity) or {}, quantities(price) or {}
    fields: dict[str, Any] = {"discount": discount, "ordered_on": ordered_on}
    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        found = order_named(ctx, order)
        lines = {line.position: line for line in session.list(OrderLine, order_id=found.id, order="position")}
        check_positions(found, list(lines.values()), {**amounts, **prices})
        for position, amount in amounts.items():
            lines[position] = change(lines[position], quantity=amount)
        for position, amount in prices.items():
            lines[position] = change(lines[position], unit_price=Money(amount, found.currency))
        touched = [lines[position] for position in sorted({*amounts, *prices})]
        given = {name: value for name, value in fields.items() if value is not None}
        now, made = amending.amend(ctx, found, reason, touched, **given)
    if as_json:
        print_json({"order": now, "amendment": made})
    else:
        say(
            msg(
                "order {number} is in revision {revision}: {before} became {after}",
                number=now.number,
                revision=now.revision,
                before=shown_value(made.gross_before),
                after=shown_value(made.gross_after),
            )
        )


@order.command("cancel", help=wording("Cancel an order, or what is left of some of its positions."))
@which
@option("--reason", required=True, metavar="TEXT", help=wording("Why."))
@position_option
@json_option
def cancel(order: str, reason: str, positions: tuple[tuple[int, Decimal], ...], as_json: bool) -> None:
    from crmkit_sfa.orders import amending
    from crmkit_sfa.orders.finding import order_named

    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        now, made = amending.cancel(ctx, order_named(ctx, order), reason, quantities(positions))
    if as_json:
        print_json({"order": now, "amendment": made})
    else:
        tell(now, as_json)
