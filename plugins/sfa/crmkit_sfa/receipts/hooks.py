"""What happens while receipts are saved; each hook gets all changes of a save at once.

The rules are imported when something is saved: starting the program takes none of them.
"""

from __future__ import annotations

from typing import Any

from crmkit.plugin import Context, RecordBatch, Refuse, hookimpl


@hookimpl(specname="derive_records", entities=("sfa_order",))
def derive_planned_receipts(ctx: Context, call: RecordBatch) -> list[Any]:
    """What is expected follows the order."""
    from crmkit_sfa.receipts.following import followed

    return [] if ctx.services.rewrites_history() else followed(ctx, call.changes)


@hookimpl(specname="derive_records", entities=("sfa_receipt",))
def derive_receipts(ctx: Context, call: RecordBatch) -> list[Any]:
    """Receipts have a day and balances."""
    from crmkit_sfa.receipts.balances import receipt_balances

    return receipt_balances(ctx, [c.after.id for c in call.changes if c.after.deleted_at is None])


@hookimpl(specname="derive_records", entities=("sfa_planned_receipt",))
def derive_planned_balances(ctx: Context, call: RecordBatch) -> list[Any]:
    """Planned receipts have balances."""
    from crmkit_sfa.receipts.balances import planned_balances

    return planned_balances(ctx, [c.after.id for c in call.changes if c.after.deleted_at is None])


@hookimpl(specname="derive_records", entities=("sfa_allocation",))
def derive_allocations(ctx: Context, call: RecordBatch) -> list[Any]:
    """Allocations are completed, and move the balances of both sides."""
    from crmkit_sfa.receipts.balances import completed

    return completed(ctx, call.changes)


@hookimpl(specname="derive_records", entities=("sfa_refund",))
def derive_refunds(ctx: Context, call: RecordBatch) -> list[Any]:
    """Refunds have a day, and move the balance of their receipt."""
    from crmkit_sfa.receipts.balances import dated, receipt_balances

    ids = [c.after.receipt_id for c in call.changes]
    return [*dated(ctx, [c.after for c in call.changes], "refunded_on"), *receipt_balances(ctx, ids)]


@hookimpl(specname="derive_records", entities=("sfa_adjustment",))
def derive_adjustments(ctx: Context, call: RecordBatch) -> list[Any]:
    """Adjustments have a day, and move the balance of their planned receipt."""
    from crmkit_sfa.receipts.balances import dated, planned_balances

    ids = [c.after.planned_id for c in call.changes]
    return [*dated(ctx, [c.after for c in call.changes], "adjusted_on"), *planned_balances(ctx, ids)]


@hookimpl(specname="guard_records", entities=("sfa_receipt",))
def guard_receipts(ctx: Context, call: RecordBatch) -> list[Refuse]:
    """No more is paid and given back than came in."""
    from crmkit_sfa.receipts.rules import receipt_refusals

    return [] if ctx.services.rewrites_history() else list(receipt_refusals(ctx, call.changes))


@hookimpl(specname="guard_records", entities=("sfa_planned_receipt",))
def guard_planned_receipts(ctx: Context, call: RecordBatch) -> list[Refuse]:
    """No more is planned than was ordered, and no more paid than is outstanding."""
    from crmkit_sfa.receipts.rules import planned_refusals

    return [] if ctx.services.rewrites_history() else list(planned_refusals(ctx, call.changes))


@hookimpl(specname="guard_records", entities=("sfa_allocation",))
def guard_allocations(ctx: Context, call: RecordBatch) -> list[Refuse]:
    """Allocations fit both sides and are never rewritten."""
    from crmkit_sfa.receipts.rules import allocation_refusals

    return [] if ctx.services.rewrites_history() else list(allocation_refusals(ctx, call.changes))


@hookimpl(specname="guard_records", entities=("sfa_refund",))
def guard_refunds(ctx: Context, call: RecordBatch) -> list[Refuse]:
    """Refunds are money of their receipt and never rewritten."""
    from crmkit_sfa.receipts.rules import refund_refusals

    return [] if ctx.services.rewrites_history() else list(refund_refusals(ctx, call.changes))


@hookimpl(specname="guard_records", entities=("sfa_adjustment",))
def guard_adjustments(ctx: Context, call: RecordBatch) -> list[Refuse]:
    """Writing off takes a permission, other adjustments follow from the order, and none is rewritten."""
    from crmkit_sfa.receipts.adjustment_rules import adjustment_refusals

    return [] if ctx.services.rewrites_history() else list(adjustment_refusals(ctx, call.changes))


@hookimpl(specname="after_records_saved_committed", entities=("sfa_receipt",))
def log_payments(ctx: Context, call: RecordBatch) -> None:
    """Log the payments of receipts that came another way than by recording them, such as an import; each once."""
    from crmkit_sfa.orders.missing import log_missing
    from crmkit_sfa.receipts.cash import payment_told

    log_missing(ctx, [payment_told(ctx, c.after) for c in call.changes if c.created and c.after.deleted_at is None])


@hookimpl(specname="after_records_saved_committed", entities=("sfa_refund",))
def log_refunds(ctx: Context, call: RecordBatch) -> None:
    """Log the refunds that came another way than by giving them, such as an import; each once."""
    from crmkit_sfa.orders.missing import log_missing
    from crmkit_sfa.receipts.cash import refunds_told

    made = [c.after for c in call.changes if c.created and c.after.deleted_at is None]
    log_missing(ctx, refunds_told(ctx, made))
