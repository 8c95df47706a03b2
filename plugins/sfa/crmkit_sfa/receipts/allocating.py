"""Allocating money: which receipt pays for what, releases, and writing off small differences."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from crmkit.core.worth import Rates
from crmkit.plugin import BadInput, Conflict, Context, Money, msg
from crmkit_sfa.orders.entities import PLACED, Order
from crmkit_sfa.receipts.entities import Adjustment, Allocation, PlannedReceipt, Receipt
from crmkit_sfa.receipts.following import left_of, release
from crmkit_sfa.receipts.ledger import Payment, payment
from crmkit_sfa.receipts.rates import rates_of


def allocate(
    ctx: Context,
    receipt: Receipt,
    planned: Sequence[PlannedReceipt],
    amount: Money | None = None,
    *,
    settled: Money | None = None,
    allocated_on: date | None = None,
) -> list[Allocation]:
    """Let a receipt pay for planned receipts, in their order, until its credit is used up; return the allocations.

    ``amount`` of the receipt is taken at most. Other currencies are converted by the rate of the day the money came in;
    for a single planned receipt, ``settled`` may say what the bank made of it. What is left stays credit. Raises BadInput
    when there is nothing to allocate, more than there is is asked for, or no rate holds.
    """
    receipt = ctx.services.hold_records(Receipt, [receipt.id])[receipt.id]
    held = ctx.services.hold_records(PlannedReceipt, [one.id for one in planned])
    _check_orders(ctx, held)
    credit = _available(receipt, amount)
    if settled is not None and len(planned) != 1:
        raise BadInput(msg("what was settled is said of one planned receipt alone"))
    rates = rates_of(ctx)
    made: list[Allocation] = []
    for one in dict.fromkeys(one.id for one in planned):
        target = held[one]
        outstanding = target.outstanding if target.outstanding is not None else target.amount
        if credit.amount <= 0 or outstanding.amount <= 0:
            continue
        paid = Payment(credit, settled) if settled is not None else _payment(rates, receipt, credit, outstanding)
        if paid.amount.amount <= 0 or paid.settled.amount <= 0:
            continue
        credit -= paid.amount
        made.append(
            Allocation(
                receipt_id=receipt.id,
                planned_id=target.id,
                amount=paid.amount,
                settled=paid.settled,
                allocated_on=allocated_on or ctx.today(),
            )
        )
    if not made:
        raise BadInput(msg("nothing is outstanding there that the receipt could pay"))
    ctx.session.add(*made)
    ctx.session.flush()
    return [ctx.session.get(Allocation, one.id) for one in made]


def allocate_oldest(ctx: Context, receipt: Receipt, *, allocated_on: date | None = None) -> list[Allocation]:
    """Let a receipt pay for what its customer owes in its currency, the oldest due first; see ``allocate``.

    Returns an empty list when nothing is outstanding or nothing is left of it. What is owed in other currencies is
    allocated by name alone.
    """
    owed = outstanding_of(ctx, receipt.customer_id)
    same = [one for one in owed if one.amount.currency == receipt.amount.currency]
    if not same or receipt.credit is None or receipt.credit.amount <= 0:
        return []
    return allocate(ctx, receipt, same, allocated_on=allocated_on)


def outstanding_of(ctx: Context, customer_id: UUID) -> list[PlannedReceipt]:
    """Return the planned receipts of a customer that are outstanding, the oldest due first."""
    orders = [one.id for one in ctx.session.list(Order, customer_id=customer_id, status=sorted(PLACED))]
    if not orders:
        return []
    found = ctx.session.list(PlannedReceipt, order_id=orders, order="due_on,position")
    return [one for one in found if one.outstanding is not None and one.outstanding.amount > 0]


def release_allocation(
    ctx: Context, allocation: Allocation, reason: str, *, released_on: date | None = None
) -> Allocation | None:
    """Undo what is left of an allocation: its money is credit again. Returns None when nothing was left.

    ``released_on`` is by default today, and never before the allocation.
    Raises BadInput without a reason and for a release.
    """
    if not reason.strip() or allocation.releases_id is not None:
        raise BadInput(msg("an allocation is released with a reason, a release is not"))
    ctx.services.hold_records(Receipt, [allocation.receipt_id])
    ctx.services.hold_records(PlannedReceipt, [allocation.planned_id])
    own = ctx.session.list(Allocation, releases_id=allocation.id)
    left = left_of(allocation, own)
    if left.amount.amount <= 0:
        return None
    made = release(allocation, left, reason.strip(), released_on)
    ctx.session.add(made)
    ctx.session.flush()
    return ctx.session.get(Allocation, made.id)


def write_off(ctx: Context, planned: PlannedReceipt, reason: str, amount: Money | None = None) -> Adjustment:
    """Write off what is outstanding of a planned receipt, or ``amount`` of it.

    Takes the permission ``sfa.write_off``. Raises Refused without it or beyond the largest difference, BadInput without a
    reason and for an amount that is not above 0 or more than is outstanding, Conflict when nothing is outstanding.
    """
    if not reason.strip():
        raise BadInput(msg("a write-off needs a reason"))
    held: PlannedReceipt = ctx.services.hold_records(PlannedReceipt, [planned.id])[planned.id]
    if held.outstanding is None or held.outstanding.amount <= 0:
        raise Conflict(msg("nothing is outstanding there"))
    fits = amount is None or (
        amount.currency == held.outstanding.currency and 0 < amount.amount <= held.outstanding.amount
    )
    if not fits:
        raise BadInput(
            msg(
                "{amount} cannot be written off: {outstanding} is outstanding",
                amount=str(amount),
                outstanding=str(held.outstanding),
            )
        )
    made = Adjustment(
        planned_id=held.id,
        kind="write_off",
        amount=held.outstanding if amount is None else amount,
        reason=reason.strip(),
    )
    ctx.session.add(made)
    ctx.session.flush()
    return ctx.session.get(Adjustment, made.id)


def gain_of(
    ctx: Context, allocation: Allocation, receipt: Receipt, order: Order, rates: Rates | None = None
) -> Money | None:
    """Return what the exchange rates brought between order and receipt, in the currency of sums; below 0, a loss.

    That is what the money was worth when it came in, less what the settled part of the order was worth on its day. None
    where both are in the currency of sums. Raises BadInput where a rate is missing.
    """
    settled = allocation.settled if allocation.settled is not None else allocation.amount
    home = ctx.currency
    if allocation.amount.currency == settled.currency == home:
        return None
    rates = rates or rates_of(ctx)
    came = rates.convert(allocation.amount.amount, allocation.amount.currency, home, receipt.received_on or ctx.today())
    owed = rates.convert(settled.amount, settled.currency, home, order.ordered_on or ctx.today())
    # Less than half a minor unit of loss rounds to -0, which is nothing.
    return Money(came - owed, home).rounded() + Money(Decimal(0), home)


def _check_orders(ctx: Context, planned: dict[UUID, PlannedReceipt]) -> None:
    with ctx.elevated("whether an order takes money is asked whoever sees it"):
        orders = ctx.session.list(Order, id=sorted({one.order_id for one in planned.values()})) if planned else []
    for order in orders:
        if order.status not in PLACED:
            raise Conflict(
                msg("order {number} is {status} and takes no money", number=order.number, status=order.status)
            )


def _available(receipt: Receipt, amount: Money | None) -> Money:
    credit = receipt.credit if receipt.credit is not None else receipt.amount
    if amount is None:
        return credit
    if amount.currency != credit.currency or amount.amount <= 0 or credit < amount:
        raise BadInput(
            msg("{amount} cannot be allocated: {credit} is left of the receipt", amount=str(amount), credit=str(credit))
        )
    return amount


def _payment(rates: Rates, receipt: Receipt, credit: Money, outstanding: Money) -> Payment:
    if credit.currency == outstanding.currency:
        return payment(credit, outstanding, Decimal(1))
    assert receipt.received_on is not None, "a receipt that is stored has its day"
    rate = rates.convert(Decimal(1), credit.currency, outstanding.currency, receipt.received_on)
    return payment(credit, outstanding, rate)
