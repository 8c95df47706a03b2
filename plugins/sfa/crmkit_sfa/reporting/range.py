"""The days that a report is about, as people name them: two dates or a fiscal period."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from crmkit.core.frozen import frozen
from crmkit.plugin import BadInput, Context, msg
from crmkit_sfa.reporting.fiscal import Period, period_named, period_of


@frozen
class DayRange:
    """Days from ``since``, included, to ``until``, not included; None is without an end."""

    since: date | None = None
    until: date | None = None

    def instants(self, ctx: Context) -> tuple[datetime | None, datetime | None]:
        """Return the instants at which both days begin where the actor is."""
        since = None if self.since is None else start_of(ctx, self.since)
        return since, None if self.until is None else start_of(ctx, self.until)


def start_of(ctx: Context, day: date) -> datetime:
    """Return the instant at which ``day`` begins where the actor is."""
    return datetime.combine(day, time(), ZoneInfo(ctx.timezone)).astimezone(UTC)


def day_range(ctx: Context, since: date | None = None, until: date | None = None, period: str = "") -> DayRange:
    """Return what ``since`` and ``until`` or ``period`` (a fiscal one) say; raises BadInput."""
    if period:
        if since or until:
            raise BadInput(msg("period {value}: expected either a period or two days, not both", value=period))
        named = period_named(period, ctx.config.fiscal_year_starts)
        return DayRange(named.start, named.end)
    if since and until and since >= until:
        raise BadInput(msg("until {value}: expected a day after {since}", value=str(until), since=str(since)))
    return DayRange(since, until)


def period_or_now(ctx: Context, name: str = "") -> Period:
    """Return the fiscal period of this name, by default the present quarter; raises BadInput."""
    starts = ctx.config.fiscal_year_starts
    return period_named(name, starts) if name else period_of(ctx.today(), "quarter", starts)
