"""What is done for leads that came in as records, by import or API: who asks, the score, and whether they asked before."""

from __future__ import annotations

from collections.abc import Sequence

from crmkit.plugin import Context, change
from crmkit_sfa.leads.capturing import open_leads_alike, recognised
from crmkit_sfa.leads.entities import Lead, LeadTouch
from crmkit_sfa.leads.scoring import scored


def settle(ctx: Context, leads: Sequence[Lead]) -> None:
    """Recognise, score and unite leads that nobody has looked at; those that are settled stay as they are.

    A later lead of the same asker becomes another touch on the earlier one and says so; nothing of it is lost.
    """
    fresh = [lead for lead in leads if lead.score is None and lead.status == "new" and lead.deleted_at is None]
    for lead in fresh:
        known = recognised(ctx, lead)
        if known is not lead:
            ctx.session.update(known)
    current = ctx.session.list(Lead, id=[lead.id for lead in fresh], order="id") if fresh else []
    later = {lead.id: lead for lead in current}
    for id, earlier in open_leads_alike(ctx, current).items():
        _unite(ctx, ctx.session.list(Lead, id=earlier)[0], later[id])
    scored(ctx, [lead for lead in leads if lead.score is None])


def _unite(ctx: Context, earlier: Lead, later: Lead) -> None:
    told = ctx.session.list(LeadTouch, lead_id=later.id, order="at,id")
    ctx.session.add(
        *[
            LeadTouch(
                lead_id=earlier.id,
                at=touch.at,
                channel=touch.channel,
                lead_source=touch.lead_source,
                campaign=touch.campaign,
                text=touch.text,
                raw=touch.raw,
                source=touch.source,
            )
            for touch in told
        ]
    )
    last = max(filter(None, (earlier.last_touch_at, later.last_touch_at)), default=None)
    ctx.session.update(
        change(
            earlier,
            touches=earlier.touches + len(told),
            last_touch_at=last,
            waiting_since=earlier.waiting_since or ctx.clock.now(),
            status="new" if earlier.status == "recycled" else earlier.status,
        ),
        # Not what the other is called: whoever has this one need not be able to read that one.
        change(later, status="disqualified", duplicate_of_id=earlier.id, reason=later.name[:500]),
    )
