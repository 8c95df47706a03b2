"""The metrics that come with the plugin, each measured by one select, and those that others bring."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from crmkit.core.interaction import Interaction
from crmkit.plugin import BadInput, Context, did_you_mean, msg
from crmkit_sfa.opportunities.entities import Opportunity
from crmkit_sfa.reporting.money import Exchange
from crmkit_sfa.targets.specs import Measured, Metric, MetricQuestion, MetricsAsked

CONTACTS = ("call", "meeting", "visit", "email", "chat", "letter")
"""Kinds of interactions that count as activities of a salesperson."""


def _won(deals: sa.FromClause, asked: MetricQuestion) -> list[sa.ColumnElement[bool]]:
    c = deals.c
    return [c.category == "won", c.closed_on >= asked.since, c.closed_on < asked.until]


def _opened(deals: sa.FromClause, asked: MetricQuestion) -> list[sa.ColumnElement[bool]]:
    return [deals.c.opened_on >= asked.since, deals.c.opened_on < asked.until]


def _number(ctx: Context, deals: sa.FromClause, where: Sequence[sa.ColumnElement[bool]]) -> Iterator[Measured]:
    each = deals.c.owner_id, deals.c.team_id, deals.c.product_id
    for *keys, number in ctx.session.execute(sa.select(*each, sa.func.count()).where(*where).group_by(*each)):
        yield _measured(keys, Decimal(number), number)


def _value(
    ctx: Context, deals: sa.FromClause, day: sa.ColumnElement[Any], where: Sequence[sa.ColumnElement[bool]]
) -> Iterator[Measured]:
    c = deals.c
    each = c.owner_id, c.team_id, c.product_id, c.amount_currency, Exchange(ctx).day(c.amount_currency, day)
    statement = (
        sa.select(*each, sa.func.count(), sa.func.sum(c.amount_amount))
        .where(c.amount_amount.is_not(None), *where)
        .group_by(*each)
    )
    for *keys, currency, on, number, amount in ctx.session.execute(statement):
        yield _measured(keys, amount, number, currency, on)


def _measured(keys: Sequence[Any], value: Decimal, records: int, currency: str = "", day: Any = None) -> Measured:
    user, team, product = keys
    return Measured(
        value=value, user_id=user, team_id=team, product_id=product, currency=currency, day=day, records=records
    )


def won_count(ctx: Context, asked: MetricQuestion) -> Iterator[Measured]:
    """Opportunities won in the period."""
    deals = ctx.session.table(Opportunity)
    return _number(ctx, deals, _won(deals, asked))


def won_value(ctx: Context, asked: MetricQuestion) -> Iterator[Measured]:
    """What the opportunities won in the period are worth."""
    deals = ctx.session.table(Opportunity)
    return _value(ctx, deals, deals.c.closed_on, _won(deals, asked))


def opened_count(ctx: Context, asked: MetricQuestion) -> Iterator[Measured]:
    """Opportunities opened in the period."""
    deals = ctx.session.table(Opportunity)
    return _number(ctx, deals, _opened(deals, asked))


def opened_value(ctx: Context, asked: MetricQuestion) -> Iterator[Measured]:
    """What the opportunities opened in the period are worth now."""
    deals = ctx.session.table(Opportunity)
    return _value(ctx, deals, deals.c.opened_on, _opened(deals, asked))


def new_customers(ctx: Context, asked: MetricQuestion) -> Iterator[Measured]:
    """Customers whose first won opportunity was won in the period, for who won it."""
    deals = ctx.session.table(Opportunity)
    c = deals.c
    place = sa.func.row_number().over(partition_by=c.customer_id, order_by=[c.closed_on, c.id])
    first = (
        sa.select(c.owner_id, c.team_id, c.product_id, c.closed_on, place.label("place"))
        .where(c.category == "won", c.customer_id.is_not(None), c.closed_on < asked.until)
        .subquery()
    )
    each = first.c.owner_id, first.c.team_id, first.c.product_id
    statement = (
        sa.select(*each, sa.func.count()).where(first.c.place == 1, first.c.closed_on >= asked.since).group_by(*each)
    )
    for *keys, number in ctx.session.execute(statement):
        yield _measured(keys, Decimal(number), number)


def activities(ctx: Context, asked: MetricQuestion) -> Iterator[Measured]:
    """Completed calls, meetings, visits and messages in the period, for who owns them."""
    done = ctx.session.table(Interaction)
    each = done.c.owner_id, done.c.team_id
    statement = (
        sa.select(*each, sa.func.count())
        .where(done.c.status == "completed", done.c.kind.in_(CONTACTS), *_during(done, asked))
        .group_by(*each)
    )
    for user, team, number in ctx.session.execute(statement):
        yield Measured(value=Decimal(number), user_id=user, team_id=team, records=number)


def received(ctx: Context, asked: MetricQuestion) -> Iterator[Measured]:
    """Payments of customers in the period less refunds, for who owns them."""
    done = ctx.session.table(Interaction)
    # Sums of the home currency need no day.
    moment = Exchange(ctx).day(done.c.money_currency, done.c.occurred_at)
    each = done.c.owner_id, done.c.team_id, done.c.money_currency, done.c.kind, moment
    statement = (
        sa.select(*each, sa.func.count(), sa.func.sum(done.c.money_amount))
        .where(done.c.status == "completed", done.c.kind.in_(("payment", "refund")), *_during(done, asked))
        .where(done.c.money_amount.is_not(None))
        .group_by(*each)
    )
    for user, team, currency, kind, at, number, amount in ctx.session.execute(statement):
        yield Measured(
            value=amount if kind == "payment" else -amount,
            user_id=user,
            team_id=team,
            currency=currency,
            day=at.date() if at else None,
            records=number,
        )


def _during(done: sa.FromClause, asked: MetricQuestion) -> list[sa.ColumnElement[bool]]:
    return [done.c.occurred_at >= asked.since_at, done.c.occurred_at < asked.until_at]


STANDARD = (
    Metric(name="won_value", label="Value won", money=True, measure=won_value),
    Metric(name="won_count", label="Deals won", measure=won_count),
    Metric(name="opened_value", label="Value opened", money=True, measure=opened_value),
    Metric(name="opened_count", label="Deals opened", measure=opened_count),
    Metric(name="new_customers", label="New customers", measure=new_customers),
    Metric(name="activities", label="Activities", measure=activities),
    Metric(name="received", label="Money received", money=True, measure=received),
)


def metrics(ctx: Context) -> dict[str, Metric]:
    """Return all metrics by name. Raises BadInput when two plugins bring one of the same name."""
    found: dict[str, Metric] = {}
    for metric in (*STANDARD, *ctx.hooks.collect("collect_sfa_metrics", MetricsAsked())):
        if metric.name in found:
            raise BadInput(msg("metric {value}: it is there already; expected a name of its own", value=metric.name))
        found[metric.name] = metric
    return found


def metric_named(ctx: Context, name: str) -> Metric:
    """Return the metric called ``name``; raises BadInput with the closest one."""
    known = metrics(ctx)
    if name not in known:
        raise BadInput(msg("metric {value}: {hint}", value=name, hint=did_you_mean(name, known)))
    return known[name]
