"""What people have said about a period until a moment: adjustments and submissions, the latest for each figure."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.frozen import frozen
from crmkit.plugin import Context, Money
from crmkit_sfa.forecasting.entities import ForecastAdjustment, ForecastSubmission
from crmkit_sfa.reporting.fiscal import Period
from crmkit_sfa.reporting.latest import latest

Subject = tuple[UUID | None, UUID | None]
"""A salesperson, a team, or neither for the whole."""


@frozen
class Said:
    """What somebody submitted."""

    commit: Money
    best_case: Money | None
    submitted_at: datetime
    note: str


def adjustments(ctx: Context, period: Period, at: datetime | None = None) -> dict[tuple[Subject, str], Money]:
    """Return the adjustments that stood at an instant, by default now, by subject and category. One select."""
    table = ctx.session.table(ForecastAdjustment)
    subject = [table.c.user_id, table.c.for_team_id, table.c.category]
    rows = latest(ctx, table, table.c.made_at, subject, [table.c.amount_amount, table.c.amount_currency], period, at)
    return {
        ((user, team), category): Money(amount, currency)
        for user, team, category, amount, currency in rows
        if amount != 0
    }


def submissions(ctx: Context, period: Period, at: datetime | None = None) -> dict[Subject, Said]:
    """Return the submissions that stood at an instant, by default now: of a salesperson for the own deals, or of a team.

    One select.
    """
    table = ctx.session.table(ForecastSubmission)
    own = sa.case((table.c.for_team_id.is_(None), table.c.user_id))
    values = [
        *(table.c.commit_amount, table.c.commit_currency, table.c.best_case_amount, table.c.best_case_currency),
        *(table.c.submitted_at, table.c.note),
    ]
    rows = latest(ctx, table, table.c.submitted_at, [own, table.c.for_team_id], values, period, at)
    found: dict[Subject, Said] = {}
    for user, team, commit, currency, best, best_currency, moment, note in rows:
        best_case = None if best is None else Money(best, best_currency)
        found[user, team] = Said(Money(commit, currency), best_case, moment, note)
    return found
