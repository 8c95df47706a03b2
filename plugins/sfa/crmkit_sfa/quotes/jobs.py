"""What happens to quotations by itself."""

from __future__ import annotations

from typing import Any

from crmkit.plugin import Job, JobDeclaration, ScheduleDeclaration


def expire_quotes(ctx: Any, job: Job) -> None:
    """Mark quotations that are no longer valid."""
    from crmkit_sfa.quotes.deciding import expire

    expire(ctx)


QUOTE_JOBS = [JobDeclaration(name="sfa.expire_quotes", run=expire_quotes, concurrency=1)]
QUOTE_SCHEDULES = [ScheduleDeclaration(name="sfa.expire_quotes", job="sfa.expire_quotes", cron="5 0 * * *")]
