"""How fast money comes in: sales velocity and the length of the sales cycle."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import sqlalchemy as sa

from crmkit.core.frozen import frozen
from crmkit.plugin import Context
from crmkit_sfa.funnel.closed import Decided, decided, sources_of
from crmkit_sfa.opportunities.entities import Opportunity
from crmkit_sfa.opportunities.pipeline import pipeline_in_force
from crmkit_sfa.reporting.distribution import mean, median
from crmkit_sfa.reporting.grouping import Grouping, Key, grouping
from crmkit_sfa.reporting.money import Exchange, Unconverted
from crmkit_sfa.reporting.range import DayRange


@frozen(kw_only=True)
class Pace:
    """One row; money in the home currency, lengths in days, None where a figure cannot be told.

    ``velocity`` is money per day: open deals x win rate x average won deal / mean length of a won deal's cycle, the
    "sales velocity equation" as HubSpot, Salesforce and others publish it. ``open`` are the deals that are open now; the
    other three factors come from the deals decided in the period. A cycle runs from the day of opening to the day of closing.
    """

    key: str
    name: str
    open: int
    won: int
    lost: int
    win_rate: Decimal | None
    average: Decimal | None
    won_mean: Decimal | None
    won_median: Decimal | None
    lost_mean: Decimal | None
    lost_median: Decimal | None
    velocity: Decimal | None


@frozen(kw_only=True)
class Velocity:
    """The groups, the fastest first; the whole; what is in no sum for lack of a rate."""

    currency: str
    rows: tuple[Pace, ...]
    total: Pace
    unconverted: tuple[Unconverted, ...]


def velocity(ctx: Context, *, by: str = "all", days: DayRange | None = None, pipeline: str = "") -> Velocity:
    """Return how fast deals are won: open ones as of now, the rest from deals closed on ``days``.

    Raises BadInput for an unknown ``by`` and NotFound for an unknown ``pipeline``.
    """
    if pipeline:
        pipeline_in_force(ctx, pipeline)
    groups, exchange = grouping(ctx, by, WITHOUT_PERIODS), Exchange(ctx)
    found = decided(ctx, groups, exchange, days or DayRange(), pipeline=pipeline, cycles=True)
    standing = _open(ctx, groups, pipeline)
    whole = Decided()
    for one in found.values():
        whole.won.add(one.won)
        whole.lost.add(one.lost)
    names = groups.labels({*found, *standing})
    rows = [
        _pace(str(key or ""), names.get(key, ""), standing[key], found.get(key, Decided()))
        for key in {**found, **standing}
    ]
    rows.sort(key=lambda row: (row.velocity is None, -(row.velocity or 0), -row.won, row.name))
    return Velocity(
        currency=exchange.home,
        rows=tuple(rows),
        total=_pace("", "", sum(standing.values()), whole),
        unconverted=tuple(exchange.unconverted()),
    )


WITHOUT_PERIODS = ("all", "owner", "team", "manager", "region", "territory", "product", "account", "sector", "source")


def _open(ctx: Context, groups: Grouping, pipeline: str) -> Counter[Key]:
    deals = ctx.session.table(Opportunity)
    customers = groups.customers()
    keys = groups.columns(sources_of(deals, deals.c.opened_on), customers)
    source = deals
    if customers is not None:
        source = deals.outerjoin(customers, customers.c.id == deals.c.customer_id)
    statement = sa.select(*keys, sa.func.count()).select_from(source).where(deals.c.category == "open").group_by(*keys)
    if pipeline:
        statement = statement.where(deals.c.pipeline == pipeline)
    found: Counter[Key] = Counter()
    for *values, number in ctx.session.execute(statement):
        found[groups.key(values)] += number
    return found


def _pace(key: str, name: str, open_: int, one: Decided) -> Pace:
    length = mean(one.won.cycles)
    rate, average = one.win_rate, one.average
    speed = None
    if rate is not None and average is not None and length:
        speed = open_ * rate * average / length
    return Pace(
        key=key,
        name=name,
        open=open_,
        won=one.won.deals,
        lost=one.lost.deals,
        win_rate=rate,
        average=average,
        won_mean=length,
        won_median=median(one.won.cycles),
        lost_mean=mean(one.lost.cycles),
        lost_median=median(one.lost.cycles),
        velocity=speed,
    )
