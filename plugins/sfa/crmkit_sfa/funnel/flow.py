"""The flow view of the funnel: what happened in a period, whenever the deals were opened."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import attrs
import sqlalchemy as sa

from crmkit.plugin import Context
from crmkit_sfa.funnel.closed import sources_of
from crmkit_sfa.funnel.steps import Pipeline, history_of, pipeline_of, way_of
from crmkit_sfa.funnel.ways import Step, entered, moves, steps
from crmkit_sfa.reporting.grouping import Grouping, Key, grouping
from crmkit_sfa.reporting.range import DayRange


@attrs.define(kw_only=True)
class FlowStage:
    """One stage in a period.

    - ``at_start`` and ``at_end``: open deals that stood here when the period began and ended.
    - ``entered``: distinct deals that came here or passed it on their way forward, or began or were reopened here.
    - ``back``: moves back from here to an earlier stage. ``lost_from``: losses from here; ``reasons`` counts them.
    """

    name: str
    label: str
    at_start: int = 0
    entered: int = 0
    back: int = 0
    lost_from: int = 0
    at_end: int = 0
    reasons: Counter[str] = attrs.field(factory=Counter)


@attrs.define(kw_only=True)
class FlowFunnel:
    """What happened to one group of deals: ``opened``, ``won``, ``lost`` and ``reopened`` count what happened to them."""

    key: str = ""
    name: str = ""
    stages: tuple[FlowStage, ...]
    opened: int = 0
    won: int = 0
    lost: int = 0
    reopened: int = 0


def flow_funnels(
    ctx: Context, *, pipeline: str = "", days: DayRange | None = None, by: str = "all"
) -> list[FlowFunnel]:
    """Return what happened on ``days``, one funnel for each group, the one with most wins first. One select."""
    chosen, groups = pipeline_of(ctx, pipeline), grouping(ctx, by)
    since, until = (days or DayRange()).instants(ctx)
    found: dict[Key, FlowFunnel] = {}
    for way, reason, deals, *keys in ctx.session.execute(_ways(ctx, chosen, groups, since, until)):
        funnel = found.setdefault(
            groups.key(keys),
            FlowFunnel(stages=tuple(FlowStage(name=stage.name, label=stage.label) for stage in chosen.stages)),
        )
        _count(funnel, steps(way), reason, deals)
    names = groups.labels(found)
    for key, funnel in found.items():
        funnel.key, funnel.name = str(key or ""), names.get(key, "")
    return sorted(found.values(), key=lambda funnel: (-funnel.won, -funnel.opened, funnel.key))


def _count(funnel: FlowFunnel, way: list[Step], reason: str | None, deals: int) -> None:
    """Add deals that went one way."""
    stages = funnel.stages
    if not way[0].recent and way[0].place is not None:
        stages[way[0].place].at_start += deals
    if way[-1].place is not None:
        stages[way[-1].place].at_end += deals
    for place in entered(way, len(stages)):
        stages[place].entered += deals
    for move in moves(way):
        if not move.after.recent:
            continue
        before, after = move.before, move.after
        funnel.opened += deals * (before is None)
        funnel.won += deals * (after.outcome == "won")
        funnel.lost += deals * (after.outcome == "lost")
        ended = before is not None and before.outcome in ("won", "lost")
        funnel.reopened += deals * (ended and after.outcome in ("open", "unknown"))
        if before is None or before.place is None:
            continue
        stages[before.place].back += deals * move.back
        if after.outcome == "lost":
            stages[before.place].lost_from += deals
            stages[before.place].reasons[reason or ""] += deals


def _ways(
    ctx: Context, pipeline: Pipeline, groups: Grouping, since: datetime | None, until: datetime | None
) -> sa.Select[Any]:
    """Return how many deals went which way in the period, from where they stood when it began."""
    deals, history = history_of(ctx)
    touching = [] if until is None else [history.c.valid_from < until]
    if since is not None:
        touching.append(sa.or_(history.c.valid_to.is_(None), history.c.valid_to >= since))
    way = way_of(pipeline, deals, history, touching, since or datetime.min.replace(year=1900, tzinfo=UTC))
    customers = groups.customers()
    keys = groups.columns(sources_of(deals, deals.c.opened_on), customers)
    source = deals
    if customers is not None:
        source = deals.outerjoin(customers, customers.c.id == deals.c.customer_id)
    reason = sa.case((deals.c.category == "lost", deals.c.reason))
    # Those that had ended before and stayed so have nothing to tell.
    concerned = [deals.c.pipeline == pipeline.name]
    if since is not None:
        entered_at = deals.c.entered_at
        concerned.append(sa.or_(deals.c.category == "open", entered_at.is_(None), entered_at >= since))
    told = (
        sa.select(way.label("way"), reason.label("reason"), *[key.label(f"key{n}") for n, key in enumerate(keys)])
        .select_from(source)
        .where(*concerned)
        .subquery("told")
    )
    each = [told.c.way, told.c.reason]
    groups_ = [told.c[f"key{n}"] for n in range(len(keys))]
    statement = sa.select(*each, sa.func.count(), *groups_).where(told.c.way.is_not(None))
    return statement.group_by(*each, *groups_)
