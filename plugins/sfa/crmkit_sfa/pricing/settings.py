"""How prices and tax work: the part ``[plugins.sfa.pricing]`` of the configuration."""

from __future__ import annotations

from crmkit.core.frozen import frozen
from crmkit_sfa.pricing.arithmetic import TaxRounding


@frozen(kw_only=True)
class PricingSettings:
    """How prices and tax work in this installation."""

    tax_rounding: TaxRounding = "line"
    """Tax is rounded on each line (``line``), or once for all lines of a rate (``rate``)."""
    product_prices: bool = True
    """Whether the price kept with a product counts where no price list has one."""
    country: str = ""
    """The country (ISO 3166) whose tax rates count for customers without one."""
