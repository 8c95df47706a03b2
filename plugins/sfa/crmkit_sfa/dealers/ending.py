"""When a dealer leaves: its users are frozen, what is open comes back or goes to an heir, its history stays."""

from __future__ import annotations

from typing import Any

from crmkit.core.customer import Customer
from crmkit.core.frozen import frozen
from crmkit.core.staff import RecordShare, RoleAssignment, User
from crmkit.plugin import AccessDenied, BadInput, Conflict, Context, change, msg
from crmkit_sfa.dealers.belonging import dealer_of, organization_of, untie, users_of
from crmkit_sfa.dealers.entities import DealerOffer, DealRegistration
from crmkit_sfa.dealers.offering import is_open
from crmkit_sfa.leads.entities import Lead
from crmkit_sfa.leads.statuses import OPEN, RESTING
from crmkit_sfa.opportunities.entities import Opportunity


@frozen
class DealerEnded:
    """What came of it: users frozen, offers withdrawn, registrations withdrawn, and what passed to the heir."""

    dealer: str
    heir: str
    users: int
    offers: int
    registrations: int
    leads: int
    deals: int
    customers: int


def end_dealer(ctx: Context, organization: Customer, *, heir: User | None = None, note: str = "") -> DealerEnded:
    """End the work with a dealer, in one transaction; by default its manager is the heir. Returns what was done.

    Open leads, deals and all customers that its users own pass to the heir; won and lost deals, answered offers and
    interactions stay theirs. It is no dealer of any customer any more, and its users have no role and no share left.
    Raises AccessDenied, BadInput without an heir, Conflict for a dealer that has ended already.
    """
    actor: Any = ctx.actor
    own = organization_of(ctx)
    dealer = dealer_of(ctx, organization) if own is None else None
    if dealer is None or not (actor.everything or ctx.services.why(dealer, "update").allowed):
        raise AccessDenied(msg("{actor} may not end the work with {name}", actor=actor.name, name=organization.name))
    if dealer.state == "ended":
        raise Conflict(msg("{name} is not our dealer any more", name=organization.name))
    with ctx.elevated("takes back what a dealer had"):
        taker = heir or (ctx.session.get(User, dealer.manager_id) if dealer.manager_id else None)
        if taker is None or taker.state != "active" or taker.customer_id is not None:
            raise BadInput(msg("name an heir: an active user who belongs to no dealer"))
        users = users_of(ctx, organization.id, active=False)
        theirs = [user.id for user in users]
        offers = _end_offers(ctx, organization, note or "the dealer has left")
        registrations = _end_registrations(ctx, organization)
        moved = {"leads": 0, "deals": 0, "customers": 0}
        if theirs:
            statuses = ", ".join((*OPEN, *RESTING))
            moved["leads"] = _pass(ctx, Lead, f"status in ({statuses})", theirs, taker)
            moved["deals"] = _pass(ctx, Opportunity, "category = open", theirs, taker)
            moved["customers"] = _pass(ctx, Customer, None, theirs, taker)
            ctx.session.delete(*ctx.session.list(RecordShare, user_id=theirs))
            ctx.session.delete(*ctx.session.list(RoleAssignment, user_id=theirs))
        untie(ctx, organization.id)
        for user in users:
            if user.state == "active":
                ctx.services.freeze(user)
        ctx.session.update(change(dealer, state="ended", ended_on=ctx.today(), note=note or dealer.note))
        return DealerEnded(
            dealer=organization.name,
            heir=taker.name,
            users=sum(user.state == "active" for user in users),
            offers=offers,
            registrations=registrations,
            **moved,
        )


def _pass(ctx: Context, entity: type[Any], filter: str | None, owners: list[Any], heir: User) -> int:
    """Give records to the heir; the team that they belong to stays, where head office has it."""
    found = ctx.session.list(entity, filter, owner_id=owners)
    for record in found:
        ctx.session.update(change(record, owner_id=heir.id, team_id=heir.team_id or record.team_id))
    return len(found)


def _end_offers(ctx: Context, organization: Customer, reason: str) -> int:
    """Withdraw what waits and return how much; what was accepted and is still open counts as come back."""
    found = ctx.session.list(DealerOffer, "state in (offered, accepted)", dealer_id=organization.id)
    leads = [one.lead_id for one in found if one.lead_id is not None]
    deals = [one.opportunity_id for one in found if one.opportunity_id is not None]
    open_ = {lead.id for lead in ctx.session.list(Lead, id=leads) if is_open(lead)} if leads else set()
    open_ |= {deal.id for deal in ctx.session.list(Opportunity, id=deals) if is_open(deal)} if deals else set()
    now = ctx.clock.now()
    for one in found:
        if one.state == "offered":
            ctx.session.update(change(one, state="withdrawn", ended_at=now))
        elif (one.lead_id or one.opportunity_id) in open_:
            ctx.session.update(change(one, state="returned", ended_at=now, answer=reason))
    return sum(one.state == "offered" for one in found)


def _end_registrations(ctx: Context, organization: Customer) -> int:
    found = ctx.session.list(DealRegistration, "state in (submitted, approved)", dealer_id=organization.id)
    for one in found:
        ctx.session.update(change(one, state="withdrawn"))
    return len(found)
