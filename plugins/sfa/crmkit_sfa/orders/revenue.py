"""The purchase that an order is: logged once, corrected when the order changes, so that revenue is what was ordered."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from crmkit.core.interaction import Interaction, InteractionLine, Line
from crmkit.plugin import Context, change, msg
from crmkit_sfa.orders.entities import PLACED, Order, OrderLine
from crmkit_sfa.orders.moments import moment_of
from crmkit_sfa.orders.totals import remaining

CHANNEL = "sfa"
PLACES = Decimal("0.000001")


def purchase_key(order: Order) -> str:
    """Return what the channel ``sfa`` calls the purchase of an order."""
    return f"order:{order.id}"


def log_purchase(ctx: Context, order: Order) -> Interaction | None:
    """Log the purchase that a placed order is, or bring the one that was logged up to date; None where there is none.

    Its money is the net sum: what tax takes is no revenue. A cancelled order leaves a note in its place.
    """
    with ctx.elevated("the purchase that an order is, is logged whoever places it"):
        stored = ctx.session.find(Interaction, channel=CHANNEL, external_key=purchase_key(order))
        if order.status not in PLACED:
            return _cancelled(ctx, order) if stored is not None else None
        return _logged(ctx, order)


def _logged(ctx: Context, order: Order) -> Interaction:
    lines = [one for one in ctx.session.list(OrderLine, order_id=order.id, order="position") if remaining(one) > 0]
    itemised = bool(lines) and order.sum_lines
    told = ctx.services.log(
        "purchase",
        participants=[order.customer_id],
        at=moment_of(ctx, order.ordered_on),
        direction="inbound",
        channel=CHANNEL,
        key=purchase_key(order),
        subject=subject_of(order),
        money=None if itemised else order.net,
        lines=[_line(one) for one in lines],
        currency=order.currency,
        links=[("sfa_order", order.id)],
        source=order.source,
    )
    found: Interaction = told.interaction
    if told.created:
        return found
    ctx.session.flush()
    former = ctx.session.list(InteractionLine, interaction_id=found.id, order="position")
    wanted = [record_of(found.id, number, one) for number, one in enumerate(lines, start=1)]
    if found.money == order.net and [_content(one) for one in former] == [_content(one) for one in wanted]:
        return found
    corrected: Interaction = ctx.services.correct(
        found, money=order.net, sum_lines=itemised, lines=wanted, subject=subject_of(order)
    )
    return corrected


def _cancelled(ctx: Context, order: Order) -> Interaction:
    told: Interaction = ctx.services.log("note", channel=CHANNEL, key=purchase_key(order)).interaction
    if told.kind == "note":
        return told
    subject = str(msg("Order {number} was cancelled", number=order.number))
    corrected: Interaction = ctx.services.correct(
        told, kind="note", money=None, sum_lines=False, lines=[], subject=subject
    )
    return corrected


def subject_of(order: Order) -> str:
    """Return what the timeline calls an order."""
    return str(msg("Order {number}", number=order.number))


def _line(line: OrderLine) -> Line:
    return Line(
        product=line.product_id,
        description=line.description,
        quantity=remaining(line),
        unit=line.unit[:50],
        unit_price=line.unit_price.amount,
        discount=_fraction(line),
        amount=None if line.net is None else line.net.amount,
    )


def record_of(interaction: UUID, position: int, line: OrderLine) -> InteractionLine:
    """Return a line of an order as one of its purchase."""
    one = _line(line)
    return change(
        InteractionLine(interaction_id=interaction, position=position),
        product_id=line.product_id,
        description=one.description,
        quantity=one.quantity,
        unit=one.unit,
        unit_price=one.unit_price,
        discount=one.discount,
        amount=one.amount,
    )


def _content(line: InteractionLine) -> tuple[object, ...]:
    return (line.product_id, line.description, line.quantity, line.unit, line.unit_price, line.discount, line.amount)


def _fraction(line: OrderLine) -> Decimal:
    return (line.discount / 100).quantize(PLACES)
