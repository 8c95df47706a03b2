"""The board of a pipeline: its open stages as columns, with their opportunities as cards."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.customer import Customer
from crmkit.core.frozen import frozen
from crmkit.core.staff import User
from crmkit.plugin import Context, Money
from crmkit_sfa.opportunities.entities import Opportunity
from crmkit_sfa.opportunities.pipeline import StageSettings, pipeline_in_force, stage_settings

MOST = 240
"""Cards of a board unless told otherwise; the totals count all."""


@frozen(kw_only=True)
class Card:
    """One opportunity on the board. ``rotting``: it stands in its stage for longer than the pipeline allows."""

    id: UUID
    name: str
    customer: str
    owner: str
    amount: Money | None
    probability: Decimal | None
    close_on: date | None
    overdue: bool
    rotting: bool
    next_step: str


@frozen(kw_only=True)
class Column:
    """One stage: how many opportunities stand there, what they are worth by currency, and the cards."""

    stage: str
    count: int
    amounts: Mapping[str, Decimal]
    cards: tuple[Card, ...]


def board(ctx: Context, pipeline: str = "", *, limit: int = MOST) -> list[Column]:
    """Return the open stages of a pipeline in their order, with the cards whose close is expected soonest.

    Three queries, however many cards there are. Raises NotFound for an unknown pipeline.
    """
    name = pipeline or ctx.config.opportunities.pipeline
    stages = open_stages(ctx, name)
    totals = _totals(ctx, name)
    cards: dict[str, list[Card]] = {}
    for row in ctx.session.execute(_cards(ctx, name).limit(limit)):
        cards.setdefault(row.stage, []).append(_card(ctx, row, stages.get(row.stage)))
    return [
        Column(
            stage=stage,
            count=sum(count for count, _ in totals.get(stage, {}).values()),
            amounts={currency: amount for currency, (_, amount) in totals.get(stage, {}).items() if currency},
            cards=tuple(cards.get(stage, ())),
        )
        for stage in stages
    ]


def open_stages(ctx: Context, pipeline: str) -> dict[str, StageSettings]:
    """Return the open stages of a pipeline by name, in their order."""
    definition = pipeline_in_force(ctx, pipeline)
    return {stage.name: stage_settings(stage) for stage in definition.stages if stage.category == "open"}


def _cards(ctx: Context, pipeline: str) -> sa.Select[Any]:
    deals, customers, users = (ctx.session.table(entity) for entity in (Opportunity, Customer, User))
    return (
        sa.select(
            *(deals.c[name] for name in ("id", "name", "stage", "probability", "close_on", "entered_at", "next_step")),
            deals.c.amount_amount,
            deals.c.amount_currency,
            customers.c.name.label("customer"),
            users.c.name.label("owner"),
        )
        .select_from(
            deals.outerjoin(customers, customers.c.id == deals.c.customer_id).outerjoin(
                users, users.c.id == deals.c.owner_id
            )
        )
        .where(deals.c.pipeline == pipeline, deals.c.category == "open")
        .order_by(deals.c.close_on.is_(None), deals.c.close_on, deals.c.id)
    )


def _totals(ctx: Context, pipeline: str) -> dict[str, dict[str, tuple[int, Decimal]]]:
    """Return count and sum of amounts by stage and currency; the empty currency is that of deals without an amount."""
    deals = ctx.session.table(Opportunity)
    statement = (
        sa.select(deals.c.stage, deals.c.amount_currency, sa.func.count(), sa.func.sum(deals.c.amount_amount))
        .where(deals.c.pipeline == pipeline, deals.c.category == "open")
        .group_by(deals.c.stage, deals.c.amount_currency)
    )
    found: dict[str, dict[str, tuple[int, Decimal]]] = {}
    for stage, currency, count, amount in ctx.session.execute(statement):
        found.setdefault(stage, {})[currency or ""] = (count, amount or Decimal(0))
    return found


def _card(ctx: Context, row: Any, settings: StageSettings | None) -> Card:
    now: datetime = ctx.clock.now()
    days = settings.rot_days if settings is not None else None
    amount = None if row.amount_amount is None else Money(row.amount_amount, row.amount_currency)
    return Card(
        id=row.id,
        name=row.name,
        customer=row.customer or "",
        owner=row.owner or "",
        amount=amount,
        probability=row.probability,
        close_on=row.close_on,
        overdue=row.close_on is not None and row.close_on < ctx.today(),
        rotting=days is not None and row.entered_at is not None and now - row.entered_at > timedelta(days=days),
        next_step=row.next_step,
    )
