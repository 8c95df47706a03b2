"""Who is behind the addresses of calendars, and which address somebody has. A select for users and one for customers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.frozen import frozen
from crmkit.core.staff import User
from crmkit.plugin import Context
from crmkit_sfa.activities.entities import ActivityParticipant


@frozen
class Addresses:
    """Mail address and name by id of a user or customer; whoever has no address is told by an URN."""

    known: Mapping[UUID, tuple[str, str]]

    def of(self, one: ActivityParticipant) -> tuple[str, str]:
        """Return the address, without ``mailto:``, and the name of a participant."""
        id = one.user_id or one.customer_id
        mail, name = self.known.get(id, ("", "")) if id is not None else ("", "")
        return one.address or mail or f"urn:uuid:{id or one.id}", one.name or name

    def mail_of(self, id: UUID | None) -> tuple[str, str]:
        """Return mail address and name of a user or customer; empty texts for nobody."""
        return ("", "") if id is None else self.known.get(id, ("", ""))


def addresses_of(ctx: Context, users: Iterable[UUID | None], customers: Iterable[UUID | None]) -> Addresses:
    """Return the addresses of users and customers, as far as the actor may see them."""
    known: dict[UUID, tuple[str, str]] = {}
    wanted = {id for id in users if id is not None}
    if wanted:
        table = ctx.session.table(User)
        for row in ctx.session.execute(
            sa.select(table.c.id, table.c.email, table.c.name).where(table.c.id.in_(wanted))
        ):
            known[row.id] = (row.email or "", row.name or "")
    wanted = {id for id in customers if id is not None}
    if wanted:
        table, point = ctx.session.table(Customer), ctx.session.table(ContactPoint)
        mail: Any = sa.and_(point.c.customer_id == table.c.id, point.c.kind == "email")
        statement = (
            sa.select(table.c.id, table.c.name, point.c.value, point.c.preferred)
            .select_from(table.outerjoin(point, mail))
            .where(table.c.id.in_(wanted))
            .order_by(table.c.id, point.c.preferred.desc(), point.c.id)
        )
        for row in ctx.session.execute(statement):
            known.setdefault(row.id, (row.value or "", row.name or ""))
    return Addresses(known)


@frozen
class People:
    """Users and customers by mail address (folded); an address that several customers share stands for none of them."""

    users: Mapping[str, UUID]
    customers: Mapping[str, UUID]


def people_behind(ctx: Context, addresses: Iterable[str]) -> People:
    """Return who has these addresses, as far as the actor may see them."""
    folded = {address.casefold() for address in addresses if "@" in address}
    if not folded:
        return People({}, {})
    table, point = ctx.session.table(User), ctx.session.table(ContactPoint)
    users = {
        row.email.casefold(): row.id
        for row in ctx.session.execute(
            sa.select(table.c.id, table.c.email).where(table.c.email != "", table.c.state != "departed")
        )
        if row.email and row.email.casefold() in folded
    }
    customers: dict[str, set[UUID]] = {}
    statement = sa.select(point.c.customer_id, point.c.normalized).where(
        point.c.kind == "email", point.c.normalized.in_(sorted(folded))
    )
    for row in ctx.session.execute(statement):
        customers.setdefault(row.normalized, set()).add(row.customer_id)
    return People(users, {mail: next(iter(ids)) for mail, ids in customers.items() if len(ids) == 1})
