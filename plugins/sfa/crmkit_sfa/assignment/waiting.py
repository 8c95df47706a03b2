"""Leads that wait: those that nobody has and those that their owner has not taken up, and since when that is too long."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal

from crmkit.core.frozen import frozen
from crmkit.core.working_calendar import WorkingCalendar
from crmkit.core.working_time import add_working_time
from crmkit.plugin import Context
from crmkit_sfa.assignment.settings import AssignmentSettings
from crmkit_sfa.leads.entities import Lead
from crmkit_sfa.leads.statuses import OPEN

Why = Literal["unassigned", "untouched"]
Deadline = Callable[[datetime, timedelta], datetime]


@frozen
class WaitingLead:
    """A lead that waits, why, and when each level of its escalation is due, the first one first."""

    lead: Lead
    why: Why
    since: datetime
    due: tuple[datetime, ...]

    def levels_due(self, now: datetime) -> int:
        """Return how many levels of its escalation are due."""
        return sum(1 for at in self.due if at <= now)


def waiting(ctx: Context) -> list[WaitingLead]:
    """Return the open leads that wait, of those that the actor sees, the longest waiting first."""
    found = ctx.session.list(Lead, "waiting_since is not empty", status=list(OPEN), order="waiting_since,id")
    after = deadline(ctx) if found else None
    return [waits(lead, ctx.config.assignment, after) for lead in found if after is not None]


def waits(lead: Lead, settings: AssignmentSettings, after: Deadline) -> WaitingLead:
    """Return how a lead waits that has not been worked on since ``waiting_since``. Pure but for ``after``."""
    since = lead.waiting_since
    if since is None:
        raise ValueError("a lead that does not wait")
    why: Why = "unassigned" if lead.assigned_at is None else "untouched"
    minutes = settings.unassigned_minutes if why == "unassigned" else settings.untouched_minutes
    due = tuple(after(since, timedelta(minutes=minutes * level)) for level in range(1, settings.levels + 1))
    return WaitingLead(lead, why, since, due)


def deadline(ctx: Context) -> Deadline:
    """Return what tells when so much time is over: working time where a calendar is named. Raises NotFound for its name."""
    name = ctx.config.assignment.calendar
    if not name:
        return lambda start, duration: start + duration
    # Says with the closest name when there is no such calendar.
    ctx.services.deadline(name, ctx.clock.now(), timedelta())
    with ctx.elevated("working calendars are the same for everybody"):
        calendar = next(one for one in ctx.session.list(WorkingCalendar) if name in (one.name, str(one.id)))
    return lambda start, duration: add_working_time(calendar, start, duration)
