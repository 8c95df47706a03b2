"""What reports and routes are asked: period, grouping and pipeline, with the words of the command line."""

from __future__ import annotations

from datetime import date
from typing import Literal

import attrs

from crmkit.plugin import msg

GroupedBy = Literal[
    "all",
    "owner",
    "team",
    "manager",
    "region",
    "territory",
    "product",
    "account",
    "sector",
    "source",
    "month",
    "quarter",
    "year",
]
StandingBy = Literal["all", "owner", "team", "manager", "region", "territory", "product", "account", "sector", "source"]
_BY = {"label": msg("By"), "help": msg("By what deals are grouped.")}
_PIPELINE = {"label": msg("Pipeline"), "help": msg("Only deals of this pipeline.")}


@attrs.frozen(kw_only=True)
class Days:
    """The days that a report is about: two dates, or a fiscal period."""

    since: date | None = attrs.field(default=None, metadata={"help": msg("From this day on.")})
    until: date | None = attrs.field(default=None, metadata={"help": msg("Up to this day, which is not included.")})
    period: str = attrs.field(default="", metadata={"help": msg("A fiscal period such as 2026-Q1 or 2026-03.")})
    pipeline: str = attrs.field(default="", metadata=_PIPELINE)


@attrs.frozen(kw_only=True)
class FunnelAsked(Days):
    """What a funnel is asked."""

    view: Literal["cohort", "flow"] = attrs.field(
        default="cohort", metadata={"help": msg("Deals opened in the period (cohort), or what happened in it (flow).")}
    )
    by: GroupedBy = attrs.field(default="all", metadata=_BY)


@attrs.frozen(kw_only=True)
class LeaderboardAsked(Days):
    """What a leaderboard is asked."""

    by: GroupedBy = attrs.field(default="owner", metadata=_BY)
    limit: int | None = attrs.field(
        default=None,
        validator=attrs.validators.optional(attrs.validators.ge(1)),
        metadata={"help": msg("At most this many.")},
    )


@attrs.frozen(kw_only=True)
class VelocityAsked(Days):
    """What velocities are asked."""

    by: StandingBy = attrs.field(default="all", metadata=_BY)


@attrs.frozen(kw_only=True)
class ForecastAsked:
    """What a forecast is asked."""

    kind: Literal["month", "quarter", "year"] = attrs.field(
        default="quarter", metadata={"label": msg("Period"), "help": msg("How long periods are.")}
    )
    day: date | None = attrs.field(
        default=None, metadata={"help": msg("The first period is the one of this day; by default of today.")}
    )
    by: Literal[
        "period", "owner", "team", "manager", "region", "territory", "product", "account", "sector", "source"
    ] = attrs.field(default="period", metadata=_BY)
    pipeline: str = attrs.field(default="", metadata=_PIPELINE)
