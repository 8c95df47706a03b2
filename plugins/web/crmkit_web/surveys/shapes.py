"""What a report of satisfaction looks like."""

from __future__ import annotations

from decimal import Decimal

from crmkit.core.frozen import frozen


@frozen
class NetPromoterShown:
    """The net promoter score in points, and the ends of its interval."""

    score: Decimal
    low: Decimal
    high: Decimal


@frozen(kw_only=True)
class SatisfactionLine:
    """A row: how many surveys were ``asked`` and ``answered``; ``c`` is experienced by expected, from ``rated`` answers.

    ``below`` is the part of them under expectation; ``effort`` the mean of ``effort_scored`` answers. What is not known is
    null.
    """

    key: str
    label: str
    asked: int
    answered: int
    response_rate: Decimal | None
    c: Decimal | None
    rated: int
    below: Decimal | None
    nps: NetPromoterShown | None
    effort: Decimal | None
    effort_scored: int


@frozen
class Satisfaction:
    """Satisfaction by question, side or customer, and all together."""

    by: str
    rows: tuple[SatisfactionLine, ...]
    total: SatisfactionLine
