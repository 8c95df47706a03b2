"""From civil dates to instants and back, where the actor is."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from crmkit.core.values.clock import time_zone
from crmkit.plugin import Context


class Days:
    """Days and instants where the actor is, for many records at once: each is worked out once."""

    def __init__(self, ctx: Context) -> None:
        self._clock = ctx.clock
        self._zone = time_zone(ctx.timezone)
        self._begun: dict[date, datetime] = {}
        self.today = ctx.today()

    def beginning(self, day: date) -> datetime:
        """Return the instant at which ``day`` begins; now, when that is today."""
        if day == self.today:
            return self._clock.now()
        found = self._begun.get(day)
        if found is None:
            found = self._begun[day] = datetime.combine(day, time(), self._zone).astimezone(UTC)
        return found


def beginning_of(ctx: Context, day: date) -> datetime:
    """Return the instant at which ``day`` begins where the actor is; now, when that is today."""
    return Days(ctx).beginning(day)


def day_of(ctx: Context, instant: datetime) -> date:
    """Return the civil date of ``instant`` where the actor is."""
    return instant.astimezone(time_zone(ctx.timezone)).date()
