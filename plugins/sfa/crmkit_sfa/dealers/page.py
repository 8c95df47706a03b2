"""Everything there is to see of one dealer, one offer and one registered deal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from crmkit.command import PageTable, translated, wording
from crmkit.core.customer import Customer
from crmkit.core.frozen import frozen
from crmkit.core.product import Product
from crmkit.core.staff import User
from crmkit.plugin import Context
from crmkit_sfa.dealers.belonging import dealer_of
from crmkit_sfa.dealers.entities import Dealer, DealerOffer, DealRegistration
from crmkit_sfa.naming import names_beside, names_of, titles_of

LATEST = 20
"""Offers and registrations of a dealer that its page shows, the newest; lists show the others."""

Facts = Iterator[tuple[str, Any]]


@frozen(kw_only=True)
class DealerPage:
    """One dealer with its users, and its latest offers and registrations, as the reader may see them."""

    dealer: Dealer
    name: str
    manager: str
    users: Sequence[User]
    offers: Sequence[DealerOffer]
    registrations: Sequence[DealRegistration]

    def facts(self) -> Facts:
        """Yield labels and values."""
        one = self.dealer
        yield from (
            (wording("Dealer"), self.name),
            (wording("State"), translated(one.state)),
            (wording("Manager"), self.manager),
            (wording("Since"), one.since),
            (wording("Ended on"), one.ended_on),
            (wording("Note"), one.note),
            (wording("Id"), str(one.customer_id)),
        )

    def tables(self) -> Iterator[PageTable]:
        """Yield users, offers and registrations, where there are some."""
        if self.users:
            rows = [(one.login, one.name, translated(one.state)) for one in self.users]
            yield wording("Users"), (wording("Login"), wording("Name"), wording("State")), rows, ()
        if self.offers:
            headings = [wording("Offered"), wording("State"), wording("Region"), wording("Product")]
            offers = [
                (one.offered_at, translated(one.state), one.region, one.product, one.estimated, one.answer)
                for one in self.offers
            ]
            yield wording("Offers"), [*headings, wording("Estimated value"), wording("Answer")], offers, (4,)
        if self.registrations:
            headings = [wording("Company"), wording("State"), wording("Amount"), wording("Protected until")]
            deals = [
                (one.company, translated(one.state), one.amount, one.protected_until) for one in self.registrations
            ]
            yield wording("Registered deals"), headings, deals, (2,)

    def document(self) -> dict[str, Any]:
        """Return the page as JSON tells it."""
        one = self.dealer
        return {
            "id": one.customer_id,
            "dealer": self.name,
            "state": one.state,
            "manager": self.manager or None,
            "since": one.since,
            "ended_on": one.ended_on,
            "note": one.note,
            "users": [{"login": user.login, "name": user.name, "state": user.state} for user in self.users],
            "offers": [_offer(one) for one in self.offers],
            "registrations": [
                {
                    name: getattr(deal, name)
                    for name in ("id", "company", "state", "amount", "close_on", "protected_until")
                }
                for deal in self.registrations
            ],
        }


def dealer_page(ctx: Context, organization: Customer) -> DealerPage:
    """Return the page of a dealer; raises NotFound for an organization that is none or that the actor may not see as one."""
    session = ctx.session
    one = session.masked(dealer_of(ctx, organization))
    users = session.list(User, customer_id=organization.id, order="login")
    offers = session.list(DealerOffer, dealer_id=organization.id, order="-offered_at", limit=LATEST)
    registered = session.list(DealRegistration, dealer_id=organization.id, order="-created_at", limit=LATEST)
    return DealerPage(
        dealer=one,
        name=session.masked(organization).name,
        manager=names_beside(ctx, User, [one.manager_id]).get(one.manager_id, ""),
        users=[session.masked(user) for user in users],
        offers=[session.masked(offered) for offered in offers],
        registrations=[session.masked(deal) for deal in registered],
    )


@frozen(kw_only=True)
class OfferPage:
    """One offer in full, as whoever is to answer it needs it."""

    offer: DealerOffer
    dealer: str
    sender: str
    answered_by: str
    about: str

    def facts(self) -> Facts:
        """Yield labels and values."""
        one = self.offer
        yield from (
            (wording("Dealer"), self.dealer),
            (wording("State"), translated(one.state)),
            (wording("Record"), self.about),
            (wording("Region"), one.region),
            (wording("Product"), one.product),
            (wording("Estimated value"), one.estimated),
            (wording("Interest"), one.interest),
            (wording("Message"), one.message),
            (wording("Sent by"), self.sender),
            (wording("Offered"), one.offered_at),
            (wording("Answer due"), one.expires_at),
            (wording("Answered"), one.answered_at),
            (wording("Answered by"), self.answered_by),
            (wording("Answer"), one.answer),
            (wording("Came back"), one.ended_at),
            (wording("Id"), str(one.id)),
        )

    def tables(self) -> Iterator[PageTable]:
        """Yield nothing: the facts are all."""
        return iter(())

    def document(self) -> dict[str, Any]:
        """Return the page as JSON tells it."""
        return {
            **_offer(self.offer),
            "dealer": self.dealer or None,
            "record": self.about or None,
            "sent_by": self.sender or None,
            "answered_by": self.answered_by or None,
        }


def offer_page(ctx: Context, id: str) -> OfferPage:
    """Return the page of an offer; what it is about is named to those alone who may see that. Raises NotFound."""
    one = ctx.session.masked(ctx.session.get(DealerOffer, id))
    about = [("sfa_lead", one.lead_id)] if one.lead_id else [("sfa_opportunity", one.opportunity_id)]
    titles = titles_of(ctx, [(entity, id) for entity, id in about if id is not None])
    users = names_beside(ctx, User, [one.sent_by_id, one.answered_by_id])
    return OfferPage(
        offer=one,
        dealer=names_beside(ctx, Customer, [one.dealer_id]).get(one.dealer_id, ""),
        sender=users.get(one.sent_by_id, ""),
        answered_by=users.get(one.answered_by_id, ""),
        about=next(iter(titles.values()), ""),
    )


@frozen(kw_only=True)
class RegistrationPage:
    """One registered deal, as its dealer and head office see it; what is in its way, head office alone."""

    registration: DealRegistration
    dealer: str
    product: str
    customer: str
    opportunity: str
    decided_by: str

    def facts(self) -> Facts:
        """Yield labels and values."""
        one = self.registration
        yield from (
            (wording("Company"), one.company),
            (wording("Dealer"), self.dealer),
            (wording("State"), translated(one.state)),
            (wording("Domain"), one.domain),
            (wording("Contact"), one.contact),
            (wording("Mail"), one.email),
            (wording("Phone"), one.phone),
            (wording("Country"), one.country),
            (wording("Product"), self.product or one.product),
            (wording("Amount"), one.amount),
            (wording("Expected close"), one.close_on),
            (wording("Note"), one.note),
            (wording("Registered"), one.created_at),
            (wording("Decided"), one.decided_at),
            (wording("Decided by"), self.decided_by),
            (wording("Decision"), one.decision),
            (wording("Protected until"), one.protected_until),
            (wording("Customer"), self.customer),
            (wording("Opportunity"), self.opportunity),
            (wording("Id"), str(one.id)),
        )

    def tables(self) -> Iterator[PageTable]:
        """Yield nothing: the facts are all."""
        return iter(())

    def document(self) -> dict[str, Any]:
        """Return the page as JSON tells it."""
        one = self.registration
        names = ("id", "company", "state", "domain", "contact", "email", "phone", "country", "amount", "close_on")
        more = ("note", "created_at", "decided_at", "decision", "protected_until", "customer_id", "opportunity_id")
        return {
            **{name: getattr(one, name) for name in (*names, *more)},
            "product": self.product or one.product or None,
            "dealer": self.dealer or None,
            "customer": self.customer or None,
            "opportunity": self.opportunity or None,
            "decided_by": self.decided_by or None,
        }


def registration_page(ctx: Context, id: str) -> RegistrationPage:
    """Return the page of a registered deal; raises NotFound."""
    one = ctx.session.masked(ctx.session.get(DealRegistration, id))
    titles = titles_of(ctx, [("sfa_opportunity", one.opportunity_id)] if one.opportunity_id else [])
    return RegistrationPage(
        registration=one,
        dealer=names_beside(ctx, Customer, [one.dealer_id]).get(one.dealer_id, ""),
        product=names_beside(ctx, Product, [one.product_id]).get(one.product_id, ""),
        customer=names_of(ctx, Customer, [one.customer_id]).get(one.customer_id, ""),
        opportunity=next(iter(titles.values()), ""),
        decided_by=names_beside(ctx, User, [one.decided_by_id]).get(one.decided_by_id, ""),
    )


def _offer(one: DealerOffer) -> dict[str, Any]:
    names = ("id", "state", "region", "product", "interest", "estimated", "message", "offered_at", "expires_at")
    return {name: getattr(one, name) for name in (*names, "answered_at", "answer", "ended_at")}
