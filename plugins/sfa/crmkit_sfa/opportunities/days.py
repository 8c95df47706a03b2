"""From civil dates to instants and back, where the actor is."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, tzinfo
from functools import lru_cache

from crmkit.core.values.clock import time_zone
from crmkit.plugin import Context


class Days:
    """Days and instants where the actor is, for many records at once."""

    def __init__(self, ctx: Context) -> None:
        self._clock = ctx.clock
        self._zone = time_zone(ctx.timezone)
        self.today = ctx.today()

    def beginning(self, day: date) -> datetime:
        """Return the instant at which ``day`` begins; now, when that is today."""
        if day == self.today:
            return self._clock.now()
        return _beginning(day, self._zone)


@lru_cache(maxsize=5_000)
def _beginning(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def beginning_of(ctx: Context, day: date) -> datetime:
    """Return the instant at which ``day`` begins where the actor is; now, when that is today."""
    return Days(ctx).beginning(day)


def day_of(ctx: Context, instant: datetime) -> date:
    """Return the civil date of ``instant`` where the actor is."""
    return instant.astimezone(time_zone(ctx.timezone)).date()
