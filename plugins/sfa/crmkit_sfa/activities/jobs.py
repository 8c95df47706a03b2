"""What happens to activities by itself."""

from __future__ import annotations

from typing import Any

from crmkit.plugin import Job, JobDeclaration, Retries, ScheduleDeclaration


def fire_due_reminders(ctx: Any, job: Job) -> None:
    """Fire all reminders that are due."""
    from crmkit_sfa.activities.reminding import fire_reminders

    fire_reminders(ctx, job)


ACTIVITY_JOBS = (
    JobDeclaration(
        name="sfa.fire_reminders",
        run=fire_due_reminders,
        retries=Retries(attempts=5, pause=5.0, factor=2.0),
        concurrency=1,
    ),
)
ACTIVITY_SCHEDULES = (ScheduleDeclaration(name="sfa.fire_reminders", job="sfa.fire_reminders", cron="* * * * *"),)
