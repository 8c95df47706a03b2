"""What leads show in the timeline of a customer: each time that it came forward."""

from __future__ import annotations

from collections.abc import Iterator

from crmkit.plugin import Context, TimelineEntry, TimelineRequest, hookimpl
from crmkit_sfa.leads.entities import Lead, LeadTouch


@hookimpl(specname="collect_timeline_entries")
def lead_entries(ctx: Context, call: TimelineRequest) -> Iterator[TimelineEntry]:
    """Touches of the customers' leads, as far as the reader may see them."""
    if call.channel or call.direction or (call.kinds and "sfa_lead" not in call.kinds):
        return
    leads = {lead.id: ctx.session.masked(lead) for lead in ctx.session.list(Lead, customer_id=list(call.customers))}
    if not leads:
        return
    wanted = []
    if call.since is not None:
        wanted.append(f"at >= {call.since.isoformat()}")
    if call.until is not None:
        wanted.append(f"at <= {call.until.isoformat()}")
    found = ctx.session.list(
        LeadTouch, " and ".join(wanted) or None, lead_id=list(leads), order="-at,-id", limit=call.limit
    )
    for touch in found:
        lead = leads[touch.lead_id]
        yield TimelineEntry(
            at=touch.at,
            title=lead.name,
            kind="sfa_lead",
            key=str(touch.id),
            customer_id=lead.customer_id,
            entity="sfa_lead",
            record_id=lead.id,
        )
