"""The arithmetic of priced documents: discounts, tax and rounding. Exact decimals in, minor units of a currency out.

Sums are those of the rounded lines, so that a document adds up on paper. What is rounded for the document as a whole
(its discount, tax by rate) is spread over the lines by the largest remainder: no line is further than one minor unit from
its exact value.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction

from crmkit.core.frozen import frozen
from crmkit.core.values.money import minor_units, round_half_up
from crmkit_sfa.pricing.settings import TaxRounding

HUNDRED = Decimal(100)


@frozen
class LineTerms:
    """What one line asks for: percentages are 0 to 100, the price is for one unit and may have any number of places."""

    quantity: Decimal
    unit_price: Decimal
    discount: Decimal = Decimal(0)
    tax_rate: Decimal = Decimal(0)


@frozen
class LineAmounts:
    """One line in money. ``amount`` is before the discount on the whole document, the others are after it."""

    amount: Decimal
    net: Decimal
    tax: Decimal
    gross: Decimal


@frozen
class TaxSum:
    """The net sum and the tax of all lines of one rate."""

    rate: Decimal
    net: Decimal
    tax: Decimal


@frozen
class DocumentAmounts:
    """A document in money: its lines in their order, their sums, what its discount takes off, and its tax by rate."""

    lines: tuple[LineAmounts, ...]
    amount: Decimal
    reduction: Decimal
    net: Decimal
    tax: Decimal
    gross: Decimal
    taxes: tuple[TaxSum, ...]


def document_amounts(
    lines: Sequence[LineTerms],
    currency: str,
    *,
    discount: Decimal = Decimal(0),
    tax_included: bool = False,
    tax_rounding: TaxRounding = "line",
) -> DocumentAmounts:
    """Return the amounts of a document; ``discount`` is on its whole, in percent.

    ``amount`` of a line is quantity x price x (1 - discount), rounded half up. With ``tax_included`` prices contain the
    tax, which is then gross x rate / (100 + rate). Raises ``BadInput`` for an unknown currency.
    """
    places = minor_units(currency)
    amounts = [_amount(line, places) for line in lines]
    shares = rounded_together([_part(amount, discount) for amount in amounts], places)
    charged = [amount - share for amount, share in zip(amounts, shares, strict=True)]
    taxes = _taxes(charged, [line.tax_rate for line in lines], places, tax_included, tax_rounding)
    made = tuple(
        LineAmounts(amount, base - tax, tax, base) if tax_included else LineAmounts(amount, base, tax, base + tax)
        for amount, base, tax in zip(amounts, charged, taxes, strict=True)
    )
    return DocumentAmounts(
        lines=made,
        amount=_sum(amounts, places),
        reduction=_sum(shares, places),
        net=_sum((line.net for line in made), places),
        tax=_sum((line.tax for line in made), places),
        gross=_sum((line.gross for line in made), places),
        taxes=taxes_by_rate([(line.tax_rate, one.net, one.tax) for line, one in zip(lines, made, strict=True)]),
    )


def taxes_by_rate(lines: Iterable[tuple[Decimal, Decimal, Decimal]]) -> tuple[TaxSum, ...]:
    """Return the sums of lines, given as (rate, net, tax), by rate, the highest rate first."""
    sums: dict[Decimal, TaxSum] = {}
    for rate, net, tax in lines:
        known = sums.get(rate) or TaxSum(rate, Decimal(0), Decimal(0))
        sums[rate] = TaxSum(known.rate, known.net + net, known.tax + tax)
    return tuple(sums[rate] for rate in sorted(sums, reverse=True))


def rounded_together(values: Sequence[Fraction], places: int) -> list[Decimal]:
    """Return exact ``values`` rounded to ``places`` so that their sum is the rounded sum (half away from zero).

    Each is rounded down; what is missing goes, one unit each, to those with the largest remainders, the first of equal
    ones first (Hamilton's method).
    """
    scale = 10**places
    exact = [value * scale for value in values]
    floors = [value.numerator // value.denominator for value in exact]
    missing = _half_away(sum(exact, Fraction(0))) - sum(floors)
    order = sorted(range(len(exact)), key=lambda at: (floors[at] - exact[at], at))
    for at in order[:missing]:
        floors[at] += 1
    return [Decimal(units).scaleb(-places) for units in floors]


def total_discount(unit_price: Decimal, list_price: Decimal | None, *percentages: Decimal) -> Decimal:
    """Return how far a price lies below the list price after discounts one upon the other, in percent to two places.

    Without a list price, or one of nothing, only the discounts count. Never below zero.
    """
    left = Fraction(1)
    for percentage in percentages:
        left *= 1 - Fraction(percentage) / 100
    if list_price is not None and list_price > 0:
        left *= Fraction(unit_price) / Fraction(list_price)
    off = max((1 - left) * 100, Fraction(0))
    return Decimal(_half_away(off * 100)).scaleb(-2)


def _amount(line: LineTerms, places: int) -> Decimal:
    exact = Fraction(line.quantity) * Fraction(line.unit_price) * (1 - Fraction(line.discount) / 100)
    return Decimal(_half_away(exact * 10**places)).scaleb(-places)


def _taxes(
    charged: Sequence[Decimal], rates: Sequence[Decimal], places: int, included: bool, rounding: TaxRounding
) -> list[Decimal]:
    exact = [_tax(base, rate, included) for base, rate in zip(charged, rates, strict=True)]
    if rounding == "line":
        return [Decimal(_half_away(tax * 10**places)).scaleb(-places) for tax in exact]
    taxes = [Decimal(0)] * len(exact)
    for rate in dict.fromkeys(rates):
        mine = [at for at, other in enumerate(rates) if other == rate]
        for at, tax in zip(mine, rounded_together([exact[at] for at in mine], places), strict=True):
            taxes[at] = tax
    return taxes


def _tax(base: Decimal, rate: Decimal, included: bool) -> Fraction:
    whole = Fraction(rate) + 100 if included else Fraction(100)
    return Fraction(base) * Fraction(rate) / whole


def _part(amount: Decimal, percentage: Decimal) -> Fraction:
    return Fraction(amount) * Fraction(percentage) / 100


def _sum(values: Iterable[Decimal], places: int) -> Decimal:
    return round_half_up(sum(values, Decimal(0)), places)


def _half_away(value: Fraction) -> int:
    whole = (abs(value) * 2 + 1) // 2
    return int(whole) if value >= 0 else -int(whole)
