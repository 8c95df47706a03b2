"""What a forecast consists of, added up: by category, weighted, adjusted."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import attrs

from crmkit_sfa.reporting.money import ZERO

CATEGORIES = ("closed", "commit", "best_case", "pipeline")
"""From the surest to the least sure. A deal is in one of them alone; ``omitted`` ones are in none."""

HUNDRED = Decimal(100)


@attrs.define(kw_only=True)
class Figures:
    """Money in the home currency, by category of the deals; each deal counts in one category.

    ``weighted`` is the sum of amount x probability of open deals that are not omitted; ``without_amount`` are deals that
    count for nothing because their amount is not known; ``late`` open ones whose day of closing has passed.
    """

    amounts: dict[str, Decimal] = attrs.field(factory=lambda: dict.fromkeys(CATEGORIES, ZERO))
    deals: Counter[str] = attrs.field(factory=Counter)
    weighted: Decimal = ZERO
    adjustments: dict[str, Decimal] = attrs.field(factory=dict)
    without_amount: int = 0
    late: int = 0

    @property
    def expected(self) -> Decimal:
        """What is closed and the weighted rest."""
        return self.amounts["closed"] + self.weighted

    @property
    def commit(self) -> Decimal:
        """Closed and committed, with what managers say."""
        return self._down_to("commit")

    @property
    def best_case(self) -> Decimal:
        """Closed, committed and best case, with what managers say."""
        return self._down_to("best_case")

    @property
    def whole(self) -> Decimal:
        """Everything that is not omitted, with what managers say."""
        return self._down_to("pipeline")

    def adjusted(self, category: str) -> Decimal:
        """Return the amount of a category with what managers say."""
        return self.amounts[category] + self.adjustments.get(category, ZERO)

    def add(self, other: Figures) -> None:
        """Take in the figures of another one."""
        for category, amount in other.amounts.items():
            self.amounts[category] += amount
        for category, amount in other.adjustments.items():
            self.adjustments[category] = self.adjustments.get(category, ZERO) + amount
        self.deals.update(other.deals)
        self.weighted += other.weighted
        self.without_amount += other.without_amount
        self.late += other.late

    def _down_to(self, last: str) -> Decimal:
        return sum((self.adjusted(c) for c in CATEGORIES[: CATEGORIES.index(last) + 1]), ZERO)
