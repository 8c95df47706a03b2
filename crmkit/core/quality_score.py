"""The arithmetic of data quality: counts, shares and scores. Pure.

Every dimension is a share of two counts, as in ISO/IEC 25024 (measurement of data quality), and each rests on what the
one before left:

- completeness = present / expected,
- validity = valid / present,
- timeliness = current / valid,

so their product, current / expected, is the share of what is expected that is there, right and not too old. A score is
100 times the mean of that share by the weights of the expectations. Uniqueness is one of the expectations: the record
has no suspected duplicate.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Literal

from crmkit.core.frozen import frozen
from crmkit.core.values.money import round_half_up

State = Literal["", "missing", "wrong", "old", "good"]
STATES: tuple[State, ...] = ("", "missing", "wrong", "old", "good")
"""How one thing stands in one record; a place in it is what the database computes. Empty: it is not expected."""

POINTS = 10_000
"""A full score of one record, in whole numbers, so that every database sorts and pages alike."""


@frozen
class Tally:
    """In how many records something is expected, is there, is right, and is right and not too old."""

    expected: int = 0
    present: int = 0
    valid: int = 0
    current: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.expected + other.expected,
            self.present + other.present,
            self.valid + other.valid,
            self.current + other.current,
        )

    def times(self, weight: int) -> Tally:
        """Return every count ``weight`` times."""
        return Tally(self.expected * weight, self.present * weight, self.valid * weight, self.current * weight)

    @property
    def completeness(self) -> Decimal | None:
        """Per cent of what is expected that is there; None where nothing is expected."""
        return percent(self.present, self.expected)

    @property
    def validity(self) -> Decimal | None:
        """Per cent of what is there that is right."""
        return percent(self.valid, self.present)

    @property
    def timeliness(self) -> Decimal | None:
        """Per cent of what is right that is not too old."""
        return percent(self.current, self.valid)

    @property
    def score(self) -> Decimal | None:
        """Per cent of what is expected that is there, right and not too old."""
        return percent(self.current, self.expected)


def percent(part: int, whole: int) -> Decimal | None:
    """Return ``part`` of ``whole`` in per cent, rounded half up to one decimal; None of nothing."""
    return None if whole == 0 else round_half_up(Decimal(part) * 100 / Decimal(whole), 1)


def weighted(tallies: Iterable[tuple[int, Tally]]) -> Tally:
    """Return the sum of tallies, each as often as its weight says; its ``score`` is the score of all together."""
    total = Tally()
    for weight, tally in tallies:
        total += tally.times(weight)
    return total


def record_points(states: Iterable[tuple[int, State]]) -> int | None:
    """Return the score of one record in ``POINTS``, rounded down, from weights and states; None where nothing counts."""
    good = total = 0
    for weight, state in states:
        total += weight if state else 0
        good += weight if state == "good" else 0
    return None if total == 0 else POINTS * good // total


def as_score(points: int) -> Decimal:
    """Return ``points`` as a score of 0 to 100, rounded down to one decimal: 100.0 is perfect, nothing less."""
    return Decimal(points // 10) / 10 if points else Decimal("0.0")
