"""Opportunities and leads that nothing is planned for: the ones that are about to be forgotten."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.customer import Customer
from crmkit.core.frozen import frozen
from crmkit.core.staff import User
from crmkit.plugin import Context
from crmkit_sfa.activities.entities import Activity
from crmkit_sfa.leads.entities import Lead
from crmkit_sfa.opportunities.entities import Opportunity

OPEN_LEADS = ("new", "working", "qualified")


@frozen
class WithoutNextStep:
    """An open record without anything planned. ``since`` is when it was changed last."""

    entity: str
    id: UUID
    name: str
    stage: str
    customer: str
    owner: str
    close_on: date | None
    since: datetime | None


def without_next_step(ctx: Context, user: UUID | None = None) -> list[WithoutNextStep]:
    """Return open opportunities and leads with neither a next step nor a planned activity, by the day they close.

    With ``user``, those that the user owns. One select.
    """
    session = ctx.session
    deals, leads = session.table(Opportunity), session.table(Lead)
    activities, customers, users = session.table(Activity), session.table(Customer), session.table(User)

    def planned(reference: Any) -> Any:
        # A series goes on; of one that has ended, nothing is planned any more.
        goes_on = activities.c.recurs_until.is_(None) | (activities.c.recurs_until >= ctx.clock.now())
        return sa.exists(sa.select(1).where(reference, activities.c.status == "planned", goes_on))

    def told(entity: str, table: Any, stage: Any, close: Any, *wanted: Any) -> Any:
        statement = (
            sa.select(
                sa.literal(entity).label("entity"),
                table.c.id.label("id"),
                table.c.name.label("name"),
                stage.label("stage"),
                customers.c.name.label("customer"),
                users.c.name.label("owner"),
                close.label("close_on"),
                table.c.updated_at.label("since"),
            )
            .select_from(table)
            .outerjoin(customers, customers.c.id == table.c.customer_id)
            .outerjoin(users, users.c.id == table.c.owner_id)
            .where(*wanted)
        )
        return statement if user is None else statement.where(table.c.owner_id == user)

    no_day = sa.cast(sa.null(), deals.c.close_on.type)
    both = sa.union_all(
        told(
            "sfa_opportunity",
            deals,
            deals.c.stage,
            deals.c.close_on,
            deals.c.category == "open",
            deals.c.next_step == "",
            ~planned(activities.c.opportunity_id == deals.c.id),
        ),
        told(
            "sfa_lead",
            leads,
            leads.c.status,
            no_day,
            leads.c.status.in_(OPEN_LEADS),
            ~planned(activities.c.lead_id == leads.c.id),
        ),
    ).subquery()
    statement = sa.select(both).order_by(both.c.close_on.is_(None), both.c.close_on, both.c.since, both.c.id)
    return [
        WithoutNextStep(
            row.entity, row.id, row.name or "", row.stage, row.customer or "", row.owner or "", row.close_on, row.since
        )
        for row in session.execute(statement)
    ]
