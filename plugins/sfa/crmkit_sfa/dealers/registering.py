"""Registering deals: what a dealer has found is protected for a time, unless somebody else was there before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from crmkit.core.customer import ContactPoint, Customer
from crmkit.plugin import AccessDenied, BadInput, Conflict, Context, change, msg
from crmkit_sfa.dealers.belonging import dealer_of, organization_of, receiver, tie, users_of
from crmkit_sfa.dealers.entities import DealConflict, DealRegistration
from crmkit_sfa.dealers.hooks import company_key
from crmkit_sfa.dealers.settings import DealerSettings
from crmkit_sfa.leads.entities import Lead
from crmkit_sfa.leads.statuses import OPEN
from crmkit_sfa.opportunities.entities import Opportunity


def register(ctx: Context, company: str, *, dealer: Customer | None = None, **details: Any) -> DealRegistration:
    """Register a deal for the actor's dealer (or, by head office, for ``dealer``), and return the registration.

    What is in its way is noted where head office alone sees it. ``details`` are fields of the registration. Raises
    NotFound for an organization that is no dealer, ValidationFailed and AccessDenied.
    """
    actor: Any = ctx.actor
    own = organization_of(ctx)
    if own is None and dealer is None:
        raise BadInput(msg("say for which dealer it is registered"))
    values: dict[str, Any] = {"company": company.strip(), **details}
    if own is not None:
        made = DealRegistration(dealer_id=own, owner_id=actor.user_id, **values)
    else:
        assert dealer is not None
        dealer_of(ctx, dealer)
        made = DealRegistration(dealer_id=dealer.id, owner_id=receiver(ctx, dealer.id, None).id, **values)
    ctx.session.add(made)
    ctx.session.flush()
    stored = ctx.session.get(DealRegistration, made.id)
    with ctx.elevated("looks for what is in the way of a registered deal"):
        note_conflicts(ctx, stored)
    return stored


def note_conflicts(ctx: Context, registration: DealRegistration) -> list[DealConflict]:
    """Note what is in the way of a registration now, beside what was; return what is now. For every right."""
    known = {(one.entity, one.record_id) for one in ctx.session.list(DealConflict, registration_id=registration.id)}
    found = list(_conflicts(ctx, registration))
    ctx.session.add(*[one for one in found if (one.entity, one.record_id) not in known])
    return found


def approve(
    ctx: Context, registration: DealRegistration, *, days: int = 0, decision: str = "", despite_conflicts: bool = False
) -> DealRegistration:
    """Protect a registered deal for the dealer: a customer, known or new, and an opportunity of the dealer come of it.

    Raises AccessDenied for dealers and whoever may not change it, and Conflict when it is decided or something is in its
    way, unless that is to be overruled.
    """
    settings: DealerSettings = ctx.config.dealers
    _require_decider(ctx, registration)
    actor: Any = ctx.actor
    with ctx.elevated("protects a registered deal"):
        current = ctx.session.get(DealRegistration, registration.id)
        _require_submitted(current)
        against = note_conflicts(ctx, current)
        if against and not despite_conflicts:
            raise Conflict(
                msg("{count} other matters are in its way; see: crmkit sfa deal conflicts", count=len(against))
            )
        customer_id = _customer(ctx, current)
        deal = Opportunity(
            name=current.company,
            customer_id=customer_id,
            amount=current.amount,
            close_on=current.close_on,
            product_id=current.product_id,
            owner_id=current.owner_id,
            lead_source="dealer",
        )
        ctx.session.add(deal)
        tie(ctx, current.dealer_id, [customer_id])
        ctx.session.update(
            change(
                current,
                state="approved",
                decided_at=ctx.clock.now(),
                decided_by_id=actor.user_id,
                decision=decision,
                protected_until=ctx.today() + timedelta(days=days or settings.protection_days),
                customer_id=customer_id,
                opportunity_id=deal.id,
            )
        )
    return ctx.session.get(DealRegistration, registration.id)


def reject(ctx: Context, registration: DealRegistration, decision: str) -> DealRegistration:
    """Refuse a registered deal and tell the dealer why. Raises AccessDenied, BadInput without a reason, and Conflict."""
    if not decision.strip():
        raise BadInput(msg("say why it is rejected: the dealer has to know"))
    _require_decider(ctx, registration)
    _require_submitted(registration)
    actor: Any = ctx.actor
    values = {"decided_at": ctx.clock.now(), "decided_by_id": actor.user_id, "decision": decision}
    ctx.session.update(change(registration, state="rejected", **values))
    return ctx.session.get(DealRegistration, registration.id)


def withdraw(ctx: Context, registration: DealRegistration) -> DealRegistration:
    """Take a registration back. Raises Conflict for one that is over."""
    if registration.state not in ("submitted", "approved"):
        raise Conflict(msg("the registration is {state}", state=registration.state))
    ctx.session.update(change(registration, state="withdrawn"))
    return ctx.session.get(DealRegistration, registration.id)


def end_protection(ctx: Context) -> int:
    """End the protection of registered deals whose time is over, and return of how many. For every right."""
    over = f"state = approved and protected_until < {ctx.today().isoformat()}"
    found = ctx.session.list(DealRegistration, over, order="protected_until", limit=500)
    for one in found:
        ctx.session.update(change(one, state="expired"))
    return len(found)


def _conflicts(ctx: Context, one: DealRegistration) -> Iterator[DealConflict]:
    """Yield other dealers' registrations of the same, and open leads and deals of the own sales force with the same."""
    customers = _matched_customers(ctx, one)
    keys = {name: getattr(one, name) for name in ("domain", "email_key", "phone_key", "company_key")}
    others = {
        other.id: other
        for name, value in keys.items()
        if value
        for other in ctx.session.list(DealRegistration, "state in (submitted, approved)", **{name: value})
    }
    for other in others.values():
        if other.dealer_id != one.dealer_id and _same_product(one, other):
            matched = tuple(
                name.removesuffix("_key") for name, value in keys.items() if value == getattr(other, name) != ""
            )
            yield _conflict(one, "dealer", "sfa_deal_registration", other.id, matched)
    own = {user.id for user in users_of(ctx, one.dealer_id, active=False)}
    ids = sorted(customers)
    deals: Sequence[Opportunity] = ctx.session.list(Opportunity, category="open", customer_id=ids) if ids else ()
    for deal in deals:
        if deal.owner_id not in own and _same_product(one, deal):
            yield _conflict(one, "sales", "sfa_opportunity", deal.id, ("customer",))
    for lead, words in _matched_leads(ctx, one, ids).values():
        if lead.owner_id not in own and _same_product(one, lead):
            yield _conflict(one, "sales", "sfa_lead", lead.id, tuple(words))


def _matched_leads(ctx: Context, one: DealRegistration, ids: Sequence[UUID]) -> dict[UUID, tuple[Lead, list[str]]]:
    asked: dict[str, dict[str, Any]] = {
        "customer": {"customer_id": list(ids)} if ids else {},
        "email": {"email_key": one.email_key} if one.email_key else {},
        "phone": {"phone_key": one.phone_key} if one.phone_key else {},
        "domain": {"domain": one.domain} if one.domain else {},
        "company": {"company": one.company},
    }
    found: dict[UUID, tuple[Lead, list[str]]] = {}
    for word, equal in asked.items():
        if equal:
            for lead in ctx.session.list(Lead, f"status in ({', '.join(OPEN)})", **equal):
                found.setdefault(lead.id, (lead, []))[1].append(word)
    return found


def _matched_customers(ctx: Context, one: DealRegistration) -> set[UUID]:
    """Return the customers that a registration is about: by domain, address and name."""
    found = {customer.id for customer in ctx.session.list(Customer, domain=one.domain)} if one.domain else set()
    for kind, value in (("email", one.email_key), ("phone", one.phone_key)):
        if value:
            found |= {point.customer_id for point in ctx.session.list(ContactPoint, kind=kind, normalized=value)}
    named = ctx.session.list(Customer, name=one.company)
    by_search = ctx.services.search(one.company, ("customer",), 20).hits
    candidates = {customer.id for customer in named} | {hit.id for hit in by_search}
    if candidates:
        key = company_key(one.company)
        found |= {c.id for c in ctx.session.list(Customer, id=sorted(candidates)) if company_key(c.name) == key}
    return found - {one.dealer_id}


def _customer(ctx: Context, one: DealRegistration) -> UUID:
    """Return the customer that a registration is about, made when there is none; a person stands for its organization."""
    ids = sorted(_matched_customers(ctx, one))
    known = ctx.session.list(Customer, id=ids) if ids else []
    organizations = [customer for customer in known if customer.kind == "organization"]
    if organizations:
        return organizations[0].id
    made = Customer(
        kind="organization",
        name=one.company,
        domain=one.domain,
        country=one.country,
        owner_id=one.owner_id,
        source="dealer",
    )
    ctx.session.add(made)
    if one.email_key and not known:
        ctx.session.add(ContactPoint(customer_id=made.id, kind="email", value=one.email))
    if one.phone_key and not known:
        ctx.session.add(ContactPoint(customer_id=made.id, kind="phone", value=one.phone, country=one.country))
    return made.id


def _same_product(one: DealRegistration, other: Any) -> bool:
    """Whether both may be about one product; where one of them names none, they are."""
    return one.product_id is None or other.product_id is None or one.product_id == other.product_id


def _conflict(
    one: DealRegistration, with_whom: Any, entity: str, record_id: UUID, matched: tuple[str, ...]
) -> DealConflict:
    return DealConflict(
        registration_id=one.id, with_whom=with_whom, entity=entity, record_id=record_id, matched=matched
    )


def _require_decider(ctx: Context, registration: DealRegistration) -> None:
    actor: Any = ctx.actor
    if organization_of(ctx) is not None or not (actor.everything or ctx.services.why(registration, "update").allowed):
        raise AccessDenied(msg("head office decides about registrations"))


def _require_submitted(registration: DealRegistration) -> None:
    if registration.state != "submitted":
        raise Conflict(msg("the registration is {state}", state=registration.state))
