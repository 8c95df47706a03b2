"""What the plugin keeps of leads. What came in is kept as it came, for ever."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from crmkit.core.entity import EMPTY
from crmkit.plugin import Money, Part, Record, Via, entity, field

Status = Literal["new", "working", "qualified", "converted", "recycled", "disqualified"]


@entity(
    "sfa_lead",
    label="Lead",
    plural="sfa_leads",
    plural_label="Leads",
    plugin="sfa",
    over="status = converted",
    credited=True,
    indexes=(("status", "owner_id"), ("customer_id",), ("claim_id",), ("email_key",), ("phone_key",)),
)
class Lead(Record):
    """An interest that is not qualified yet: of a known customer, or of somebody who is not recognised.

    Whoever enters it owns it until it is assigned. Where it came from first stays as it is.
    """

    name: str = field(
        default="", required=True, searchable=True, sensitivity="personal", help="By default who asks, else about what."
    )
    status: Status = field(default="new")
    customer_id: UUID | None = field(default=None, reference="customer", merge="repoint", erase="tombstone")
    claim_id: UUID | None = field(
        default=None, reference="identity_claim", help="Who asks, while nobody knows who it is."
    )
    person: str = field(default="", searchable=True, sensitivity="personal", help="The name of whoever asks.")
    job_title: str = field(default="", sensitivity="personal")
    company: str = field(default="", searchable=True, sensitivity="personal")
    email: str = field(default="", format="email", searchable=True, sensitivity="personal")
    phone: str = field(default="", max_length=100, searchable=True, sensitivity="personal")
    domain: str = field(default="", format="domain", help="Of the company's web site.")
    street: str = field(default="", max_length=500, sensitivity="personal")
    city: str = field(default="", max_length=100, sensitivity="personal")
    postal_code: str = field(default="", max_length=30, sensitivity="personal")
    country: str = field(default="", format="country")
    language: str = field(default="", format="language")
    interest: str = field(
        default="", max_length=20_000, searchable=True, sensitivity="personal", help="What they want."
    )
    product_id: UUID | None = field(default=None, reference="product", help="What it is mainly about.")
    estimated: Money | None = field(default=None, label="Estimated value")
    lead_source: str = field(default="", max_length=200, erase="keep", help="Where the interest came from first.")
    first_channel: str = field(default="", max_length=100, erase="keep", help="How it came in first.")
    first_touch_at: datetime | None = field(default=None, label="First touch")
    last_touch_at: datetime | None = field(default=None, label="Last touch")
    touches: int = field(default=0, minimum=0, help="How often they came forward.")
    score: int | None = field(default=None, help="How promising it is; the sum of the points of its reasons.")
    score_reasons: tuple[Mapping[str, Any], ...] = field(default=(), erase="keep", help="Points with their reasons.")
    answers: Mapping[str, Any] = field(default=EMPTY, sensitivity="personal", help="What is known of each criterion.")
    reason: str = field(default="", max_length=500, help="Why it is recycled or disqualified.")
    recycle_on: date | None = field(default=None, help="The day on which it is taken up again.")
    waiting_since: datetime | None = field(default=None, help="Since when nobody has worked on it.")
    assigned_at: datetime | None = field(default=None, label="Assigned")
    worked_at: datetime | None = field(default=None, label="Taken up")
    converted_at: datetime | None = field(default=None, label="Converted")
    opportunity_id: UUID | None = field(default=None, reference="sfa_opportunity")
    duplicate_of_id: UUID | None = field(default=None, reference="sfa_lead", label="The same as")
    email_key: str = field(
        default="", max_length=320, audited=False, sensitivity="personal", help="Filled from the mail address."
    )
    phone_key: str = field(
        default="", max_length=50, audited=False, sensitivity="personal", help="Filled from the phone."
    )


@entity(
    "sfa_lead_touch",
    label="Touch",
    plural="sfa_lead_touches",
    plural_label="Touches",
    plugin="sfa",
    title="channel",
    access=Via("lead_id"),
    unique=(("channel", "external_key"),),
    indexes=(("lead_id", "at"),),
)
class LeadTouch(Part):
    """One time that somebody came forward. ``raw`` is what came in, as it came; ``external_key`` is the channel's name for it."""

    lead_id: UUID = field(reference="sfa_lead")
    at: datetime = field()
    channel: str = field(default="manual", required=True, max_length=100, erase="keep")
    external_key: str = field(default="", max_length=500, sensitivity="personal")
    lead_source: str = field(default="", max_length=200, erase="keep")
    campaign: str = field(default="", max_length=200, erase="keep")
    text: str = field(default="", max_length=20_000, sensitivity="personal")
    raw: Mapping[str, Any] = field(default=EMPTY, sensitivity="personal", help="What came in, as it came.")
    interaction_id: UUID | None = field(default=None, reference="interaction")


@entity(
    "sfa_lead_conversion",
    label="Lead conversion",
    plugin="sfa",
    title="state",
    access=Via("lead_id"),
    indexes=(("lead_id", "state"),),
)
class LeadConversion(Part):
    """What a lead became, and what was made for it; ``made`` tells each record as it was then, so that it can be undone."""

    lead_id: UUID = field(reference="sfa_lead")
    state: Literal["done", "undone"] = field(default="done")
    converted_at: datetime = field()
    opportunity_id: UUID | None = field(default=None, reference="sfa_opportunity")
    customer_id: UUID | None = field(default=None, reference="customer", merge="repoint", erase="clear")
    person_id: UUID | None = field(default=None, reference="customer", merge="repoint", erase="clear")
    before: Mapping[str, Any] = field(default=EMPTY, help="What the lead was.")
    made: tuple[Mapping[str, Any], ...] = field(default=(), help="What was made, and the version that it had then.")
    undone_at: datetime | None = field(default=None)
    stayed: tuple[Mapping[str, Any], ...] = field(default=(), help="What was not taken back, and why.")


LEAD_ENTITIES = (Lead, LeadTouch, LeadConversion)
