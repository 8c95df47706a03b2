"""How orders work: the part ``[plugins.sfa.orders]`` of the configuration."""

from __future__ import annotations

from crmkit.core.frozen import frozen


@frozen(kw_only=True)
class OrderSettings:
    """How orders work in this installation."""

    number: str = "O-{year}-{count:05}"
    """How orders are numbered, with year, month and count in braces; the count comes last."""
    win_opportunity: bool = True
    """Whether confirming an order wins its opportunity."""
    opportunity_amount: bool = True
    """Whether an opportunity without lines is worth what was ordered for it, without tax."""
