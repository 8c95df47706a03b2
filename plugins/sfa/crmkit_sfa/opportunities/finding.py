"""Finding opportunities as people name them, and what their lists show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from uuid import UUID

from crmkit.core.customer import Customer
from crmkit.core.frozen import frozen
from crmkit.core.identity import ExternalIdentity
from crmkit.core.staff import User
from crmkit.core.values.ids import parse_id
from crmkit.plugin import BadInput, Context, NotFound, msg
from crmkit_sfa.naming import names_of
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

    customers: dict[UUID | None, str]
    users: dict[UUID | None, str]

    def customer(self, one: Opportunity) -> str:
        """Return the customer's name; empty without one, or where it may not be seen."""
        return self.customers.get(one.customer_id, "")

    def owner(self, one: Opportunity) -> str:
        """Return the owner's name."""
        return self.users.get(one.owner_id, "")


def named(ctx: Context, opportunities: Sequence[Opportunity], people: Iterable[UUID] = ()) -> Names:
    """Return the names of the customers and owners of opportunities, and of further people: two queries for all of them."""
    customers = {*people, *(one.customer_id for one in opportunities)}
    return Names(names_of(ctx, Customer, customers), names_of(ctx, User, {one.owner_id for one in opportunities}))
