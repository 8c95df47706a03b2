"""The plugin's domain events: declared at start-up, told in the transaction of what they tell of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from crmkit.plugin import Context, DomainEvent, EventDeclaration, RecordBatch, Setup, hookimpl


@hookimpl
def register_events(ctx: Context, call: Setup) -> list[EventDeclaration]:
    from crmkit_sfa.events.declared import SALES_EVENTS

    return list(SALES_EVENTS)


@hookimpl(specname="derive_records", entities=("sfa_opportunity",))
def tell_deals(ctx: Context, call: RecordBatch) -> list[Any]:
    """Tell of deals that were won, lost, reopened, or crossed a threshold."""
    from crmkit_sfa.events.telling import deal_events

    return _told(ctx, deal_events(ctx, call.changes))


@hookimpl(specname="derive_records", entities=("sfa_quote",))
def tell_quotes(ctx: Context, call: RecordBatch) -> list[Any]:
    """Tell of quotations that were accepted or declined."""
    from crmkit_sfa.events.telling import quote_events

    return _told(ctx, quote_events(call.changes))


@hookimpl(specname="derive_records", entities=("sfa_order",))
def tell_orders(ctx: Context, call: RecordBatch) -> list[Any]:
    """Tell of orders that were placed or cancelled."""
    from crmkit_sfa.events.telling import order_events

    return _told(ctx, order_events(call.changes))


@hookimpl(specname="derive_records", entities=("sfa_lead",))
def tell_leads(ctx: Context, call: RecordBatch) -> list[Any]:
    """Tell of leads that were converted or assigned."""
    from crmkit_sfa.events.telling import lead_events

    return _told(ctx, lead_events(call.changes))


@hookimpl(specname="derive_records", entities=("sfa_transfer",))
def tell_transfers(ctx: Context, call: RecordBatch) -> list[Any]:
    """Tell of hand-offs that were answered."""
    from crmkit_sfa.events.telling import transfer_events

    return _told(ctx, transfer_events(call.changes))


def _told(ctx: Context, events: Iterable[DomainEvent]) -> list[DomainEvent]:
    # Whoever rewrites what was says nothing new.
    return [] if ctx.services.rewrites_history() else list(events)
