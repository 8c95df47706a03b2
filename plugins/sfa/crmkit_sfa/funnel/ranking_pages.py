"""Leaderboards and velocities as people read them and as programs do."""

from __future__ import annotations

from typing import Any

from crmkit.command import print_block, say, table, translated, wording
from crmkit.plugin import msg
from crmkit_sfa.funnel.leaderboard import Leaderboard, Standing
from crmkit_sfa.funnel.velocity import Pace, Velocity
from crmkit_sfa.reporting.showing import (
    GROUPS,
    NONE,
    bar,
    days,
    exact,
    headings_of,
    money,
    percent,
    say_unconverted,
    unconverted_rows,
)


def leaderboard_data(found: Leaderboard) -> dict[str, Any]:
    """Return a leaderboard for programs."""

    def row(one: Standing) -> dict[str, Any]:
        return {
            "key": one.key,
            "name": one.name,
            "won": one.won,
            "lost": one.lost,
            "value": money(one.value, found.currency),
            "without_value": one.without_value,
            "win_rate": exact(one.win_rate),
            "average": money(one.average, found.currency),
            "share": exact(one.share),
        }

    return {
        "currency": found.currency,
        "rows": [row(one) for one in found.rows],
        "total": row(found.total),
        "unconverted": unconverted_rows(found.unconverted),
    }


def show_leaderboard(found: Leaderboard, by: str) -> None:
    """Print a leaderboard with bars and a total."""
    headings = headings_of(
        *("#", GROUPS.get(by, "")),
        *(
            "",
            wording("Value won"),
            wording("Deals won"),
            wording("Deals lost"),
            wording("Win rate"),
            wording("Average"),
        ),
        wording("Share"),
    )
    most = max((one.value for one in found.rows), default=found.total.value)
    rows = [
        [place, one.name or translated(NONE), bar(one.value, most), *_leader_cells(one, found.currency)]
        for place, one in enumerate(found.rows, 1)
    ]
    rows.append(["", translated(wording("Total")), "", *_leader_cells(found.total, found.currency)])
    print_block(table(headings, rows, right=(0, *range(3, 9))))
    if found.total.without_value:
        say(msg("{count} won deals have no value in this currency", count=found.total.without_value))
    say_unconverted(found.unconverted)


def _leader_cells(one: Standing, currency: str) -> list[Any]:
    return [
        *(money(one.value, currency), one.won, one.lost),
        *(percent(one.win_rate), money(one.average, currency), percent(one.share)),
    ]


def velocity_data(found: Velocity) -> dict[str, Any]:
    """Return velocities for programs."""

    def row(one: Pace) -> dict[str, Any]:
        return {
            "key": one.key,
            "name": one.name,
            "open": one.open,
            "won": one.won,
            "lost": one.lost,
            "win_rate": exact(one.win_rate),
            "average": money(one.average, found.currency),
            "won_days_mean": exact(one.won_mean),
            "won_days_median": one.won_median,
            "lost_days_mean": exact(one.lost_mean),
            "lost_days_median": one.lost_median,
            "velocity_per_day": money(one.velocity, found.currency),
        }

    return {
        "currency": found.currency,
        "rows": [row(one) for one in found.rows],
        "total": row(found.total),
        "unconverted": unconverted_rows(found.unconverted),
    }


def show_velocity(found: Velocity, by: str) -> None:
    """Print velocities."""
    headings = headings_of(
        *(GROUPS.get(by, ""), wording("Open deals"), wording("Win rate"), wording("Average deal")),
        *(wording("Days to win"), wording("Median"), wording("Days to lose"), wording("Median")),
        *(wording("Money per day"), ""),
    )
    shown = list(found.rows) if by != "all" else []
    most = max((one.velocity or 0 for one in shown), default=0)
    rows = [
        [one.name or translated(NONE), *_pace_cells(one, found.currency), bar(one.velocity or 0, most)] for one in shown
    ]
    rows.append([translated(wording("Total")), *_pace_cells(found.total, found.currency), ""])
    print_block(table(headings, rows, right=range(1, 9)))
    say_unconverted(found.unconverted)


def _pace_cells(one: Pace, currency: str) -> list[Any]:
    return [
        *(one.open, percent(one.win_rate), money(one.average, currency)),
        *(days(one.won_mean), days(one.won_median), days(one.lost_mean), days(one.lost_median)),
        money(one.velocity, currency),
    ]
