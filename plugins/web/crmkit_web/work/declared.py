"""The jobs of long work, as crmkit knows them, and the one that deletes files whose time is over."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from crmkit.core.entity import change
from crmkit.core.errors import NotFound
from crmkit.plugin import Job, JobDeclaration, Retries, ScheduleDeclaration

ATTEMPTS = 3
"""Times that a job is tried."""
HALF_A_DAY = 12 * 3_600.0
MOST_FORGOTTEN = 2_000
"""Pieces of work that go in one transaction; the rest go an hour later."""
STRAY = timedelta(days=1)
"""The age at which files belong to nobody: what was being asked for when they came was never committed."""


def jobs() -> list[JobDeclaration]:
    """Return the jobs of this room."""
    few = Retries(attempts=ATTEMPTS, pause=30)
    return [
        JobDeclaration(name="web.import", run=_import, retries=few, timeout=HALF_A_DAY),
        JobDeclaration(name="web.revert", run=_revert, retries=few, timeout=HALF_A_DAY),
        JobDeclaration(name="web.export", run=_export, retries=few, timeout=HALF_A_DAY),
        JobDeclaration(name="web.bulk", run=_bulk, retries=few, timeout=HALF_A_DAY),
        JobDeclaration(name="web.forget_files", run=forget_files, concurrency=1, retries=Retries(attempts=1)),
        JobDeclaration(name="web.forget_work", run=forget_work, concurrency=1, retries=Retries(attempts=1)),
    ]


def schedules() -> list[ScheduleDeclaration]:
    """Return when they are due by themselves."""
    return [
        ScheduleDeclaration(name="web.forget_files", job="web.forget_files", cron="17 * * * *"),
        ScheduleDeclaration(name="web.forget_work", job="web.forget_work", cron="47 * * * *"),
    ]


def _import(ctx: Any, job: Job) -> None:
    from crmkit_web.work.importing import run_import

    run_import(ctx, job)


def _revert(ctx: Any, job: Job) -> None:
    from crmkit_web.work.importing import run_revert

    run_revert(ctx, job)


def _export(ctx: Any, job: Job) -> None:
    from crmkit_web.work.exporting import run_export

    run_export(ctx, job)


def _bulk(ctx: Any, job: Job) -> None:
    from crmkit_web.work.bulk_steps import run_bulk

    run_bulk(ctx, job)


def forget_files(ctx: Any, job: Job) -> None:
    """Delete the files of long work whose time is over, and those that belong to none."""
    from crmkit_web.work.entities import Work
    from crmkit_web.work.spool import spool_of

    now, spool = ctx.clock.now(), spool_of(ctx.crm)
    for id, files, at in list(spool.kept()):
        work = None if id is None else ctx.session.find(Work, id=id)
        if work is None:
            over = at < now - STRAY
        elif work.state != "open":
            over = work.files_until is None or work.files_until <= now
        else:
            over = at < now - STRAY and not _has_job(ctx, work.id)
        if over:
            files.remove()
        if over and work is not None and work.state == "open":
            ctx.session.update(change(work, state="failed", ended_at=now))


def forget_work(ctx: Any, job: Job) -> None:
    """Let long work go that ended longer ago than it is kept, with whatever files are left of it; never any that is open."""
    from crmkit_web.work.entities import Work
    from crmkit_web.work.spool import spool_of

    now, spool = ctx.clock.now(), spool_of(ctx.crm)
    before = now - timedelta(days=max(ctx.config.work_kept_days, ctx.config.files_kept_days))
    ended = f"state != open and ended_at <= {before:%Y-%m-%dT%H:%M:%SZ}"
    found = ctx.session.list(Work, ended, order="id", limit=MOST_FORGOTTEN)
    over = [work for work in found if work.files_until is None or work.files_until <= now]
    for work in over:
        spool.of(work.id).remove()
    ctx.services.forget_records(over)


def _has_job(ctx: Any, id: Any) -> bool:
    try:
        return ctx.crm.jobs.show(id)[0].state not in ("discarded", "cancelled")
    except NotFound:
        return False
