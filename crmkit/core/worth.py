"""What customers are worth, as pure rules: shares, ranks and rates from amounts and dates.

Pareto's observation (80/20) is computed here, never assumed. RFM scoring by quintiles follows Hughes, *Strategic Database
Marketing* (1994): recency, frequency and money each from 1 (lowest fifth) to 5.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from math import ceil
from typing import Any, TypeVar
from uuid import UUID

from crmkit.core.errors import BadInput
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg

K = TypeVar("K")

ZERO = Decimal(0)


@frozen(kw_only=True)
class Worth:
    """One customer's figures of a period, all in one currency, unrounded.

    ``margin`` is revenue less the cost of the products sold, None where a product's cost is not known;
    ``cost_to_serve`` what contacts cost; ``purchases`` counts purchases, not returns.
    """

    customer_id: UUID
    name: str
    revenue: Decimal
    product_cost: Decimal | None
    cost_to_serve: Decimal
    purchases: int
    first_purchase: datetime | None
    last_purchase: datetime | None

    @property
    def margin(self) -> Decimal | None:
        return None if self.product_cost is None else self.revenue - self.product_cost

    @property
    def profit(self) -> Decimal | None:
        """Margin less cost to serve; None where the margin is not known."""
        return None if self.margin is None else self.margin - self.cost_to_serve


@frozen
class ParetoPoint:
    """The best ``customers`` customers (a ``share_of_customers``) bring ``share_of_total``; shares from 0 to 1."""

    customers: int
    share_of_customers: Decimal
    share_of_total: Decimal


def pareto(
    amounts: Iterable[Decimal], shares: Sequence[Decimal] = (Decimal("0.1"), Decimal("0.2"), Decimal("0.5"))
) -> list[ParetoPoint]:
    """Return what share of the total the best customers bring, for each share of customers.

    Only positive amounts count. A share of customers is rounded up to whole customers. Empty without a positive amount.
    """
    ranked = sorted((amount for amount in amounts if amount > 0), reverse=True)
    total = sum(ranked, ZERO)
    if not ranked:
        return []
    points = []
    for share in shares:
        count = min(len(ranked), max(1, ceil(share * len(ranked))))
        points.append(ParetoPoint(count, Decimal(count) / len(ranked), sum(ranked[:count], ZERO) / total))
    return points


@frozen
class Rfm:
    """Recency, frequency and money of a customer, each from 1 to 5."""

    recency: int
    frequency: int
    money: int

    def __str__(self) -> str:
        return f"{self.recency}{self.frequency}{self.money}"


def rfm(worths: Sequence[Worth]) -> dict[UUID, Rfm]:
    """Return the scores of customers that have bought. Equal values get equal scores."""
    buyers = [worth for worth in worths if worth.purchases]
    recency = fifths({w.customer_id: w.last_purchase for w in buyers})
    frequency = fifths({w.customer_id: w.purchases for w in buyers})
    money = fifths({w.customer_id: w.revenue for w in buyers})
    return {w.customer_id: Rfm(recency[w.customer_id], frequency[w.customer_id], money[w.customer_id]) for w in buyers}


def fifths(values: Mapping[K, Any]) -> dict[K, int]:
    """Return for each key the fifth, 1 to 5, that its value falls into among all; ties fall into the same one."""
    ranked = sorted(values.values())
    first: dict[Any, int] = {}
    for place, value in enumerate(ranked):
        first.setdefault(value, place)
    return {key: 1 + 5 * first[value] // len(ranked) for key, value in values.items()}


@frozen
class Retention:
    """Of ``before`` customers who bought in the earlier period, ``kept`` bought again in the later one."""

    before: int
    kept: int

    @property
    def rate(self) -> Decimal | None:
        """The share kept, from 0 to 1; None when nobody bought before."""
        return Decimal(self.kept) / self.before if self.before else None


def repeat_rate(worths: Iterable[Worth]) -> Decimal | None:
    """Return the share of buyers with two purchases or more; None without buyers."""
    buyers = [worth for worth in worths if worth.purchases]
    return Decimal(sum(worth.purchases > 1 for worth in buyers)) / len(buyers) if buyers else None


def key_accounts(worths: Sequence[Worth], share: Decimal = Decimal("0.2")) -> list[Worth]:
    """Return the customers that are among the best ``share`` both by purchases and by margin, best margin first.

    Where no margin is known, revenue stands in for it.
    """
    buyers = [worth for worth in worths if worth.purchases]
    count = ceil(share * len(buyers))
    by_count = {w.customer_id for w in sorted(buyers, key=lambda w: (-w.purchases, str(w.customer_id)))[:count]}
    ranked = sorted(buyers, key=lambda w: (-_gain(w), str(w.customer_id)))
    return [worth for worth in ranked[:count] if worth.customer_id in by_count]


def _gain(worth: Worth) -> Decimal:
    return worth.revenue if worth.margin is None else worth.margin


class Rates:
    """Exchange rates by day. ``convert`` uses the latest rate not after the day, the inverse one where only that exists."""

    def __init__(self, rates: Iterable[tuple[str, str, date, Decimal]]) -> None:
        self._rates: dict[tuple[str, str], list[tuple[date, Decimal]]] = {}
        for base, quote, since, rate in rates:
            self._rates.setdefault((base, quote), []).append((since, rate))
        for known in self._rates.values():
            known.sort()

    def convert(self, amount: Decimal, base: str, quote: str, day: date) -> Decimal:
        """Return ``amount`` of ``base`` in ``quote``, unrounded; raises BadInput when no rate holds on that day."""
        if base == quote:
            return amount
        if (rate := self._on(base, quote, day)) is not None:
            return amount * rate
        if (rate := self._on(quote, base, day)) is not None and rate != 0:
            return amount / rate
        raise BadInput(
            msg(
                "no exchange rate from {base} to {quote} on {day}; add one", base=base, quote=quote, day=day.isoformat()
            )
        )

    def _on(self, base: str, quote: str, day: date) -> Decimal | None:
        found = None
        for since, rate in self._rates.get((base, quote), ()):
            if since > day:
                break
            found = rate
        return found
