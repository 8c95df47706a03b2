"""What happens while orders are saved; each hook gets all changes of a save at once.

The rules are imported when something is saved: starting the program takes none of them.
"""

from __future__ import annotations

from typing import Any

from crmkit.plugin import Context, RecordBatch, Refuse, hookimpl
from crmkit_sfa.orders.entities import PLACED


@hookimpl(specname="derive_records", entities=("sfa_order",))
def derive_orders(ctx: Context, call: RecordBatch) -> list[Any]:
    """Give orders a number, a day and totals."""
    from crmkit_sfa.orders.deriving import filled

    return filled(ctx, call.changes)


@hookimpl(specname="derive_records", entities=("sfa_order_line",))
def derive_order_amounts(ctx: Context, call: RecordBatch) -> list[Any]:
    """An order is worth what its lines are."""
    from crmkit_sfa.orders.deriving import summed

    return summed(ctx, call.changes)


@hookimpl(specname="derive_records", entities=("sfa_order_amendment",))
def derive_order_amendments(ctx: Context, call: RecordBatch) -> list[Any]:
    """Amendments are of today where they say nothing else."""
    from crmkit_sfa.orders.deriving import dated

    return dated(ctx, call.changes)


@hookimpl(specname="guard_records", entities=("sfa_order",))
def guard_orders(ctx: Context, call: RecordBatch) -> list[Refuse]:
    """A placed order changes by amendments and cancellations only."""
    from crmkit_sfa.orders.rules import order_refusals

    return [] if ctx.services.rewrites_history() else list(order_refusals(ctx, call.changes))


@hookimpl(specname="guard_records", entities=("sfa_order_line",))
def guard_order_lines(ctx: Context, call: RecordBatch) -> list[Refuse]:
    """Lines fit their order, and no more is ordered than was offered."""
    from crmkit_sfa.orders.quoted import quote_refusals
    from crmkit_sfa.orders.rules import line_refusals

    if ctx.services.rewrites_history():
        return []
    return [*line_refusals(ctx, call.changes), *quote_refusals(ctx, call.changes)]


@hookimpl(specname="guard_records", entities=("sfa_order_amendment",))
def guard_order_amendments(ctx: Context, call: RecordBatch) -> list[Refuse]:
    """Amendments are never rewritten."""
    from crmkit_sfa.orders.rules import amendment_refusals

    return [] if ctx.services.rewrites_history() else list(amendment_refusals(ctx, call.changes))


@hookimpl(specname="after_records_saved_committed", entities=("sfa_order",))
def log_purchases(ctx: Context, call: RecordBatch) -> None:
    """Log the purchases of orders that were placed another way than by confirming them, such as an import; each once."""
    from crmkit_sfa.orders.missing import log_missing, purchases_told

    placed = [
        c.after
        for c in call.changes
        if c.after.status in PLACED and c.after.deleted_at is None and not (c.before and c.before.status in PLACED)
    ]
    log_missing(ctx, purchases_told(ctx, placed))
