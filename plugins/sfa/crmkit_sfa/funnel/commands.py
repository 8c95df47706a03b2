"""``crmkit sfa funnel``, ``leaderboard`` and ``velocity``."""

from __future__ import annotations

from datetime import date
from typing import Literal

import click

from crmkit.command import command, option, print_json, wording, working
from crmkit_sfa.reporting.showing import choice, report_options

_BY = (
    *("all", "owner", "team", "manager", "region", "territory", "product", "account", "sector", "source"),
    *("month", "quarter", "year"),
)
_GROUPED = wording("By what deals are grouped.")


@command("funnel", help=wording("Show how deals go from stage to stage, where they are lost and how long they take."))
@option(
    "--view",
    type=choice(("cohort", "flow")),
    default="cohort",
    show_default=True,
    help=wording("Deals opened in the period (cohort), or what happened in it (flow)."),
)
@option("--by", type=choice(_BY), default="all", help=_GROUPED)
@report_options
def funnel(
    view: Literal["cohort", "flow"],
    by: str,
    since: date | None,
    until: date | None,
    period: str,
    pipeline: str,
    as_json: bool,
) -> None:
    from crmkit_sfa.funnel import pages
    from crmkit_sfa.funnel.cohort import cohort_funnels
    from crmkit_sfa.funnel.flow import flow_funnels
    from crmkit_sfa.reporting.range import day_range

    with working(reads=True) as (crm, session):
        ctx = crm.context(session, "sfa")
        days = day_range(ctx, since, until, period)
        if view == "cohort":
            cohorts = cohort_funnels(ctx, pipeline=pipeline, days=days, by=by)
        else:
            flows = flow_funnels(ctx, pipeline=pipeline, days=days, by=by)
    if view == "cohort":
        if as_json:
            print_json({"view": view, "funnels": [pages.cohort_data(one) for one in cohorts]})
        else:
            pages.show_cohorts(cohorts, by)
    elif as_json:
        print_json({"view": view, "funnels": [pages.flow_data(one) for one in flows]})
    else:
        pages.show_flows(flows, by)


@command("leaderboard", help=wording("Rank people, teams, products ... by what was won."))
@option("--by", type=choice(_BY[1:]), default="owner", show_default=True, help=_GROUPED)
@option("--limit", type=click.IntRange(min=1), help=wording("At most this many."))
@report_options
def leaderboard(
    by: str, limit: int | None, since: date | None, until: date | None, period: str, pipeline: str, as_json: bool
) -> None:
    from crmkit_sfa.funnel import ranking_pages as pages
    from crmkit_sfa.funnel.leaderboard import leaderboard as ranked
    from crmkit_sfa.reporting.range import day_range

    with working(reads=True) as (crm, session):
        ctx = crm.context(session, "sfa")
        found = ranked(ctx, by=by, days=day_range(ctx, since, until, period), pipeline=pipeline, limit=limit)
    if as_json:
        print_json(pages.leaderboard_data(found))
    else:
        pages.show_leaderboard(found, by)


@command("velocity", help=wording("Show how long deals take and how much money they bring per day."))
@option("--by", type=choice(_BY[:10]), default="all", show_default=True, help=_GROUPED)
@report_options
def velocity(by: str, since: date | None, until: date | None, period: str, pipeline: str, as_json: bool) -> None:
    from crmkit_sfa.funnel import ranking_pages as pages
    from crmkit_sfa.funnel.velocity import velocity as measured
    from crmkit_sfa.reporting.range import day_range

    with working(reads=True) as (crm, session):
        ctx = crm.context(session, "sfa")
        found = measured(ctx, by=by, days=day_range(ctx, since, until, period), pipeline=pipeline)
    if as_json:
        print_json(pages.velocity_data(found))
    else:
        pages.show_velocity(found, by)
