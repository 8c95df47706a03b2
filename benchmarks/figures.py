"""One figure of a benchmark: what was measured, beside what, and what it may be at the most."""

from __future__ import annotations

from typing import Any

import attrs


@attrs.frozen(kw_only=True)
class Figure:
    """``ratio`` is ours over the limit's, both measured in this run; ``goal`` is where we want it to be next."""

    name: str
    ours: float
    beside: str
    limit: float
    unit: str
    at_most: float
    goal: float | None = None
    notes: str = ""

    @property
    def ratio(self) -> float:
        return self.ours / self.limit if self.limit else float("inf")

    @property
    def holds(self) -> bool:
        """Whether the figure is within its bound."""
        return self.ratio <= self.at_most

    def row(self) -> dict[str, Any]:
        """Return the figure for JSON."""
        return {**attrs.asdict(self), "ratio": round(self.ratio, 3), "holds": self.holds}
