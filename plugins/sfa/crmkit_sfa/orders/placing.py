"""What becomes of an order: confirmed, delivered, fulfilled and closed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from crmkit.plugin import BadInput, Conflict, Context, Money, change, msg
from crmkit_sfa.opportunities.entities import Opportunity, OpportunityLine
from crmkit_sfa.orders.entities import PLACED, Order, OrderLine
from crmkit_sfa.orders.revenue import log_purchase
from crmkit_sfa.orders.totals import ZERO, remaining


def held(ctx: Context, order: Order) -> Order:
    """Return an order as it is now and hold it until the transaction ends."""
    found: Order = ctx.services.hold_records(Order, [order.id])[order.id]
    return found


def confirm(ctx: Context, order: Order) -> Order:
    """Confirm a draft and return it: the purchase is logged, and its opportunity won where the configuration says so.

    Confirming again changes nothing. Raises Conflict for a cancelled order, Refused for one without lines and totals.
    """
    order = held(ctx, order)
    if order.status in PLACED:
        return order
    if order.status == "cancelled":
        raise Conflict(msg("order {number} was cancelled and is not confirmed", number=order.number))
    ctx.session.update(change(order, status="confirmed"))
    ctx.session.flush()
    return placed(ctx, ctx.session.get(Order, order.id))


def placed(ctx: Context, order: Order) -> Order:
    """Let what follows from a placed order, new or changed, happen: the purchase and the opportunity."""
    log_purchase(ctx, order)
    _tell_opportunity(ctx, order)
    ctx.session.flush()
    return ctx.session.get(Order, order.id)


def deliver(ctx: Context, order: Order, quantities: Mapping[int, Decimal] | None = None) -> Order:
    """Note what was delivered of which positions, by default all that is left; a whole delivery fulfils the order.

    Raises Conflict for an order that is not confirmed, BadInput for an unknown position, Refused for more than ordered.
    """
    order = held(ctx, order)
    if order.status not in ("confirmed", "fulfilled"):
        raise Conflict(
            msg(
                "order {number} is {status}; only confirmed ones are delivered",
                number=order.number,
                status=order.status,
            )
        )
    lines = ctx.session.list(OrderLine, order_id=order.id, order="position")
    check_positions(order, lines, quantities or {})
    changed = []
    for line in lines:
        now = remaining(line) if quantities is None else line.delivered + quantities.get(line.position, ZERO)
        changed.append(change(line, delivered=now))
    ctx.session.update(*[one for one, line in zip(changed, lines, strict=True) if one != line])
    if order.status == "confirmed" and delivered(changed):
        ctx.session.update(change(order, status="fulfilled"))
    ctx.session.flush()
    return ctx.session.get(Order, order.id)


def delivered(lines: Iterable[OrderLine]) -> bool:
    """Tell whether all that is left of these lines was delivered."""
    return all(line.delivered >= remaining(line) for line in lines)


def close(ctx: Context, order: Order) -> Order:
    """Close a placed order: nothing more is to come. Raises Conflict for a draft or a cancelled one."""
    order = held(ctx, order)
    if order.status not in PLACED:
        raise Conflict(
            msg("order {number} is {status}; only confirmed ones are closed", number=order.number, status=order.status)
        )
    if order.status != "closed":
        ctx.session.update(change(order, status="closed"))
        ctx.session.flush()
    return ctx.session.get(Order, order.id)


def check_positions(order: Order, lines: Sequence[OrderLine], given: Mapping[int, Decimal]) -> None:
    """Raise BadInput for a position that an order does not have, and for a quantity that is not above 0."""
    known = {line.position for line in lines}
    for position, quantity in given.items():
        if position not in known:
            raise BadInput(
                msg(
                    "order {number} has no position {position}; known: {known}",
                    number=order.number,
                    position=position,
                    known=", ".join(map(str, sorted(known))),
                )
            )
        if quantity <= 0:
            raise BadInput(msg("position {position}: expected a quantity above 0", position=position))


# -- the opportunity --------------------------------------------------------------------------------------------------


def _tell_opportunity(ctx: Context, order: Order) -> None:
    """Win the opportunity of a placed order and let it be worth what was ordered, as the configuration says."""
    if order.opportunity_id is None:
        return
    with ctx.elevated("an opportunity follows its orders, whoever places them"):
        found = ctx.session.find(Opportunity, id=order.opportunity_id)
        if found is None:
            return
        told = found
        if ctx.config.orders.opportunity_amount:
            told = _worth(ctx, told)
        if ctx.config.orders.win_opportunity and found.category == "open" and order.status in PLACED:
            stage = _won_stage(ctx, found)
            if stage:
                day = min(order.ordered_on or ctx.today(), ctx.today())
                closed_on = max(day, found.opened_on or day)
                told = change(told, stage=stage, closed_on=closed_on)
        if told != found:
            ctx.session.update(told)


def _worth(ctx: Context, opportunity: Opportunity) -> Opportunity:
    if ctx.session.find(OpportunityLine, opportunity_id=opportunity.id) is not None:
        return opportunity
    orders = ctx.session.list(Order, opportunity_id=opportunity.id, status=sorted(PLACED))
    nets = [one.net for one in orders if one.net is not None]
    if not nets or len({net.currency for net in nets}) > 1:
        return opportunity
    worth = Money(sum((net.amount for net in nets), ZERO), nets[0].currency)
    return change(opportunity, amount=worth)


def _won_stage(ctx: Context, opportunity: Opportunity) -> str:
    definition = ctx.services.lifecycles_in_force().definition(opportunity.pipeline)
    return next((stage.name for stage in definition.stages if stage.category == "won"), "")
