"""What is due, and telling once of what is overdue."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from crmkit.core.customer import Customer
from crmkit.core.frozen import frozen
from crmkit.plugin import Context, Job, Money, change, msg
from crmkit_sfa.orders.entities import PLACED, Order
from crmkit_sfa.orders.revenue import CHANNEL
from crmkit_sfa.receipts.entities import PlannedReceipt

P = TypeVar("P")
BATCH = 500
"""How many planned receipts one step of the job tells of."""


@frozen
class Due:
    """A planned receipt that is outstanding, with the names that people know; ``days`` overdue, below 0: not due yet."""

    planned: PlannedReceipt
    order: Order
    customer: str
    outstanding: Money
    days: int


def due_list(ctx: Context, until: date | None = None, *, overdue: bool = False) -> list[Due]:
    """Return what is outstanding and due up to ``until`` (by default, whenever it is due), the oldest first."""
    today = ctx.today()
    wanted = ["outstanding.amount > 0"]
    wanted += [f"due_on <= {until.isoformat()}"] if until is not None else []
    wanted += [f"due_on < {today.isoformat()}"] if overdue else []
    open_ones = ctx.session.list(PlannedReceipt, " and ".join(wanted), order="due_on,position")
    orders = _by_id(ctx, Order, sorted({one.order_id for one in open_ones}))
    customers = _by_id(ctx, Customer, sorted({one.customer_id for one in orders.values()}))
    found = []
    for one in open_ones:
        order = orders.get(one.order_id)
        if order is None or order.status not in PLACED or one.outstanding is None:
            continue
        customer = customers.get(order.customer_id)
        name = customer.name if customer is not None else ""
        found.append(Due(one, order, name, one.outstanding, (today - one.due_on).days))
    return found


def tell_overdue(ctx: Context, job: Job | None = None) -> int:
    """Tell once of each planned receipt that is overdue, and return how many were told of.

    It is a note with the customer, owned by whoever owns the order. A planned receipt with a new day is told of again.
    """
    told, today = 0, ctx.today()
    late = f"outstanding.amount > 0 and reminded_on is empty and due_on < {today.isoformat()}"
    while found := ctx.session.list(PlannedReceipt, late, order="due_on", limit=BATCH):
        orders = _by_id(ctx, Order, sorted({one.order_id for one in found}))
        for one in found:
            ctx.session.update(change(one, reminded_on=today))
            if one.order_id in orders and one.outstanding is not None:
                told += _told(ctx, one, orders[one.order_id], one.outstanding)
        ctx.session.flush()
    return told


def _told(ctx: Context, planned: PlannedReceipt, order: Order, outstanding: Money) -> int:
    reason = msg(
        "Overdue since {day}: {amount} of order {number}",
        day=planned.due_on,
        amount=str(outstanding.rounded()),
        number=order.number,
    )
    logged = ctx.services.log(
        "note",
        participants=[order.customer_id],
        direction="internal",
        channel=CHANNEL,
        key=f"overdue:{planned.id}:{planned.due_on.isoformat()}",
        subject=str(reason),
        links=[("sfa_order", order.id), ("sfa_planned_receipt", planned.id)],
    )
    if logged.created:
        ctx.session.update(change(logged.interaction, owner_id=order.owner_id, team_id=order.team_id))
    return int(logged.created)


def _by_id(ctx: Context, entity: type[P], ids: Sequence[UUID]) -> dict[UUID, P]:
    found: Sequence[Any] = ctx.session.list(entity, id=list(ids)) if ids else []
    return {one.id: one for one in found}
