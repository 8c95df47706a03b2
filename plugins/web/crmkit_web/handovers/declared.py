"""The jobs of hand-overs: each goes on where it was interrupted."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from crmkit.plugin import Job, JobDeclaration, Retries

HAND_OVER, TAKE_BACK = "web.hand_over", "web.take_back"


def _hand_over(ctx: Any, job: Job) -> None:
    from crmkit.hosting import hand_over

    ctx.session.let_go()
    given, actor = job.payload, ctx.actor.for_plugin("")
    hand_over(
        ctx.crm,
        actor,
        UUID(given["user"]),
        given["rules"],
        note=given["note"],
        on_progress=ctx.progress,
    )


def _take_back(ctx: Any, job: Job) -> None:
    from crmkit.hosting import take_back

    ctx.session.let_go()
    take_back(ctx.crm, ctx.actor.for_plugin(""), UUID(job.payload["handover"]), ctx.progress)


def jobs() -> list[JobDeclaration]:
    """Return the jobs of this room."""
    few = Retries(attempts=3, pause=30)
    return [
        JobDeclaration(name=HAND_OVER, run=_hand_over, retries=few, timeout=6 * 3_600.0),
        JobDeclaration(name=TAKE_BACK, run=_take_back, retries=few, timeout=6 * 3_600.0),
    ]
