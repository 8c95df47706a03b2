"""The core's own background work: jobs and schedules of the plugin name ``crmkit``.

All of it may be broken off and done again at any time; each goes on where the last one stopped.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from crmkit.core.errors import ConfigError, CrmError, DatabaseUnavailable, StorageFull
from crmkit.core.messages import msg
from crmkit.hooks.jobs import Job, JobDeclaration, Retries, ScheduleDeclaration

if TYPE_CHECKING:
    from crmkit.runtime.config import Config
    from crmkit.runtime.jobs.context import JobContext


class SomeFailed(CrmError):
    """Part of the work failed; the rest is done."""

    code = "some_failed"


def deliver_events(ctx: JobContext, job: Job) -> None:
    """Deliver events that plugins have not been told of."""
    ctx.crm.drain()


def seal_audit_log(ctx: JobContext, job: Job) -> None:
    """Seal the audit entries that were written since the last time."""
    from crmkit.services.auditing.log import seal

    seal(ctx.crm, ctx.actor, on_progress=ctx.progress)


def evaluate_lifecycles(ctx: JobContext, job: Job) -> None:
    """Take the steps of lifecycles that are due by their rules."""
    from crmkit.services.lifecycle.evaluating import evaluate_rules

    evaluate_rules(ctx.crm, ctx.actor, registered=ctx.crm.lifecycles())


def refresh_segments(ctx: JobContext, job: Job) -> None:
    """Bring watched segments up to date with what was changed."""
    from crmkit.services.segments import refresh_changed

    refresh_changed(ctx.crm, ctx.actor)


def refresh_timed_segments(ctx: JobContext, job: Job) -> None:
    """Bring watched segments up to date that speak of now and today."""
    from crmkit.services.segments import refresh_timed

    refresh_timed(ctx.crm, ctx.actor)


def send_messages(ctx: JobContext, job: Job) -> None:
    """Hand the messages that wait to their channels."""
    from crmkit.services.messaging import waiting

    crm = ctx.crm
    with crm.session(ctx.actor, reads=True) as session:
        ids = waiting(session, crm.channels)
    failed: list[CrmError] = []
    for done, id in enumerate(ids):
        ctx.progress(done, len(ids))
        try:
            crm.deliver(id, ctx.actor)
        except (DatabaseUnavailable, StorageFull, ConfigError):
            raise
        except CrmError as error:
            failed.append(error)
    if failed:
        raise SomeFailed(
            msg(
                "{count} of {all} messages were not sent: {error}",
                count=len(failed),
                all=len(ids),
                error=str(failed[0]),
            )
        )


def fetch_mail(ctx: JobContext, job: Job) -> None:
    """Take in what is new in the mailboxes of the configuration."""
    from zoneinfo import ZoneInfo

    from crmkit.services.mail.fetching import fetch
    from crmkit.services.mail.own import own_addresses

    crm, settings = ctx.crm, ctx.crm.config.mail
    with crm.session(ctx.actor, reads=True) as session:
        own = own_addresses(session, settings)
    failed: list[CrmError] = []
    for mailbox in settings.mailboxes:
        try:
            fetch(
                lambda: crm.session(ctx.actor),
                mailbox,
                own,
                settings,
                crm.attachments,
                zone=ZoneInfo(crm.config.timezone),
            )
        except DatabaseUnavailable:
            raise
        except CrmError as error:
            # The other mailboxes are read all the same.
            failed.append(error)
    if failed:
        raise failed[0]


def apply_retention(ctx: JobContext, job: Job) -> None:
    """Let go what is too old, by the rules of the configuration."""
    from crmkit.services.personal_data import run_retention
    from crmkit.store.purging import purge

    crm = ctx.crm
    report = run_retention(crm, ctx.actor, crm.config.personal_data, attachments=lambda: crm.attachments)
    if report.gone:
        purge(crm.database)


def fill_columns(ctx: JobContext, job: Job) -> None:
    """Fill the columns of custom fields that became filterable, for records that were there before."""
    from crmkit.store.migration import fill_columns as fill

    fill(ctx.crm.database, lambda moved: ctx.progress(moved.done, moved.total))


def forget_ended_jobs(ctx: JobContext, job: Job) -> None:
    """Delete jobs that ended longer ago than they are kept."""
    from crmkit.runtime.jobs.keeping import forget_ended

    forget_ended(ctx.crm)


_SOON = Retries(attempts=3, pause=20.0)

OWN_JOBS: tuple[JobDeclaration, ...] = tuple(
    JobDeclaration(name=f"crmkit.{run.__name__}", run=run, retries=_SOON, concurrency=1, timeout=timeout)
    for run, timeout in (
        (deliver_events, 3_600.0),
        (seal_audit_log, 3_600.0),
        (evaluate_lifecycles, 6 * 3_600.0),
        (refresh_segments, 3_600.0),
        (refresh_timed_segments, 6 * 3_600.0),
        (send_messages, 3_600.0),
        (fetch_mail, 6 * 3_600.0),
        (apply_retention, 12 * 3_600.0),
        (fill_columns, 12 * 3_600.0),
        (forget_ended_jobs, 3_600.0),
    )
)
"""What the core does in the background; none of it twice at the same time."""

RULES = {
    "crmkit.deliver_events": "* * * * *",
    "crmkit.refresh_segments": "* * * * *",
    "crmkit.send_messages": "*/5 * * * *",
    "crmkit.seal_audit_log": "*/10 * * * *",
    "crmkit.fill_columns": "*/10 * * * *",
    "crmkit.refresh_timed_segments": "7 * * * *",
    "crmkit.evaluate_lifecycles": "23 * * * *",
    "crmkit.forget_ended_jobs": "41 2 * * *",
    "crmkit.apply_retention": "11 3 * * *",
}
"""When each is due, by default; fetching mail, every five minutes, only where there are mailboxes."""


def own_schedules(config: Config) -> Iterator[ScheduleDeclaration]:
    """Yield the schedules of the core. What was missed is made up for by one run."""
    rules = {**RULES, "crmkit.fetch_mail": "*/5 * * * *"} if config.mail.mailboxes else RULES
    for name, cron in rules.items():
        yield ScheduleDeclaration(name=name, job=name, cron=cron)
