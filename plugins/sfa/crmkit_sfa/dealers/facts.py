"""What dealers are judged on: conduct and quality, not only turnover. Facts of the records themselves, or none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from crmkit.plugin import Context, hookimpl
from crmkit_sfa.dealers.belonging import dealer_by_user
from crmkit_sfa.dealers.entities import DealerOffer
from crmkit_sfa.leads.entities import Lead
from crmkit_sfa.scorecards.scoring import Criterion
from crmkit_sfa.scorecards.specs import ScoreFact, ScoreQuestion
from crmkit_sfa.transfers.deadlines import hours_between

CENT = Decimal("0.01")
HUNDRED = Decimal(100)

_TWO = Decimal(2)

STANDARD_CRITERIA = (
    Criterion(
        name="response", label="Hours to an answer", weight=_TWO, worst=Decimal(40), best=_TWO, fact="dealer.response"
    ),
    Criterion(name="acceptance", label="Offers accepted, in percent", fact="dealer.acceptance"),
    Criterion(name="follow_up", label="Leads worked on in time, in percent", weight=_TWO, fact="dealer.follow_up"),
    Criterion(
        name="conversion", label="Leads converted, in percent", weight=_TWO, best=Decimal(40), fact="dealer.conversion"
    ),
    Criterion(name="quality", label="Data quality", worst=Decimal(40), fact="dealer.quality"),
    Criterion(name="value", label="Value of deals won", weight=_TWO, best=Decimal(100_000), fact="dealer.value"),
)
"""The scorecard that comes with the plugin; an installation defines its own under the same name."""


@hookimpl
def collect_sfa_score_facts(ctx: Context, call: ScoreQuestion) -> Iterator[ScoreFact]:
    """Tell of dealers: hours to an answer, shares of offers and leads in percent, data quality, value won."""
    if not any(name.startswith("dealer.") for name in call.facts):
        return
    offers: dict[UUID, list[DealerOffer]] = {}
    made = f"offered_at >= {call.since.isoformat()} and offered_at < {call.until.isoformat()}"
    for one in ctx.session.list(DealerOffer, made, dealer_id=list(call.parties)):
        offers.setdefault(one.dealer_id, []).append(one)
    leads = _leads(ctx, [one for some in offers.values() for one in some])
    for party, some in offers.items():
        yield from _of_offers(ctx, party, some, leads)
    if "dealer.value" in call.facts:
        # What it computes with takes long to import, and dealers are judged now and then.

        from crmkit_sfa.dealers.progress import progress

        for row in progress(ctx, call.since, call.until):
            if row.dealer_id in call.parties and row.won_deals + row.lost_deals:
                yield ScoreFact(row.dealer_id, "dealer.value", row.won_value)
    if "dealer.quality" in call.facts:
        yield from _quality(ctx, call.parties)


def _of_offers(
    ctx: Context, party: UUID, offers: Sequence[DealerOffer], leads: Mapping[UUID, Lead]
) -> Iterator[ScoreFact]:
    from statistics import median

    calendar, limit = ctx.config.dealers.calendar, ctx.config.dealers.follow_up_hours
    hours = [
        hours_between(ctx, calendar, one.offered_at, one.answered_at if one.answered_at else one.expires_at)
        for one in offers
        if one.answered_at is not None or one.state == "expired"
    ]
    if hours:
        yield ScoreFact(party, "dealer.response", median(hours))
    over = [one for one in offers if one.state not in ("offered", "withdrawn")]
    accepted = [one for one in over if one.state in ("accepted", "returned")]
    if over:
        yield ScoreFact(party, "dealer.acceptance", percent(len(accepted), len(over)))
    taken = [(one, leads[one.lead_id]) for one in accepted if one.lead_id is not None and one.lead_id in leads]
    due = [(one, lead) for one, lead in taken if _is_due(ctx, one, lead, limit)]
    if due:
        in_time = sum(_worked_in_time(one, lead, limit) for one, lead in due)
        yield ScoreFact(party, "dealer.follow_up", percent(in_time, len(due)))
    if taken:
        converted = sum(lead.status == "converted" and one.state == "accepted" for one, lead in taken)
        yield ScoreFact(party, "dealer.conversion", percent(converted, len(taken)))


def percent(part: int, whole: int) -> Decimal:
    """Return a share in percent, to two places."""
    return (Decimal(part) / Decimal(whole) * HUNDRED).quantize(CENT)


def _is_due(ctx: Context, offered: DealerOffer, lead: Lead, hours: int) -> bool:
    """Whether it can be said whether a lead was worked on in time: it was, or the time is over."""
    assert offered.answered_at is not None
    return lead.worked_at is not None or ctx.clock.now() > offered.answered_at + timedelta(hours=hours)


def _worked_in_time(offered: DealerOffer, lead: Lead, hours: int) -> bool:
    assert offered.answered_at is not None
    return lead.worked_at is not None and lead.worked_at <= offered.answered_at + timedelta(hours=hours)


def _leads(ctx: Context, offers: Sequence[DealerOffer]) -> dict[UUID, Lead]:
    ids = sorted({one.lead_id for one in offers if one.lead_id is not None})
    return {lead.id: lead for lead in ctx.session.list(Lead, id=ids)} if ids else {}


def _quality(ctx: Context, parties: Sequence[UUID]) -> Iterator[ScoreFact]:
    """Yield the quality of the customers that a dealer's users own: the mean of the core's scores by their records."""
    of_user = {str(user): dealer for user, dealer in dealer_by_user(ctx).items() if dealer in parties}
    sums: dict[UUID, tuple[Decimal, int]] = {}
    for row in ctx.services.quality_report("customer", by="owner").rows if of_user else ():
        dealer = of_user.get(row.key)
        if dealer is not None and row.score is not None:
            total, records = sums.get(dealer, (Decimal(0), 0))
            sums[dealer] = (total + row.score * row.records, records + row.records)
    for dealer, (total, records) in sums.items():
        if records:
            yield ScoreFact(dealer, "dealer.quality", (total / records).quantize(CENT))
