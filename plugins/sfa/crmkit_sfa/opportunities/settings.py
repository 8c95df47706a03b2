"""How opportunities work: the part ``[plugins.sfa.opportunities]`` of the configuration."""

from __future__ import annotations

from decimal import Decimal

from crmkit.core.frozen import frozen
from crmkit.plugin import ConfigError, Money, msg


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
    history_pipelines: tuple[str, ...] = ()
    """Pipelines whose open stages take their probability from history, where a stage does not say otherwise."""
    history_days: int = 365
    """Deals that were decided within so many days count for it."""
    history_deals: int = 30
    """With fewer deals than these, a stage's own probability holds."""

    def __attrs_post_init__(self) -> None:
        for name in ("history_days", "history_deals"):
            if getattr(self, name) < 1:
                raise ConfigError(
                    msg("{name} is {value}, expected at least {least}", name=name, value=getattr(self, name), least=1)
                )
