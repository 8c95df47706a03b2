"""The domain events of the plugin, by what they happen to."""

from __future__ import annotations

from crmkit.plugin import EventDeclaration, msg
from crmkit_sfa.events.payloads import (
    DealEnded,
    DealReopened,
    LeadAssigned,
    LeadConverted,
    OrderTold,
    QuoteDecided,
    ThresholdCrossed,
    TransferAnswered,
)

_DEAL = "sfa_opportunity"

DEAL_WON = EventDeclaration("sfa.deal_won", _DEAL, DealEnded, msg("An opportunity was won."))
DEAL_LOST = EventDeclaration("sfa.deal_lost", _DEAL, DealEnded, msg("An opportunity was lost."))
DEAL_REOPENED = EventDeclaration(
    "sfa.deal_reopened", _DEAL, DealReopened, msg("An opportunity that was won or lost is open again.")
)
BIG_DEAL_CROSSED = EventDeclaration(
    "sfa.big_deal_crossed", _DEAL, ThresholdCrossed, msg("An open opportunity crossed a threshold of big deals.")
)
QUOTE_ACCEPTED = EventDeclaration("sfa.quote_accepted", "sfa_quote", QuoteDecided, msg("A quotation was accepted."))
QUOTE_DECLINED = EventDeclaration("sfa.quote_declined", "sfa_quote", QuoteDecided, msg("A quotation was declined."))
ORDER_PLACED = EventDeclaration("sfa.order_placed", "sfa_order", OrderTold, msg("An order was placed."))
ORDER_CANCELLED = EventDeclaration(
    "sfa.order_cancelled", "sfa_order", OrderTold, msg("An order that was placed was cancelled.")
)
LEAD_CONVERTED = EventDeclaration(
    "sfa.lead_converted", "sfa_lead", LeadConverted, msg("A lead became a customer or opportunity.")
)
LEAD_ASSIGNED = EventDeclaration("sfa.lead_assigned", "sfa_lead", LeadAssigned, msg("A lead got another owner."))
TRANSFER_ACCEPTED = EventDeclaration(
    "sfa.transfer_accepted", "sfa_transfer", TransferAnswered, msg("A hand-off was accepted.")
)
TRANSFER_DECLINED = EventDeclaration(
    "sfa.transfer_declined", "sfa_transfer", TransferAnswered, msg("A hand-off was declined.")
)

SALES_EVENTS = (
    DEAL_WON,
    DEAL_LOST,
    DEAL_REOPENED,
    BIG_DEAL_CROSSED,
    QUOTE_ACCEPTED,
    QUOTE_DECLINED,
    ORDER_PLACED,
    ORDER_CANCELLED,
    LEAD_CONVERTED,
    LEAD_ASSIGNED,
    TRANSFER_ACCEPTED,
    TRANSFER_DECLINED,
)
