"""Looking at jobs and putting them right: lists, retrying, discarding, cancelling, health, and forgetting old ones."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.access import Actor
from crmkit.core.errors import AccessDenied, BadInput, Conflict, NotFound
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg, shown
from crmkit.core.values.ids import parse_id
from crmkit.runtime.jobs.executing import forget_steps
from crmkit.runtime.jobs.states import (
    CANCELLED,
    DISCARDED,
    DONE,
    ENDED,
    FORGOTTEN,
    OPEN,
    PARKED,
    QUEUED,
    RUNNING,
    STATES,
    WAITING,
    change_from,
)
from crmkit.store.types import from_json

if TYPE_CHECKING:
    from crmkit.runtime.crm import Crm

PERMISSION = "jobs.manage"
"""The permission, on every entity, that a role must grant to look at jobs and to change them."""


@frozen(kw_only=True)
class ShownJob:
    """A job as it stands. ``attempts`` are those that failed; ``progress`` is (done, total or None, note) or None."""

    id: UUID
    name: str
    state: str
    run_at: datetime
    attempts: int
    error: str
    worker: str
    actor: str
    enqueued_by: str
    enqueued_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    due_at: datetime | None
    cause_id: UUID | None
    losses: int
    progress: tuple[int, int | None, str] | None
    payload: Any


@frozen
class ShownStep:
    """A step that was done."""

    name: str
    done_at: datetime
    result: Any


@frozen
class WorkerHealth:
    """A worker that is known: ``alive`` while it gives signs of life, ``hanging`` its jobs that do not end."""

    id: str
    host: str
    pid: int
    alive: bool
    slots: int
    hanging: int
    started_at: datetime
    seen_at: datetime


@frozen
class QueueHealth:
    """What there is to do for one plugin. ``waiting`` is due by now, ``later`` is not; ``unknown``: nobody has its jobs."""

    plugin: str
    waiting: int
    later: int
    running: int
    parked: int
    unknown: int
    oldest: datetime | None


@frozen
class JobHealth:
    """How background work stands: its workers, the queue of each plugin, and schedules that nobody looks after."""

    workers: tuple[WorkerHealth, ...]
    queues: tuple[QueueHealth, ...]
    late_schedules: tuple[str, ...]

    @property
    def alive(self) -> int:
        """How many workers are alive."""
        return sum(worker.alive for worker in self.workers)

    @property
    def parked(self) -> int:
        """How many jobs are parked."""
        return sum(queue.parked for queue in self.queues)

    @property
    def waiting(self) -> int:
        """How many jobs are due and not done."""
        return sum(queue.waiting for queue in self.queues)


ROUTINE = timedelta(days=2)
"""How long jobs of schedules are kept that are done: nobody looks at the thousands that came and went."""

LATE = timedelta(minutes=15)
"""A schedule is looked at every few seconds; one that was not for so long has no worker."""


def require_manager(actor: Actor) -> None:
    """Raise AccessDenied unless the actor may look at jobs and change them."""
    if not actor.has_permission(PERMISSION):
        raise AccessDenied(
            msg(
                "{actor} may not manage jobs: it takes the permission {permission}",
                actor=actor.name,
                permission=PERMISSION,
            )
        )


def list_jobs(
    crm: Crm, *, states: Iterable[str] = (), plugin: str = "", name: str = "", limit: int = 100
) -> list[ShownJob]:
    """Return jobs, the newest first. Raises BadInput for an unknown state."""
    jobs, wanted = crm.database.table("background_jobs"), list(states)
    for state in wanted:
        if state not in STATES:
            raise BadInput(
                msg("job state {state}: expected one of {states}", state=shown(state), states=", ".join(STATES))
            )
    where = [jobs.c.tenant_id == crm.system.tenant_id]
    where += [jobs.c.state.in_(wanted)] if wanted else []
    where += [jobs.c.plugin == plugin] if plugin else []
    where += [jobs.c.name == name] if name else []
    statement = sa.select(*jobs.c).where(*where).order_by(jobs.c.id.desc()).limit(limit)
    with crm.database.connection(reads=True, tenant=crm.system.tenant_id) as connection:
        return [shown_job(row) for row in connection.execute(statement)]


def show_job(crm: Crm, id: UUID | str) -> tuple[ShownJob, list[ShownStep]]:
    """Return a job and the steps of it that are done. Raises NotFound."""
    jobs, steps = crm.database.table("background_jobs"), crm.database.table("background_steps")
    key = parse_id(id)
    with crm.database.connection(reads=True, tenant=crm.system.tenant_id) as connection:
        mine = (jobs.c.tenant_id == crm.system.tenant_id, jobs.c.id == key)
        row = connection.execute(sa.select(*jobs.c).where(*mine)).one_or_none()
        if row is None:
            raise NotFound(msg("no job with id {id}", id=str(key)))
        done = sa.select(steps.c.name, steps.c.done_at, steps.c.result).where(steps.c.job_id == key)
        found = [ShownStep(name, at, from_json(text)) for name, at, text in connection.execute(done)]
    return shown_job(row), sorted(found, key=lambda step: step.done_at)


def retry(crm: Crm, ids: Iterable[UUID | str]) -> int:
    """Let parked jobs wait again, with all of their attempts; steps that are done stay so. Returns how many."""
    now = crm.clock.now()
    values = {"state": WAITING, "run_at": now, "failures": 0, "losses": 0, "ended_at": None, "worker": ""}
    return _changed(crm, ids, (PARKED,), msg("parked"), **values)


def discard(crm: Crm, ids: Iterable[UUID | str]) -> int:
    """Give parked jobs up for good, and forget what they were given. Returns how many."""
    return _changed(crm, ids, (PARKED,), msg("parked"), state=DISCARDED, ended_at=crm.clock.now(), **FORGOTTEN)


def cancel(crm: Crm, ids: Iterable[UUID | str]) -> int:
    """Cancel jobs that are not done. What one that runs has not committed yet is undone. Returns how many."""
    values = {"state": CANCELLED, "ended_at": crm.clock.now(), "worker": "", **FORGOTTEN}
    return _changed(crm, ids, (*OPEN, PARKED), msg("still to be done"), **values)


def forget_ended(crm: Crm) -> int:
    """Delete jobs that ended longer ago than the configuration keeps them; returns how many."""
    jobs, steps = crm.database.table("background_jobs"), crm.database.table("background_steps")
    days, tenant, now = timedelta(days=crm.config.jobs.keep_days), crm.system.tenant_id, crm.clock.now()
    routine = sa.and_(jobs.c.due_at.is_not(None), jobs.c.state == DONE, jobs.c.ended_at < now - min(days, ROUTINE))
    old = sa.select(jobs.c.id).where(
        jobs.c.tenant_id == tenant, jobs.c.state.in_(ENDED), (jobs.c.ended_at < now - days) | routine
    )
    gone = 0
    while True:
        with crm.database.connection(tenant=tenant) as connection:
            ids = list(connection.scalars(old.limit(500)))
            if not ids:
                return gone
            connection.execute(steps.delete().where(steps.c.job_id.in_(ids)))
            gone += connection.execute(jobs.delete().where(jobs.c.id.in_(ids))).rowcount
            connection.commit()


def health(crm: Crm) -> JobHealth:
    """Return how background work stands."""
    database, tenant, now = crm.database, crm.system.tenant_id, crm.clock.now()
    jobs, workers = database.table("background_jobs"), database.table("background_workers")
    schedules = database.table("background_schedules")
    due = sa.case((jobs.c.run_at <= now, 1), else_=0)
    counted = (
        sa.select(jobs.c.plugin, jobs.c.name, jobs.c.state, due, sa.func.count(), sa.func.min(jobs.c.run_at))
        .where(jobs.c.tenant_id == tenant, jobs.c.state.in_((*OPEN, PARKED)))
        .group_by(jobs.c.plugin, jobs.c.name, jobs.c.state, due)
    )
    with database.connection(reads=True, tenant=tenant) as connection:
        rows = connection.execute(counted).all()
        found = connection.execute(sa.select(*workers.c).where(workers.c.tenant_id == tenant).order_by(workers.c.id))
        alive_after = now - timedelta(seconds=crm.config.jobs.dead_after)
        seen = tuple(
            WorkerHealth(
                w.id, w.host, w.pid, w.state == "live" and w.seen_at >= alive_after, w.slots, w.hanging,
                w.started_at, w.seen_at,
            )
            for w in found
        )  # fmt: skip
        late = connection.scalars(
            sa.select(schedules.c.name).where(schedules.c.tenant_id == tenant, schedules.c.looked_at < now - LATE)
        )
        late_names = tuple(sorted(name for name in late if name in crm.jobs.schedules))
    return JobHealth(seen, tuple(_queues(crm, rows)), late_names)


def _queues(crm: Crm, rows: Iterable[Any]) -> Iterable[QueueHealth]:
    by_plugin: dict[str, list[Any]] = {}
    for row in rows:
        by_plugin.setdefault(row.plugin, []).append(row)
    for plugin, found in sorted(by_plugin.items()):
        counts = {"waiting": 0, "later": 0, "running": 0, "parked": 0, "unknown": 0}
        oldest: list[datetime] = []
        for _, name, state, due, count, earliest in found:
            word = {QUEUED: "waiting", RUNNING: "running", PARKED: "parked"}.get(state, "waiting" if due else "later")
            counts[word] += count
            if state != PARKED and name not in crm.jobs.declared:
                counts["unknown"] += count
            if word == "waiting":
                oldest.append(earliest)
        yield QueueHealth(plugin, **counts, oldest=min(oldest, default=None))


def _changed(crm: Crm, ids: Iterable[UUID | str], states: tuple[str, ...], expected: Any, **values: Any) -> int:
    """Change jobs. Raises NotFound and Conflict when one of them is not there, or not in one of ``states``."""
    jobs, keys = crm.database.table("background_jobs"), [parse_id(id) for id in ids]
    with crm.database.connection(tenant=crm.system.tenant_id) as connection:
        mine = (jobs.c.tenant_id == crm.system.tenant_id, jobs.c.id.in_(keys))
        rows = connection.execute(sa.select(jobs.c.id, jobs.c.state).where(*mine))
        found = {row.id: row.state for row in rows}
        for key in keys:
            if key not in found:
                raise NotFound(msg("no job with id {id}", id=str(key)))
            if found[key] not in states:
                raise Conflict(
                    msg("job {id} is {state}, not {expected}", id=str(key), state=found[key], expected=expected)
                )
        made = change_from(connection, jobs, crm.system.tenant_id, keys, states, **values)
        if values["state"] in ENDED:
            forget_steps(connection, crm, keys)
        connection.commit()
    return made


def shown_job(row: Any) -> ShownJob:
    """Return the row of a job as it is shown."""
    progress = None if row.progress_done is None else (row.progress_done, row.progress_total, row.progress_note)
    return ShownJob(
        id=row.id,
        name=row.name,
        state=row.state,
        run_at=row.run_at,
        attempts=row.failures,
        error=row.error,
        worker=row.worker,
        actor=row.actor,
        enqueued_by=row.enqueued_by,
        enqueued_at=row.enqueued_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        due_at=row.due_at,
        cause_id=row.cause_id,
        losses=row.losses,
        progress=progress,
        payload=from_json(row.payload),
    )
