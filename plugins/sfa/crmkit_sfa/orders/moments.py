"""From the civil day of an order or a receipt to the instant that its interaction happened at."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from crmkit.plugin import Context


def moment_of(ctx: Context, day: date | None) -> datetime:
    """Return now for today, else noon UTC of ``day``: that is on this day for nearly everybody, and for exchange rates."""
    if day is None or day == ctx.today():
        return ctx.clock.now()
    return datetime.combine(day, time(12), UTC)
