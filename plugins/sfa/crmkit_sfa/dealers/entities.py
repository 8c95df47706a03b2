"""What the plugin keeps of dealers. An offer holds only what a dealer may know before accepting it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from crmkit.plugin import Money, Own, Record, Via, entity, field

OfferState = Literal["offered", "accepted", "declined", "expired", "withdrawn", "returned"]
RegistrationState = Literal["submitted", "approved", "rejected", "withdrawn", "expired"]


@entity(
    "sfa_dealer",
    label="Dealer",
    plural="sfa_dealers",
    plural_label="Dealers",
    plugin="sfa",
    title="note",
    unique=(("customer_id",),),
)
class Dealer(Record):
    """An organization that sells for us, who looks after it, and until when it did. Its users are bound to the organization."""

    customer_id: UUID = field(reference="customer", merge="union", erase="keep", label="Organization")
    state: Literal["active", "ended"] = field(default="active")
    manager_id: UUID | None = field(default=None, reference="user", handed_over=True, help="Who looks after it.")
    since: date | None = field(default=None)
    ended_on: date | None = field(default=None)
    note: str = field(default="", max_length=2_000)


@entity(
    "sfa_dealer_offer",
    label="Offer to a dealer",
    plural="sfa_dealer_offers",
    plural_label="Offers to dealers",
    plugin="sfa",
    title="product",
    access=(Own(), Via("lead_id"), Via("opportunity_id")),
    unique=(("open_key",),),
    indexes=(("dealer_id", "state"), ("state", "expires_at"), ("lead_id",), ("opportunity_id",)),
    over="state in (declined, expired, withdrawn, returned)",
    credited=True,
)
class DealerOffer(Record):
    """A lead or deal offered to a dealer: its masked part alone, until it is accepted. Its owner is whom it is offered to."""

    dealer_id: UUID = field(reference="customer", merge="repoint", erase="keep", label="Dealer")
    lead_id: UUID | None = field(default=None, reference="sfa_lead")
    opportunity_id: UUID | None = field(default=None, reference="sfa_opportunity")
    region: str = field(default="", max_length=200, erase="keep")
    product: str = field(default="", max_length=200, erase="keep")
    interest: str = field(default="", max_length=20_000, help="What they want, without who they are.")
    estimated: Money | None = field(default=None, label="Estimated value")
    message: str = field(default="", max_length=2_000, help="What the sender says to the dealer.")
    state: OfferState = field(default="offered")
    offered_at: datetime = field()
    expires_at: datetime = field(help="Until when it can be accepted.")
    answered_at: datetime | None = field(default=None)
    answered_by_id: UUID | None = field(default=None, reference="user", label="Answered by")
    answer: str = field(default="", max_length=2_000)
    ended_at: datetime | None = field(default=None, help="When it came back after it had been accepted.")
    sent_by_id: UUID | None = field(default=None, reference="user", handed_over=True, label="Sent by")
    open_key: str | None = field(
        default=None, max_length=36, audited=False, help="Keeps a lead from being offered twice."
    )


@entity(
    "sfa_deal_registration",
    label="Deal registration",
    plugin="sfa",
    title="company",
    access=(Own(), Via("opportunity_id")),
    indexes=(("dealer_id", "state"), ("state", "protected_until"), ("domain",), ("email_key",), ("company_key",)),
    over="state in (rejected, withdrawn, expired)",
    credited=True,
)
class DealRegistration(Record):
    """A deal that a dealer has found and wants protected. Head office decides; what is in its way only head office sees."""

    dealer_id: UUID = field(reference="customer", merge="repoint", erase="keep", label="Dealer")
    company: str = field(searchable=True, sensitivity="personal", help="Who is to buy.")
    domain: str = field(default="", format="domain", help="Of the company's web site.")
    contact: str = field(default="", sensitivity="personal", help="Whom the dealer speaks with.")
    email: str = field(default="", format="email", sensitivity="personal")
    phone: str = field(default="", max_length=100, sensitivity="personal")
    country: str = field(default="", format="country")
    product_id: UUID | None = field(default=None, reference="product")
    product: str = field(default="", max_length=200, erase="keep", help="What is to be bought.")
    amount: Money | None = field(default=None)
    close_on: date | None = field(default=None, label="Expected close")
    note: str = field(default="", max_length=5_000, sensitivity="personal")
    state: RegistrationState = field(default="submitted")
    decided_at: datetime | None = field(default=None)
    decided_by_id: UUID | None = field(default=None, reference="user", label="Decided by")
    decision: str = field(default="", max_length=2_000, help="What the dealer is told.")
    protected_until: date | None = field(default=None)
    customer_id: UUID | None = field(default=None, reference="customer", merge="repoint", erase="clear")
    opportunity_id: UUID | None = field(default=None, reference="sfa_opportunity")
    email_key: str = field(
        default="", max_length=320, audited=False, sensitivity="personal", help="Filled from the address."
    )
    phone_key: str = field(
        default="", max_length=50, audited=False, sensitivity="personal", help="Filled from the phone."
    )
    company_key: str = field(
        default="", max_length=300, audited=False, sensitivity="personal", help="Filled from the name."
    )


@entity(
    "sfa_deal_conflict",
    label="Deal conflict",
    plugin="sfa",
    title="entity",
    unique=(("registration_id", "entity", "record_id"),),
    indexes=(("record_id",),),
)
class DealConflict(Record):
    """What is in the way of a registered deal: another dealer's registration, or something of the own sales force."""

    registration_id: UUID = field(reference="sfa_deal_registration")
    with_whom: Literal["dealer", "sales"] = field(label="With")
    entity: str = field(max_length=100, erase="keep")
    record_id: UUID = field(label="Record", erase="delete")
    matched: tuple[str, ...] = field(default=(), help="In what they agree: customer, domain, email, phone, company.")


DEALER_ENTITIES = (Dealer, DealerOffer, DealRegistration, DealConflict)
