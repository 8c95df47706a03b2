"""``crmkit sfa forecast``: show it, adjust it, submit figures, and see how good it was."""

from __future__ import annotations

from datetime import date
from typing import Any

import click

from crmkit.command import (
    DAY,
    MONEY,
    group,
    json_option,
    option,
    print_json,
    say,
    team_named,
    user_named,
    wording,
    working,
)
from crmkit.plugin import Money, msg
from crmkit_sfa.reporting.showing import choice

_KINDS = ("month", "quarter", "year")
_BY = ("period", "owner", "team", "manager", "region", "territory", "product", "account", "sector", "source")
COMING = {"month": 6, "quarter": 4, "year": 2}
"""How many periods are shown when nobody says which."""

_OWNER = wording("Login of the salesperson whose figures these are.")
_TEAM = wording("The team whose figures these are.")
_WHICH = wording("A fiscal period such as 2026-Q1 or 2026-03; by default the present quarter.")


@group(
    "forecast",
    help=wording("Show what is closed, committed and possible; adjust and submit it; see how good it was."),
    invoke_without_command=True,
)
@option(
    "--period", "kind", type=choice(_KINDS), default="quarter", show_default=True, help=wording("How long periods are.")
)
@option("--in", "inside", type=DAY, help=wording("The first period is the one of this day; by default of today."))
@option("--at", default="", metavar="INSTANT", help=wording("As it stood at this moment, such as 2026-02-01T09:00."))
@option("--by", type=choice(_BY), default="period", show_default=True, help=wording("By what deals are grouped."))
@option("--pipeline", default="", metavar="PIPELINE", help=wording("Only deals of this pipeline."))
@json_option
@click.pass_context
def forecast(
    click_context: click.Context, kind: Any, inside: date | None, at: str, by: str, pipeline: str, as_json: bool
) -> None:
    if click_context.invoked_subcommand is not None:
        return
    from crmkit.core.values.clock import parse_instant, time_zone
    from crmkit_sfa.forecasting import pages
    from crmkit_sfa.forecasting.forecast import forecast as made

    with working(reads=True) as (crm, session):
        ctx = crm.context(session, "sfa")
        moment = parse_instant(at, time_zone(ctx.timezone)) if at else None
        grouped = "all" if by == "period" else by
        periods = COMING[kind] if by == "period" else 1
        found = made(ctx, kind=kind, day=inside, periods=periods, by=grouped, at=moment, pipeline=pipeline)
    if as_json:
        print_json(pages.forecast_data(found))
    else:
        pages.show_forecast(found, by)


@forecast.command(
    "adjust", help=wording("Add to a forecast or take from it, with a reason; 0 takes an earlier one back.")
)
@option(
    "--amount",
    type=MONEY,
    required=True,
    help=wording("What is added, such as `5000 EUR`, or taken away: `-5000 EUR`."),
)
@option(
    "--category",
    type=choice(("pipeline", "best_case", "commit", "closed")),
    default="commit",
    show_default=True,
    help=wording("The category that it is added to."),
)
@option("--owner", default="", metavar="LOGIN", help=_OWNER)
@option("--team", default="", metavar="TEAM", help=_TEAM)
@option("--period", default="", metavar="PERIOD", help=_WHICH)
@option("--reason", required=True, metavar="TEXT", help=wording("Why."))
@json_option
def adjust(amount: Money, category: str, owner: str, team: str, period: str, reason: str, as_json: bool) -> None:
    from crmkit_sfa.forecasting.saying import adjust as adjusted
    from crmkit_sfa.reporting.range import period_or_now

    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        made = adjusted(
            ctx,
            period=(chosen := period_or_now(ctx, period)),
            category=category,
            amount=amount,
            reason=reason,
            user_id=user_named(session, owner).id if owner else None,
            team_id=team_named(session, team).id if team else None,
        )
    if as_json:
        print_json({"id": made, "period": chosen.name, "category": category, "amount": amount})
    else:
        say(msg("adjusted {category} of {period}", category=category, period=chosen.name))


@forecast.command("submit", help=wording("Submit your figures for a period; they are kept for ever."))
@option("--commit", type=MONEY, required=True, help=wording("What is sure to be closed, with what is closed already."))
@option("--best-case", type=MONEY, help=wording("What may be closed if all goes well."))
@option("--owner", default="", metavar="LOGIN", help=wording("Whose figures these are; by default yours."))
@option("--team", default="", metavar="TEAM", help=_TEAM)
@option("--period", default="", metavar="PERIOD", help=_WHICH)
@option("--note", default="", metavar="TEXT", help=wording("What there is to say about it."))
@json_option
def submit(
    commit: Money, best_case: Money | None, owner: str, team: str, period: str, note: str, as_json: bool
) -> None:
    from crmkit_sfa.forecasting.saying import submit as submitted
    from crmkit_sfa.reporting.range import period_or_now

    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        made = submitted(
            ctx,
            period=(chosen := period_or_now(ctx, period)),
            commit=commit,
            best_case=best_case,
            user_id=user_named(session, owner).id if owner else None,
            team_id=team_named(session, team).id if team else None,
            note=note,
        )
    if as_json:
        print_json({"id": made, "period": chosen.name, "commit": commit, "best_case": best_case})
    else:
        say(msg("submitted for {period}", period=chosen.name))


@forecast.command("accuracy", help=wording("Compare past forecasts with what was closed."))
@option(
    "--period", "kind", type=choice(_KINDS), default="quarter", show_default=True, help=wording("How long periods are.")
)
@option(
    "--last",
    "periods",
    type=click.IntRange(min=1, max=60),
    default=4,
    show_default=True,
    help=wording("How many periods that are over."),
)
@option(
    "--days-before",
    type=click.IntRange(min=0),
    default=30,
    show_default=True,
    help=wording("The forecast as it stood so many days before the end of its period."),
)
@option(
    "--measure",
    type=choice(("expected", "commit", "best_case", "submitted")),
    default="expected",
    show_default=True,
    help=wording("The figure that is taken as the forecast."),
)
@option("--pipeline", default="", metavar="PIPELINE", help=wording("Only deals of this pipeline."))
@json_option
def accuracy(kind: Any, periods: int, days_before: int, measure: str, pipeline: str, as_json: bool) -> None:
    from crmkit_sfa.forecasting import pages
    from crmkit_sfa.forecasting.accuracy import accuracy as checked

    with working(reads=True) as (crm, session):
        ctx = crm.context(session, "sfa")
        found = checked(ctx, kind=kind, periods=periods, days_before=days_before, measure=measure, pipeline=pipeline)
    if as_json:
        print_json(pages.accuracy_data(found))
    else:
        pages.show_accuracy(found)
