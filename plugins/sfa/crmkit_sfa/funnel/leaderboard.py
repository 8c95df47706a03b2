"""The leaderboard: what was won, by whom or of what, with win rate, average deal and share."""

from __future__ import annotations

from decimal import Decimal

from crmkit.core.frozen import frozen
from crmkit.plugin import Context
from crmkit_sfa.funnel.closed import Decided, decided
from crmkit_sfa.opportunities.pipeline import pipeline_in_force
from crmkit_sfa.reporting.grouping import grouping
from crmkit_sfa.reporting.money import ZERO, Exchange, Unconverted
from crmkit_sfa.reporting.range import DayRange


@frozen(kw_only=True)
class Standing:
    """One row. Shares and rates from 0 to 1, None where there is nothing to divide by; money in the home currency.

    - ``win_rate``: won / (won + lost), by number of deals decided in the period; open ones have no part in it.
    - ``average``: won value / won deals whose value is known. ``without_value`` are won deals that have none.
    - ``share``: won value / won value of all groups.
    """

    key: str
    name: str
    won: int
    lost: int
    value: Decimal
    without_value: int
    win_rate: Decimal | None
    average: Decimal | None
    share: Decimal | None


@frozen(kw_only=True)
class Leaderboard:
    """The groups, the greatest value first; the total over all; what is in no sum for lack of a rate."""

    currency: str
    rows: tuple[Standing, ...]
    total: Standing
    unconverted: tuple[Unconverted, ...]


def leaderboard(
    ctx: Context, *, by: str = "owner", days: DayRange | None = None, pipeline: str = "", limit: int | None = None
) -> Leaderboard:
    """Return who or what brought how much, of deals closed on ``days``. Raises BadInput for an unknown ``by``
    and NotFound for an unknown ``pipeline``.

    ``limit`` cuts the rows, not the total.
    """
    if pipeline:
        pipeline_in_force(ctx, pipeline)
    groups, exchange = grouping(ctx, by), Exchange(ctx)
    found = decided(ctx, groups, exchange, days or DayRange(), pipeline=pipeline)
    whole = Decided()
    for one in found.values():
        whole.won.add(one.won)
        whole.lost.add(one.lost)
    ranked = sorted(found, key=lambda key: (-found[key].won.value, -found[key].won.deals, str(key)))[:limit]
    names = groups.labels(ranked)
    rows = [_standing(str(key or ""), names.get(key, ""), found[key], whole.won.value) for key in ranked]
    if by in ("month", "quarter", "year"):
        rows.sort(key=lambda row: row.key)
    total = _standing("", "", whole, whole.won.value)
    return Leaderboard(currency=exchange.home, rows=tuple(rows), total=total, unconverted=tuple(exchange.unconverted()))


def _standing(key: str, name: str, one: Decided, whole: Decimal) -> Standing:
    return Standing(
        key=key,
        name=name,
        won=one.won.deals,
        lost=one.lost.deals,
        value=one.won.value,
        without_value=one.won.deals - one.won.valued,
        win_rate=one.win_rate,
        average=one.average,
        share=one.won.value / whole if whole > ZERO else None,
    )
