"""How opportunities work: the part ``[plugins.sfa.opportunities]`` of the configuration."""

from __future__ import annotations

from decimal import Decimal

from crmkit.core.frozen import frozen
from crmkit.plugin import Money


@frozen(kw_only=True)
class BigDeal:
    """From which amount on a deal is a big one: for everybody, or for the team of this name."""

    amount: str
    """From this amount on."""
    currency: str
    """Its currency (ISO 4217)."""
    team: str = ""
    """The team that it is for; empty: every other one."""

    @property
    def money(self) -> Money:
        """The threshold as money."""
        return Money(Decimal(self.amount), self.currency)

    def __attrs_post_init__(self) -> None:
        Money.of(self.amount, self.currency)


@frozen(kw_only=True)
class OpportunitySettings:
    """How opportunities work in this installation."""

    pipeline: str = "sales"
    """The pipeline of opportunities that name none."""
    big_deals: tuple[BigDeal, ...] = ()
    """Thresholds; an opportunity that crosses one gives rise to an alert."""
