"""The payments and refunds that receipts are: each logged once as an interaction, so that cash is what moved."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import uuid5

from crmkit.core.interaction import Interaction
from crmkit.plugin import Context, msg
from crmkit_sfa.orders.missing import Told
from crmkit_sfa.orders.moments import moment_of
from crmkit_sfa.orders.revenue import CHANNEL
from crmkit_sfa.receipts.entities import Receipt, Refund


def log_payment(ctx: Context, receipt: Receipt) -> Interaction:
    """Log the payment that a receipt is, once."""
    return _logged(ctx, payment_told(ctx, receipt))


def log_refund(ctx: Context, refund: Refund, receipt: Receipt) -> Interaction:
    """Log the refund that was given, once."""
    return _logged(ctx, refund_told(ctx, refund, receipt))


def payment_told(ctx: Context, receipt: Receipt) -> Told:
    """Return the payment that a receipt is."""
    return Told(
        kind="payment",
        key=f"receipt:{receipt.id}",
        customer_id=receipt.customer_id,
        at=moment_of(ctx, receipt.received_on),
        direction="inbound",
        subject=str(msg("Payment")),
        money=receipt.amount,
        link=("sfa_receipt", receipt.id),
        source=receipt.source,
    )


def refund_told(ctx: Context, refund: Refund, receipt: Receipt) -> Told:
    """Return the refund that was given of a receipt. Its key does not tell the id of a record that not everybody sees."""
    return Told(
        kind="refund",
        key=f"refund:{uuid5(refund.id, 'refund')}",
        customer_id=receipt.customer_id,
        at=moment_of(ctx, refund.refunded_on),
        direction="outbound",
        subject=str(msg("Refund")),
        money=refund.amount,
        link=("sfa_receipt", receipt.id),
        source=refund.source,
    )


def refunds_told(ctx: Context, refunds: Iterable[Refund]) -> list[Told]:
    """Return the refunds that were given, with what they are of in one query."""
    given = list(refunds)
    ids = sorted({one.receipt_id for one in given})
    receipts = {one.id: one for one in ctx.session.list(Receipt, id=ids)} if ids else {}
    return [refund_told(ctx, one, receipts[one.receipt_id]) for one in given if one.receipt_id in receipts]


def _logged(ctx: Context, told: Told) -> Interaction:
    with ctx.elevated("money that moves is logged whoever records it"):
        found: Interaction = ctx.services.log(
            told.kind,
            participants=[told.customer_id],
            at=told.at,
            direction=told.direction,
            channel=CHANNEL,
            key=told.key,
            subject=told.subject,
            money=told.money,
            links=[told.link],
            source=told.source,
        ).interaction
        return found
