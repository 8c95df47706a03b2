"""Numbers as people read them: grouped, with all their decimals. A sum is rounded to a currency's unit, a price is not."""

from __future__ import annotations

from decimal import Decimal

from crmkit.core.values.money import minor_units
from crmkit.plugin import Money


def grouped(number: Decimal, places: int = 0) -> str:
    """Return a number with grouped digits and at least ``places`` decimals, without further trailing zeros."""
    exponent = number.normalize().as_tuple().exponent
    needed = max(places, -exponent if isinstance(exponent, int) else 0)
    return f"{number:,.{needed}f}"


def shown_price(price: Money | None) -> str:
    """Return a price with all its decimals, at least those of its currency: ``1,200.00 EUR``, ``0.0125 EUR``."""
    return "" if price is None else f"{grouped(price.amount, minor_units(price.currency))} {price.currency}"
