"""Receipts and planned receipts by the names that people use."""

from __future__ import annotations

from contextlib import suppress

from crmkit.core.values.ids import parse_id
from crmkit.plugin import BadInput, Context, NotFound, msg
from crmkit_sfa.orders.finding import order_named
from crmkit_sfa.receipts.entities import PlannedReceipt, Receipt
from crmkit_sfa.receipts.planning import plan_of


def receipt_named(ctx: Context, needle: str) -> Receipt:
    """Return the receipt with this key of the bank, id or reference; raises NotFound, BadInput when several have it."""
    found = ctx.session.find(Receipt, external_key=needle.strip())
    if found is not None:
        return found
    with suppress(BadInput):
        return ctx.session.get(Receipt, parse_id(needle))
    known = ctx.session.list(Receipt, reference=needle.strip(), limit=2)
    if not known:
        raise NotFound(msg("no receipt with key, id or reference {name}", name=needle))
    if len(known) > 1:
        raise BadInput(msg("several receipts have the reference {name}; name one by its id", name=needle))
    return known[0]


def planned_named(ctx: Context, needle: str) -> list[PlannedReceipt]:
    """Return what an order is planned to be paid by: all of ``O-2026-00001``, the second of ``O-2026-00001/2``.

    Those of one order that are outstanding come in the order of their days. Raises NotFound.
    """
    number, slash, position = needle.rpartition("/")
    if slash and position.isdecimal():
        order = order_named(ctx, number)
        found = ctx.session.find(PlannedReceipt, order_id=order.id, position=int(position))
        if found is None:
            raise NotFound(
                msg("order {number} has no planned receipt {position}", number=order.number, position=position)
            )
        return [found]
    order = order_named(ctx, needle)
    known = plan_of(ctx, order)
    if not known:
        raise NotFound(msg("no receipts are planned for order {number}", number=order.number))
    return [one for one in known if one.outstanding is not None and one.outstanding.amount > 0] or known


def one_planned(ctx: Context, needle: str) -> PlannedReceipt:
    """Return the one planned receipt that a name leads to; raises BadInput when there are several."""
    found = planned_named(ctx, needle)
    if len(found) > 1:
        raise BadInput(msg("several receipts are planned for {order}; name one as in {order}/1", order=needle))
    return found[0]
