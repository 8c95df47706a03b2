"""The cohort view of the funnel: of the deals opened in a period, how far did they come, and where did they end?

Every deal counts once. A deal that was won has passed every stage; one that skipped a stage counts as having passed it.
Open deals are not over yet: they are shown by themselves, and rates say whether they are among what is divided by.
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

import attrs
import sqlalchemy as sa

from crmkit.plugin import Context
from crmkit_sfa.funnel.closed import sources_of, within
from crmkit_sfa.funnel.duration import StageTime, stage_times
from crmkit_sfa.funnel.steps import Pipeline, history_of, pipeline_of, way_of
from crmkit_sfa.funnel.ways import Step, last_open, moves, steps, stood
from crmkit_sfa.reporting.grouping import Grouping, Key, grouping
from crmkit_sfa.reporting.range import DayRange


@attrs.define(kw_only=True)
class CohortStage:
    """One stage. Numbers are of distinct deals; ``reached`` = ``moved_on`` + ``lost`` + ``open``.

    - ``reached``: came here or further. ``skipped``: of these, never stood here.
    - ``moved_on``: came further, or were won. ``lost`` and ``open``: came no further, and are lost or still open.
    - ``standing``: open deals that stand here now, wherever they have been.
    - ``back``: moves back from here to an earlier stage (moves, not deals).
    - ``lost_from``: deals lost that stood here last, wherever they have been; ``reasons`` counts these by reason.
    """

    name: str
    label: str
    reached: int = 0
    skipped: int = 0
    moved_on: int = 0
    lost: int = 0
    open: int = 0
    standing: int = 0
    back: int = 0
    lost_from: int = 0
    reasons: Counter[str] = attrs.field(factory=Counter)
    time: StageTime = attrs.field(factory=StageTime)

    @property
    def conversion(self) -> Decimal | None:
        """``moved_on`` / ``reached``: a lower bound as long as deals are open, since these may still move on."""
        return Decimal(self.moved_on) / self.reached if self.reached else None

    @property
    def conversion_decided(self) -> Decimal | None:
        """``moved_on`` / (``moved_on`` + ``lost``): of those whose way from here is decided."""
        decided = self.moved_on + self.lost
        return Decimal(self.moved_on) / decided if decided else None


@attrs.define(kw_only=True)
class CohortFunnel:
    """The funnel of one group of deals. ``elsewhere`` are deals that never stood in a stage that the pipeline has."""

    key: str = ""
    name: str = ""
    stages: tuple[CohortStage, ...]
    deals: int = 0
    won: int = 0
    lost: int = 0
    open: int = 0
    elsewhere: int = 0

    @property
    def win_rate(self) -> Decimal | None:
        """Won / (won + lost), from 0 to 1; None when none is decided."""
        return Decimal(self.won) / (self.won + self.lost) if self.won + self.lost else None


def cohort_funnels(
    ctx: Context, *, pipeline: str = "", days: DayRange | None = None, by: str = "all"
) -> list[CohortFunnel]:
    """Return the funnels of deals opened on ``days``, one for each group, the largest first. Two selects."""
    chosen, groups, days = pipeline_of(ctx, pipeline), grouping(ctx, by), days or DayRange()
    found: dict[Key, CohortFunnel] = {}
    for way, category, place, reason, deals, *keys in ctx.session.execute(_ways(ctx, chosen, groups, days)):
        funnel = found.setdefault(groups.key(keys), _empty(chosen))
        _count(funnel, steps(way or ""), category, place, reason, deals)
    for key, place, time in stage_times(ctx, chosen, groups, days):
        if key in found:
            found[key].stages[place].time.add(time)
    names = groups.labels(found)
    for key, funnel in found.items():
        funnel.key, funnel.name = str(key or ""), names.get(key, "")
    return sorted(found.values(), key=lambda funnel: (-funnel.deals, funnel.key))


def _ways(ctx: Context, pipeline: Pipeline, groups: Grouping, days: DayRange) -> sa.Select[Any]:
    """Return how many deals went which way, and how they stand now."""
    deals, history = history_of(ctx)
    customers = groups.customers()
    keys = groups.columns(sources_of(deals, deals.c.opened_on), customers)
    source = deals
    if customers is not None:
        source = deals.outerjoin(customers, customers.c.id == deals.c.customer_id)
    each = [
        way_of(pipeline, deals, history).label("way"),
        deals.c.category,
        pipeline.place(deals.c.stage),
        sa.case((deals.c.category == "lost", deals.c.reason)),
    ]
    return (
        sa.select(*each, sa.func.count(), *keys)
        .select_from(source)
        .where(deals.c.pipeline == pipeline.name, *within(deals.c.opened_on, days))
        .group_by(*each, *keys)
    )


def _empty(pipeline: Pipeline) -> CohortFunnel:
    return CohortFunnel(stages=tuple(CohortStage(name=stage.name, label=stage.label) for stage in pipeline.stages))


def _count(
    funnel: CohortFunnel, way: list[Step], category: str, place: int | None, reason: str | None, deals: int
) -> None:
    """Add deals that went one way and stand in the stage at ``place``, or have ended."""
    stages, stands = funnel.stages, stood(way)
    funnel.deals += deals
    won, lost = category == "won", category == "lost"
    funnel.won += deals * won
    funnel.lost += deals * lost
    funnel.open += deals * (not won and not lost)
    if place is not None and category == "open":
        stages[place].standing += deals
    if lost and (lost_from := last_open(way)) is not None:
        stages[lost_from].lost_from += deals
        stages[lost_from].reasons[reason or ""] += deals
    for move in moves(way):
        if move.back and move.before is not None and move.before.place is not None:
            stages[move.before.place].back += deals
    deepest = len(stages) - 1 if won else max(stands, default=-1)
    if deepest < 0:
        funnel.elsewhere += deals
        return
    for at, stage in enumerate(stages[: deepest + 1]):
        stage.reached += deals
        stage.skipped += deals * (at not in stands)
        if at < deepest or won:
            stage.moved_on += deals
        elif lost:
            stage.lost += deals
        else:
            stage.open += deals
