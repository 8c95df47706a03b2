"""Worked-out columns of lists, and the looks of fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast
from uuid import UUID

import sqlalchemy as sa

from crmkit.plugin import Column, Context, FieldType, msg
from crmkit_sfa.opportunities.entities import Opportunity


def days_in_stage(ctx: Context, records: Sequence[Any]) -> Mapping[UUID, int | None]:
    """Return for how many whole days opportunities stand where they stand."""
    now, session = ctx.clock.now(), cast(Any, ctx.session)
    if "entered_at" in session.hidden(Opportunity):
        return {}
    return {one.id: None if one.entered_at is None else (now - one.entered_at).days for one in records}


def open_deals(ctx: Context, records: Sequence[Any]) -> Mapping[UUID, int]:
    """Return how many open opportunities customers have, as far as the reader may see them: one query for a page."""
    deals = ctx.session.table(Opportunity)
    ids = [one.id for one in records]
    statement = (
        sa.select(deals.c.customer_id, sa.func.count())
        .where(deals.c.customer_id.in_(ids), deals.c.category == "open")
        .group_by(deals.c.customer_id)
    )
    found = {row[0]: row[1] for row in ctx.session.execute(statement)}
    return {id: found.get(id, 0) for id in ids}


COLUMNS: list[Column] = [
    Column("sfa.days_in_stage", msg("Days in this stage"), "sfa_opportunity", days_in_stage, numeric=True),
    Column("sfa.open_deals", msg("Open opportunities"), "customer", open_deals, numeric=True),
]

FIELD_TYPES: list[FieldType] = [
    FieldType(
        "sfa.percent",
        msg("Percentage"),
        ("sfa_opportunity.probability", "sfa_quote.discount"),
        "slider",
        {"minimum": 0, "maximum": 100, "step": 5},
    ),
    FieldType("sfa.score", msg("Score"), ("sfa_lead.score",), "gauge"),
]
