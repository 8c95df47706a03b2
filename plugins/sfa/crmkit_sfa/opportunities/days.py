"""From civil dates to instants and back, where the actor is."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from crmkit.plugin import Context


def beginning_of(ctx: Context, day: date) -> datetime:
    """Return the instant at which ``day`` begins where the actor is; now, when that is today."""
    if day == ctx.today():
        return ctx.clock.now()
    return datetime.combine(day, time(), ZoneInfo(ctx.timezone)).astimezone(UTC)


def day_of(ctx: Context, instant: datetime) -> date:
    """Return the civil date of ``instant`` where the actor is."""
    return instant.astimezone(ZoneInfo(ctx.timezone)).date()
