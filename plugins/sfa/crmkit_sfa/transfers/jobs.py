"""What happens to hand-offs by itself."""

from __future__ import annotations

from typing import Any

from crmkit.plugin import Job, JobDeclaration, ScheduleDeclaration


def escalate_transfers(ctx: Any, job: Job) -> None:
    """Escalate hand-offs that are overdue, and give back those that expire."""
    from crmkit_sfa.transfers.waiting import escalate_overdue

    escalate_overdue(ctx, job)


TRANSFER_JOBS = [JobDeclaration(name="sfa.escalate_transfers", run=escalate_transfers, concurrency=1)]
TRANSFER_SCHEDULES = [
    ScheduleDeclaration(
        name="sfa.escalate_transfers", job="sfa.escalate_transfers", cron="*/15 * * * *", catch_up="once"
    )
]
