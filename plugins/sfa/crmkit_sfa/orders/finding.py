"""Orders by the names that people use."""

from __future__ import annotations

from contextlib import suppress

from crmkit.core.values.ids import parse_id
from crmkit.plugin import BadInput, Context, NotFound, did_you_mean, msg
from crmkit_sfa.orders.entities import Order


def order_named(ctx: Context, needle: str) -> Order:
    """Return the order with this number or id; raises NotFound with the closest of the latest numbers."""
    found = ctx.session.find(Order, number=needle.strip())
    if found is not None:
        return found
    with suppress(BadInput):
        return ctx.session.get(Order, parse_id(needle))
    latest = [one.number for one in ctx.session.list(Order, order="-created_at", limit=200)]
    raise NotFound(msg("no order {number}; {hint}", number=needle, hint=did_you_mean(needle, latest[:20])))
