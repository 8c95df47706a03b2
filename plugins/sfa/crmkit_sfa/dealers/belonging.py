"""Which users and customers are a dealer's, and who looks after it. Asked with every right: what they answer is decided on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from crmkit.core.customer import Customer, CustomerRelation
from crmkit.core.staff import User
from crmkit.plugin import BadInput, Context, NotFound, change, msg
from crmkit_sfa.dealers.entities import Dealer

DEALER_OF = "dealer_of"


def organization_of(ctx: Context) -> UUID | None:
    """Return the dealer that the actor is a user of; None for everybody else."""
    actor: Any = ctx.actor
    found: UUID | None = None if actor.everything else actor.organization_id
    return found


def users_of(ctx: Context, dealer_id: UUID, *, active: bool = True) -> list[User]:
    """Return the users of a dealer, by login."""
    found = ctx.session.list(User, customer_id=dealer_id, order="login")
    return [user for user in found if user.state == "active" or not active]


def dealer_by_user(ctx: Context) -> Mapping[UUID, UUID]:
    """Return the dealer of each user that is bound to an organization, also of those who are not active any more."""
    with ctx.elevated("whose users are dealers' decides what is counted for them"):
        bound = ctx.session.list(User, "customer_id is not empty")
    return {user.id: user.customer_id for user in bound if user.customer_id is not None}


def dealer_of(ctx: Context, organization: Customer) -> Dealer:
    """Return what is kept of a dealer; raises NotFound for an organization that is none."""
    found = ctx.session.find(Dealer, customer_id=organization.id)
    if found is None:
        raise NotFound(msg("{name} is no dealer; add it with: crmkit sfa dealer add", name=organization.name))
    return found


def receiver(ctx: Context, dealer_id: UUID, to: User | None) -> User:
    """Return whom of a dealer's users something goes to: the one named, else the first. Raises BadInput."""
    users = users_of(ctx, dealer_id)
    if to is not None:
        if to.id not in {user.id for user in users}:
            raise BadInput(msg("{login} is no active user of this dealer", login=to.login))
        return to
    if not users:
        raise BadInput(msg("the dealer has no active user who could answer"))
    return users[0]


def tie(ctx: Context, dealer_id: UUID, customers: Iterable[UUID | None]) -> None:
    """Make an organization the dealer of customers from today on, so that its users see them."""
    wanted = {id for id in customers if id is not None and id != dealer_id}
    today = ctx.today()
    known = (
        ctx.session.list(CustomerRelation, from_id=dealer_id, type=DEALER_OF, to_id=sorted(wanted)) if wanted else []
    )
    for link in known:
        wanted.discard(link.to_id)
        if link.valid_until is not None and link.valid_until < today:
            ctx.session.update(change(link, valid_until=None))
    for id in sorted(wanted):
        ctx.session.add(CustomerRelation(from_id=dealer_id, to_id=id, type=DEALER_OF, valid_from=today))


def untie(ctx: Context, dealer_id: UUID, customers: Iterable[UUID | None] | None = None) -> None:
    """End what ties a dealer to customers (by default to all): from now on its users do not see them."""
    today = ctx.today()
    some = None if customers is None else {id for id in customers if id is not None}
    for link in ctx.session.list(CustomerRelation, from_id=dealer_id, type=DEALER_OF):
        if (some is not None and link.to_id not in some) or (link.valid_until is not None and link.valid_until < today):
            continue
        yesterday = today - timedelta(days=1)
        if link.valid_from is not None and link.valid_from > yesterday:
            # It began today: a relation cannot end before it began.
            ctx.session.delete(link)
        else:
            ctx.session.update(change(link, valid_until=yesterday))
