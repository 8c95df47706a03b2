"""What the plugin declares for logging in: the permission, and when what is over is let go. The work is imported for it."""

from __future__ import annotations

from typing import Any

from crmkit.plugin import Job, JobDeclaration, Permission, ScheduleDeclaration, msg

MANAGE = "web.manage_tokens"
PRUNE = "web.prune_log_ins"


def _prune(ctx: Any, job: Job) -> None:
    from crmkit_web.login.pruning import prune

    prune(ctx)


PERMISSIONS = (Permission(MANAGE, msg("Manage the tokens of others")),)
JOBS = (JobDeclaration(name=PRUNE, run=_prune),)
SCHEDULES = (ScheduleDeclaration(name=PRUNE, job=PRUNE, cron="41 3 * * *"),)
