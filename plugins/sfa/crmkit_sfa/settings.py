"""The section ``[plugins.sfa]`` of the configuration; each room has its own part."""

from __future__ import annotations

import attrs

from crmkit.core.frozen import frozen
from crmkit_sfa.accounts.settings import AccountSettings
from crmkit_sfa.activities.settings import ActivitySettings
from crmkit_sfa.assignment.settings import AssignmentSettings
from crmkit_sfa.dealers.settings import DealerSettings
from crmkit_sfa.inquiries.settings import InquirySettings
from crmkit_sfa.leads.settings import LeadSettings
from crmkit_sfa.opportunities.settings import OpportunitySettings
from crmkit_sfa.orders.settings import OrderSettings
from crmkit_sfa.pricing.settings import PricingSettings
from crmkit_sfa.quotes.settings import QuoteSettings
from crmkit_sfa.receipts.settings import ReceiptSettings
from crmkit_sfa.transfers.settings import TransferSettings


@frozen(kw_only=True)
class Settings:
    """How sales work in this installation."""

    fiscal_year_starts: int = 1
    """The month, 1 to 12, in which the fiscal year starts."""
    activities: ActivitySettings = attrs.field(factory=ActivitySettings)
    """Activities and reminders."""
    assignment: AssignmentSettings = attrs.field(factory=AssignmentSettings)
    """Who gets leads, and what waits too long."""
    leads: LeadSettings = attrs.field(factory=LeadSettings)
    """How leads come in and are judged."""
    inquiries: InquirySettings = attrs.field(factory=InquirySettings)
    """Inquiries to engineering."""
    opportunities: OpportunitySettings = attrs.field(factory=OpportunitySettings)
    """Pipelines and big deals."""
    pricing: PricingSettings = attrs.field(factory=PricingSettings)
    """Prices and tax."""
    quotes: QuoteSettings = attrs.field(factory=QuoteSettings)
    """Quotations and their documents."""
    orders: OrderSettings = attrs.field(factory=OrderSettings)
    """Orders."""
    receipts: ReceiptSettings = attrs.field(factory=ReceiptSettings)
    """Planned and actual receipts."""
    transfers: TransferSettings = attrs.field(factory=TransferSettings)
    """Hand-offs."""
    dealers: DealerSettings = attrs.field(factory=DealerSettings)
    """Dealers."""
    accounts: AccountSettings = attrs.field(factory=AccountSettings)
    """Key accounts."""
