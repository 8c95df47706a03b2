"""Alerts on big deals: one for each time that an open opportunity crosses a threshold, up or down."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID, uuid5

from crmkit.core.staff import Team
from crmkit.plugin import Change, Context
from crmkit_sfa.opportunities.entities import BigDealAlert, Opportunity
from crmkit_sfa.opportunities.settings import BigDeal


def crossings(ctx: Context, changes: Sequence[Change]) -> list[BigDealAlert]:
    """Return the alerts that changes give rise to.

    Of several thresholds for a currency, that of the opportunity's team counts, else the one without a team. An alert's
    id follows from the change, so that asked again it is the same one.
    """
    thresholds: Sequence[BigDeal] = ctx.config.opportunities.big_deals
    if not thresholds:
        return []
    teams = {team.id: team.name for team in ctx.session.peek_all(Team)} if any(one.team for one in thresholds) else {}
    return [alert for c in changes for alert in _alerts(ctx, c, thresholds, teams)]


def _alerts(ctx: Context, c: Change, thresholds: Sequence[BigDeal], teams: dict[UUID, str]) -> Iterator[BigDealAlert]:
    after: Opportunity = c.after
    for threshold in thresholds:
        was = c.before is not None and _above(c.before, threshold, thresholds, teams)
        is_ = _above(after, threshold, thresholds, teams)
        # One that is won or lost is no longer open; it did not shrink.
        if was == is_ or (was and after.category != "open"):
            continue
        version = 0 if c.before is None else c.before.version
        yield BigDealAlert(
            id=uuid5(after.id, f"{threshold.currency} {threshold.amount} {threshold.team} {version} {is_}"),
            opportunity_id=after.id,
            direction="up" if is_ else "down",
            threshold=threshold.money,
            team=threshold.team,
            amount=after.amount,
        )


def _above(one: Opportunity, threshold: BigDeal, thresholds: Sequence[BigDeal], teams: dict[UUID, str]) -> bool:
    if one.category != "open" or one.amount is None or one.amount.currency != threshold.currency:
        return False
    team = teams.get(one.team_id, "") if one.team_id is not None else ""
    own = any(other.team == team and other.currency == threshold.currency for other in thresholds if other.team)
    return threshold.team == (team if own else "") and one.amount.amount >= threshold.money.amount
