"""Funnels as people read them and as programs do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crmkit.command import pairs, print_block, say, table, translated, wording
from crmkit.plugin import msg
from crmkit_sfa.funnel.cohort import CohortFunnel, CohortStage
from crmkit_sfa.funnel.flow import FlowFunnel
from crmkit_sfa.reporting.showing import GROUPS, NONE, bar, days, exact, headings_of, percent

_MOST_REASONS = 3


def cohort_data(funnel: CohortFunnel) -> dict[str, Any]:
    """Return a funnel for programs."""
    return {
        "key": funnel.key,
        "name": funnel.name,
        "deals": funnel.deals,
        "won": funnel.won,
        "lost": funnel.lost,
        "open": funnel.open,
        "elsewhere": funnel.elsewhere,
        "win_rate": exact(funnel.win_rate),
        "stages": [
            {
                "stage": stage.name,
                "label": stage.label,
                "reached": stage.reached,
                "skipped": stage.skipped,
                "moved_on": stage.moved_on,
                "lost": stage.lost,
                "open": stage.open,
                "standing": stage.standing,
                "moved_back": stage.back,
                "conversion": exact(stage.conversion),
                "conversion_decided": exact(stage.conversion_decided),
                "lost_from": stage.lost_from,
                "reasons": _reasons(stage.reasons),
                "days_median": stage.time.median,
                "days_mean_of_left": exact(stage.time.mean),
                "deals_left": stage.time.ended.total(),
                "deals_staying": stage.time.going_on.total(),
            }
            for stage in funnel.stages
        ],
    }


def show_cohorts(funnels: Sequence[CohortFunnel], by: str) -> None:
    """Print funnels with bars, each followed by where its deals were lost and why."""
    headings = headings_of(
        wording("Stage"),
        "",
        wording("Reached"),
        wording("Skipped"),
        wording("Moved on"),
        wording("Deals lost"),
        wording("Still open"),
        wording("Conversion"),
        wording("of decided"),
        wording("Moved back"),
        wording("Median days"),
        wording("Mean of those left"),
    )
    for funnel in funnels:
        whole = max((stage.reached for stage in funnel.stages), default=0)
        rows = [_cohort_row(stage, whole) for stage in funnel.stages]
        won = [translated(wording("Deals won")), bar(funnel.won, whole), funnel.won]
        rows.append([*won, *[""] * (len(headings) - len(won))])
        print_block(table(headings, rows, title=_title(funnel.name, by), right=range(2, len(headings))))
        _show_losses(funnel.stages)
        if funnel.elsewhere:
            say(msg("{count} deals never stood in a stage that the pipeline has", count=funnel.elsewhere))
    if not funnels:
        say(msg("no deals in this period"))


def _cohort_row(stage: CohortStage, whole: int) -> list[Any]:
    return [
        stage.label,
        bar(stage.reached, whole),
        stage.reached,
        stage.skipped or "",
        stage.moved_on,
        stage.lost,
        stage.open,
        percent(stage.conversion),
        percent(stage.conversion_decided),
        stage.back or "",
        days(stage.time.median),
        days(stage.time.mean),
    ]


def flow_data(funnel: FlowFunnel) -> dict[str, Any]:
    """Return what happened, for programs."""
    return {
        "key": funnel.key,
        "name": funnel.name,
        "opened": funnel.opened,
        "won": funnel.won,
        "lost": funnel.lost,
        "reopened": funnel.reopened,
        "stages": [
            {
                "stage": stage.name,
                "label": stage.label,
                "at_start": stage.at_start,
                "entered": stage.entered,
                "moved_back": stage.back,
                "lost_from": stage.lost_from,
                "at_end": stage.at_end,
                "reasons": _reasons(stage.reasons),
            }
            for stage in funnel.stages
        ],
    }


def show_flows(funnels: Sequence[FlowFunnel], by: str) -> None:
    """Print what happened, stage by stage."""
    headings = headings_of(
        wording("Stage"),
        "",
        wording("At the start"),
        wording("Came in"),
        wording("Moved back"),
        wording("Deals lost"),
        wording("At the end"),
    )
    for funnel in funnels:
        whole = max((stage.entered for stage in funnel.stages), default=0)
        rows: list[list[Any]] = [
            [
                *(stage.label, bar(stage.entered, whole), stage.at_start, stage.entered),
                *(stage.back or "", stage.lost_from, stage.at_end),
            ]
            for stage in funnel.stages
        ]
        print_block(table(headings, rows, title=_title(funnel.name, by), right=range(2, len(headings))))
        happened = (
            (wording("Opened"), funnel.opened),
            (wording("Deals won"), funnel.won),
            (wording("Deals lost"), funnel.lost),
            (wording("Reopened"), funnel.reopened),
        )
        print_block(pairs([(translated(name), number) for name, number in happened]))
        _show_losses(funnel.stages)
    if not funnels:
        say(msg("nothing happened in this period"))


def _show_losses(stages: Sequence[Any]) -> None:
    """Print what was lost from which stage, with the most frequent reasons."""
    most = max((stage.lost_from for stage in stages), default=0)
    if not most:
        return
    rows = []
    for stage in stages:
        why = [
            f"{reason or translated(wording('no reason given'))} ({count:,})"
            for reason, count in stage.reasons.most_common(_MOST_REASONS)
        ]
        rows.append([stage.label, bar(stage.lost_from, most), stage.lost_from, ", ".join(why)])
    headings = headings_of(wording("Lost from"), "", wording("Deals"), wording("Most frequent reasons"))
    print_block(table(headings, rows, right=[2]))


def _reasons(reasons: Any) -> list[dict[str, Any]]:
    return [{"reason": reason, "deals": count} for reason, count in reasons.most_common()]


def _title(name: str, by: str) -> str:
    return "" if by == "all" else f"{translated(GROUPS[by])}: {name or translated(NONE)}"
