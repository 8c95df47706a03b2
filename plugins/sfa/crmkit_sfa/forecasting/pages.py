"""Forecasts as people read them and as programs do."""

from __future__ import annotations

from typing import Any

from crmkit.command import print_block, say, shown_value, table, translated, wording
from crmkit.plugin import Money, msg
from crmkit_sfa.forecasting.accuracy import Accuracy
from crmkit_sfa.forecasting.figures import CATEGORIES, Figures
from crmkit_sfa.forecasting.forecast import Forecast, ForecastRow
from crmkit_sfa.reporting.money import ZERO
from crmkit_sfa.reporting.showing import GROUPS, NONE, bar, exact, money, percent, say_unconverted, unconverted_rows

LABELS = {
    "closed": wording("Closed"),
    "commit": wording("Commit"),
    "best_case": wording("Best case"),
    "pipeline": wording("Pipeline"),
}


def forecast_data(found: Forecast) -> dict[str, Any]:
    """Return a forecast for programs."""

    def row(one: ForecastRow) -> dict[str, Any]:
        said = one.submitted
        return {
            "key": one.key,
            "name": one.name,
            "depth": one.depth,
            **_figures(one.figures, found.currency),
            "own_expected": money(one.own.expected, found.currency),
            "submitted": None
            if said is None
            else {"commit": said.commit, "best_case": said.best_case, "at": said.submitted_at, "note": said.note},
        }

    return {
        "at": found.at,
        "currency": found.currency,
        "periods": [
            {
                "period": one.period.name,
                "start": one.period.start,
                "end": one.period.end,
                "total": _figures(one.total, found.currency),
                "rows": [row(group) for group in one.rows],
            }
            for one in found.periods
        ],
        "overdue": _figures(found.overdue, found.currency),
        "undated": _figures(found.undated, found.currency),
        "unconverted": unconverted_rows(found.unconverted),
    }


def _figures(one: Figures, currency: str) -> dict[str, Any]:
    return {
        **{category: money(one.amounts[category], currency) for category in CATEGORIES},
        "deals": {category: one.deals[category] for category in (*CATEGORIES, "omitted")},
        "adjustments": {category: money(amount, currency) for category, amount in one.adjustments.items()},
        "weighted": money(one.weighted, currency),
        "expected": money(one.expected, currency),
        "commit_forecast": money(one.commit, currency),
        "best_case_forecast": money(one.best_case, currency),
        "whole_forecast": money(one.whole, currency),
        "without_amount": one.without_amount,
        "late": one.late,
    }


def show_forecast(found: Forecast, by: str) -> None:
    """Print a forecast: a table by period or group, and bars of the first period by category."""
    headings = [translated(GROUPS[by]), *(translated(LABELS[c]) for c in CATEGORIES)]
    headings += [translated(wording("Weighted")), translated(wording("Expected")), translated(wording("Submitted"))]
    first = found.periods[0]
    rows: list[list[Any]] = []
    if by == "period":
        rows = [[one.period.name, *_cells(one.total, found.currency), ""] for one in found.periods]
    else:
        for row in first.rows:
            name = "  " * row.depth + (row.name or translated(NONE))
            submitted = "" if row.submitted is None else row.submitted.commit
            rows.append([name, *_cells(row.figures, found.currency), submitted])
        rows.append([translated(wording("Total")), *_cells(first.total, found.currency), ""])
    if not any(row[-1] for row in rows):
        headings, rows = headings[:-1], [row[:-1] for row in rows]
    title = "" if by == "period" else first.period.name
    print_block(table(headings, rows, title=title, right=range(1, len(headings))))
    _show_categories(first.period.name, first.total, found.currency)
    _say_left_out(found)


def _cells(one: Figures, currency: str) -> list[Any]:
    cells: list[Any] = [money(one.adjusted(category), currency) for category in CATEGORIES]
    return [*cells, money(one.weighted, currency), money(one.expected, currency)]


def _show_categories(name: str, total: Figures, currency: str) -> None:
    """Print bars: each category, and how much it is with the surer ones."""
    whole = max(total.whole, ZERO)
    rows = []
    sum_ = ZERO
    for category in CATEGORIES:
        amount = total.adjusted(category)
        sum_ += amount
        rows.append(
            [
                *(translated(LABELS[category]), bar(amount, whole), money(amount, currency)),
                *(money(sum_, currency), total.deals[category] or "", money(total.adjustments.get(category), currency)),
            ]
        )
    headings = [
        *(name, "", translated(wording("Amount")), translated(wording("With the surer ones"))),
        *(translated(wording("Deals")), translated(wording("Of it adjusted"))),
    ]
    if not total.adjustments:
        headings, rows = headings[:-1], [row[:-1] for row in rows]
    print_block(table(headings, rows, right=range(2, len(headings))))


def _say_left_out(found: Forecast) -> None:
    """Tell what is in no period, has no amount or is late."""
    for figures, text in (
        (
            found.overdue,
            msg("{count} open deals should have been closed before: {amount}", **_told(found.overdue, found)),
        ),
        (found.undated, msg("{count} open deals have no day of closing: {amount}", **_told(found.undated, found))),
    ):
        if figures.deals.total():
            say(text)
    total = found.periods[0].total
    name = found.periods[0].period.name
    if total.late:
        say(msg("{count} open deals of {period} are past their day of closing", count=total.late, period=name))
    if total.without_amount:
        say(msg("{count} deals of {period} have no amount and count nothing", count=total.without_amount, period=name))
    say_unconverted(found.unconverted)


def _told(figures: Figures, found: Forecast) -> dict[str, Any]:
    return {"count": figures.deals.total(), "amount": shown_value(Money(figures.whole, found.currency))}


def accuracy_data(found: Accuracy) -> dict[str, Any]:
    """Return how good forecasts were, for programs."""
    return {
        "currency": found.currency,
        "measure": found.measure,
        "days_before": found.days_before,
        "periods": [
            {
                "period": one.period.name,
                "forecast": money(one.forecast, found.currency),
                "actual": money(one.actual, found.currency),
                "error": exact(one.error),
            }
            for one in found.rows
        ],
        "mape": exact(found.score.mape),
        "bias": exact(found.score.bias),
        "wape": exact(found.score.wape),
        "left_out": found.score.left_out,
        "unconverted": unconverted_rows(found.unconverted),
    }


def show_accuracy(found: Accuracy) -> None:
    """Print how good forecasts were."""
    headings = [wording("Period"), wording("Forecast"), wording("Closed"), wording("Error")]
    rows = [
        [one.period.name, money(one.forecast, found.currency), money(one.actual, found.currency), percent(one.error)]
        for one in found.rows
    ]
    print_block(table([translated(heading) for heading in headings], rows, right=(1, 2, 3)))
    score = found.score
    said = [
        (wording("mean absolute error (MAPE)"), score.mape),
        (wording("mean error (bias)"), score.bias),
        (wording("weighted absolute error (WAPE)"), score.wape),
    ]
    rows = [[translated(name), percent(value)] for name, value in said]
    print_block(table([translated(wording("Over all")), ""], rows, right=(1,)))
    say_unconverted(found.unconverted)
