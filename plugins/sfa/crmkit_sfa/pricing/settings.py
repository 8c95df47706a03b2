"""How prices and tax work: the part ``[plugins.sfa.pricing]`` of the configuration."""

from __future__ import annotations

from typing import Literal

from crmkit.core.frozen import frozen

TaxRounding = Literal["line", "rate"]
"""Tax is rounded on each line, or once on all lines of a rate (as EN 16931 has it, BR-S-09) and then spread."""


@frozen(kw_only=True)
class PricingSettings:
    """How prices and tax work in this installation."""

    tax_rounding: TaxRounding = "line"
    """Tax is rounded on each line (``line``), or once for all lines of a rate (``rate``)."""
    product_prices: bool = True
    """Whether the price kept with a product counts where no price list has one."""
    country: str = ""
    """The country (ISO 3166) whose tax rates count for customers without one."""
