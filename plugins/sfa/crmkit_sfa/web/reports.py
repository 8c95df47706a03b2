"""The reports of the command line as charts and tables, with the same figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crmkit.plugin import (
    Block,
    Chart,
    Context,
    Message,
    Metric,
    Money,
    Report,
    ReportCall,
    Series,
    Table,
    TableColumn,
    msg,
)
from crmkit_sfa.forecasting.figures import CATEGORIES, Figures
from crmkit_sfa.forecasting.pages import LABELS
from crmkit_sfa.reporting.showing import GROUPS, NONE, exact, money
from crmkit_sfa.web.figures import cohorts_asked, flows_asked, forecast_asked, leaderboard_asked, velocity_asked
from crmkit_sfa.web.questions_asked import ForecastAsked, FunnelAsked, LeaderboardAsked, VelocityAsked

_SALES = msg("Sales")


def funnel(ctx: Context, call: ReportCall) -> Sequence[Block]:
    """Return the funnel of each group: how far deals came, or what happened."""
    asked: FunnelAsked = call.query
    if asked.view == "flow":
        return [block for one in flows_asked(ctx, asked) for block in _flow(one, asked.by)]
    return [block for one in cohorts_asked(ctx, asked) for block in _cohort(one, asked.by)]


def _cohort(one: Any, by: str) -> list[Block]:
    columns = (
        TableColumn("label", msg("Stage")),
        TableColumn("reached", msg("Reached"), numeric=True),
        TableColumn("moved_on", msg("Moved on"), numeric=True),
        TableColumn("lost", msg("Deals lost"), numeric=True),
        TableColumn("open", msg("Still open"), numeric=True),
        TableColumn("conversion", msg("Conversion"), numeric=True),
        TableColumn("days_median", msg("Median days"), numeric=True),
    )
    rows = tuple(
        {
            "label": stage.label,
            "reached": stage.reached,
            "moved_on": stage.moved_on,
            "lost": stage.lost,
            "open": stage.open,
            "conversion": exact(stage.conversion),
            "days_median": stage.time.median,
        }
        for stage in one.stages
    )
    title = _title(one.name, by)
    labels = (*(stage.label for stage in one.stages), "won")
    reached = Series(msg("Reached"), (*(stage.reached for stage in one.stages), one.won))
    return [Chart("funnel", labels, (reached,), title), Table(columns, rows, title)]


def _flow(one: Any, by: str) -> list[Block]:
    columns = (
        TableColumn("label", msg("Stage")),
        TableColumn("at_start", msg("At the start"), numeric=True),
        TableColumn("entered", msg("Came in"), numeric=True),
        TableColumn("moved_back", msg("Moved back"), numeric=True),
        TableColumn("lost_from", msg("Deals lost"), numeric=True),
        TableColumn("at_end", msg("At the end"), numeric=True),
    )
    rows = tuple(
        {
            "label": stage.label,
            "at_start": stage.at_start,
            "entered": stage.entered,
            "moved_back": stage.back,
            "lost_from": stage.lost_from,
            "at_end": stage.at_end,
        }
        for stage in one.stages
    )
    title = _title(one.name, by)
    entered = Series(msg("Came in"), tuple(stage.entered for stage in one.stages))
    happened: list[Block] = [
        Metric(msg("Opened"), one.opened),
        Metric(msg("Deals won"), one.won),
        Metric(msg("Deals lost"), one.lost),
        Metric(msg("Reopened"), one.reopened),
    ]
    return [
        *happened,
        Chart("bar", tuple(row["label"] for row in rows), (entered,), title),
        Table(columns, rows, title),
    ]


def leaders(ctx: Context, call: ReportCall) -> Sequence[Block]:
    """Return who or what brought how much."""
    found = leaderboard_asked(ctx, call.query)
    columns = (
        TableColumn("name", Message(GROUPS[call.query.by]) if call.query.by in GROUPS else msg("All")),
        TableColumn("value", msg("Value won"), numeric=True),
        TableColumn("won", msg("Deals won"), numeric=True),
        TableColumn("lost", msg("Deals lost"), numeric=True),
        TableColumn("win_rate", msg("Win rate"), numeric=True),
        TableColumn("average", msg("Average"), numeric=True),
        TableColumn("share", msg("Share"), numeric=True),
    )

    def row(one: Any, name: object) -> dict[str, Any]:
        return {
            "name": name,
            "value": money(one.value, found.currency),
            "won": one.won,
            "lost": one.lost,
            "win_rate": exact(one.win_rate),
            "average": money(one.average, found.currency),
            "share": exact(one.share),
        }

    rows = [row(one, one.name or Message(NONE)) for one in found.rows]
    values = Series(msg("Value won"), tuple(_amount(one.value, found.currency) for one in found.rows))
    return [
        Chart("bar", tuple(one.name or "-" for one in found.rows), (values,), unit=found.currency),
        Table(columns, (*rows, row(found.total, msg("Total")))),
        *_unconverted(found.unconverted),
    ]


def paces(ctx: Context, call: ReportCall) -> Sequence[Block]:
    """Return how fast deals are won."""
    found = velocity_asked(ctx, call.query)
    columns = (
        TableColumn("name", Message(GROUPS[call.query.by]) if call.query.by in GROUPS else msg("All")),
        TableColumn("open", msg("Open deals"), numeric=True),
        TableColumn("win_rate", msg("Win rate"), numeric=True),
        TableColumn("average", msg("Average deal"), numeric=True),
        TableColumn("won_days_mean", msg("Days to win"), numeric=True),
        TableColumn("lost_days_mean", msg("Days to lose"), numeric=True),
        TableColumn("velocity_per_day", msg("Money per day"), numeric=True),
    )

    def row(one: Any, name: object) -> dict[str, Any]:
        return {
            "name": name,
            "open": one.open,
            "win_rate": exact(one.win_rate),
            "average": money(one.average, found.currency),
            "won_days_mean": exact(one.won_mean),
            "lost_days_mean": exact(one.lost_mean),
            "velocity_per_day": money(one.velocity, found.currency),
        }

    shown = list(found.rows) if call.query.by != "all" else []
    rows = [row(one, one.name or Message(NONE)) for one in shown]
    charted: list[Block] = []
    if shown:
        values = Series(msg("Money per day"), tuple(_amount(one.velocity, found.currency) for one in shown))
        charted = [Chart("bar", tuple(one.name or "-" for one in shown), (values,), unit=found.currency)]
    return [*charted, Table(columns, (*rows, row(found.total, msg("Total")))), *_unconverted(found.unconverted)]


def forecasts(ctx: Context, call: ReportCall) -> Sequence[Block]:
    """Return what is closed, committed and possible: by period, or of one period by groups."""
    found = forecast_asked(ctx, call.query)
    by_period = call.query.by == "period"
    if by_period:
        told: list[tuple[Any, Figures]] = [(one.period.name, one.total) for one in found.periods]
    else:
        first = found.periods[0]
        told = [(one.name or Message(NONE), one.figures) for one in first.rows]
        told.append((msg("Total"), first.total))
    columns = (
        TableColumn("name", Message(GROUPS[call.query.by])),
        *(TableColumn(category, Message(LABELS[category]), numeric=True) for category in CATEGORIES),
        TableColumn("weighted", msg("Weighted"), numeric=True),
        TableColumn("expected", msg("Expected"), numeric=True),
    )
    rows = tuple({"name": name, **_figures(one, found.currency)} for name, one in told)
    charted = told if by_period else told[:-1]
    series = tuple(
        Series(Message(LABELS[category]), tuple(_amount(one.adjusted(category), found.currency) for _, one in charted))
        for category in CATEGORIES
    )
    return [
        Chart("bar", tuple(str(name) for name, _ in charted), series, unit=found.currency),
        Table(columns, rows, None if by_period else msg("{text}", text=found.periods[0].period.name)),
        *_unconverted(found.unconverted),
    ]


def _figures(one: Figures, currency: str) -> dict[str, Money | None]:
    amounts = {category: money(one.adjusted(category), currency) for category in CATEGORIES}
    return {**amounts, "weighted": money(one.weighted, currency), "expected": money(one.expected, currency)}


def _amount(value: Any, currency: str) -> Any:
    """Return the number of an amount, rounded as money is."""
    shown = money(value, currency)
    return None if shown is None else shown.amount


def _unconverted(found: Sequence[Any]) -> list[Block]:
    """Return what is in no sum, where there is any."""
    if not found:
        return []
    columns = (
        TableColumn("amount", msg("Without an exchange rate"), numeric=True),
        TableColumn("first", msg("From")),
        TableColumn("last", msg("To")),
    )
    rows = tuple({"amount": Money(one.amount, one.currency), "first": one.first, "last": one.last} for one in found)
    return [Table(columns, rows, msg("Not counted"))]


def _title(name: str, by: str) -> Message | None:
    return None if by == "all" else msg("{group}: {name}", group=Message(GROUPS[by]), name=name or Message(NONE))


REPORTS: list[Report] = [
    Report(
        "sfa.funnel",
        msg("Funnel"),
        funnel,
        help=msg("How deals go from stage to stage, where they are lost and how long they take."),
        query=FunnelAsked,
        group=_SALES,
    ),
    Report(
        "sfa.forecast",
        msg("Forecast"),
        forecasts,
        help=msg("What is closed, committed and possible."),
        query=ForecastAsked,
        group=_SALES,
    ),
    Report(
        "sfa.leaderboard",
        msg("Leaderboard"),
        leaders,
        help=msg("Who or what brought how much."),
        query=LeaderboardAsked,
        group=_SALES,
    ),
    Report(
        "sfa.velocity",
        msg("Velocity"),
        paces,
        help=msg("How long deals take and how much money they bring per day."),
        query=VelocityAsked,
        group=_SALES,
    ),
]
