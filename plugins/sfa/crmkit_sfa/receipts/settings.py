"""How receipts work: the part ``[plugins.sfa.receipts]`` of the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import attrs

from crmkit.core.frozen import frozen


@frozen(kw_only=True)
class ReceiptSettings:
    """How receipts work in this installation."""

    terms: Mapping[str, tuple[str, ...]] = attrs.field(factory=lambda: {"30 days": ("100% 30 days",)})
    """Terms of payment by name: instalments such as "30% 0 days" and "70% 60 days", counted from the day of the order."""
    default_terms: str = "30 days"
    """The terms of orders that are planned without any."""
    largest_write_off: Decimal = Decimal(0)
    """The largest difference that may be written off, in the currency of sums; 0: any."""
