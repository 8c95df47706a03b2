"""Sums over several currencies: the home currency's are added by SQL, others are converted by the rate of their day."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs

from crmkit.core.exchange_rate import ExchangeRate
from crmkit.core.worth import Rates
from crmkit.plugin import BadInput, Context

if TYPE_CHECKING:
    import sqlalchemy as sa

ZERO = Decimal(0)


@attrs.define
class Unconverted:
    """Amounts in a currency without a rate: they are in no sum. ``first`` and ``last`` are the days they fell on."""

    currency: str
    amount: Decimal = ZERO
    deals: int = 0
    first: date | None = None
    last: date | None = None


@attrs.define
class Exchange:
    """Brings amounts into the home currency; what has no rate is kept in ``missing``, never counted and never lost."""

    ctx: Context
    home: str = attrs.field(init=False)
    missing: dict[str, Unconverted] = attrs.field(init=False, factory=dict)
    _rates: Rates | None = attrs.field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        self.home = self.ctx.currency

    def day(self, currency: sa.ColumnElement[Any], day: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        """Return the day that amounts are grouped by: none for the home currency, whose sums need no rate."""
        import sqlalchemy as sa

        return sa.case((currency == self.home, sa.null()), else_=day)

    def into_home(self, amount: Decimal | None, currency: str | None, day: date | None, deals: int) -> Decimal | None:
        """Return a sum of ``deals`` amounts in the home currency; None where there is no amount or no rate."""
        if amount is None or not currency:
            return None
        if currency == self.home:
            return amount
        day = day or self.ctx.today()
        try:
            return self._known().convert(amount, currency, self.home, day)
        except BadInput:
            kept = self.missing.setdefault(currency, Unconverted(currency))
            kept.amount += amount
            kept.deals += deals
            kept.first = min(kept.first or day, day)
            kept.last = max(kept.last or day, day)
            return None

    def unconverted(self) -> list[Unconverted]:
        """Return what could not be converted, by currency."""
        return [self.missing[currency] for currency in sorted(self.missing)]

    def _known(self) -> Rates:
        if self._rates is None:
            with self.ctx.elevated("exchange rates are everybody's"):
                found = self.ctx.session.list(ExchangeRate)
            self._rates = Rates((rate.base, rate.quote, rate.valid_from, rate.rate) for rate in found)
        return self._rates
