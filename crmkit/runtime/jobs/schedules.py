"""The fourth verb: schedule. Finds what is due by the application's clock and enqueues it, once over all workers.

How far a schedule was looked at stands in the database and is moved on in the transaction that enqueues what was due up
to there. So nothing is lost while no worker runs: the catch-up policy says what becomes of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import islice
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crmkit.core.errors import ConfigError
from crmkit.core.messages import msg
from crmkit.core.values.clock import time_zone
from crmkit.hooks.jobs import ScheduleDeclaration
from crmkit.runtime.jobs.enqueueing import insert_job, new_row
from crmkit.store.inserting import insert_new

if TYPE_CHECKING:
    from crmkit.runtime.crm import Crm

PUNCTUAL = 300
"""Seconds after which a time that was due counts as missed."""

AT_ONCE = 1_000
"""Missed times of one schedule that are enqueued in one transaction."""


def enqueue_due(crm: Crm) -> int:
    """Enqueue every job that is due by its schedule; returns how many. A schedule that is new begins now."""
    schedules, now, tenant = crm.database.table("background_schedules"), crm.clock.now(), crm.system.tenant_id
    if not crm.jobs.schedules:
        return 0
    with crm.database.connection(reads=True, tenant=tenant) as connection:
        found = connection.execute(
            sa.select(schedules.c.name, schedules.c.looked_at).where(schedules.c.tenant_id == tenant)
        )
        looked: dict[str, datetime] = {row.name: row.looked_at for row in found}
    new = [name for name in crm.jobs.schedules if name not in looked]
    if new:
        _begin(crm, new, now)
    zone, made = time_zone(crm.config.timezone), 0
    for schedule in crm.jobs.schedules.values():
        since = looked.get(schedule.name)
        while since is not None and since < now:
            since, enqueued = _look(crm, schedule, since, now, zone)
            made += enqueued
    return made


def next_due(schedule: ScheduleDeclaration, after: datetime, zone: tzinfo) -> datetime | None:
    """Return when a schedule is due next, after an instant; None for one that will not be any more."""
    return next(_times(schedule, after, zone), None)


def due_times(schedule: ScheduleDeclaration, after: datetime, until: datetime, zone: tzinfo) -> Iterator[datetime]:
    """Yield the instants after ``after`` and up to ``until`` at which a schedule is due."""
    for at in _times(schedule, after, zone):
        if at > until:
            return
        yield at


def check_rule(schedule: ScheduleDeclaration, zone: tzinfo) -> None:
    """Raise ConfigError for a cron rule that nobody understands, or that never comes."""
    _times(schedule, datetime(2000, 1, 1, tzinfo=UTC), zone)


def _times(schedule: ScheduleDeclaration, after: datetime, zone: tzinfo) -> Iterator[datetime]:
    if schedule.at is not None:
        at = schedule.at.astimezone(UTC)
        return iter([at] if at > after else [])
    from croniter import CroniterError, croniter

    try:
        times = croniter(schedule.cron, after.astimezone(zone))
        times.get_next(datetime)
    except CroniterError as error:
        raise ConfigError(
            msg("schedule {name}: cron {value}: {error}", name=schedule.name, value=schedule.cron, error=str(error))
        ) from None
    times.set_current(after.astimezone(zone), force=True)
    return _upwards(schedule, times, after)


def _upwards(schedule: ScheduleDeclaration, times: Any, after: datetime) -> Iterator[datetime]:
    """Yield what croniter gives, each instant once, in UTC."""
    last = after
    while True:
        local: datetime = times.get_next(datetime)
        at = local.astimezone(UTC)
        if at > last and not _repeated(schedule, local):
            yield at
            last = at


def _repeated(schedule: ScheduleDeclaration, local: datetime) -> bool:
    """Whether clocks were put back and the hour comes a second time: what is due at certain hours is done by then."""
    return local.fold == 1 and "*" not in schedule.cron.split()[1]


def _look(
    crm: Crm, schedule: ScheduleDeclaration, since: datetime, now: datetime, zone: tzinfo
) -> tuple[datetime, int]:
    """Enqueue what was due after ``since``; returns up to when that was done, and how many there were."""
    upto, due = now, list(islice(due_times(schedule, since, now, zone), AT_ONCE + 1))
    if schedule.catch_up == "each":
        if len(due) > AT_ONCE:
            due = due[:AT_ONCE]
            upto = due[-1]
    elif due:
        last = due[-1]
        if len(due) > AT_ONCE:
            # The last one, found from its end: nobody counts how often a minute passed in a year.
            last = _last_due(schedule, due[-1], now, zone)
        punctual = (now - last).total_seconds() <= PUNCTUAL
        due = [last] if schedule.catch_up == "once" or punctual else []
    if not due and (now - since).total_seconds() < PUNCTUAL:
        # Nothing to do: the place is moved on now and then only, since each move is a write.
        return now, 0
    return upto, _enqueue(crm, schedule, since, upto, due)


def _last_due(schedule: ScheduleDeclaration, known: datetime, now: datetime, zone: tzinfo) -> datetime:
    from croniter import croniter

    times = croniter(schedule.cron, (now + timedelta(seconds=1)).astimezone(zone))
    found: datetime = times.get_prev(datetime)
    while _repeated(schedule, found):
        found = times.get_prev(datetime)
    return max(found.astimezone(UTC), known)


def _enqueue(crm: Crm, schedule: ScheduleDeclaration, since: datetime, upto: datetime, due: list[datetime]) -> int:
    """Enqueue and move on, in one transaction; does nothing where another worker was first."""
    schedules, jobs = crm.database.table("background_schedules"), crm.database.table("background_jobs")
    tenant = crm.system.tenant_id
    with crm.database.connection(tenant=tenant) as connection:
        mine = (schedules.c.tenant_id == tenant, schedules.c.name == schedule.name, schedules.c.looked_at == since)
        values: dict[str, Any] = {"looked_at": upto, **({"last_due": due[-1]} if due else {})}
        if connection.execute(schedules.update().where(*mine).values(**values)).rowcount != 1:
            return 0
        for at in due:
            row = new_row(tenant, schedule.job, schedule.payload, crm.clock.now())
            key = f"{schedule.job}:schedule {schedule.name} {at.isoformat()}"
            insert_job(connection, jobs, {**row, "key": key, "due_at": at, "enqueued_by": row["plugin"]})
        connection.commit()
    return len(due)


def _begin(crm: Crm, names: list[str], now: datetime) -> None:
    table, tenant = crm.database.table("background_schedules"), crm.system.tenant_id
    rows = [{"tenant_id": tenant, "name": name, "looked_at": now} for name in names]
    with crm.database.connection(tenant=tenant) as connection:
        connection.execute(insert_new(table, crm.database.dialect), rows)
        connection.commit()
