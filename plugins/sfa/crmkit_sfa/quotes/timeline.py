"""Quotations in the timeline of a customer: when they went out, and what became of them."""

from __future__ import annotations

from collections.abc import Iterator

from crmkit.plugin import Context, TimelineEntry, TimelineRequest, hookimpl
from crmkit_sfa.quotes.entities import Quote
from crmkit_sfa.quotes.states import named

KIND = "quotation"


@hookimpl(specname="collect_timeline_entries")
def quotes_in_timeline(ctx: Context, call: TimelineRequest) -> Iterator[TimelineEntry]:
    """Quotations that were sent, as far as the reader may see them."""
    if call.channel or call.direction or (call.kinds and KIND not in call.kinds):
        return
    wanted = ["sent_at is not empty"]
    if call.since is not None:
        wanted.append(f"sent_at >= {call.since.isoformat()}")
    if call.until is not None:
        wanted.append(f"sent_at <= {call.until.isoformat()}")
    found = ctx.session.list(
        Quote, " and ".join(wanted), order="-sent_at", limit=call.limit, customer_id=list(call.customers)
    )
    for quote in found:
        shown = ctx.session.masked(quote)
        if quote.sent_at is not None:
            yield TimelineEntry(
                at=quote.sent_at,
                title=named(shown),
                kind=KIND,
                status=shown.status,
                money=shown.net,
                customer_id=quote.customer_id,
                entity="sfa_quote",
                record_id=quote.id,
            )
