"""How long deals stand in a stage: of each deal all its visits together, those still standing there told apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import attrs
import sqlalchemy as sa

from crmkit.plugin import Context
from crmkit_sfa.funnel.closed import sources_of, within
from crmkit_sfa.funnel.steps import Pipeline, history_of
from crmkit_sfa.reporting.distribution import survival_median
from crmkit_sfa.reporting.grouping import Grouping, Key
from crmkit_sfa.reporting.range import DayRange
from crmkit_sfa.reporting.sql import DAY, time_between, whole_days


@attrs.define
class StageTime:
    """Time in a stage: ``ended`` and ``going_on`` count deals by whole days; ``total`` is what ended took, in microseconds.

    Deals that still stand in the stage have not ended: leaving them out would show the quick ones alone (survivor bias),
    taking them as ended would shorten everybody.
    """

    ended: Counter[int] = attrs.field(factory=Counter)
    going_on: Counter[int] = attrs.field(factory=Counter)
    total: int = 0

    def add(self, other: StageTime) -> None:
        """Take in the figures of another one."""
        self.ended.update(other.ended)
        self.going_on.update(other.going_on)
        self.total += other.total

    @property
    def median(self) -> int | None:
        """Days after which half have left, by Kaplan and Meier over all; None when that is not seen yet."""
        return survival_median(self.ended, self.going_on)

    @property
    def mean(self) -> Decimal | None:
        """Mean days of those that have left alone; None when none has."""
        left = self.ended.total()
        return Decimal(self.total) / DAY / left if left else None


def stage_times(
    ctx: Context, pipeline: Pipeline, groups: Grouping, days: DayRange
) -> Iterator[tuple[Key, int, StageTime]]:
    """Yield the times in each stage, by its place, of deals opened on ``days``, by group. One select."""
    for place, still, number_of_days, deals, total, *keys in ctx.session.execute(_times(ctx, pipeline, groups, days)):
        if place is None:
            continue
        time = StageTime()
        if still:
            time.going_on[number_of_days] = deals
        else:
            time.ended[number_of_days] = deals
            time.total = int(total)
        yield groups.key(keys), place, time


def _times(ctx: Context, pipeline: Pipeline, groups: Grouping, days: DayRange) -> sa.Select[Any]:
    deals, history = history_of(ctx)
    place = pipeline.place(history.c.stage)
    customers = groups.customers()
    keys = groups.columns(sources_of(deals, deals.c.opened_on), customers)
    named = [key.label(f"key{n}") for n, key in enumerate(keys)]
    source = history.join(deals, deals.c.id == history.c.opportunity_id)
    if customers is not None:
        source = source.outerjoin(customers, customers.c.id == deals.c.customer_id)
    now = sa.bindparam("now", ctx.clock.now(), type_=history.c.valid_from.type)
    until = sa.func.coalesce(history.c.valid_to, now)
    spent = (
        sa.select(
            place.label("place"),
            sa.func.max(sa.case((history.c.valid_to.is_(None), 1), else_=0)).label("still"),
            sa.func.sum(time_between(history.c.valid_from, until)).label("spent"),
            *named,
        )
        .select_from(source)
        .where(
            history.c.category == "open",
            history.c.pipeline == pipeline.name,
            deals.c.pipeline == pipeline.name,
            *within(deals.c.opened_on, days),
        )
        .group_by(history.c.opportunity_id, place, *keys)
        .cte("spent")
    )
    each = [spent.c.place, spent.c.still, whole_days(spent.c.spent)]
    return sa.select(
        *each, sa.func.count(), sa.func.sum(spent.c.spent), *[spent.c[key.name] for key in named]
    ).group_by(*each, *[spent.c[key.name] for key in named])
