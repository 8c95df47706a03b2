"""Finding opportunities as people name them, and what their lists show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.customer import Customer
from crmkit.core.frozen import frozen
from crmkit.core.identity import ExternalIdentity
from crmkit.core.staff import User
from crmkit.core.values.ids import parse_id
from crmkit.plugin import BadInput, Context, NotFound, msg
from crmkit_sfa.opportunities.entities import Opportunity
from crmkit_sfa.opportunities.pipeline import ENTITY

_MOST_NAMED = 5


def find_opportunity(ctx: Context, needle: str) -> Opportunity:
    """Return the opportunity with this id, number in another system, or name.

    Raises NotFound when there is none, and BadInput when several open ones have the name.
    """
    with suppress(BadInput):
        return ctx.session.get(Opportunity, parse_id(needle))
    known = ctx.session.find(ExternalIdentity, entity=ENTITY, external_id=needle)
    if known is not None:
        return ctx.session.get(Opportunity, known.record_id)
    found = ctx.session.list(Opportunity, name=needle, limit=_MOST_NAMED + 1)
    if len(found) > 1:
        found = [one for one in found if one.category == "open"] or found
    if not found:
        raise NotFound(msg("no opportunity {needle}", needle=repr(needle)))
    if len(found) > 1:
        ids = ", ".join(str(one.id) for one in found[:_MOST_NAMED])
        raise BadInput(
            msg("several opportunities are called {needle}; name one by its id: {ids}", needle=needle, ids=ids)
        )
    return found[0]


@frozen
class Names:
    """What the references of opportunities are called, by id."""

    customers: dict[UUID, str]
    users: dict[UUID, str]

    def customer(self, one: Opportunity) -> str:
        """Return the customer's name; empty without one, or where it may not be seen."""
        return self.customers.get(one.customer_id, "") if one.customer_id else ""

    def owner(self, one: Opportunity) -> str:
        """Return the owner's name."""
        return self.users.get(one.owner_id, "") if one.owner_id else ""


def names_of(ctx: Context, opportunities: Sequence[Opportunity]) -> Names:
    """Return the names of the customers and owners of opportunities: two queries for all of them."""
    customers = {one.customer_id for one in opportunities if one.customer_id}
    users = {one.owner_id for one in opportunities if one.owner_id}
    return Names(_names(ctx, Customer, customers), _names(ctx, User, users))


def _names(ctx: Context, entity: type[Any], ids: Iterable[UUID]) -> dict[UUID, str]:
    wanted = list(ids)
    if not wanted:
        return {}
    table = ctx.session.table(entity)
    rows = ctx.session.execute(sa.select(table.c.id, table.c.name).where(table.c.id.in_(wanted)))
    return {row.id: row.name for row in rows}
