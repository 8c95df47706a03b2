"""Receipts as lists and pages show them: names instead of ids, hidden fields left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from crmkit.command import PageTable, wording
from crmkit.core.customer import Customer
from crmkit.core.frozen import frozen
from crmkit.core.worth import Rates
from crmkit.plugin import BadInput, Context, Money
from crmkit_sfa.naming import names_of
from crmkit_sfa.orders.entities import Order
from crmkit_sfa.receipts.allocating import gain_of
from crmkit_sfa.receipts.entities import Allocation, PlannedReceipt, Receipt, Refund
from crmkit_sfa.receipts.rates import rates_of


def listed(
    ctx: Context,
    *,
    credit: bool = False,
    since: date | None = None,
    limit: int = 50,
    equal: Mapping[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """Return receipts, the newest first; with ``credit`` those of which something is left."""
    wanted = ["credit.amount > 0"] if credit else []
    wanted += [f"received_on >= {since.isoformat()}"] if since is not None else []
    found = ctx.session.list(
        Receipt, " and ".join(wanted) or None, order="-received_on,-created_at", limit=limit, **(equal or {})
    )
    receipts = [ctx.session.masked(one) for one in found]
    customers = names_of(ctx, Customer, [one.customer_id for one in receipts])
    return [
        {
            "id": one.id,
            "customer": customers.get(one.customer_id, ""),
            "received_on": one.received_on,
            "amount": one.amount,
            "allocated": one.allocated,
            "refunded": one.refunded,
            "credit": one.credit,
            "method": one.method,
            "reference": one.reference,
            "key": one.external_key,
        }
        for one in receipts
    ]


@frozen
class ReceiptPage:
    """Everything of one receipt; ``rows`` tell what it paid and what was given back, ``gain`` what exchange rates brought."""

    receipt: Receipt
    customer: str
    rows: Sequence[Mapping[str, Any]]
    gain: Money | None

    def facts(self) -> Iterator[tuple[str, Any]]:
        """Yield what may be known of it, by label."""
        one = self.receipt
        yield from (
            (wording("Customer"), self.customer),
            (wording("Received on"), one.received_on),
            (wording("Amount"), one.amount),
            (wording("Allocated"), one.allocated),
            (wording("Refunded"), one.refunded if one.refunded is not None and one.refunded.amount else None),
            (wording("Credit"), one.credit),
            (wording("Exchange gain"), self.gain),
            (wording("Method"), one.method),
            (wording("Reference"), one.reference),
            (wording("Key"), one.external_key),
            (wording("Note"), one.note),
        )

    def tables(self) -> Iterator[PageTable]:
        """Yield what it paid and what was given back."""
        headings = [wording("On"), wording("Order"), wording("Amount"), wording("Settled"), wording("Rate")]
        headings += [wording("Exchange gain"), wording("Reason"), wording("Id")]
        names = ("on", "order", "amount", "settled", "rate", "gain", "reason", "id")
        yield wording("Allocation"), headings, [[row[name] for name in names] for row in self.rows], (2, 3, 4, 5)

    def document(self) -> dict[str, Any]:
        """Return it as programs read it."""
        return {"receipt": self.receipt, "customer": self.customer, "moved": self.rows, "exchange_gain": self.gain}


def page_of(ctx: Context, receipt: Receipt) -> ReceiptPage:
    """Return everything of one receipt that the actor may see, what moved in the order in which it did."""
    session: Any = ctx.session
    allocations = session.list(Allocation, receipt_id=receipt.id, order="allocated_on,id")
    refunds = session.list(Refund, receipt_id=receipt.id, order="refunded_on,id")
    ids = sorted({one.planned_id for one in allocations})
    planned = {one.id: one for one in session.list(PlannedReceipt, id=ids)} if ids else {}
    of = sorted({one.order_id for one in planned.values()})
    orders = {one.id: one for one in session.list(Order, id=of)} if of else {}
    rates = rates_of(ctx)
    rows: list[dict[str, Any]] = []
    for one in allocations:
        target = planned.get(one.planned_id)
        order = orders.get(target.order_id) if target is not None else None
        rows.append(
            {
                "id": one.id,
                "on": one.allocated_on,
                "order": f"{order.number}/{target.position}" if order is not None and target is not None else "",
                "amount": one.amount,
                "settled": one.settled,
                "rate": one.rate if one.settled is not None and one.settled.currency != one.amount.currency else None,
                "gain": _gain(ctx, one, receipt, order, rates),
                "reason": one.reason,
            }
        )
    for refund in refunds:
        moved = {"order": "", "settled": None, "rate": None, "gain": None, "reason": refund.reason}
        rows.append({"id": refund.id, "on": refund.refunded_on, "amount": -refund.amount, **moved})
    gains = [row["gain"] for row in rows if row["gain"] is not None]
    customer = names_of(ctx, Customer, [receipt.customer_id]).get(receipt.customer_id, "")
    gain = sum(gains[1:], gains[0]) if gains else None
    return ReceiptPage(session.masked(receipt), customer, rows, gain)


def _gain(ctx: Context, one: Allocation, receipt: Receipt, order: Order | None, rates: Rates) -> Money | None:
    """Return the gain of an allocation; None where no rate tells it: that keeps nobody from looking at a receipt."""
    if order is None:
        return None
    try:
        return gain_of(ctx, one, receipt, order, rates)
    except BadInput:
        return None
