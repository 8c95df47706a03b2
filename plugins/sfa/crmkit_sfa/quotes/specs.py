"""Hooks of quotations."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import attrs

from crmkit.core.frozen import frozen
from crmkit.hooks.kinds import Kind
from crmkit.plugin import Context, Refuse, hookspec
from crmkit_sfa.quotes.entities import Quote, QuoteLine


@frozen
class DiscountQuestion:
    """A quotation about to be sent or approved: its lines, and the deepest discount on a list price, in percent."""

    quote: Quote
    lines: tuple[QuoteLine, ...]
    discount: Decimal


@frozen
class ApprovalDecision:
    """Whether a discount needs an approval, and of which role; without a role, of whoever may approve."""

    needed: bool
    role: str = ""


@frozen
class DocumentSection:
    """A section that a plugin adds to a document: paragraphs, and a table where it has headings.

    ``place`` is before the lines or after the sums. Everything is plain text: it is shown as it is, never as markup.
    """

    title: str = ""
    paragraphs: tuple[str, ...] = ()
    headings: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    place: str = attrs.field(default="after", validator=attrs.validators.in_(("before", "after")))


@frozen
class DocumentRequest:
    """A document of a quotation about to be made, in a ``language``."""

    quote: Quote
    lines: tuple[QuoteLine, ...]
    language: str


class QuoteSpecs:
    """Called when quotations are approved and sent, and when their documents are made."""

    @hookspec(kind=Kind.GUARD, since="0.1")
    def guard_sfa_discount(self, ctx: Context, call: DiscountQuestion) -> Refuse | Iterable[Refuse] | None:
        """Return ``Refuse`` for a discount that must not be given, approved or not. Asked before a quotation is sent."""

    @hookspec(kind=Kind.CHOOSE, since="0.1")
    def choose_sfa_approval(self, ctx: Context, call: DiscountQuestion) -> ApprovalDecision | None:
        """Return whether a discount needs an approval, and whose; None leaves it to the configuration."""

    @hookspec(kind=Kind.COLLECT, since="0.1")
    def collect_sfa_quote_document(self, ctx: Context, call: DocumentRequest) -> Iterable[DocumentSection]:
        """Return further sections of the document: technical data, references, terms of a line of goods."""
