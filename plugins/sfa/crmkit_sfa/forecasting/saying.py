"""What people say about forecasts is written down: adjustments of managers, submissions of everybody."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from crmkit.plugin import BadInput, Context, Money, msg
from crmkit_sfa.forecasting.entities import ForecastAdjustment, ForecastSubmission
from crmkit_sfa.forecasting.figures import CATEGORIES
from crmkit_sfa.reporting.fiscal import Period


def adjust(
    ctx: Context,
    *,
    period: Period,
    category: str,
    amount: Money,
    reason: str,
    user_id: UUID | None = None,
    team_id: UUID | None = None,
) -> UUID:
    """Add to a category of a salesperson's, a team's or the whole forecast from now on, and return the adjustment's id.

    Raises BadInput for a person and a team at once, an unknown category, and without a reason.
    """
    if category not in CATEGORIES:
        expected = ", ".join(CATEGORIES)
        raise BadInput(msg("category {value}: expected one of {expected}", value=category, expected=expected))
    if not reason.strip():
        raise BadInput(msg("reason {value}: expected a text that says why", value=repr(reason)))
    known: Any = category
    made = ForecastAdjustment(
        user_id=user_id,
        for_team_id=_one_of(user_id, team_id),
        period_kind=period.kind,
        period_start=period.start,
        category=known,
        amount=amount,
        reason=reason,
    )
    ctx.session.add(made)
    return made.id


def submit(
    ctx: Context,
    *,
    period: Period,
    commit: Money,
    best_case: Money | None = None,
    user_id: UUID | None = None,
    team_id: UUID | None = None,
    note: str = "",
) -> UUID:
    """Submit figures for a period: of a salesperson, by default the actor, or of a team; return the submission's id.

    Raises BadInput when the best case is less than what is committed, and where nobody can be named.
    """
    who = user_id or ctx.actor.user_id
    if who is None and team_id is None:
        raise BadInput(msg("submission: name the salesperson or team; there is no user whose figures these could be"))
    if best_case is not None and best_case.currency == commit.currency and best_case.amount < commit.amount:
        raise BadInput(
            msg(
                "best_case {value}: expected at least what is committed, {commit}",
                value=str(best_case),
                commit=str(commit),
            )
        )
    made = ForecastSubmission(
        user_id=who,
        for_team_id=_one_of(user_id, team_id),
        period_kind=period.kind,
        period_start=period.start,
        commit=commit,
        best_case=best_case,
        note=note,
    )
    ctx.session.add(made)
    return made.id


def _one_of(user: UUID | None, team: UUID | None) -> UUID | None:
    if user and team:
        raise BadInput(msg("expected either a salesperson or a team, not both"))
    return team
