"""Entering orders: by themselves, and from accepted quotations, whole or in part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import attrs

from crmkit.core.customer import Customer
from crmkit.core.frozen import frozen
from crmkit.core.product import Product
from crmkit.plugin import BadInput, Conflict, Context, Money, msg
from crmkit_sfa.orders.entities import Order, OrderLine
from crmkit_sfa.orders.quoted import ordered_of
from crmkit_sfa.pricing.finding import price_for, tax_category, tax_rate_for
from crmkit_sfa.quotes.entities import Quote, QuoteLine


@frozen(kw_only=True)
class Ordered:
    """What is ordered: one position. ``discount`` and ``tax_rate`` are in percent."""

    unit_price: Money
    quantity: Decimal = Decimal(1)
    product_id: UUID | None = None
    description: str = ""
    unit: str = ""
    discount: Decimal = Decimal(0)
    tax_rate: Decimal | None = None

    def line(self, order: Order, position: int) -> OrderLine:
        """Return it as a position of an order."""
        return OrderLine(order_id=order.id, position=position, **attrs.asdict(self, recurse=False))


def new_order(
    ctx: Context, customer: Customer, lines: Sequence[Ordered], *, currency: str = "", **fields: Any
) -> Order:
    """Enter an order as a draft and return it; ``fields`` are further ones of the order.

    The currency is by default that of the first line, else that of sums. Raises Refused for lines of several currencies.
    """
    unit = currency or (lines[0].unit_price.currency if lines else ctx.currency)
    made = Order(customer_id=customer.id, currency=unit, **fields)
    ctx.session.add(made)
    ctx.session.add(*[line.line(made, number) for number, line in enumerate(lines, start=1)])
    ctx.session.flush()
    return ctx.session.get(Order, made.id)


def open_quantities(ctx: Context, quote: Quote) -> dict[int, Decimal]:
    """Return how much of each position of a quotation was not ordered yet; positions that are used up are left out."""
    lines = ctx.session.list(QuoteLine, quote_id=quote.id, order="position")
    ordered = ordered_of(ctx, [line.id for line in lines])
    left = {line.position: line.quantity - ordered[line.id] for line in lines}
    return {position: quantity for position, quantity in left.items() if quantity > 0}


def order_from_quote(
    ctx: Context,
    quote: Quote,
    quantities: Mapping[int, Decimal] | None = None,
    *,
    ordered_on: date | None = None,
    reference: str = "",
) -> Order:
    """Enter an order of what an accepted quotation offers, as a draft, and return it.

    ``quantities`` says how much of which positions, by default all that is left. Prices, discounts and taxes are those of
    the quotation. Raises BadInput for a position that it does not have, Conflict when it was not accepted or nothing is
    left, Refused for more than it offers.
    """
    ctx.services.take_turns("sfa_quote", str(quote.id))
    if quote.status != "accepted":
        raise Conflict(
            msg(
                "quotation {number} is {status}; only accepted ones are ordered",
                number=quote.number,
                status=quote.status,
            )
        )
    lines = {line.position: line for line in ctx.session.list(QuoteLine, quote_id=quote.id, order="position")}
    wanted = _wanted(ctx, quote, lines, quantities)
    made = Order(
        customer_id=quote.customer_id,
        opportunity_id=quote.opportunity_id,
        quote_id=quote.id,
        currency=quote.currency,
        tax_included=quote.tax_included,
        discount=quote.discount,
        ordered_on=ordered_on,
        reference=reference,
        owner_id=quote.owner_id,
        team_id=quote.team_id,
    )
    ctx.session.add(made)
    ctx.session.add(
        *[
            _line(made, number, lines[position], quantity)
            for number, (position, quantity) in enumerate(wanted.items(), start=1)
        ]
    )
    ctx.session.flush()
    return ctx.session.get(Order, made.id)


def _wanted(
    ctx: Context, quote: Quote, lines: Mapping[int, QuoteLine], quantities: Mapping[int, Decimal] | None
) -> dict[int, Decimal]:
    if quantities is None:
        wanted = open_quantities(ctx, quote)
        if not wanted:
            raise Conflict(msg("all of quotation {number} is ordered already", number=quote.number))
        return wanted
    for position, quantity in quantities.items():
        if position not in lines:
            raise BadInput(
                msg(
                    "quotation {number} has no position {position}; known: {known}",
                    number=quote.number,
                    position=position,
                    known=", ".join(map(str, lines)),
                )
            )
        if quantity <= 0:
            raise BadInput(msg("position {position}: expected a quantity above 0", position=position))
    if not quantities:
        raise BadInput(msg("an order needs a position of the quotation"))
    return dict(sorted(quantities.items()))


def _line(order: Order, number: int, line: QuoteLine, quantity: Decimal) -> OrderLine:
    return OrderLine(
        order_id=order.id,
        position=number,
        quote_line_id=line.id,
        product_id=line.product_id,
        description=line.description,
        quantity=quantity,
        unit=line.unit,
        unit_price=line.unit_price,
        discount=line.discount,
        tax_rate=line.tax_rate,
    )


def add_product(
    ctx: Context,
    order: Order,
    product: Product | None = None,
    quantity: Decimal = Decimal(1),
    *,
    price: Money | None = None,
    description: str = "",
    discount: Decimal = Decimal(0),
    tax_rate: Decimal | None = None,
) -> OrderLine:
    """Add a position to a draft: a product at ``price`` or that of the lists, or what ``description`` says.

    The tax is by default that of the tax table. Raises BadInput where there is neither product nor description and where
    no price is known, Refused for an order that is no draft.
    """
    if product is None and not description:
        raise BadInput(msg("line: expected a product or a description"))
    customer = ctx.session.get(Customer, order.customer_id)
    if price is None and product is not None:
        price = price_for(ctx, customer, product, quantity, order.currency, order.ordered_on).price
    name = description or (product.name if product is not None else "")
    if price is None:
        raise BadInput(msg("no price is known for {what} in {currency}; give one", what=name, currency=order.currency))
    if tax_rate is None:
        known = tax_rate_for(ctx, customer.country, tax_category(product), order.ordered_on)
        tax_rate = known.rate if known is not None else None
    last = max((line.position for line in ctx.session.list(OrderLine, order_id=order.id)), default=0)
    wanted = Ordered(
        product_id=product.id if product is not None else None,
        description=name,
        quantity=quantity,
        unit=product.unit if product is not None else "",
        unit_price=price,
        discount=discount,
        tax_rate=tax_rate,
    )
    made = wanted.line(order, last + 1)
    ctx.session.add(made)
    ctx.session.flush()
    return ctx.session.get(OrderLine, made.id)
