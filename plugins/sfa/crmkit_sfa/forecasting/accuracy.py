"""How good forecasts were: as they stood some days before a period's end, against what was closed in it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal

from crmkit.core.frozen import frozen
from crmkit.plugin import BadInput, Context, msg
from crmkit_sfa.forecasting.forecast import forecast
from crmkit_sfa.forecasting.words import submissions
from crmkit_sfa.opportunities.days import day_of
from crmkit_sfa.reporting.fiscal import Period, PeriodKind, period_of
from crmkit_sfa.reporting.money import ZERO, Exchange, Unconverted
from crmkit_sfa.reporting.range import start_of

MEASURES = ("expected", "commit", "best_case", "submitted")


@frozen(kw_only=True)
class Score:
    """Errors over several periods, as fractions: 0.1 is 10 %. None where nothing can be divided by.

    With forecast F and actual A of each period:

    - ``mape``: mean of |A - F| / |A|, over periods with an actual; ``left_out`` had none.
    - ``bias``: mean of (F - A) / A over the same periods: above zero, forecasts were too high.
    - ``wape``: sum of |A - F| / sum of |A|, which periods without an actual do not break.

    Hyndman and Koehler, "Another look at measures of forecast accuracy", International Journal of Forecasting 22 (2006);
    Kolassa and Schütz, "Advantages of the MAD/Mean ratio over the MAPE", Foresight 6 (2007), for the last one.
    """

    periods: int
    mape: Decimal | None
    bias: Decimal | None
    wape: Decimal | None
    left_out: int


@frozen(kw_only=True)
class Checked:
    """One period: what was forecast, and what was closed in it as is known now."""

    period: Period
    forecast: Decimal | None
    actual: Decimal

    @property
    def error(self) -> Decimal | None:
        """Forecast less actual, as a fraction of the actual."""
        return (self.forecast - self.actual) / self.actual if self.actual and self.forecast is not None else None


@frozen(kw_only=True)
class Accuracy:
    """The periods, the oldest first, and their score; ``currency`` is that of all amounts."""

    currency: str
    measure: str
    days_before: int
    rows: tuple[Checked, ...]
    score: Score
    unconverted: tuple[Unconverted, ...] = ()


def score(pairs: Iterable[tuple[Decimal, Decimal]]) -> Score:
    """Return the score of pairs of forecast and actual."""
    pairs = list(pairs)
    errors = [(f - a) / a for f, a in pairs if a]
    off, of = sum((abs(f - a) for f, a in pairs), ZERO), sum((abs(a) for _, a in pairs), ZERO)
    return Score(
        periods=len(pairs),
        mape=sum(map(abs, errors), ZERO) / len(errors) if errors else None,
        bias=sum(errors, ZERO) / len(errors) if errors else None,
        wape=off / of if of else None,
        left_out=len(pairs) - len(errors),
    )


def accuracy(
    ctx: Context,
    *,
    kind: PeriodKind = "quarter",
    periods: int = 4,
    days_before: int = 30,
    measure: str = "expected",
    pipeline: str = "",
) -> Accuracy:
    """Return how good the forecasts of the last ``periods`` periods that are over were, ``days_before`` their end.

    ``measure`` is the figure that is taken as the forecast: ``expected`` (closed and weighted), ``commit``,
    ``best_case``, or ``submitted``: the sum of what people submitted for themselves. Raises BadInput.
    """
    if measure not in MEASURES:
        raise BadInput(msg("measure {value}: expected one of {expected}", value=measure, expected=", ".join(MEASURES)))
    if periods < 1 or days_before < 0:
        raise BadInput(msg("expected at least one period, and days before its end from 0 on"))
    starts = ctx.config.fiscal_year_starts
    chosen: list[Period] = []
    current = period_of(day_of(ctx, ctx.clock.now()), kind, starts)
    while len(chosen) < periods:
        current = period_of(current.start - timedelta(days=1), kind, starts)
        chosen.insert(0, current)
    rows, exchange = [], Exchange(ctx)
    missing: list[Unconverted] = []
    for period in chosen:
        moment = start_of(ctx, period.end - timedelta(days=days_before))
        now = forecast(ctx, kind=kind, day=period.start, pipeline=pipeline)
        if measure == "submitted":
            value = _submitted(ctx, exchange, period, moment)
        else:
            then = forecast(ctx, kind=kind, day=period.start, at=moment, pipeline=pipeline)
            value = getattr(then.periods[0].total, measure)
        missing += now.unconverted
        rows.append(Checked(period=period, forecast=value, actual=now.periods[0].total.amounts["closed"]))
    missing += exchange.unconverted()
    known = [(row.forecast, row.actual) for row in rows if row.forecast is not None]
    return Accuracy(
        currency=exchange.home,
        measure=measure,
        days_before=days_before,
        rows=tuple(rows),
        score=score(known),
        unconverted=tuple(missing),
    )


def _submitted(ctx: Context, exchange: Exchange, period: Period, moment: datetime) -> Decimal | None:
    """Return the sum of what people had submitted for themselves, None when nobody had."""
    said = [one.commit for (user, _), one in submissions(ctx, period, moment).items() if user is not None]
    day = min(period.last_day, day_of(ctx, moment))
    values = [exchange.into_home(one.amount, one.currency, day, 0) for one in said]
    known = [value for value in values if value is not None]
    return sum(known, ZERO) if known else None
