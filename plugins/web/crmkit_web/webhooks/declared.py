"""What the plugin declares for webhooks: the permission, the jobs, and when old deliveries are let go.

The work itself is imported when there is any.
"""

from __future__ import annotations

from typing import Any

from crmkit.plugin import Job, JobDeclaration, Retries, ScheduleDeclaration

PERMISSION = "web.manage_webhooks"

DELIVER, REPLAY, PRUNE = "web.deliver", "web.replay", "web.prune_deliveries"


def _deliver(ctx: Any, job: Job) -> None:
    from crmkit_web.webhooks.delivering import deliver

    deliver(ctx, job)


def _replay(ctx: Any, job: Job) -> None:
    from crmkit_web.webhooks.replaying import replay_some

    replay_some(ctx, job)


def _prune(ctx: Any, job: Job) -> None:
    from crmkit_web.webhooks.pruning import prune

    prune(ctx)


JOBS = (
    JobDeclaration(name=DELIVER, run=_deliver, timeout=120.0, retries=Retries(attempts=10)),
    JobDeclaration(name=REPLAY, run=_replay),
    JobDeclaration(name=PRUNE, run=_prune),
)

SCHEDULES = (ScheduleDeclaration(name=PRUNE, job=PRUNE, cron="17 3 * * *"),)
