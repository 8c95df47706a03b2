"""Satisfaction in numbers: c = experienced / expected, the net promoter score and the effort score.

All of it is pure arithmetic on tallies. Where there are no answers the result is None: no data rather than a guess.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext

import attrs

from crmkit.core.frozen import frozen

_WIDE = Context(prec=50)
_Z90 = Decimal("1.6448536269514722")
"""The quantile of the normal distribution that leaves 5 % on either side."""


@frozen
class Tally:
    """The answers to one question within one group, added up.

    ``asked`` counts how often it was put, ``answered`` how often anything came back. ``rated`` counts answers with both
    an expectation and an experience, ``expected`` and ``experienced`` are their sums, ``below`` counts those whose
    experience fell short. ``scored`` counts scores, ``score`` is their sum, ``promoters`` (9 and 10) and ``detractors``
    (0 to 6) are those of NPS.
    """

    asked: int = 0
    answered: int = 0
    rated: int = 0
    expected: Decimal = Decimal(0)
    experienced: Decimal = Decimal(0)
    below: int = 0
    scored: int = 0
    score: Decimal = Decimal(0)
    promoters: int = 0
    detractors: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(getattr(self, a.name) + getattr(other, a.name) for a in attrs.fields(Tally)))


@frozen
class NetPromoter:
    """The net promoter score, from -100 to 100, of ``scored`` answers, and the bounds of its 90 % interval."""

    score: Decimal
    low: Decimal
    high: Decimal
    scored: int


def satisfaction(tally: Tally) -> Decimal | None:
    """Return c = b / a, the sum of what was experienced over the sum of what was expected.

    Of sums and not of single answers, so that one low expectation does not outweigh many answers. None without answers
    or where nothing was expected.
    """
    return _divided(tally.experienced, tally.expected) if tally.rated else None


def weighted_satisfaction(parts: Iterable[tuple[Decimal, Tally]]) -> Decimal | None:
    """Return the mean of the c of several questions by their weights; questions without a c do not count."""
    known = [(weight, c) for weight, tally in parts if (c := satisfaction(tally)) is not None]
    with localcontext(_WIDE):
        return _divided(sum((weight * c for weight, c in known), Decimal(0)), sum((w for w, _ in known), Decimal(0)))


def share(part: int, whole: int) -> Decimal | None:
    """Return ``part`` of ``whole`` as a fraction; None of nothing."""
    return _divided(Decimal(part), Decimal(whole))


def net_promoter(tally: Tally) -> NetPromoter | None:
    """Return the share of promoters less that of detractors, in points, with its 90 % interval.

    The interval is the adjusted Wald interval of Bonett and Price (2012), which holds for few answers too: three
    answers are added, three quarters of one to either side, before the usual variance is taken. Where needed it is
    widened to hold the score itself.
    """
    if not tally.scored:
        return None
    with localcontext(_WIDE):
        score = Decimal(tally.promoters - tally.detractors) / tally.scored
        number = Decimal(tally.scored + 3)
        ahead = (tally.promoters + Decimal("0.75")) / number
        behind = (tally.detractors + Decimal("0.75")) / number
        middle = ahead - behind
        margin = _Z90 * ((ahead + behind - middle**2) / number).sqrt()
        low, high = min(score, max(middle - margin, Decimal(-1))), max(score, min(middle + margin, Decimal(1)))
        points, least, most = ((value * 100).quantize(Decimal("0.1"), ROUND_HALF_UP) for value in (score, low, high))
    return NetPromoter(points, least, most, tally.scored)


def mean_score(tally: Tally) -> Decimal | None:
    """Return the mean of the scores, as the customer effort score is given; None without answers."""
    return _divided(tally.score, Decimal(tally.scored))


def rounded(value: Decimal | None, places: int = 3) -> Decimal | None:
    """Return ``value`` half-up to so many places, for people to read."""
    return None if value is None else value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, context=_WIDE)


def _divided(part: Decimal, whole: Decimal) -> Decimal | None:
    with localcontext(_WIDE):
        return part / whole if whole > 0 else None
