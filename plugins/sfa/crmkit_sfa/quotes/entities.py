"""What the plugin keeps of quotations. Money is exact, percentages are 0 to 100, days are civil dates."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from crmkit.plugin import Money, Part, Record, Via, entity, field

QuoteStatus = Literal["draft", "approval", "approved", "sent", "accepted", "declined", "expired", "superseded"]
PriceSource = Literal["manual", "list", "product", "plugin", "opportunity", "inquiry"]
ApprovalStatus = Literal["waiting", "approved", "rejected", "withdrawn"]


@entity(
    "sfa_quote",
    label="Quotation",
    plural="sfa_quotes",
    plural_label="Quotations",
    plugin="sfa",
    over="status in (accepted, declined, expired, superseded)",
    credited=True,
    title="number",
    unique=(("number", "revision"),),
    indexes=(("status", "valid_until"),),
)
class Quote(Record):
    """An offer of goods and services at a price. One that was sent stands as it is; a change makes its next revision.

    ``net``, ``tax`` and ``gross`` are the sums of its lines, to the minor unit of ``currency``, after its own discount.
    """

    number: str = field(
        max_length=50, searchable=True, erase="keep", help="The same for all revisions of one quotation."
    )
    revision: int = field(default=1, minimum=1, help="Which state of the quotation this is, from 1 on.")
    supersedes_id: UUID | None = field(default=None, reference="sfa_quote", help="The revision that this one replaces.")
    opportunity_id: UUID | None = field(default=None, reference="sfa_opportunity")
    customer_id: UUID = field(reference="customer", merge="repoint", erase="tombstone")
    contact_id: UUID | None = field(
        default=None, reference="customer", merge="repoint", erase="clear", help="The person it is addressed to."
    )
    status: QuoteStatus = field(default="draft")
    currency: str = field(max_length=3, format="currency", erase="keep")
    price_list_id: UUID | None = field(
        default=None, reference="sfa_price_list", help="The list that all prices come from; without one, any that fits."
    )
    tax_included: bool = field(default=False, help="Whether unit prices include the tax.")
    discount: Decimal = field(default=Decimal(0), minimum=0, help="On the whole quotation, in percent.")
    net: Money | None = field(default=None, help="The sum without tax.")
    tax: Money | None = field(default=None)
    gross: Money | None = field(default=None, help="The sum with tax.")
    quoted_on: date | None = field(
        default=None, label="Date", help="The day on the document; by default, when it is sent."
    )
    valid_until: date | None = field(default=None, help="The last day on which it can be accepted.")
    language: str = field(default="", format="language", erase="keep", help="The language of the document: en or zh.")
    recipient: str = field(default="", max_length=300, sensitivity="personal", help="The name on the document.")
    recipient_address: str = field(default="", max_length=1_000, sensitivity="personal")
    introduction: str = field(default="", max_length=5_000, sensitivity="personal")
    terms: str = field(
        default="", max_length=5_000, erase="keep", help="Payment, delivery and whatever else is agreed on."
    )
    sent_at: datetime | None = field(default=None)
    decided_at: datetime | None = field(default=None, help="When it was accepted or declined.")
    decided_by: str = field(default="", max_length=200, sensitivity="personal", help="Who accepted or declined it.")
    decision_reason: str = field(default="", max_length=1_000, sensitivity="personal")


@entity(
    "sfa_quote_line",
    label="Quotation line",
    plugin="sfa",
    title="description",
    access=Via("quote_id"),
    indexes=(("quote_id", "position"),),
)
class QuoteLine(Part):
    """One position of a quotation. ``amount`` is quantity x price less its own discount, as the document shows it.

    ``net``, ``tax`` and ``gross`` also carry its share of the discount on the whole quotation.
    """

    quote_id: UUID = field(reference="sfa_quote")
    position: int = field(default=1, minimum=1)
    product_id: UUID | None = field(default=None, reference="product")
    description: str = field(default="", max_length=500, erase="keep")
    detail: str = field(default="", max_length=5_000, help="Further lines of text under the description.")
    quantity: Decimal = field(default=Decimal(1), minimum=0)
    unit: str = field(default="", max_length=100, erase="keep")
    unit_price: Money = field()
    list_price: Money | None = field(default=None, help="What the price list asks for this quantity.")
    price_source: PriceSource = field(default="manual", help="Where the price comes from.")
    price_list_id: UUID | None = field(default=None, reference="sfa_price_list", help="The list the price comes from.")
    discount: Decimal = field(default=Decimal(0), minimum=0, help="In percent.")
    tax_category: str = field(default="", max_length=100, erase="keep")
    tax_rate: Decimal | None = field(default=None, minimum=0, help="In percent; by default what the tax table says.")
    amount: Money | None = field(default=None)
    net: Money | None = field(default=None)
    tax: Money | None = field(default=None)
    gross: Money | None = field(default=None)


@entity(
    "sfa_quote_approval",
    label="Discount approval",
    plugin="sfa",
    title="reason",
    access=Via("quote_id"),
    indexes=(("quote_id",), ("status",)),
)
class QuoteApproval(Part):
    """Somebody asks for a discount that they may not give alone, and somebody else decides."""

    quote_id: UUID = field(reference="sfa_quote")
    status: ApprovalStatus = field(default="waiting")
    discount: Decimal = field(minimum=0, help="The deepest discount on a list price of the quotation, in percent.")
    needed: str = field(
        default="", max_length=100, erase="keep", help="The role that may approve it; empty: any approver."
    )
    requested_by: UUID | None = field(default=None, reference="user")
    requested_at: datetime = field()
    reason: str = field(default="", max_length=1_000, help="Why the discount is asked for.")
    decided_by: UUID | None = field(default=None, reference="user")
    decided_at: datetime | None = field(default=None)
    comment: str = field(default="", max_length=1_000, help="Why it was approved or rejected.")


QUOTE_ENTITIES = (Quote, QuoteLine, QuoteApproval)
