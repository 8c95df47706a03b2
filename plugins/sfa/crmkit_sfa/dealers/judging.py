"""Judging dealers with their scorecard; the standard one is made when an installation has defined none."""

from __future__ import annotations

from crmkit.plugin import Context
from crmkit_sfa.dealers.entities import Dealer
from crmkit_sfa.dealers.facts import STANDARD_CRITERIA
from crmkit_sfa.scorecards.entities import Scorecard
from crmkit_sfa.scorecards.evaluating import Ranked, define, evaluate, ranking

STANDARD = "dealers"


def judge(ctx: Context, period: str, name: str = STANDARD) -> list[Ranked]:
    """Evaluate all active dealers for a period and return them ranked; see :func:`crmkit_sfa.scorecards.evaluating.evaluate`."""
    found = ctx.session.find(Scorecard, name=name)
    if found is None and name == STANDARD:
        found = define(ctx, STANDARD, STANDARD_CRITERIA, relation="dealer_of")
    if found is None:
        from crmkit_sfa.scorecards.evaluating import scorecard_named

        found = scorecard_named(ctx, name)
    dealers = sorted(one.customer_id for one in ctx.session.list(Dealer, state="active"))
    if dealers:
        evaluate(ctx, found, period, parties=dealers)
    return ranking(ctx, found, period)
