"""Quotations as lists and pages show them: names instead of ids, hidden fields left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from crmkit.command import wording
from crmkit.core.customer import Customer
from crmkit.core.frozen import frozen
from crmkit.core.staff import User
from crmkit_sfa.naming import names_of
from crmkit_sfa.opportunities.entities import Opportunity
from crmkit_sfa.pricing.figures import shown_price
from crmkit_sfa.quotes.entities import Quote, QuoteApproval, QuoteLine
from crmkit_sfa.quotes.states import named
from crmkit_sfa.quotes.writing import lines_of


def listed(ctx: Any, status: str, limit: int, equal: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return quotations in a state, the newest first; without a state all but superseded ones, with ``all`` all."""
    filter_ = "" if status == "all" else f'status = "{status}"' if status else 'status != "superseded"'
    found = ctx.session.list(Quote, filter_, order="-created_at", limit=limit, **equal)
    quotes = [ctx.session.masked(one) for one in found]
    customers = names_of(ctx, Customer, [one.customer_id for one in quotes])
    owners = names_of(ctx, User, [one.owner_id for one in quotes])
    return [
        {
            "id": one.id,
            "number": named(one),
            "customer": customers.get(one.customer_id, ""),
            "status": one.status,
            "net": one.net,
            "gross": one.gross,
            "date": one.quoted_on,
            "valid_until": one.valid_until,
            "owner": owners.get(one.owner_id, ""),
        }
        for one in quotes
    ]


@frozen
class QuotePage:
    """Everything of one quotation."""

    quote: Quote
    customer: str
    opportunity: str
    owner: str
    lines: Sequence[QuoteLine]
    approvals: Sequence[QuoteApproval]
    users: Mapping[UUID | None, str]
    revisions: Sequence[Quote]

    def facts(self) -> Iterator[tuple[str, Any]]:
        """Yield what may be known of it, by label."""
        one = self.quote
        yield from (
            (wording("Quotation"), named(one)),
            (wording("Customer"), self.customer),
            (wording("Opportunity"), self.opportunity),
            (wording("Owner"), self.owner),
            (wording("Status"), one.status),
            (wording("Date"), one.quoted_on),
            (wording("Valid until"), one.valid_until),
            (wording("Discount in percent"), one.discount or None),
            (wording("Without tax"), one.net),
            (wording("Tax"), one.tax),
            (wording("Total"), one.gross),
            (wording("Decided by"), one.decided_by),
            (wording("Reason"), one.decision_reason),
        )

    def tables(self) -> Iterator[tuple[str, list[str], list[list[Any]], tuple[int, ...]]]:
        """Yield its tables: title, headings, rows and the columns of numbers."""
        if self.lines:
            headings = [wording("No."), wording("Description"), wording("Quantity"), wording("Unit price")]
            headings += [wording("List price"), wording("Discount"), wording("Tax %"), wording("Amount")]
            rows = [self._line(line) for line in self.lines]
            yield wording("Lines"), headings, rows, (0, 2, 3, 4, 5, 6, 7)
        if self.approvals:
            headings = [wording("Asked by"), wording("Discount"), wording("Why"), wording("Status")]
            headings += [wording("Decided by"), wording("Comment")]
            yield wording("Approvals"), headings, [self._approval(one) for one in self.approvals], (1,)
        if len(self.revisions) > 1:
            rows = [[named(one), one.status, one.net, one.quoted_on] for one in self.revisions]
            headings = [wording("Quotation"), wording("Status"), wording("Without tax"), wording("Date")]
            yield wording("Revisions"), headings, rows, (2,)

    def document(self) -> dict[str, Any]:
        """Return it as programs read it."""
        return {
            "quote": self.quote,
            "customer": self.customer,
            "opportunity": self.opportunity or None,
            "owner": self.owner or None,
            "lines": self.lines,
            "approvals": self.approvals,
            "revisions": [{"number": named(one), "status": one.status, "net": one.net} for one in self.revisions],
        }

    def _line(self, line: QuoteLine) -> list[Any]:
        prices = [shown_price(line.unit_price), shown_price(line.list_price)]
        return [
            line.position,
            line.description,
            line.quantity,
            *prices,
            line.discount or None,
            line.tax_rate,
            line.amount,
        ]

    def _approval(self, one: QuoteApproval) -> list[Any]:
        asked, decided = self.users.get(one.requested_by or UUID(int=0)), self.users.get(one.decided_by or UUID(int=0))
        return [asked, one.discount, one.reason, one.status, decided, one.comment]


def page_of(ctx: Any, quote: Quote) -> QuotePage:
    """Return everything of one quotation that the actor may see."""
    session = ctx.session
    approvals = session.list(QuoteApproval, quote_id=quote.id, order="requested_at")
    users = {id for one in approvals for id in (one.requested_by, one.decided_by)} | {quote.owner_id}
    names = names_of(ctx, User, users)
    opportunities = names_of(ctx, Opportunity, [quote.opportunity_id])
    return QuotePage(
        quote=session.masked(quote),
        customer=names_of(ctx, Customer, [quote.customer_id]).get(quote.customer_id, ""),
        opportunity=opportunities.get(quote.opportunity_id, "") if quote.opportunity_id else "",
        owner=names.get(quote.owner_id, "") if quote.owner_id else "",
        lines=[session.masked(line) for line in lines_of(ctx, quote)],
        approvals=[session.masked(one) for one in approvals],
        users=names,
        revisions=[session.masked(one) for one in session.list(Quote, number=quote.number, order="revision")],
    )
