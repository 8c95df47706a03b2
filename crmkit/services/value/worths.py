"""Reads customers' figures by aggregates over what the session shows; currencies are converted by the rate of the day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import attrs
import sqlalchemy as sa

from crmkit.core.customer import Customer
from crmkit.core.exchange_rate import ExchangeRate
from crmkit.core.interaction import Interaction, InteractionKind, InteractionLine, InteractionParticipant
from crmkit.core.product import Product
from crmkit.core.values.money import Money
from crmkit.core.worth import ZERO, Rates, Retention, Worth
from crmkit.store.session import Session


@attrs.define
class _Sums:
    revenue: Decimal = ZERO
    product_cost: Decimal | None = ZERO
    cost: Decimal = ZERO
    purchases: int = 0
    first: datetime | None = None
    last: datetime | None = None


def customer_worths(
    session: Session,
    kinds: Mapping[str, InteractionKind],
    currency: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    contact_costs: Mapping[str, Money] | None = None,
) -> list[Worth]:
    """Return the figures of every customer with a completed interaction in the period, the largest revenue first.

    ``since`` is included, ``until`` is not. ``contact_costs`` says what one contact of a kind costs. Raises BadInput when
    an exchange rate into ``currency`` is missing.
    """
    rates = _rates(session)
    sums: dict[UUID, _Sums] = {}
    _add_money(session, kinds, currency, rates, sums, since, until)
    _add_product_costs(session, kinds, currency, rates, sums, since, until)
    _add_contacts(session, currency, rates, sums, contact_costs or {}, since, until)
    customers = session.table(Customer)
    rows: Iterable[Any] = session.execute(sa.select(customers.c.id, customers.c.name)) if sums else ()
    names = dict(tuple(row) for row in rows)
    found = [
        Worth(
            customer_id=customer,
            name=names[customer],
            revenue=s.revenue,
            product_cost=s.product_cost,
            cost_to_serve=s.cost,
            purchases=s.purchases,
            first_purchase=s.first,
            last_purchase=s.last,
        )
        for customer, s in sums.items()
        if customer in names
    ]
    return sorted(found, key=lambda worth: (-worth.revenue, worth.name))


def retention(
    session: Session,
    kinds: Mapping[str, InteractionKind],
    earlier: tuple[datetime, datetime],
    later: tuple[datetime, datetime],
) -> Retention:
    """Return how many customers who bought in the earlier period bought in the later one. Ends are not included."""
    before, after = (_buyers(session, kinds, *period) for period in (earlier, later))
    return Retention(len(before), len(before & after))


def _buyers(session: Session, kinds: Mapping[str, InteractionKind], since: datetime, until: datetime) -> set[UUID]:
    interactions = session.table(Interaction)
    bought = interactions.c.kind.in_(_revenue_kinds(kinds, False))
    statement = _contacts(session, interactions, since, until).where(bought).distinct()
    return {row[0] for row in session.execute(statement)}


def _add_money(
    session: Session,
    kinds: Mapping[str, InteractionKind],
    currency: str,
    rates: Rates,
    sums: dict[UUID, _Sums],
    since: datetime | None,
    until: datetime | None,
) -> None:
    """Add revenue, what contacts themselves cost, and when purchases were made. One row per customer, kind and moment."""
    interactions = session.table(Interaction)
    each = interactions.c.kind, interactions.c.money_currency, interactions.c.occurred_at
    statement = (
        _contacts(session, interactions, since, until, each)
        .add_columns(sa.func.sum(interactions.c.money_amount), sa.func.count())
        .where(interactions.c.money_amount.is_not(None))
    )
    rows: Iterable[Any] = session.execute(statement)
    for customer, kind, money_currency, at, amount, count in rows:
        role = kinds[kind].money if kind in kinds else "none"
        if role not in ("revenue", "cost"):
            continue
        value = rates.convert(amount, money_currency, currency, at.date())
        entry = sums.setdefault(customer, _Sums())
        if role == "cost":
            entry.cost += value
        elif kind == "return":
            entry.revenue -= value
        else:
            entry.revenue += value
            entry.purchases += count
            entry.first = min(entry.first or at, at)
            entry.last = max(entry.last or at, at)


def _add_product_costs(
    session: Session,
    kinds: Mapping[str, InteractionKind],
    currency: str,
    rates: Rates,
    sums: dict[UUID, _Sums],
    since: datetime | None,
    until: datetime | None,
) -> None:
    """Add quantity times cost per product. A product without a cost leaves the customer's margin unknown."""
    interactions = session.table(Interaction)
    lines, products = session.table(InteractionLine), session.table(Product)
    each = interactions.c.kind, products.c.cost_amount, products.c.cost_currency
    statement = (
        _contacts(session, interactions, since, until, each)
        .add_columns(sa.func.max(interactions.c.occurred_at), sa.func.sum(lines.c.quantity))
        .join(lines, lines.c.interaction_id == interactions.c.id)
        .outerjoin(products, products.c.id == lines.c.product_id)
        .where(interactions.c.kind.in_(_revenue_kinds(kinds, True)))
    )
    rows: Iterable[Any] = session.execute(statement)
    for customer, kind, cost, cost_currency, at, quantity in rows:
        entry = sums.setdefault(customer, _Sums())
        if cost is None:
            entry.product_cost = None
        elif entry.product_cost is not None:
            value = rates.convert(cost, cost_currency, currency, at.date()) * quantity
            entry.product_cost += -value if kind == "return" else value


def _add_contacts(
    session: Session,
    currency: str,
    rates: Rates,
    sums: dict[UUID, _Sums],
    contact_costs: Mapping[str, Money],
    since: datetime | None,
    until: datetime | None,
) -> None:
    if not contact_costs:
        return
    interactions = session.table(Interaction)
    statement = (
        _contacts(session, interactions, since, until, (interactions.c.kind,))
        .add_columns(sa.func.count(), sa.func.max(interactions.c.occurred_at))
        .where(interactions.c.kind.in_(sorted(contact_costs)))
    )
    rows: Iterable[Any] = session.execute(statement)
    for customer, kind, count, at in rows:
        cost = contact_costs[kind]
        sums.setdefault(customer, _Sums()).cost += (
            rates.convert(cost.amount, cost.currency, currency, at.date()) * count
        )


def _contacts(
    session: Session,
    interactions: sa.FromClause,
    since: datetime | None,
    until: datetime | None,
    each: Sequence[sa.ColumnElement[Any]] = (),
) -> sa.Select[Any]:
    """Return the customers of completed interactions in a period, with ``each`` of these columns and grouped by them."""
    participants = session.table(InteractionParticipant)
    customer = participants.c.customer_id
    statement = (
        sa.select(customer, *each)
        .select_from(participants.join(interactions, interactions.c.id == participants.c.interaction_id))
        .where(customer.is_not(None), participants.c.role == "customer", interactions.c.status == "completed")
    )
    if since is not None:
        statement = statement.where(interactions.c.occurred_at >= since)
    if until is not None:
        statement = statement.where(interactions.c.occurred_at < until)
    return statement.group_by(customer, *each) if each else statement


def _revenue_kinds(kinds: Mapping[str, InteractionKind], returns: bool) -> list[str]:
    return [name for name, kind in kinds.items() if kind.money == "revenue" and (returns or name != "return")]


def _rates(session: Session) -> Rates:
    return Rates((rate.base, rate.quote, rate.valid_from, rate.rate) for rate in session.list(ExchangeRate))
