"""Taking money in, once, and giving it back."""

from __future__ import annotations

from datetime import date

import attrs

from crmkit.core.customer import Customer
from crmkit.core.frozen import frozen
from crmkit.plugin import BadInput, Conflict, Context, Money, msg
from crmkit_sfa.receipts.cash import log_payment, log_refund
from crmkit_sfa.receipts.entities import Allocation, Method, PlannedReceipt, Receipt, Refund
from crmkit_sfa.receipts.following import left_of, release
from crmkit_sfa.receipts.ledger import released, total


@frozen
class Recorded:
    """A receipt that is stored; ``created`` tells whether it is new."""

    receipt: Receipt
    created: bool = True


def record(
    ctx: Context,
    customer: Customer,
    amount: Money,
    *,
    received_on: date | None = None,
    method: Method = "transfer",
    reference: str = "",
    key: str = "",
    note: str = "",
) -> Recorded:
    """Record money that came in, and log the payment. All of it is credit until it is allocated.

    ``key`` is what the bank calls it: the same key gives what is stored, also when two record it at once. Raises Conflict
    when the stored one says something else.
    """
    key = key.strip()
    if key:
        ctx.services.take_turns("sfa_receipt", key)
        with ctx.elevated("money with the same key is taken once, whoever sees it"):
            known = ctx.session.find(Receipt, external_key=key)
        if known is not None:
            return Recorded(_same(known, customer, amount, received_on), created=False)
    made = Receipt(
        customer_id=customer.id,
        received_on=received_on,
        amount=amount,
        method=method,
        reference=reference,
        external_key=key,
        note=note,
    )
    ctx.session.add(made)
    ctx.session.flush()
    stored = ctx.session.get(Receipt, made.id)
    log_payment(ctx, stored)
    return Recorded(stored)


def _same(known: Receipt, customer: Customer, amount: Money, received_on: date | None) -> Receipt:
    other = received_on is not None and received_on != known.received_on
    if known.amount != amount or known.customer_id != customer.id or other:
        raise Conflict(
            msg(
                "{key} was recorded already: {amount} on {day}; what came now says something else",
                key=known.external_key,
                amount=str(known.amount),
                day=known.received_on,
            )
        )
    return known


def refund(
    ctx: Context,
    receipt: Receipt,
    amount: Money,
    reason: str,
    *,
    planned: PlannedReceipt | None = None,
    refunded_on: date | None = None,
    method: Method = "transfer",
    key: str = "",
) -> Refund:
    """Give money of a receipt back and log the refund.

    It comes from the credit; with ``planned``, from what pays for that, which is outstanding again from ``refunded_on`` on.
    Raises BadInput when there is not so much, Conflict when ``key`` was used for another refund.
    """
    if not reason.strip():
        raise BadInput(msg("a refund needs a reason"))
    receipt = ctx.services.hold_records(Receipt, [receipt.id])[receipt.id]
    if key and (known := ctx.session.find(Refund, external_key=key)) is not None:
        if (known.receipt_id, known.amount) != (receipt.id, amount):
            raise Conflict(msg("{key} was used for another refund, of {amount}", key=key, amount=str(known.amount)))
        return known
    if planned is not None:
        _release_for(ctx, receipt, planned, amount, reason, refunded_on)
        receipt = ctx.session.get(Receipt, receipt.id)
    if amount.currency != receipt.amount.currency or receipt.credit is None or receipt.credit < amount:
        raise BadInput(
            msg(
                "{amount} cannot be refunded: {credit} of the receipt is not allocated",
                amount=str(amount),
                credit=str(receipt.credit),
            )
        )
    made = Refund(
        receipt_id=receipt.id,
        amount=amount,
        refunded_on=refunded_on,
        method=method,
        reason=reason.strip(),
        external_key=key,
    )
    ctx.session.add(made)
    ctx.session.flush()
    stored = ctx.session.get(Refund, made.id)
    log_refund(ctx, stored, receipt)
    return stored


def _release_for(
    ctx: Context, receipt: Receipt, planned: PlannedReceipt, amount: Money, reason: str, released_on: date | None
) -> None:
    """Release so much of what a receipt pays for a planned one; ``amount`` is in the currency of the receipt."""
    planned = ctx.services.hold_records(PlannedReceipt, [planned.id])[planned.id]
    own = ctx.session.list(Allocation, receipt_id=receipt.id, planned_id=planned.id)
    payments = {one.id: one for one in own if one.releases_id is None}
    # The sides are changed over: what is given is an amount of the receipt, what follows is settled no longer.
    left = [
        attrs.evolve(one, amount=one.settled, settled=one.amount)
        for one in (left_of(p, own) for p in payments.values())
    ]
    paid = total((one.settled for one in left), receipt.amount.currency)
    if amount.currency != receipt.amount.currency or paid < amount:
        raise BadInput(
            msg("{amount} cannot be refunded: {paid} of the receipt pays for it", amount=str(amount), paid=str(paid))
        )
    parts = [attrs.evolve(one, amount=one.settled, settled=one.amount) for one in released(amount, left)]
    ctx.session.add(*[release(payments[part.key], part, reason, released_on) for part in parts])
    ctx.session.flush()
