"""Orders as lists and pages show them: names instead of ids, hidden fields left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crmkit.command import shown_value, translated, wording
from crmkit.core.customer import Customer
from crmkit.core.frozen import frozen
from crmkit.core.staff import User
from crmkit.plugin import Context
from crmkit_sfa.naming import names_of
from crmkit_sfa.opportunities.entities import Opportunity
from crmkit_sfa.orders.entities import Order, OrderAmendment, OrderLine
from crmkit_sfa.quotes.entities import Quote


def listed(ctx: Context, filter_: str, limit: int, equal: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return orders that match, the newest first."""
    orders = [
        ctx.session.masked(one)
        for one in ctx.session.list(Order, filter_ or None, order="-ordered_on,-number", limit=limit, **equal)
    ]
    customers = names_of(ctx, Customer, [one.customer_id for one in orders])
    owners = names_of(ctx, User, [one.owner_id for one in orders])
    return [
        {
            "id": one.id,
            "number": one.number,
            "customer": customers.get(one.customer_id, ""),
            "ordered_on": one.ordered_on,
            "status": one.status,
            "net": one.net,
            "gross": one.gross,
            "revision": one.revision,
            "reference": one.reference,
            "owner": owners.get(one.owner_id, "") if one.owner_id else "",
        }
        for one in orders
    ]


@frozen
class OrderPage:
    """Everything of one order."""

    order: Order
    customer: str
    opportunity: str
    quote: str
    owner: str
    lines: Sequence[OrderLine]
    amendments: Sequence[OrderAmendment]

    def facts(self) -> Iterator[tuple[str, Any]]:
        """Yield what may be known of it, by label."""
        one = self.order
        yield from (
            (wording("Order"), one.number),
            (wording("Customer"), self.customer),
            (wording("Opportunity"), self.opportunity),
            (wording("Quotation"), self.quote),
            (wording("Owner"), self.owner),
            (wording("Status"), one.status),
            (wording("Ordered on"), one.ordered_on),
            (wording("Reference"), one.reference),
            (wording("Revision"), one.revision if one.revision > 1 else None),
            (wording("Discount in percent"), one.discount or None),
            (wording("Without tax"), one.net),
            (wording("Tax"), one.tax),
            (wording("Total"), one.gross),
            (wording("Cancellation reason"), one.reason),
            (wording("Note"), one.note),
        )

    def tables(self) -> Iterator[tuple[str, list[str], list[list[Any]], tuple[int, ...]]]:
        """Yield its tables: title, headings, rows and the columns of numbers."""
        if self.lines:
            headings = [wording("No."), wording("Description"), wording("Ordered"), wording("Cancelled")]
            headings += [
                wording("Delivered"),
                wording("Unit price"),
                wording("Discount"),
                wording("Tax %"),
                wording("Net"),
            ]
            yield wording("Lines"), headings, [_line(line) for line in self.lines], (0, 2, 3, 4, 5, 6, 7, 8)
        if self.amendments:
            headings = [
                wording("Revision"),
                wording("On"),
                wording("Reason"),
                wording("Total before"),
                wording("Total after"),
            ]
            headings += [wording("What changed")]
            yield wording("Amendments"), headings, [_amendment(one) for one in self.amendments], (0, 3, 4)

    def document(self) -> dict[str, Any]:
        """Return it as programs read it."""
        return {
            "order": self.order,
            "customer": self.customer,
            "opportunity": self.opportunity or None,
            "quotation": self.quote or None,
            "owner": self.owner or None,
            "lines": self.lines,
            "amendments": self.amendments,
        }


def page_of(ctx: Context, order: Order) -> OrderPage:
    """Return everything of one order that the actor may see."""
    session: Any = ctx.session
    quote = session.find(Quote, id=order.quote_id) if order.quote_id else None
    return OrderPage(
        order=session.masked(order),
        customer=names_of(ctx, Customer, [order.customer_id]).get(order.customer_id, ""),
        opportunity=next(iter(names_of(ctx, Opportunity, [order.opportunity_id]).values()), ""),
        quote=quote.number if quote is not None else "",
        owner=next(iter(names_of(ctx, User, [order.owner_id]).values()), ""),
        lines=[session.masked(line) for line in session.list(OrderLine, order_id=order.id, order="position")],
        amendments=[session.masked(one) for one in session.list(OrderAmendment, order_id=order.id, order="revision")],
    )


def _line(line: OrderLine) -> list[Any]:
    return [
        line.position,
        line.description,
        line.quantity,
        line.cancelled or None,
        line.delivered or None,
        line.unit_price,
        line.discount or None,
        line.tax_rate,
        line.net,
    ]


def _amendment(one: OrderAmendment) -> list[Any]:
    totals = ("net", "tax", "gross")
    changes = [_change(change) for change in one.changes if change.get("field") not in totals]
    return [one.revision, one.amended_on, one.reason, one.gross_before, one.gross_after, ", ".join(changes)]


def _change(change: Mapping[str, Any]) -> str:
    place = f"{change['line']}: " if change.get("line") else ""
    before = shown_value(change["before"]) or translated(wording("none"))
    return f"{place}{change['field']} {before} → {shown_value(change['after'])}"
