"""What an order comes to: the amounts of its lines and their sums, by the arithmetic of all priced documents."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from crmkit.plugin import Money, change
from crmkit_sfa.orders.entities import Order, OrderLine
from crmkit_sfa.pricing.arithmetic import LineTerms, document_amounts
from crmkit_sfa.pricing.settings import TaxRounding

ZERO = Decimal(0)


def remaining(line: OrderLine) -> Decimal:
    """Return the quantity of a line that is not cancelled."""
    return line.quantity - line.cancelled


def priced(order: Order, lines: Sequence[OrderLine], rounding: TaxRounding) -> tuple[Order, list[OrderLine]]:
    """Return an order and its lines, in the order of positions, with their amounts.

    Totals of an order that does not sum up its lines stay as they are; what it was not told of them follows.
    """
    lines = sorted(lines, key=lambda line: (line.position, line.id))
    terms = [LineTerms(remaining(one), one.unit_price.amount, one.discount, one.tax_rate or ZERO) for one in lines]
    made = document_amounts(
        terms, order.currency, discount=order.discount, tax_included=order.tax_included, tax_rounding=rounding
    )

    def money(amount: Decimal) -> Money:
        return Money(amount, order.currency)

    filled = [
        change(line, net=money(one.net), tax=money(one.tax), gross=money(one.gross))
        for line, one in zip(lines, made.lines, strict=True)
    ]
    if order.sum_lines:
        return change(order, net=money(made.net), tax=money(made.tax), gross=money(made.gross)), filled
    return _completed(order), filled


def _completed(order: Order) -> Order:
    """Return an order whose totals were given, with those that follow from the others."""
    net, tax, gross = order.net, order.tax, order.gross
    if gross is None and net is not None:
        gross = net if tax is None else net + tax
    if net is None and gross is not None:
        net = gross if tax is None else gross - tax
    if tax is None and net is not None and gross is not None:
        tax = gross - net
    return change(order, net=net, tax=tax, gross=gross)
