"""What becomes of quotations that were sent: accepted once, declined, or expired."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from crmkit.plugin import Money, Refused, change, msg
from crmkit_sfa.opportunities.entities import Opportunity, OpportunityLine
from crmkit_sfa.opportunities.lines import line_amount
from crmkit_sfa.quotes.entities import Quote, QuoteLine
from crmkit_sfa.quotes.states import named
from crmkit_sfa.quotes.writing import lines_of

EXPIRED_AT_ONCE = 1_000


def accept(ctx: Any, quote: Quote, by: str = "", reason: str = "") -> Quote:
    """Note that the customer accepts a quotation; its opportunity gets its net amount.

    Who comes second waits for the first and is refused. Raises Refused for one that was not sent, that was decided on
    or that is no longer valid.
    """
    held = _open(ctx, quote)
    if held.valid_until is not None and held.valid_until < ctx.today():
        raise Refused(
            "sfa", msg("quotation {number} was valid until {day}; revise it", number=named(held), day=held.valid_until)
        )
    ctx.session.update(_decided(ctx, held, "accepted", by, reason))
    ctx.session.flush()
    if held.opportunity_id is not None:
        with ctx.elevated("an accepted quotation says what its opportunity is worth"):
            _give_amount(ctx, held)
    return _stored(ctx, quote)


def decline(ctx: Any, quote: Quote, by: str = "", reason: str = "") -> Quote:
    """Note that the customer declines a quotation, and why. Raises Refused for one that was not sent."""
    held = _open(ctx, quote)
    ctx.session.update(_decided(ctx, held, "declined", by, reason))
    ctx.session.flush()
    return _stored(ctx, quote)


def expire(ctx: Any) -> int:
    """Mark sent quotations whose last day has passed, where the installation is, as expired; returns how many."""
    today, count = ctx.today(), 0
    while True:
        due = ctx.session.list(
            Quote, f'status = "sent" and valid_until < {today.isoformat()}', order="valid_until", limit=EXPIRED_AT_ONCE
        )
        if not due:
            return count
        ctx.session.update(*[change(one, status="expired") for one in due])
        ctx.session.flush()
        count += len(due)


def _open(ctx: Any, quote: Quote) -> Quote:
    held: Quote = ctx.services.hold_records(Quote, [quote.id])[quote.id]
    if held.status in ("accepted", "declined") and held.decided_at is not None:
        day = held.decided_at.date().isoformat()
        said = msg("quotation {number} was {state} on {day}", number=named(held), state=held.status, day=day)
        raise Refused("sfa", said)
    if held.status != "sent":
        raise Refused(
            "sfa",
            msg(
                "quotation {number} is {state}; only one that was sent is decided on",
                number=named(held),
                state=held.status,
            ),
        )
    return held


def _decided(ctx: Any, quote: Quote, status: str, by: str, reason: str) -> Quote:
    return change(quote, status=status, decided_at=ctx.clock.now(), decided_by=by, decision_reason=reason)


def _give_amount(ctx: Any, quote: Quote) -> None:
    """Give an opportunity the amount of its quotation; where it has lines, they become those of the quotation."""
    found = ctx.session.find(Opportunity, id=quote.opportunity_id)
    if found is None:
        return
    old = ctx.session.list(OpportunityLine, opportunity_id=found.id)
    if old:
        ctx.session.delete(*old)
        ctx.session.add(*[_opportunity_line(found, at, line) for at, line in enumerate(lines_of(ctx, quote), 1)])
        ctx.session.flush()
        found = ctx.session.get(Opportunity, found.id)
    if found.amount != quote.net:
        ctx.session.update(change(found, amount=quote.net))


def _opportunity_line(opportunity: Opportunity, position: int, line: QuoteLine) -> OpportunityLine:
    """Return a line of an opportunity that is worth what a line of a quotation is, after all discounts."""
    net = line.net or Money(Decimal(0), line.unit_price.currency)
    each = Money((net.amount / line.quantity).quantize(Decimal("0.000001")), net.currency)
    made = OpportunityLine(
        opportunity_id=opportunity.id,
        position=position,
        product_id=line.product_id,
        description=line.description,
        quantity=line.quantity,
        unit_price=each,
    )
    if line_amount(made) == net:
        return made
    # So many that a price of six places is too coarse: their sum is what counts.
    described = f"{line.quantity.normalize():f} × {line.description}"[:500]
    return change(made, quantity=Decimal(1), unit_price=net, description=described)


def _stored(ctx: Any, quote: Quote) -> Quote:
    stored: Quote = ctx.session.get(Quote, quote.id)
    return stored
