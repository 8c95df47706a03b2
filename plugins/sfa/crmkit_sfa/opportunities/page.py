"""Everything there is to see of one opportunity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from crmkit.command import PageTable, wording
from crmkit.core.frozen import frozen
from crmkit.core.product import Product
from crmkit.plugin import Context, Message
from crmkit_sfa.naming import names_beside
from crmkit_sfa.opportunities.entities import (
    BigDealAlert,
    Competitor,
    Opportunity,
    OpportunityContact,
    OpportunityHistory,
    OpportunityLine,
)
from crmkit_sfa.opportunities.finding import Names, find_opportunity, named
from crmkit_sfa.opportunities.lines import line_amount
from crmkit_sfa.opportunities.odds import origin_of

_TOLD = (
    *("id", "name", "pipeline", "stage", "category", "amount", "probability", "forecast_category", "opened_on"),
    *("entered_at", "close_on", "closed_on", "reason", "next_step", "next_step_on", "lead_source", "description"),
)


def percent(number: Decimal | None) -> str:
    """Return a percentage as people read it; nothing for none."""
    return "" if number is None else f"{number:f} %"


@frozen(kw_only=True)
class OpportunityPage:
    """One opportunity with its parts, as the reader may see them."""

    opportunity: Opportunity
    names: Names
    product: str
    probability_origin: Message | None
    lines: Sequence[OpportunityLine]
    contacts: Sequence[OpportunityContact]
    competitors: Sequence[Competitor]
    history: Sequence[OpportunityHistory]
    alerts: Sequence[BigDealAlert]

    def facts(self) -> Iterator[tuple[str, Any]]:
        """Yield labels and values of the opportunity itself."""
        one = self.opportunity
        yield from (
            (wording("Opportunity"), one.name),
            (wording("Customer"), self.names.customer(one)),
            (wording("Owner"), self.names.owner(one)),
            (wording("Pipeline"), one.pipeline),
            (wording("Stage"), one.stage),
            (wording("In this stage since"), one.entered_at),
            (wording("Amount"), one.amount),
            (wording("Product"), self.product),
            (wording("Probability"), percent(one.probability)),
            (wording("Probability from"), self.probability_origin),
            (wording("Forecast category"), one.forecast_category),
            (wording("Opened on"), one.opened_on),
            (wording("Expected close"), one.close_on),
            (wording("Closed on"), one.closed_on),
            (wording("Reason"), one.reason),
            (wording("Next step"), one.next_step),
            (wording("Next step on"), one.next_step_on),
            (wording("Lead source"), one.lead_source),
            (wording("Description"), one.description),
            (wording("Id"), str(one.id)),
        )

    def tables(self) -> Iterator[PageTable]:
        """Yield the parts that there are, as tables."""
        if self.lines:
            headings = [wording("Product"), wording("Quantity"), wording("Unit price"), wording("Discount")]
            lines = [
                (one.description, one.quantity, one.unit_price, percent(one.discount), line_amount(one))
                for one in self.lines
            ]
            yield wording("Lines"), [*headings, wording("Amount")], lines, (1, 2, 3, 4)
        if self.contacts:
            names = self.names.customers
            people = [(names.get(one.customer_id, ""), one.role, one.note) for one in self.contacts]
            yield wording("People"), (wording("Name"), wording("Role"), wording("Note")), people, ()
        if self.competitors:
            headings = [wording("Name"), wording("Threat"), wording("Price"), wording("Outcome")]
            rivals = [(one.name, one.threat, one.price, one.outcome) for one in self.competitors]
            yield wording("Competitors"), headings, rivals, (2,)
        headings = [wording("From"), wording("Stage"), wording("Amount"), wording("Expected close")]
        rows = [(one.valid_from, one.stage, one.amount, one.close_on, percent(one.probability)) for one in self.history]
        yield wording("History"), [*headings, wording("Probability")], rows, (2, 4)

    def document(self) -> dict[str, Any]:
        """Return the page as JSON tells it."""
        one = self.opportunity
        return {
            **{name: getattr(one, name) for name in _TOLD},
            "customer": self.names.customer(one) or None,
            "owner": self.names.owner(one) or None,
            "product": self.product or None,
            "probability_source": one.probability_source,
            "probability_from": None if self.probability_origin is None else self.probability_origin.render(),
            "lines": [
                {
                    "description": line.description,
                    "quantity": line.quantity,
                    "unit_price": line.unit_price,
                    "discount": line.discount,
                    "amount": line_amount(line),
                }
                for line in self.lines
            ],
            "people": [
                {
                    "id": one.customer_id,
                    "name": self.names.customers.get(one.customer_id),
                    "role": one.role,
                    "note": one.note,
                }
                for one in self.contacts
            ],
            "competitors": [
                {"name": one.name, "threat": one.threat, "price": one.price, "outcome": one.outcome}
                for one in self.competitors
            ],
            "history": [
                {
                    "from": one.valid_from,
                    "to": one.valid_to,
                    "stage": one.stage,
                    "category": one.category,
                    "amount": one.amount,
                    "close_on": one.close_on,
                    "probability": one.probability,
                    "forecast_category": one.forecast_category,
                }
                for one in self.history
            ],
            "big_deal_alerts": [{"at": one.created_at, "direction": one.direction} for one in self.alerts],
        }


def page_of(ctx: Context, needle: str) -> OpportunityPage:
    """Return the page of the opportunity that ``needle`` names; raises as ``find_opportunity``."""
    session = ctx.session
    one = find_opportunity(ctx, needle)

    def parts(entity: type[Any], order: str) -> list[Any]:
        return [session.masked(part) for part in session.list(entity, opportunity_id=one.id, order=order)]

    contacts = parts(OpportunityContact, "role")
    seen = session.masked(one)
    return OpportunityPage(
        opportunity=seen,
        probability_origin=origin_of(ctx, seen),
        names=named(ctx, [one], [contact.customer_id for contact in contacts]),
        product=names_beside(ctx, Product, [seen.product_id]).get(seen.product_id, ""),
        lines=parts(OpportunityLine, "position"),
        contacts=contacts,
        competitors=parts(Competitor, "name"),
        history=parts(OpportunityHistory, "valid_from"),
        alerts=parts(BigDealAlert, "created_at"),
    )
