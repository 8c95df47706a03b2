"""Distributions given as counts by value, as an aggregate of SQL gives them: mean, median, survival."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal


def mean(counts: Mapping[int, int]) -> Decimal | None:
    """Return the arithmetic mean; None without values."""
    number = sum(counts.values())
    return Decimal(sum(value * count for value, count in counts.items())) / number if number else None


def median(counts: Mapping[int, int]) -> Decimal | None:
    """Return the median, of an even number of values the mean of the middle two; None without values."""
    number = sum(counts.values())
    if not number:
        return None
    low, high = _at(counts, (number - 1) // 2), _at(counts, number // 2)
    return Decimal(low + high) / 2


def survival_median(ended: Mapping[int, int], going_on: Mapping[int, int]) -> int | None:
    """Return the time after which half have ended, counting those that still go on for as long as they were seen.

    The product-limit estimate: S(t) is the product of ``1 - d / n`` over the times until t at which d of n at risk ended;
    the median is the first t with S(t) <= 1/2, None where it never falls that far. Those that go on since t were at
    risk at t. Kaplan and Meier, "Nonparametric Estimation from Incomplete Observations", Journal of the American
    Statistical Association 53 (1958).
    """
    at_risk = sum(ended.values()) + sum(going_on.values())
    # As a fraction of whole numbers, so that exactly one half is one half.
    survive, of = 1, 1
    for time in sorted({*ended, *going_on}):
        gone = ended.get(time, 0)
        if gone:
            survive, of = survive * (at_risk - gone), of * at_risk
            if 2 * survive <= of:
                return time
        at_risk -= gone + going_on.get(time, 0)
    return None


def _at(counts: Mapping[int, int], place: int) -> int:
    for value in sorted(counts):
        place -= counts[value]
        if place < 0:
            return value
    raise IndexError(place)
