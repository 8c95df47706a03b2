"""When an answer is due: hours of a working calendar, or of the clock where none is named."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from crmkit.plugin import Context

HOUR = timedelta(hours=1)


def due_after(ctx: Context, calendar: str, start: datetime, hours: int) -> datetime:
    """Return when so many hours after ``start`` are over. Raises NotFound for an unknown calendar, and NoWorkingTime."""
    if not calendar:
        return start + hours * HOUR
    found: datetime = ctx.services.deadline(calendar, start, hours * HOUR)
    return found


def hours_between(ctx: Context, calendar: str, start: datetime, end: datetime) -> Decimal:
    """Return how many hours lie between two instants, to two places; only working time of a calendar that is named."""
    spent: timedelta = ctx.services.working_time(calendar, start, end) if calendar else end - start
    microseconds = spent // timedelta(microseconds=1)
    return (Decimal(microseconds) / 3_600_000_000).quantize(Decimal("0.01"))
