"""How much of a quotation was ordered: never more than was offered, by all its orders together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from uuid import UUID

from crmkit.plugin import Change, Context, Refuse, msg
from crmkit_sfa.orders.entities import Order, OrderLine
from crmkit_sfa.orders.totals import ZERO, remaining
from crmkit_sfa.quotes.entities import Quote, QuoteLine

WHY = "what was ordered of a quotation is counted over all its orders, whoever sees them"


def ordered_of(ctx: Context, quote_lines: Iterable[UUID]) -> dict[UUID, Decimal]:
    """Return how much was ordered of lines of quotations, pending changes included; cancelled quantities do not count."""
    ids = sorted(set(quote_lines))
    with ctx.elevated(WHY):
        lines = ctx.session.peek_all(OrderLine, "quote_line_id", ids)
        orders = {one.id: one for one in ctx.session.peek_all(Order, "id", sorted({line.order_id for line in lines}))}
    found = dict.fromkeys(ids, ZERO)
    for line in lines:
        order = orders.get(line.order_id)
        if line.quote_line_id is not None and order is not None and order.status != "cancelled":
            found[line.quote_line_id] += remaining(line)
    return found


def quote_refusals(ctx: Context, changes: Sequence[Change]) -> Iterator[Refuse]:
    """Refuse lines that order more than a quotation offers, and those of quotations that were not accepted.

    Whoever orders from the same quotation at the same time waits until this transaction ends.
    """
    concerned = [c for c in changes if c.after.deleted_at is None and c.after.quote_line_id is not None and _more(c)]
    if not concerned:
        return
    with ctx.elevated(WHY):
        offered = {
            one.id: one for one in ctx.session.peek_all(QuoteLine, "id", [c.after.quote_line_id for c in concerned])
        }
        ids = sorted({one.quote_id for one in offered.values()})
        quotes = {one.id: one for one in ctx.session.peek_all(Quote, "id", ids)}
        orders = {
            one.id: one for one in ctx.session.peek_all(Order, "id", sorted({c.after.order_id for c in concerned}))
        }
    for id in ids:
        ctx.services.take_turns("sfa_quote", str(id))
    ordered = ordered_of(ctx, offered)
    for c in concerned:
        line: OrderLine = c.after
        source = offered.get(line.quote_line_id) if line.quote_line_id else None
        quote = quotes.get(source.quote_id) if source else None
        order = orders.get(line.order_id)
        if source is None or quote is None or order is None:
            continue
        if order.quote_id != quote.id or quote.status != "accepted":
            reason = msg(
                "line {position} is of quotation {number}, which is {status}; expected the accepted quotation of the order",
                position=line.position,
                number=quote.number,
                status=quote.status,
            )
            yield Refuse(reason, line.id)
        elif ordered[source.id] > source.quantity:
            reason = msg(
                "{description}: {ordered} ordered, quotation {number} offers {offered}",
                description=source.description or str(source.position),
                ordered=f"{ordered[source.id].normalize():f}",
                number=quote.number,
                offered=f"{source.quantity.normalize():f}",
            )
            yield Refuse(reason, line.id)


def _more(c: Change) -> bool:
    return c.created or any(
        c.changed(name) for name in ("quote_line_id", "quantity", "cancelled", "order_id", "deleted_at")
    )
