"""Dated exchange rates between currencies."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from crmkit.core.entity import Record, entity, field


@entity("exchange_rate", title="base", unique=(("base", "quote", "valid_from"),))
class ExchangeRate(Record):
    """One unit of ``base`` costs ``rate`` units of ``quote`` from ``valid_from`` on, until a later rate."""

    base: str = field(max_length=3, format="currency")
    quote: str = field(max_length=3, format="currency")
    valid_from: date = field()
    rate: Decimal = field(minimum=0)
