"""Relationships for customers that have none: what the customer's lifecycle is kept on."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from crmkit.core.customer import Customer
from crmkit.core.interaction import InteractionParticipant
from crmkit.core.lifecycle import Relationship
from crmkit.store.session import Session

BATCH = 1_000


def ensure_relationships(session: Session, filter: str = "", line_of_business: str = "default") -> int:
    """Give every customer that matches ``filter`` a relationship in a line of business; returns how many are new.

    A relationship begins on the day (UTC) of the customer's first interaction, or else of its entry. Its owner is that
    of the customer.
    """
    made = 0
    waiting: list[Customer] = []
    for customer in session.stream(Customer, filter or None, size=BATCH):
        waiting.append(customer)
        if len(waiting) == BATCH:
            made += _relate(session, waiting, line_of_business)
            waiting = []
    return made + _relate(session, waiting, line_of_business)


def _relate(session: Session, customers: list[Customer], line_of_business: str) -> int:
    ids = [customer.id for customer in customers]
    if not ids:
        return 0
    known = {r.customer_id for r in session.list(Relationship, customer_id=ids, line_of_business=line_of_business)}
    part = session.table(InteractionParticipant)
    earliest = (
        sa.select(part.c.customer_id, sa.func.min(part.c.occurred_at, type_=part.c.occurred_at.type))
        .where(part.c.customer_id.in_(ids))
        .group_by(part.c.customer_id)
    )
    rows: Iterable[Any] = session.execute(earliest)
    first: dict[object, datetime | None] = {row[0]: row[1] for row in rows}
    now = session.clock.now()
    new = [customer for customer in customers if customer.id not in known]
    for customer in new:
        entered = customer.created_at or now
        since = min(first.get(customer.id) or entered, entered, now)
        session.add(
            Relationship(
                customer_id=customer.id,
                line_of_business=line_of_business,
                since=since.date(),
                owner_id=customer.owner_id,
                team_id=customer.team_id,
            )
        )
    session.flush()
    return len(new)
