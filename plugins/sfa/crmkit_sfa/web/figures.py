"""The figures of the reports, asked as the command line asks them: each surface shows the same ones."""

from __future__ import annotations

from crmkit.plugin import Context
from crmkit_sfa.forecasting.commands import COMING
from crmkit_sfa.forecasting.forecast import Forecast, forecast
from crmkit_sfa.funnel.cohort import CohortFunnel, cohort_funnels
from crmkit_sfa.funnel.flow import FlowFunnel, flow_funnels
from crmkit_sfa.funnel.leaderboard import Leaderboard, leaderboard
from crmkit_sfa.funnel.velocity import Velocity, velocity
from crmkit_sfa.reporting.range import DayRange, day_range
from crmkit_sfa.web.questions_asked import Days, ForecastAsked, FunnelAsked, LeaderboardAsked, VelocityAsked


def cohorts_asked(ctx: Context, asked: FunnelAsked) -> list[CohortFunnel]:
    """Return the funnels of the deals that were opened on some days."""
    return cohort_funnels(ctx, pipeline=asked.pipeline, days=_days(ctx, asked), by=asked.by)


def flows_asked(ctx: Context, asked: FunnelAsked) -> list[FlowFunnel]:
    """Return what happened on some days."""
    return flow_funnels(ctx, pipeline=asked.pipeline, days=_days(ctx, asked), by=asked.by)


def leaderboard_asked(ctx: Context, asked: LeaderboardAsked) -> Leaderboard:
    """Return a leaderboard."""
    return leaderboard(ctx, by=asked.by, days=_days(ctx, asked), pipeline=asked.pipeline, limit=asked.limit)


def velocity_asked(ctx: Context, asked: VelocityAsked) -> Velocity:
    """Return velocities."""
    return velocity(ctx, by=asked.by, days=_days(ctx, asked), pipeline=asked.pipeline)


def forecast_asked(ctx: Context, asked: ForecastAsked) -> Forecast:
    """Return a forecast: several periods, or one by groups."""
    by, periods = ("all", COMING[asked.kind]) if asked.by == "period" else (asked.by, 1)
    return forecast(ctx, kind=asked.kind, day=asked.day, periods=periods, by=by, pipeline=asked.pipeline)


def _days(ctx: Context, asked: Days) -> DayRange:
    return day_range(ctx, asked.since, asked.until, asked.period)
