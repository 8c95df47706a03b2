"""What happens to receipts by itself."""

from __future__ import annotations

from typing import Any

from crmkit.plugin import Job, JobDeclaration, ScheduleDeclaration


def tell_overdue_receipts(ctx: Any, job: Job) -> None:
    """Tell once of each planned receipt that is overdue."""
    from crmkit_sfa.receipts.overdue import tell_overdue

    tell_overdue(ctx, job)


RECEIPT_JOBS = [JobDeclaration(name="sfa.tell_overdue_receipts", run=tell_overdue_receipts)]
RECEIPT_SCHEDULES = [
    ScheduleDeclaration(name="sfa.tell_overdue_receipts", job="sfa.tell_overdue_receipts", cron="15 6 * * *")
]
