"""Putting what engineering answered onto quotations and opportunities, in one step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crmkit.core.customer import Customer
from crmkit.plugin import BadInput, Refused, change, msg
from crmkit_sfa.inquiries.asking import lines_of, record_step
from crmkit_sfa.inquiries.entities import Inquiry, InquiryLine
from crmkit_sfa.opportunities.entities import Opportunity, OpportunityLine
from crmkit_sfa.quotes.entities import Quote, QuoteLine
from crmkit_sfa.quotes.states import named
from crmkit_sfa.quotes.writing import add_line, new_quote


def quote_answers(
    ctx: Any, inquiry: Inquiry, quote: Quote | None = None, lines: Sequence[InquiryLine] | None = None
) -> tuple[Quote, list[QuoteLine]]:
    """Put answered requirements (by default all with a price) onto a draft, and return it and its new lines.

    Without a quotation a new one begins, for the inquiry's customer and opportunity. A requirement that is on a quotation
    already is put onto this one too only when it is named. Raises Refused where nothing is answered with a price, or a
    price holds no longer, and BadInput for prices in another currency than the quotation's.
    """
    held: Inquiry = ctx.services.hold_records(Inquiry, [inquiry.id])[inquiry.id]
    chosen = _usable(ctx, held, lines)
    target = quote if quote is not None else _new_quote(ctx, held, chosen)
    made = []
    for line in chosen:
        price = line.price
        if price is None or price.currency != target.currency:
            raise BadInput(
                msg(
                    "price {price}: expected money in {currency}, as quotation {number}",
                    price=str(price),
                    currency=target.currency,
                    number=named(target),
                )
            )
        one = add_line(
            ctx,
            target,
            None,
            line.quantity,
            price=price,
            description=_first_line(line),
            detail=_detail(line),
            unit=line.unit,
            product_id=line.product_id,
            list_price=price,
            price_source="inquiry",
        )
        ctx.session.update(change(line, quote_line_id=one.id))
        record_step(ctx, held, "quoted", line_id=line.id, price=price, note=named(target))
        made.append(one)
    stored: Quote = ctx.session.get(Quote, target.id)
    return stored, made


def answers_to_opportunity(ctx: Any, inquiry: Inquiry, opportunity: Opportunity | None = None) -> list[OpportunityLine]:
    """Put the answers with a price onto an opportunity, by default the inquiry's, as lines of it; returns them.

    Raises BadInput where the inquiry has no opportunity and Refused where nothing is answered with a price.
    """
    held: Inquiry = ctx.services.hold_records(Inquiry, [inquiry.id])[inquiry.id]
    if opportunity is None and held.opportunity_id is None:
        raise BadInput(msg("inquiry {number} belongs to no opportunity; name one", number=held.number))
    target = opportunity or ctx.session.get(Opportunity, held.opportunity_id)
    chosen = _usable(ctx, held, None)
    begun = max((one.position for one in ctx.session.list(OpportunityLine, opportunity_id=target.id)), default=0)
    made = [
        OpportunityLine(
            opportunity_id=target.id,
            position=at,
            product_id=line.product_id,
            description=_first_line(line),
            quantity=line.quantity,
            unit_price=line.price,
        )
        for at, line in enumerate(chosen, begun + 1)
        if line.price is not None
    ]
    ctx.session.add(*made)
    for line in chosen:
        record_step(ctx, held, "quoted", line_id=line.id, price=line.price, note=target.name)
    return [ctx.session.get(OpportunityLine, one.id) for one in made]


def _usable(ctx: Any, inquiry: Inquiry, lines: Sequence[InquiryLine] | None) -> list[InquiryLine]:
    if inquiry.status == "withdrawn":
        raise Refused("sfa", msg("inquiry {number} is {state}", number=inquiry.number, state=inquiry.status))
    named_ = None if lines is None else {line.id for line in lines}
    known = [line for line in lines_of(ctx, inquiry) if (named_ is None or line.id in named_)]
    priced = [line for line in known if line.feasible and line.price is not None]
    usable = [line for line in priced if named_ is not None or line.quote_line_id is None]
    if not usable:
        raise Refused("sfa", _nothing(inquiry, priced))
    for line in usable:
        if line.valid_until is not None and line.valid_until < ctx.today():
            raise Refused(
                "sfa",
                msg(
                    "the price of line {position} held until {day}; ask again",
                    position=line.position,
                    day=line.valid_until,
                ),
            )
    return usable


def _nothing(inquiry: Inquiry, priced: Sequence[InquiryLine]) -> Any:
    if priced:
        return msg("all answers of inquiry {number} are on a quotation already", number=inquiry.number)
    return msg("inquiry {number} has no answer with a price yet", number=inquiry.number)


def _new_quote(ctx: Any, inquiry: Inquiry, lines: Sequence[InquiryLine]) -> Quote:
    opportunity = ctx.session.get(Opportunity, inquiry.opportunity_id) if inquiry.opportunity_id else None
    customer = ctx.session.get(Customer, inquiry.customer_id) if inquiry.customer_id else None
    currency = lines[0].price.currency if lines[0].price is not None else ""
    return new_quote(ctx, customer, opportunity=opportunity, currency=currency)


def _first_line(line: InquiryLine) -> str:
    return (line.answer or line.requirement).splitlines()[0][:500]


def _detail(line: InquiryLine) -> str:
    rest = (line.answer or line.requirement).splitlines()[1:]
    return "\n".join([*rest, *line.options])[:5_000]
