"""What the plugin keeps of inquiries: what a customer needs, what engineering answers, and how it went to and fro."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from crmkit.plugin import Money, Part, Record, Via, entity, field

InquiryStatus = Literal["draft", "asked", "answered", "withdrawn"]
StepKind = Literal["asked", "assigned", "answered", "asked_again", "withdrawn", "quoted"]


@entity(
    "sfa_inquiry",
    label="Inquiry",
    plural="sfa_inquiries",
    plural_label="Inquiries",
    plugin="sfa",
    over="status in (answered, withdrawn)",
    credited=True,
    title="number",
    unique=(("number",),),
    indexes=(("status", "due_on"), ("assignee_id", "status")),
)
class Inquiry(Record):
    """What a customer needs that no price list has: a configuration or a custom build. Engineering answers with prices."""

    number: str = field(max_length=50, searchable=True, erase="keep")
    name: str = field(searchable=True, help="What it is about.")
    customer_id: UUID | None = field(default=None, reference="customer", merge="repoint", erase="tombstone")
    opportunity_id: UUID | None = field(default=None, reference="sfa_opportunity")
    status: InquiryStatus = field(default="draft")
    assignee_id: UUID | None = field(
        default=None, reference="user", handed_over=True, help="Who works out the answer; empty: anybody of the team."
    )
    engineering_team_id: UUID | None = field(default=None, reference="team", help="The team that works out the answer.")
    due_on: date | None = field(default=None, help="The day by which the answer is needed.")
    asked_at: datetime | None = field(default=None)
    answered_at: datetime | None = field(default=None)
    description: str = field(default="", max_length=20_000, sensitivity="personal", searchable=True)


@entity(
    "sfa_inquiry_line",
    label="Requirement",
    plugin="sfa",
    title="requirement",
    access=Via("inquiry_id"),
    indexes=(("inquiry_id", "position"),),
)
class InquiryLine(Part):
    """One requirement, and what engineering answers: what it costs us, what it is sold for, how long it takes.

    ``options`` are what was chosen of a configuration, by name. ``price`` is for one unit.
    """

    inquiry_id: UUID = field(reference="sfa_inquiry")
    position: int = field(default=1, minimum=1)
    requirement: str = field(max_length=5_000, searchable=True)
    options: tuple[str, ...] = field(default=(), help="What is chosen, as in voltage=400 V.")
    product_id: UUID | None = field(default=None, reference="product", help="What it is built upon.")
    quantity: Decimal = field(default=Decimal(1), minimum=0)
    unit: str = field(default="", max_length=100, erase="keep")
    answer: str = field(default="", max_length=5_000, help="What will be delivered, as the quotation says it.")
    cost: Money | None = field(default=None, help="What one unit costs us.")
    price: Money | None = field(default=None, help="What one unit is sold for.")
    lead_days: int | None = field(default=None, minimum=0, label="Lead time in days")
    valid_until: date | None = field(default=None, help="The last day on which the price holds.")
    feasible: bool | None = field(default=None, help="Whether it can be built; empty: not answered yet.")
    answered_by: UUID | None = field(default=None, reference="user")
    answered_at: datetime | None = field(default=None)
    quote_line_id: UUID | None = field(default=None, reference="sfa_quote_line", help="The quotation line made of it.")


@entity(
    "sfa_inquiry_step",
    label="Inquiry step",
    plugin="sfa",
    title="kind",
    access=Via("inquiry_id"),
    indexes=(("inquiry_id", "at"),),
)
class InquiryStep(Part):
    """One step of an inquiry between sales and engineering: who, when, and what was said. Steps are never changed."""

    inquiry_id: UUID = field(reference="sfa_inquiry")
    kind: StepKind = field()
    at: datetime = field()
    by_id: UUID | None = field(default=None, reference="user", label="By")
    to_id: UUID | None = field(default=None, reference="user", label="To")
    due_on: date | None = field(default=None)
    line_id: UUID | None = field(default=None, reference="sfa_inquiry_line")
    price: Money | None = field(default=None, help="What was answered; it stays when the answer changes.")
    note: str = field(default="", max_length=5_000, sensitivity="personal")


INQUIRY_ENTITIES = (Inquiry, InquiryLine, InquiryStep)
