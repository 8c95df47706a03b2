"""Deals that were decided, added up by one select: number, value and days that they took, by group and outcome."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

import attrs
import sqlalchemy as sa

from crmkit.plugin import Context
from crmkit_sfa.opportunities.entities import Opportunity
from crmkit_sfa.reporting.grouping import Grouping, Key, Sources
from crmkit_sfa.reporting.money import ZERO, Exchange
from crmkit_sfa.reporting.range import DayRange
from crmkit_sfa.reporting.sql import days_between


@attrs.define
class Outcome:
    """Deals of one group that ended one way; ``value`` in the home currency, of ``valued`` of them.

    ``cycles`` counts the deals by the days from their opening to their close.
    """

    deals: int = 0
    value: Decimal = ZERO
    valued: int = 0
    cycles: Counter[int] = attrs.field(factory=Counter)

    def add(self, other: Outcome) -> None:
        """Take in the figures of another one."""
        self.deals += other.deals
        self.value += other.value
        self.valued += other.valued
        self.cycles.update(other.cycles)


@attrs.define
class Decided:
    """What was won and lost of one group."""

    won: Outcome = attrs.field(factory=Outcome)
    lost: Outcome = attrs.field(factory=Outcome)

    @property
    def win_rate(self) -> Decimal | None:
        """Won deals of those decided, from 0 to 1; None when none was decided."""
        decided = self.won.deals + self.lost.deals
        return Decimal(self.won.deals) / decided if decided else None

    @property
    def average(self) -> Decimal | None:
        """The value of a won deal, of those whose value is known; None when there is none."""
        return self.won.value / self.won.valued if self.won.valued else None


def sources_of(deals: sa.FromClause, day: sa.ColumnElement[Any]) -> Sources:
    """Return the columns of opportunities that groups are made of."""
    c = deals.c
    return Sources(
        owner=c.owner_id, team=c.team_id, customer=c.customer_id, product=c.product_id, source=c.lead_source, day=day
    )


def decided(
    ctx: Context, grouping: Grouping, exchange: Exchange, days: DayRange, *, pipeline: str = "", cycles: bool = False
) -> dict[Key, Decided]:
    """Return the deals closed on ``days`` by group, by one select. With ``cycles``, also how long they took."""
    deals = ctx.session.table(Opportunity)
    customers = grouping.customers()
    keys = grouping.columns(sources_of(deals, deals.c.closed_on), customers)
    took = days_between(deals.c.opened_on, deals.c.closed_on) if cycles else None
    each = [
        *keys,
        deals.c.category,
        deals.c.amount_currency,
        exchange.day(deals.c.amount_currency, deals.c.closed_on),
        *([] if took is None else [took]),
    ]
    source = deals
    if customers is not None:
        source = deals.outerjoin(customers, customers.c.id == deals.c.customer_id)
    statement = (
        sa.select(*each, sa.func.count(), sa.func.sum(deals.c.amount_amount))
        .select_from(source)
        .where(deals.c.category.in_(("won", "lost")), *within(deals.c.closed_on, days))
        .group_by(*each)
    )
    if pipeline:
        statement = statement.where(deals.c.pipeline == pipeline)
    found: dict[Key, Decided] = {}
    width = len(keys)
    for row in ctx.session.execute(statement):
        category, currency, day, *rest = row[width:]
        number, amount = rest[-2:]
        group = found.setdefault(grouping.key(row[:width]), Decided())
        outcome = group.won if category == "won" else group.lost
        outcome.deals += number
        if category == "won":
            value = exchange.into_home(amount, currency, day, number)
            if value is not None:
                outcome.value += value
                outcome.valued += number
        if took is not None and rest[0] is not None:
            outcome.cycles[rest[0]] += number
    return found


def within(column: sa.ColumnElement[Any], days: DayRange) -> list[sa.ColumnElement[bool]]:
    """Return the conditions for a day to be one of ``days``."""
    found = []
    if days.since is not None:
        found.append(column >= days.since)
    if days.until is not None:
        found.append(column < days.until)
    return found
