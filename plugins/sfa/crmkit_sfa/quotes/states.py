"""What a quotation may become, and what of it stands once it has left the house."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crmkit.plugin import Message, msg
from crmkit_sfa.quotes.entities import Quote, QuoteStatus

OPEN: frozenset[QuoteStatus] = frozenset({"draft"})
"""States in which a quotation may be changed."""
SENDABLE: frozenset[QuoteStatus] = frozenset({"draft", "approved"})

NEXT: Mapping[QuoteStatus, frozenset[QuoteStatus]] = {
    "draft": frozenset({"approval", "sent"}),
    "approval": frozenset({"draft", "approved"}),
    "approved": frozenset({"draft", "sent"}),
    "sent": frozenset({"accepted", "declined", "expired", "superseded"}),
    "expired": frozenset({"superseded"}),
    "declined": frozenset({"superseded"}),
    "accepted": frozenset(),
    "superseded": frozenset(),
}
"""What each state may become."""

PRICED = (
    "number",
    "revision",
    "supersedes_id",
    "customer_id",
    "currency",
    "price_list_id",
    "tax_included",
    "discount",
    "net",
    "tax",
    "gross",
)
"""What of a quotation an approval is about: frozen from the request on."""
OFFERED = (
    "opportunity_id",
    "contact_id",
    "quoted_on",
    "valid_until",
    "language",
    "recipient",
    "recipient_address",
    "introduction",
    "terms",
    "sent_at",
)
"""What else a quotation says: frozen once it is sent."""
LINE_CONTENT = (
    "quote_id",
    "position",
    "product_id",
    "description",
    "detail",
    "quantity",
    "unit",
    "unit_price",
    "list_price",
    "discount",
    "tax_category",
    "tax_rate",
    "amount",
    "net",
    "tax",
    "gross",
)


def may_become(before: QuoteStatus, after: QuoteStatus) -> bool:
    """Tell whether a quotation may go from one state to another."""
    return before == after or after in NEXT[before]


def rewritten(before: Any, after: Any, names: tuple[str, ...]) -> bool:
    """Tell whether a record says something else than before in one of these fields."""
    return any(getattr(before, name) != getattr(after, name) for name in names)


def frozen(quote: Quote) -> Message:
    """Return the sentence that says why a quotation is not changed, and what to do instead."""
    if quote.status in ("approval", "approved"):
        return msg("quotation {number} is in approval; reopen it to change it", number=named(quote))
    return msg("quotation {number} was sent and stands; revise it to change it", number=named(quote))


def named(quote: Quote) -> str:
    """Return how people name a quotation: its number, with the revision from the second on."""
    return quote.number if quote.revision == 1 else f"{quote.number}/{quote.revision}"
