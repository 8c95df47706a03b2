"""Drawing up quotations: what is offered to whom, at the prices of the lists unless one is given."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from crmkit.core.customer import Customer
from crmkit.core.product import Product
from crmkit.core.values.ids import parse_id
from crmkit.plugin import BadInput, Money, NotFound, Refused, change, msg
from crmkit_sfa.numbering import next_number
from crmkit_sfa.opportunities.entities import Opportunity
from crmkit_sfa.pricing.choosing import PriceAnswer
from crmkit_sfa.pricing.entities import PriceList
from crmkit_sfa.pricing.finding import price_for, prices_for
from crmkit_sfa.quotes.entities import Quote, QuoteLine
from crmkit_sfa.quotes.states import OPEN, frozen, named


def new_quote(
    ctx: Any,
    customer: Customer | None = None,
    *,
    opportunity: Opportunity | None = None,
    currency: str = "",
    price_list: PriceList | None = None,
    number: str = "",
    **values: Any,
) -> Quote:
    """Begin a quotation for a customer, by default that of the opportunity; ``values`` are fields of it.

    Its currency is that of the price list, else of the opportunity's amount, else of the installation. Prices include
    the tax when those of the price list do. Raises BadInput where no customer is known.
    """
    buyer = customer
    if buyer is None and opportunity is not None and opportunity.customer_id is not None:
        buyer = ctx.session.get(Customer, opportunity.customer_id)
    if buyer is None:
        raise BadInput(msg("customer (empty): expected whom the quotation is for"))
    worth = opportunity.amount if opportunity is not None else None
    if price_list is not None:
        values.setdefault("tax_included", price_list.tax_included)
        currency = currency or price_list.currency
    made = Quote(
        number=number or next_number(ctx, Quote, ctx.config.quotes.number, ctx.today()),
        customer_id=buyer.id,
        opportunity_id=opportunity.id if opportunity is not None else None,
        currency=currency or (worth.currency if worth is not None else ctx.currency),
        price_list_id=price_list.id if price_list is not None else None,
        **values,
    )
    ctx.session.add(made)
    ctx.session.flush()
    return _stored(ctx, made.id)


def add_line(
    ctx: Any,
    quote: Quote,
    product: Product | None = None,
    quantity: Decimal = Decimal(1),
    *,
    price: Money | None = None,
    description: str = "",
    discount: Decimal = Decimal(0),
    **values: Any,
) -> QuoteLine:
    """Add a line to a draft, of a product or of what ``description`` says, at ``price`` or the price of the lists.

    Raises BadInput where there is neither a product nor a description, and where no price is known or given.
    """
    draft = require_draft(ctx, quote.id)
    if product is None and not description:
        raise BadInput(msg("line: expected a product or a description"))
    if quantity <= 0:
        raise BadInput(msg("quantity {value}: expected a number above zero", value=str(quantity)))
    answer = _answer(ctx, draft, product, quantity)
    unit_price = answer.price if price is None else price
    if unit_price is None:
        what = product.name if product is not None else description
        raise BadInput(msg("no price is known for {what} in {currency}; give one", what=what, currency=draft.currency))
    given: dict[str, Any] = {
        "product_id": product.id if product is not None else None,
        "description": description or (product.name if product is not None else ""),
        "unit": product.unit if product is not None else "",
        "list_price": answer.price,
        **(_source(answer) if price is None else {}),
    }
    given |= {name: value for name, value in values.items() if value not in (None, "")}
    made = QuoteLine(
        quote_id=draft.id,
        position=max((line.position for line in lines_of(ctx, draft)), default=0) + 1,
        quantity=quantity,
        unit_price=unit_price,
        discount=discount,
        **given,
    )
    ctx.session.add(made)
    ctx.session.flush()
    stored: QuoteLine = ctx.session.get(QuoteLine, made.id)
    return stored


def change_line(ctx: Any, line: QuoteLine, *, reprice: bool = False, **values: Any) -> QuoteLine:
    """Change fields of a line of a draft; with ``reprice`` its price is looked up anew, for its quantity."""
    draft = require_draft(ctx, line.quote_id)
    after = change(line, **values)
    if reprice and after.product_id is not None:
        product = ctx.session.get(Product, after.product_id)
        answer = _answer(ctx, draft, product, after.quantity)
        if answer.price is not None:
            after = change(after, unit_price=answer.price, list_price=answer.price, **_source(answer))
    ctx.session.update(after)
    ctx.session.flush()
    stored: QuoteLine = ctx.session.get(QuoteLine, line.id)
    return stored


def remove_line(ctx: Any, line: QuoteLine) -> None:
    """Take a line from a draft; the others move up."""
    draft = require_draft(ctx, line.quote_id)
    later = [one for one in lines_of(ctx, draft) if one.position > line.position]
    ctx.session.delete(line)
    ctx.session.update(*[change(one, position=one.position - 1) for one in later])
    ctx.session.flush()


def take_opportunity_lines(ctx: Any, quote: Quote, lines: Sequence[Any]) -> int:
    """Put the lines of an opportunity onto a draft, as they stand there; returns how many."""
    draft, begun = require_draft(ctx, quote.id), len(lines_of(ctx, quote))
    ids = sorted({line.product_id for line in lines if line.product_id})
    products = {one.id: one for one in ctx.session.list(Product, id=ids)} if ids else {}
    customer = ctx.session.get(Customer, draft.customer_id)
    priced = [(products[line.product_id], line.quantity) for line in lines if line.product_id in products]
    answers = iter(prices_for(ctx, customer, priced, draft.currency, price_list_id=draft.price_list_id))
    for at, line in enumerate(lines, begun + 1):
        product = products.get(line.product_id)
        answer = next(answers) if product is not None else None
        ctx.session.add(
            QuoteLine(
                quote_id=draft.id,
                position=at,
                product_id=line.product_id,
                description=line.description or (product.name if product is not None else ""),
                quantity=line.quantity,
                unit=product.unit if product is not None else "",
                unit_price=line.unit_price,
                list_price=answer.price if answer is not None else None,
                price_source="opportunity",
                discount=line.discount,
            )
        )
    ctx.session.flush()
    return len(lines)


def lines_of(ctx: Any, quote: Quote) -> list[QuoteLine]:
    """Return the lines of a quotation, in their order."""
    found: list[QuoteLine] = ctx.session.list(QuoteLine, quote_id=quote.id, order="position")
    return found


def line_at(ctx: Any, quote: Quote, position: int) -> QuoteLine:
    """Return the line of a quotation at a position; raises NotFound."""
    found: QuoteLine | None = ctx.session.find(QuoteLine, quote_id=quote.id, position=position)
    if found is None:
        raise NotFound(msg("quotation {number} has no line {position}", number=named(quote), position=position))
    return found


def change_quote(ctx: Any, quote: Quote, **values: Any) -> Quote:
    """Change fields of a draft. Raises Refused for one that was sent."""
    draft = require_draft(ctx, quote.id)
    ctx.session.update(change(draft, **values))
    ctx.session.flush()
    return _stored(ctx, quote.id)


def require_draft(ctx: Any, quote_id: UUID) -> Quote:
    """Hold a quotation and return it; raises Refused unless it is a draft."""
    quote: Quote = ctx.services.hold_records(Quote, [quote_id])[quote_id]
    if quote.status not in OPEN:
        raise Refused("sfa", frozen(quote))
    return quote


def quote_named(ctx: Any, needle: str) -> Quote:
    """Return the quotation of a number, the newest revision unless one is named as in Q-2026-00001/2; or of an id.

    Raises NotFound.
    """
    number, slash, revision = needle.rpartition("/")
    if slash and revision.isdecimal():
        found = ctx.session.list(Quote, number=number, revision=int(revision), limit=1)
    else:
        found = ctx.session.list(Quote, number=needle, order="-revision", limit=1)
    if not found:
        with suppress(BadInput):
            return _stored(ctx, parse_id(needle))
        raise NotFound(msg("no quotation {number}", number=needle))
    one: Quote = found[0]
    return one


def _answer(ctx: Any, quote: Quote, product: Product | None, quantity: Decimal) -> PriceAnswer:
    if product is None:
        return PriceAnswer(None, msg("no product"))
    customer = ctx.session.get(Customer, quote.customer_id)
    day: date = quote.quoted_on or ctx.today()
    answer = price_for(ctx, customer, product, quantity, quote.currency, day, price_list_id=quote.price_list_id)
    if answer.price is not None and answer.price_list is not None:
        _require_same_taxing(quote, answer.price_list)
    return answer


def _source(answer: PriceAnswer) -> dict[str, Any]:
    price_list = answer.price_list
    return {"price_source": answer.source, "price_list_id": None if price_list is None else price_list.id}


def _require_same_taxing(quote: Quote, price_list: PriceList) -> None:
    if price_list.tax_included != quote.tax_included:
        expected = msg("prices with tax") if quote.tax_included else msg("prices without tax")
        raise BadInput(
            msg(
                "price list {name}: quotation {number} takes {expected}; begin it with this list or give the price",
                name=price_list.name,
                number=named(quote),
                expected=expected,
            )
        )


def _stored(ctx: Any, id: UUID) -> Quote:
    stored: Quote = ctx.session.get(Quote, id)
    return stored
