"""How deals stand for a forecast: now, from the opportunities; at a moment of the past, from their history. One select.

The amount of every deal counts in the period in which it was closed, or is expected to be. Probabilities are multiplied
in after sums are made, of the deals of one probability at a time: that is exact, and a database's product of two
decimals need not be.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import attrs
import sqlalchemy as sa

from crmkit.core.frozen import frozen
from crmkit.plugin import Context
from crmkit_sfa.funnel.closed import sources_of
from crmkit_sfa.opportunities.days import day_of
from crmkit_sfa.opportunities.entities import Opportunity, OpportunityHistory
from crmkit_sfa.reporting.fiscal import Period
from crmkit_sfa.reporting.grouping import Grouping, Sources
from crmkit_sfa.reporting.money import Exchange
from crmkit_sfa.reporting.range import start_of

UNDATED, OVERDUE = -1, -2
"""In place of a period's number: open deals without a day of closing, and with one before all periods."""


@frozen(kw_only=True)
class _Columns:
    """What the present and the past tell, each in its own words."""

    source: sa.FromClause
    deals: sa.FromClause
    facts: Any
    where: list[sa.ColumnElement[bool]]
    sources: Sources
    closed_in: Any
    closed_on: sa.ColumnElement[Any]


def standing(
    ctx: Context,
    grouping: Grouping,
    exchange: Exchange,
    periods: Sequence[Period],
    *,
    at: datetime | None = None,
    pipeline: str = "",
) -> Iterable[Any]:
    """Return rows of (period's number, category, probability, currency, day, deals, with amount, amount, late, *keys).

    ``periods`` follow one another. ``at`` is an instant of the past, None means now.
    """
    columns = _now(ctx, periods) if at is None else _then(ctx, periods, at)
    facts, open_ = columns.facts, columns.facts.category == "open"
    today = ctx.today() if at is None else day_of(ctx, at)
    first, last = periods[0], periods[-1]
    bucket = sa.case(
        *((sa.and_(open_, facts.close_on >= p.start, facts.close_on < p.end), n) for n, p in enumerate(periods)),
        *((sa.and_(sa.not_(open_), columns.closed_in(p)), n) for n, p in enumerate(periods)),
        (facts.close_on.is_(None), UNDATED),
        else_=OVERDUE,
    )
    category = sa.case(
        (sa.not_(open_), "closed"),
        # Nothing is closed before its stage says so.
        (facts.forecast_category == "closed", "commit"),
        else_=sa.func.coalesce(facts.forecast_category, "pipeline"),
    )
    day = sa.case((open_, facts.close_on), else_=columns.closed_on)
    customers = grouping.customers()
    keys = grouping.columns(columns.sources, customers)
    source = columns.source
    if customers is not None:
        source = source.outerjoin(customers, customers.c.id == columns.deals.c.customer_id)
    each = [
        bucket,
        category,
        sa.case((open_, facts.probability)),
        facts.amount_currency,
        exchange.day(facts.amount_currency, day),
    ]
    due = sa.or_(
        facts.close_on.is_(None),
        sa.and_(facts.close_on < last.end, sa.or_(facts.close_on >= first.start, facts.close_on < today)),
    )
    won = sa.and_(
        facts.category == "won", sa.or_(*[columns.closed_in(p) for p in (attrs.evolve(first, end=last.end),)])
    )
    statement = (
        sa.select(
            *each,
            sa.func.count(),
            sa.func.count(facts.amount_amount),
            sa.func.sum(facts.amount_amount),
            sa.func.sum(sa.case((sa.and_(open_, facts.close_on < today), 1), else_=0)),
            *keys,
        )
        .select_from(source)
        .where(*columns.where, sa.or_(sa.and_(open_, due), won))
        .group_by(*each, *keys)
    )
    if pipeline:
        statement = statement.where(facts.pipeline == pipeline)
    rows: Iterable[Any] = ctx.session.execute(statement)
    return rows


def _now(ctx: Context, periods: Sequence[Period]) -> _Columns:
    deals = ctx.session.table(Opportunity)
    closed = deals.c.closed_on

    def closed_in(period: Period) -> sa.ColumnElement[bool]:
        return sa.and_(closed >= period.start, closed < period.end)

    return _Columns(
        source=deals,
        deals=deals,
        facts=deals.c,
        where=[],
        sources=sources_of(deals, deals.c.close_on),
        closed_in=closed_in,
        closed_on=closed,
    )


def _then(ctx: Context, periods: Sequence[Period], at: datetime) -> _Columns:
    deals, history = ctx.session.table(Opportunity), ctx.session.table(OpportunityHistory)
    facts = history.c
    # Whoever is won since before then was closed on the day that it says; one that was reopened meanwhile says no more
    # than when it had come to be won.
    still = sa.and_(deals.c.category == "won", deals.c.entered_at <= at)

    def closed_in(period: Period) -> sa.ColumnElement[bool]:
        on_day = sa.and_(deals.c.closed_on >= period.start, deals.c.closed_on < period.end)
        since, until = start_of(ctx, period.start), start_of(ctx, period.end)
        return sa.case((still, on_day), else_=sa.and_(facts.valid_from >= since, facts.valid_from < until))

    return _Columns(
        source=history.join(deals, deals.c.id == facts.opportunity_id),
        deals=deals,
        facts=facts,
        where=[facts.valid_from <= at, sa.or_(facts.valid_to.is_(None), facts.valid_to > at)],
        sources=attrs.evolve(sources_of(deals, facts.close_on), owner=facts.salesperson_id, team=facts.salesteam_id),
        closed_in=closed_in,
        closed_on=sa.case((still, deals.c.closed_on), else_=facts.close_on),
    )
