"""What became of what dealers were given: offers, leads, deals and value of each, as they are at this moment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from statistics import median
from typing import Any
from uuid import UUID

import attrs
import sqlalchemy as sa

from crmkit.core.customer import Customer
from crmkit.plugin import Context
from crmkit_sfa.dealers.belonging import dealer_by_user
from crmkit_sfa.dealers.entities import Dealer, DealerOffer
from crmkit_sfa.leads.entities import Lead
from crmkit_sfa.leads.statuses import OPEN
from crmkit_sfa.naming import names_beside
from crmkit_sfa.opportunities.entities import Opportunity
from crmkit_sfa.reporting.money import Exchange
from crmkit_sfa.transfers.deadlines import hours_between

ZERO = Decimal(0)


@attrs.define
class DealerProgress:
    """One dealer: offers by what became of them, leads and deals that its users own, and value in the home currency.

    ``answer_hours`` is the median time to an answer, None without one. ``found`` counts customers that its users have
    entered and own.
    """

    dealer_id: UUID
    dealer: str = ""
    state: str = "active"
    offered: int = 0
    accepted: int = 0
    declined: int = 0
    expired: int = 0
    returned: int = 0
    answer_hours: Decimal | None = None
    open_leads: int = 0
    converted: int = 0
    open_deals: int = 0
    won_deals: int = 0
    lost_deals: int = 0
    open_value: Decimal = ZERO
    won_value: Decimal = ZERO
    found: int = 0


def progress(ctx: Context, since: datetime | None = None, until: datetime | None = None) -> list[DealerProgress]:
    """Return the progress of every dealer that the actor may see, by name.

    ``since`` (included) and ``until`` (not included) narrow offers by when they were made and decided deals by the day of
    their decision; what is open counts as it is now. Amounts without a rate are in no sum.
    """
    rows = {one.customer_id: DealerProgress(one.customer_id, state=one.state) for one in ctx.session.list(Dealer)}
    names = names_beside(ctx, Customer, rows)
    of_user = {user: dealer for user, dealer in dealer_by_user(ctx).items() if dealer in rows}
    for id, row in rows.items():
        row.dealer = names.get(id, "")
    _add_offers(ctx, rows, since, until)
    _add_leads(ctx, rows, of_user)
    _add_deals(ctx, rows, of_user, since, until)
    _add_found(ctx, rows, of_user)
    return sorted(rows.values(), key=lambda row: (row.state != "active", row.dealer, row.dealer_id))


def _add_offers(
    ctx: Context, rows: Mapping[UUID, DealerProgress], since: datetime | None, until: datetime | None
) -> None:
    table = ctx.session.table(DealerOffer)
    statement = sa.select(table.c.dealer_id, table.c.state, table.c.offered_at, table.c.answered_at, table.c.ended_at)
    if since is not None:
        statement = statement.where(table.c.offered_at >= since)
    if until is not None:
        statement = statement.where(table.c.offered_at < until)
    hours: dict[UUID, list[Decimal]] = {}
    for dealer_id, state, offered_at, answered_at, _ in ctx.session.execute(statement):
        row = rows.get(dealer_id)
        if row is None:
            continue
        row.offered += 1
        row.accepted += state in ("accepted", "returned")
        row.declined += state == "declined"
        row.expired += state == "expired"
        row.returned += state == "returned"
        if answered_at is not None:
            spent = hours_between(ctx, ctx.config.dealers.calendar, offered_at, answered_at)
            hours.setdefault(dealer_id, []).append(spent)
    for dealer_id, spent_hours in hours.items():
        rows[dealer_id].answer_hours = median(spent_hours)


def _add_leads(ctx: Context, rows: Mapping[UUID, DealerProgress], of_user: Mapping[UUID, UUID]) -> None:
    for owner, status, count in _grouped(ctx, Lead, "status", of_user):
        row = rows[of_user[owner]]
        row.open_leads += count if status in OPEN else 0
        row.converted += count if status == "converted" else 0


def _add_deals(
    ctx: Context,
    rows: Mapping[UUID, DealerProgress],
    of_user: Mapping[UUID, UUID],
    since: datetime | None,
    until: datetime | None,
) -> None:
    if not of_user:
        return
    deals, exchange = ctx.session.table(Opportunity), Exchange(ctx)
    amount, currency = deals.c.amount_amount, deals.c.amount_currency
    day = exchange.day(currency, deals.c.closed_on)
    statement = sa.select(
        deals.c.owner_id, deals.c.category, currency, day, sa.func.count(), sa.func.sum(amount)
    ).where(deals.c.owner_id.in_(sorted(of_user)))
    decided = deals.c.closed_on
    if since is not None:
        statement = statement.where(sa.or_(decided.is_(None), decided >= since.date()))
    if until is not None:
        statement = statement.where(sa.or_(decided.is_(None), decided < until.date()))
    grouped = statement.group_by(deals.c.owner_id, deals.c.category, currency, day)
    for owner, category, code, on, count, total in ctx.session.execute(grouped):
        row = rows[of_user[owner]]
        value = exchange.into_home(total, code, on, count) or ZERO
        row.open_deals += count if category == "open" else 0
        row.won_deals += count if category == "won" else 0
        row.lost_deals += count if category == "lost" else 0
        row.open_value += value if category == "open" else ZERO
        row.won_value += value if category == "won" else ZERO


def _add_found(ctx: Context, rows: Mapping[UUID, DealerProgress], of_user: Mapping[UUID, UUID]) -> None:
    for owner, _, count in _grouped(ctx, Customer, "kind", of_user):
        rows[of_user[owner]].found += count


def _grouped(ctx: Context, entity: type[Any], field: str, of_user: Mapping[UUID, UUID]) -> list[Any]:
    """Return owner, value of ``field`` and number of the records that users of dealers own."""
    if not of_user:
        return []
    table = ctx.session.table(entity)
    statement = sa.select(table.c.owner_id, table.c[field], sa.func.count()).where(
        table.c.owner_id.in_(sorted(of_user))
    )
    return list(ctx.session.execute(statement.group_by(table.c.owner_id, table.c[field])))
