"""Instalments: how the money of an order is split over days, so that the parts are exactly the whole."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from crmkit.core.frozen import frozen
from crmkit.core.values.money import clean_decimal, minor_units
from crmkit.plugin import BadInput, Money, msg
from crmkit_sfa.pricing.arithmetic import rounded_together

HUNDRED = Decimal(100)
_WRITTEN = re.compile(r"\s*(?P<share>[0-9][0-9.,]*)\s*(?P<percent>%?)\s+(?P<when>.+?)\s*")
_DAYS = re.compile(r"(?P<days>[0-9]{1,4})\s*(?:d|days?)")


@frozen
class Instalment:
    """A part of an order that is due on a day: a percentage of it, or an amount."""

    due_on: date
    percent: Decimal | None = None
    amount: Money | None = None
    description: str = ""


@frozen
class PlannedPart:
    """An instalment with the money that it comes to."""

    due_on: date
    amount: Money
    percent: Decimal | None = None
    description: str = ""


def read_instalment(text: str, ordered_on: date, currency: str) -> Instalment:
    """Return what ``30% 2026-04-01``, ``70% 60 days`` or ``1200.00 14 days`` says; days count from ``ordered_on``.

    Raises BadInput.
    """
    found = _WRITTEN.fullmatch(text)
    day = _day(found["when"], ordered_on) if found else None
    if found is None or day is None:
        raise BadInput(
            msg("instalment {text}: expected a share and a day, as in 30% 2026-04-01 or 70% 60 days", text=text)
        )
    share = clean_decimal(found["share"])
    if found["percent"]:
        return Instalment(day, percent=share)
    return Instalment(day, amount=Money(share, currency))


def _day(when: str, ordered_on: date) -> date | None:
    after = _DAYS.fullmatch(when)
    if after:
        return ordered_on + timedelta(days=int(after["days"]))
    try:
        return date.fromisoformat(when)
    except ValueError:
        return None


def split(total: Money, instalments: Iterable[Instalment]) -> tuple[PlannedPart, ...]:
    """Return the instalments of ``total`` with their amounts, which sum up to it exactly.

    Percentages are of ``total``, and what rounding leaves goes to the largest remainders. Raises BadInput when the parts
    do not make the whole.
    """
    parts = tuple(instalments)
    given = [part.amount for part in parts if part.amount is not None]
    percents = [part.percent for part in parts if part.amount is None and part.percent is not None]
    if len(given) + len(percents) != len(parts) or not parts:
        raise BadInput(msg("each instalment needs a percentage or an amount"))
    for amount in given:
        _check(amount, total)
    if any(percent <= 0 for percent in percents):
        raise BadInput(msg("percentages of instalments are above 0"))
    left = total
    for amount in given:
        left -= amount
    _whole(total, left, percents)
    shares = iter(shared(left, percents))
    return tuple(
        PlannedPart(part.due_on, next(shares) if part.amount is None else part.amount, part.percent, part.description)
        for part in parts
    )


def _check(amount: Money, total: Money) -> None:
    if amount.currency != total.currency or amount.amount <= 0 or amount.rounded() != amount:
        raise BadInput(
            msg(
                "instalment {amount}: expected an amount above 0 in {currency}, to its minor unit",
                amount=amount,
                currency=total.currency,
            )
        )


def _whole(total: Money, left: Money, percents: Sequence[Decimal]) -> None:
    """Refuse parts that are not the whole: percentages alone make 100, amounts alone the total, both together the total."""
    if not percents and left.amount != 0:
        raise BadInput(msg("the instalments sum up to {sum}, expected {total}", sum=total - left, total=total))
    if percents and left == total and sum(percents) != HUNDRED:
        raise BadInput(msg("the percentages sum up to {sum}, expected 100", sum=sum(percents)))
    if percents and (
        left.amount <= 0 or (left != total and abs(sum(percents) / HUNDRED * total.amount - left.amount) > unit(total))
    ):
        raise BadInput(
            msg(
                "the instalments sum up to {sum}, expected {total}",
                sum=Money(
                    total.amount - left.amount + sum(percents) / HUNDRED * total.amount, total.currency
                ).rounded(),
                total=total,
            )
        )


def unit(money: Money) -> Decimal:
    """Return the minor unit of a currency: 0.01 for EUR, 1 for JPY."""
    return Decimal(1).scaleb(-minor_units(money.currency))


def shared(total: Money, weights: Sequence[Decimal]) -> tuple[Money, ...]:
    """Return ``total`` shared by weights, to the minor unit; the shares sum up to it exactly (largest remainder method).

    Weights are at least 0 and not all 0; ``total`` is in whole minor units.
    """
    whole = sum((Fraction(weight) for weight in weights), Fraction(0))
    exact = [Fraction(total.amount) * Fraction(weight) / whole for weight in weights]
    return tuple(Money(part, total.currency) for part in rounded_together(exact, minor_units(total.currency)))
