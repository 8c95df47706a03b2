"""What the plugin knows for timelines and for the search."""

from __future__ import annotations

from collections.abc import Sequence

from crmkit.core.identity import ExternalIdentity
from crmkit.plugin import (
    Context,
    SearchAsked,
    SearchFound,
    SearchProvider,
    TimelineAsked,
    TimelineEntry,
    TimelineSource,
    msg,
)
from crmkit_sfa.opportunities.entities import OpportunityHistory
from crmkit_sfa.orders.entities import Order
from crmkit_sfa.quotes.entities import Quote
from crmkit_sfa.quotes.states import named


def opportunity_steps(ctx: Context, asked: TimelineAsked) -> Sequence[TimelineEntry]:
    """Return the moves of an opportunity from stage to stage, the newest first."""
    wanted = f"valid_from < {asked.before.isoformat()}" if asked.before is not None else None
    found = ctx.session.list(
        OpportunityHistory, wanted, opportunity_id=asked.record.id, order="-valid_from,-id", limit=asked.limit
    )
    shown = [(one, ctx.session.masked(one)) for one in found]
    return [
        TimelineEntry(
            at=one.valid_from,
            title=str(seen.stage),
            key=str(one.id),
            kind="stage",
            status=str(seen.category),
            money=seen.amount or None,
            customer_id=asked.record.customer_id,
            entity="sfa_opportunity",
            record_id=asked.record.id,
        )
        for one, seen in shown
    ]


def numbered(ctx: Context, asked: SearchAsked) -> Sequence[SearchFound]:
    """Return quotations and orders whose number begins as the text does, and opportunities by their number elsewhere."""
    text = asked.text.strip()
    if len(text) < 3:
        return []
    beginning = text.replace("\\", "\\\\").replace('"', '\\"')
    found: list[SearchFound] = []
    for quote in ctx.session.list(Quote, f'number starts with "{beginning}"', order="-revision", limit=asked.limit):
        shown = ctx.session.masked(quote)
        score = 1.0 if quote.number == text else 0.5
        found.append(SearchFound(named(shown), "sfa_quote", quote.id, detail=str(shown.status), score=score))
    for order in ctx.session.list(Order, f'number starts with "{beginning}"', order="number", limit=asked.limit):
        shown_order = ctx.session.masked(order)
        score = 1.0 if order.number == text else 0.5
        found.append(
            SearchFound(str(shown_order.number), "sfa_order", order.id, detail=str(shown_order.status), score=score)
        )
    for known in ctx.session.list(ExternalIdentity, entity="sfa_opportunity", external_id=text, limit=asked.limit):
        found.append(SearchFound(known.external_id, "sfa_opportunity", known.record_id, score=1.0))
    return sorted(found, key=lambda one: -one.score)[: asked.limit]


TIMELINE_SOURCES: list[TimelineSource] = [
    TimelineSource("sfa.opportunity_steps", msg("Stages"), "sfa_opportunity", opportunity_steps)
]

SEARCH_PROVIDERS: list[SearchProvider] = [
    SearchProvider("sfa.numbers", msg("Numbers of quotations and orders"), numbered)
]
