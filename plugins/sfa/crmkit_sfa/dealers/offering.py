"""Offering leads and deals to dealers. The lead itself moves on acceptance only; nothing of it is lost when they decline."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from crmkit.core.customer import Customer
from crmkit.core.product import Product
from crmkit.core.staff import RecordShare, User
from crmkit.plugin import AccessDenied, BadInput, Conflict, Context, NotFound, change, msg
from crmkit_sfa.dealers.belonging import dealer_of, organization_of, receiver, tie, untie
from crmkit_sfa.dealers.entities import DealerOffer
from crmkit_sfa.dealers.masking import masked_text
from crmkit_sfa.dealers.settings import DealerSettings
from crmkit_sfa.leads.entities import Lead
from crmkit_sfa.leads.statuses import OPEN
from crmkit_sfa.opportunities.entities import Opportunity, OpportunityContact
from crmkit_sfa.transfers.deadlines import due_after

Offered = Lead | Opportunity


def offer(
    ctx: Context,
    record: Offered,
    dealer: Customer,
    *,
    to: User | None = None,
    region: str = "",
    interest: str = "",
    message: str = "",
    hours: int = 0,
) -> DealerOffer:
    """Offer a lead or deal to a dealer and return the offer; it stays with its owner until the dealer accepts.

    The dealer sees region, product, interest and value, by default what can be told of the record; ``interest`` is
    masked, whoever wrote it. ``to`` is one of its users, by default the first. Raises AccessDenied without the right to
    assign, BadInput for a record that is not open, NotFound for an organization that is no dealer, and Conflict when it
    is offered already.
    """
    settings: DealerSettings = ctx.config.dealers
    actor: Any = ctx.actor
    if organization_of(ctx) is not None or not (actor.everything or ctx.services.why(record, "assign").allowed):
        raise AccessDenied(msg("{actor} may not offer it: it takes the right to assign it", actor=actor.name))
    if not is_open(record):
        raise BadInput(msg("{name} is not open any more", name=record.name))
    now = ctx.clock.now()
    with ctx.elevated("offers to somebody who may not see it yet"):
        if dealer_of(ctx, dealer).state != "active":
            raise BadInput(msg("{name} is not our dealer any more", name=dealer.name))
        user = receiver(ctx, dealer.id, to)
        customer = None if record.customer_id is None else ctx.session.get(Customer, record.customer_id)
        product = None if record.product_id is None else ctx.session.get(Product, record.product_id)
        lead = record if isinstance(record, Lead) else None
        told = interest or (lead.interest if lead is not None else "")
        names = identifying(record, customer, *_contacts(ctx, record))
        made = DealerOffer(
            dealer_id=dealer.id,
            lead_id=None if lead is None else lead.id,
            opportunity_id=record.id if lead is None else None,
            region=masked_text(region, names)
            or (lead.country if lead else "")
            or (customer.country if customer else ""),
            product="" if product is None else product.name,
            interest=masked_text(told, names),
            estimated=lead.estimated if lead is not None else getattr(record, "amount", None),
            message=masked_text(message, names),
            offered_at=now,
            expires_at=due_after(ctx, settings.calendar, now, hours or settings.answer_hours),
            sent_by_id=actor.user_id or record.owner_id,
            owner_id=user.id,
            team_id=record.team_id,
        )
        if ctx.session.count(DealerOffer, f"open_key = '{record.id}'"):
            raise Conflict(msg("it is offered to a dealer already; withdraw that first"))
        ctx.session.add(made)
        return ctx.session.get(DealerOffer, made.id)


def identifying(record: Offered, *customers: Customer | None) -> list[str]:
    """Return the texts of a record that tell who it is about: none of their words reaches a dealer before acceptance."""
    fields = ("name", "person", "company", "email", "phone", "domain", "street", "city", "postal_code", "job_title")
    found = [str(getattr(record, name, "") or "") for name in fields if not isinstance(record, Opportunity)]
    for one in customers:
        if one is not None:
            found += [one.name, one.legal_name, one.domain, one.given_name, one.family_name]
    return [text for text in found if text]


def _contacts(ctx: Context, record: Offered) -> Sequence[Customer]:
    """Return those who take part in a deal on the side of the customer."""
    if isinstance(record, Lead):
        return ()
    ids = [one.customer_id for one in ctx.session.list(OpportunityContact, opportunity_id=record.id)]
    return ctx.session.list(Customer, id=ids) if ids else ()


def is_open(record: Offered) -> bool:
    """Whether somebody still has to do something about a lead or deal."""
    return record.status in OPEN if isinstance(record, Lead) else record.category == "open"


def accept(ctx: Context, offered: DealerOffer, *, to: User | None = None) -> DealerOffer:
    """Accept an offer: the lead or deal belongs to the accepting user of the dealer from now on. Returns the offer.

    Its customer becomes one of the dealer's; whoever sent it goes on reading it. ``to`` names the user where head office
    accepts for the dealer. Raises AccessDenied for another dealer's offer, Conflict when it is answered, over or not
    open any more, and StaleVersion when somebody else was first.
    """
    actor: Any = ctx.actor
    now = ctx.clock.now()
    current = _current(ctx, offered)
    _require_open(current)
    with ctx.elevated("gives a lead to the dealer that accepted it"):
        if now >= current.expires_at:
            raise Conflict(
                msg("the offer was open until {time}", time=current.expires_at.isoformat(timespec="minutes"))
            )
        user = receiver(ctx, current.dealer_id, to or _named(ctx, actor, current))
        record = record_of(ctx, current)
        if not is_open(record):
            raise Conflict(msg("it is not open any more"))
        ctx.session.update(_given(record, user.id, now))
        tie(ctx, current.dealer_id, [record.customer_id])
        if current.sent_by_id is not None:
            entity = "sfa_lead" if isinstance(record, Lead) else "sfa_opportunity"
            reason = f"sfa_dealer_offer:{current.id}"
            ctx.session.add(
                RecordShare(entity=entity, record_id=record.id, user_id=current.sent_by_id, reason=reason, source="sfa")
            )
        ctx.session.update(change(current, state="accepted", answered_at=now, answered_by_id=user.id, owner_id=user.id))
        return ctx.session.get(DealerOffer, current.id)


def decline(ctx: Context, offered: DealerOffer, reason: str) -> DealerOffer:
    """Decline an offer and say why; the lead or deal stays with head office. Raises as ``accept``, and BadInput."""
    if not reason.strip():
        raise BadInput(msg("say why it is declined: the sender has to know"))
    actor: Any = ctx.actor
    current = _current(ctx, offered)
    _require_open(current)
    with ctx.elevated("notes the answer of a dealer"):
        values = {"answered_at": ctx.clock.now(), "answered_by_id": actor.user_id, "answer": reason}
        ctx.session.update(change(current, state="declined", **values))
        return ctx.session.get(DealerOffer, current.id)


def withdraw(ctx: Context, offered: DealerOffer) -> DealerOffer:
    """Take an offer back that was not answered. Raises AccessDenied for dealers and others who may not change it."""
    if organization_of(ctx) is not None:
        raise AccessDenied(msg("only head office takes offers back"))
    _require_open(offered)
    ctx.session.update(change(offered, state="withdrawn", ended_at=ctx.clock.now()))
    return ctx.session.get(DealerOffer, offered.id)


def give_back(ctx: Context, offered: DealerOffer, reason: str) -> DealerOffer:
    """Give an accepted lead or deal back to whoever offered it, or take it back; the dealer sees it no more.

    Raises AccessDenied for another dealer's, BadInput without a reason, and Conflict for one that is not accepted.
    """
    if not reason.strip():
        raise BadInput(msg("say why it goes back: head office has to know"))
    current = _current(ctx, offered)
    if current.state != "accepted":
        raise Conflict(msg("the offer is {state}", state=current.state))
    with ctx.elevated("takes a lead back from a dealer"):
        return returned(ctx, current, reason, current.sent_by_id)


def returned(ctx: Context, accepted: DealerOffer, reason: str, heir_id: UUID | None) -> DealerOffer:
    """Put what a dealer had accepted into the hands of an heir; for a context that may do everything."""
    record = record_of(ctx, accepted)
    if is_open(record):
        ctx.session.update(change(record, owner_id=heir_id))
        untie(ctx, accepted.dealer_id, [record.customer_id])
    ctx.session.update(change(accepted, state="returned", ended_at=ctx.clock.now(), answer=reason))
    return ctx.session.get(DealerOffer, accepted.id)


def record_of(ctx: Context, offered: DealerOffer) -> Offered:
    """Return the lead or deal that an offer is about; raises NotFound."""
    if offered.lead_id is not None:
        return ctx.session.get(Lead, offered.lead_id)
    return ctx.session.get(Opportunity, offered.opportunity_id)


def expire(ctx: Context, offers: Iterable[DealerOffer]) -> int:
    """Note that nobody answered offers in time; for a context that may do everything."""
    now, count = ctx.clock.now(), 0
    for one in offers:
        ctx.session.update(change(one, state="expired", ended_at=now))
        count += 1
    return count


def _given(record: Offered, owner_id: UUID, now: Any) -> Offered:
    if isinstance(record, Lead):
        return change(record, owner_id=owner_id, assigned_at=now)
    return change(record, owner_id=owner_id)


def _current(ctx: Context, offered: DealerOffer) -> DealerOffer:
    """Return an offer as it is now; NotFound for users of another dealer, AccessDenied for colleagues without the right."""
    actor: Any = ctx.actor
    own = organization_of(ctx)
    if own is None and not actor.everything and not ctx.services.why(offered, "update").allowed:
        raise AccessDenied(msg("{actor} may not answer for the dealer", actor=actor.name))
    with ctx.elevated("looks whose offer it is"):
        current = ctx.session.get(DealerOffer, offered.id)
    if own is not None and current.dealer_id != own:
        raise NotFound(msg("no {entity} with id {id}", entity="sfa_dealer_offer", id=str(offered.id)))
    return current


def _named(ctx: Context, actor: Any, current: DealerOffer) -> User | None:
    """Return who accepts: the dealer's user who does; where head office does, the one it was offered to."""
    own = actor.organization_id == current.dealer_id and not actor.everything
    return ctx.session.get(User, actor.user_id if own else current.owner_id)


def _require_open(offered: DealerOffer) -> None:
    if offered.state != "offered":
        raise Conflict(msg("the offer is {state}", state=offered.state))
