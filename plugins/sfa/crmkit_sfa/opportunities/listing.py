"""Lists of opportunities: which ones, and what is to be seen of them."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from crmkit.core.frozen import frozen
from crmkit.plugin import Context
from crmkit_sfa.opportunities.board import open_stages
from crmkit_sfa.opportunities.entities import Opportunity


@frozen(kw_only=True)
class Wanted:
    """Which opportunities a list is of. ``overdue``: open, and expected to be decided before today; ``rotting``: open, and
    in their stage for longer than the pipeline allows; ``filter`` is in the core's filter language."""

    category: str = ""
    stage: str = ""
    pipeline: str = ""
    owner_id: Any = None
    customer_id: Any = None
    without_customer: bool = False
    without_next_step: bool = False
    overdue: bool = False
    rotting: bool = False
    filter: str = ""


def listed(ctx: Context, wanted: Wanted, *, limit: int | None = None) -> list[Opportunity]:
    """Return the opportunities that are wanted: those first whose decision is expected soonest, then those without a day.

    Raises BadInput for a filter that cannot be read.
    """
    parts = _filter(ctx, wanted)
    if parts is None:
        return []
    found: list[Opportunity] = []
    for place, order in (("close_on is not empty", "close_on,name"), ("close_on is empty", "name")):
        left = None if limit is None else limit - len(found)
        if left != 0:
            condition = " and ".join([*parts, place])
            found += ctx.session.list(Opportunity, condition, order=order, limit=left, **_equal(wanted))
    return found


def counted(ctx: Context, wanted: Wanted) -> int:
    """Return how many opportunities are wanted."""
    parts = _filter(ctx, wanted)
    return 0 if parts is None else ctx.session.count(Opportunity, " and ".join(parts), **_equal(wanted))


def _equal(wanted: Wanted) -> dict[str, Any]:
    given = {
        "category": wanted.category,
        "stage": wanted.stage,
        "pipeline": wanted.pipeline,
        "owner_id": wanted.owner_id,
        "customer_id": wanted.customer_id,
    }
    return {name: value for name, value in given.items() if value}


def _filter(ctx: Context, wanted: Wanted) -> list[str] | None:
    """Return what opportunities must meet, to be joined by "and"; None when none can."""
    parts = [f"({wanted.filter})"] if wanted.filter else []
    if wanted.without_customer:
        parts.append("customer_id is empty")
    if wanted.without_next_step:
        parts.append("category = open and next_step is empty and next_step_on is empty")
    if wanted.overdue:
        parts.append(f"category = open and close_on < {ctx.today().isoformat()}")
    if wanted.rotting:
        late = _late(ctx, wanted)
        if not late:
            return None
        parts.append(f"category = open and ({' or '.join(late)})")
    return parts


def _late(ctx: Context, wanted: Wanted) -> list[str]:
    """Return which opportunities stand for too long: each stage has a day of its own before which they came there."""
    stages = open_stages(ctx, wanted.pipeline or ctx.config.opportunities.pipeline)
    midnight = datetime.combine(ctx.today(), time(), ZoneInfo(ctx.timezone))
    return [
        f"(stage = {name} and entered_at < {(midnight - timedelta(days=settings.rot_days)).isoformat()})"
        for name, settings in stages.items()
        if settings.rot_days is not None
    ]
