"""``crmkit sfa order``: the group of commands, how they name an order, and what they say when it has changed."""

from __future__ import annotations

from decimal import Decimal

import click

from crmkit.command import (
    NUMBER,
    argument,
    group,
    option,
    print_json,
    say,
    shown_value,
    wording,
)
from crmkit.plugin import BadInput, msg
from crmkit_sfa.orders.entities import Order


@group("order", help=wording("Enter orders, from quotations too, confirm, amend and cancel them."))
def order() -> None:
    pass


which = argument("order", help=wording("Its number, such as O-2026-00001, or its id."))
on_day_help = wording("The day of the order; by default today.")


class Quantity(click.ParamType[tuple[int, Decimal]]):
    """A quantity of a position, such as ``1=4``."""

    name = "position=quantity"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, Decimal]:
        position, equals, quantity = str(value).partition("=")
        if not equals or not position.strip().isdecimal():
            self.fail(str(msg("expected a position and a quantity, as in 1=4")), param, ctx)
        return int(position), NUMBER.convert(quantity.strip(), param, ctx)


QUANTITY = Quantity()
position_option = option(
    "--position",
    "positions",
    type=QUANTITY,
    multiple=True,
    metavar="N=QUANTITY",
    help=wording("How much of which position, as in 1=4; may be given again. By default all that is left."),
)


def quantities(positions: tuple[tuple[int, Decimal], ...]) -> dict[int, Decimal] | None:
    """Return quantities by position, None without any; raises BadInput for a position that is named twice."""
    found = dict(positions)
    if len(found) < len(positions):
        raise BadInput(msg("each position is named once"))
    return found or None


def tell(order: Order, as_json: bool) -> None:
    """Say what an order is now."""
    if as_json:
        print_json(order)
        return
    say(
        msg(
            "order {number} is {status}: {gross}",
            number=order.number,
            status=order.status,
            gross=shown_value(order.gross),
        )
    )
