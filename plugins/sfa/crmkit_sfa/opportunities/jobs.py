"""What happens to opportunities by itself."""

from __future__ import annotations

from typing import Any

from crmkit.plugin import Job, JobDeclaration, ScheduleDeclaration


def refresh_odds(ctx: Any, job: Job) -> None:
    """Count win rates anew, and give the deals that go by them their new probability."""
    from crmkit_sfa.opportunities.refreshing import refresh_probabilities

    refresh_probabilities(ctx, job)


ODDS_JOBS = [JobDeclaration(name="sfa.refresh_probabilities", run=refresh_odds, concurrency=1)]
ODDS_SCHEDULES = [
    ScheduleDeclaration(name="sfa.refresh_probabilities", job="sfa.refresh_probabilities", cron="40 1 * * *")
]
