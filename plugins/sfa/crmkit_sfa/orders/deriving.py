"""What follows from orders and lines that are saved: what was left out, amounts and totals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from crmkit.plugin import Change, Context, change
from crmkit_sfa.orders.entities import Order, OrderAmendment, OrderLine
from crmkit_sfa.orders.numbering import numbers
from crmkit_sfa.orders.totals import priced

TOTALS = ("net", "tax", "gross", "sum_lines", "currency", "discount", "tax_included")
WHY = "an order is the sum of all its lines, whoever sees them"


def filled(ctx: Context, changes: Sequence[Change]) -> list[Any]:
    """Return orders with number, day and totals."""
    living = [c for c in changes if c.after.deleted_at is None]
    taken = {c.after.number for c in living if c.after.number}
    free: dict[tuple[int, int], Iterator[str]] = {}
    made = []
    for c in living:
        one: Order = c.after
        if one.ordered_on is None:
            one = change(one, ordered_on=ctx.today())
        if not one.number:
            day = one.ordered_on or ctx.today()
            series = (day.year, day.month)
            if series not in free:
                free[series] = numbers(ctx, day, taken)
            number = next(free[series])
            taken.add(number)
            one = change(one, number=number)
        made.append(one)
    counted = {c.after.id for c in living if c.created or any(c.changed(name) for name in TOTALS)}
    return [*(one for one in made if one.id not in counted), *_summed(ctx, [one for one in made if one.id in counted])]


def summed(ctx: Context, changes: Sequence[Change]) -> list[Any]:
    """Return the orders of lines that changed, with the amounts of all their lines."""
    ids = {c.after.order_id for c in changes} | {c.before.order_id for c in changes if c.before is not None}
    with ctx.elevated(WHY):
        orders = ctx.session.peek_all(Order, "id", sorted(ids))
    return _summed(ctx, orders)


def _summed(ctx: Context, orders: Sequence[Order]) -> list[Any]:
    if not orders:
        return []
    with ctx.elevated(WHY):
        lines = ctx.session.peek_all(OrderLine, "order_id", [one.id for one in orders])
    by_order: dict[UUID, list[OrderLine]] = {one.id: [] for one in orders}
    for line in lines:
        by_order[line.order_id].append(line)
    found: list[Any] = []
    for one in orders:
        own = by_order[one.id]
        told = any(total is not None and total.amount != 0 for total in (one.net, one.gross))
        if one.version == 0 and told and not own:
            # It comes from elsewhere, without its lines or before them.
            one = change(one, sum_lines=False)
        order, priced_lines = priced(one, own, ctx.config.pricing.tax_rounding)
        found += [order, *priced_lines]
    return found


def dated(ctx: Context, changes: Sequence[Change]) -> list[OrderAmendment]:
    """Return amendments with the day that was left out."""
    return [change(c.after, amended_on=ctx.today()) for c in changes if c.after.amended_on is None]
