"""Running one job: claimed, worked on as its plugin, and ended in the transaction of what it did."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.access import Actor, system_actor
from crmkit.core.errors import CrmError, DatabaseUnavailable, HookLoop
from crmkit.core.messages import shown
from crmkit.hooks.causation import DEPTH_LIMIT, Cause, repeating
from crmkit.hooks.jobs import Job, JobDeclaration, Retries
from crmkit.runtime.context import Context
from crmkit.runtime.jobs.context import JobContext
from crmkit.runtime.jobs.impatience import be_brief
from crmkit.runtime.jobs.states import (
    DONE,
    FORGOTTEN,
    PARKED,
    RUNNING,
    WAITING,
    change_started,
    claim,
    put_back,
)
from crmkit.runtime.jobs.steps import HandedBack, Superseded
from crmkit.store.faults import faults_translated
from crmkit.store.types import from_json

if TYPE_CHECKING:
    from crmkit.runtime.crm import Crm
    from crmkit.store.session import Session

log = logging.getLogger("crmkit.jobs")

MOST_LOSSES = 20
"""Times that the worker of one job may die before the job is taken to be why."""

TOLD_EVERY = 1.0
"""Seconds between two notes of progress."""


class Start:
    """One start of one job. ``starts`` tells it from the others; a later one takes everything from it."""

    def __init__(self, crm: Crm, row: Any, declaration: JobDeclaration, stopping: Callable[[], bool]) -> None:
        self.crm, self.row, self.declaration, self.stopping = crm, row, declaration, stopping
        self.id: UUID = row.id
        self.tenant: UUID = row.tenant_id
        self.starts: int = row.starts
        self.jobs = crm.database.table("background_jobs")
        self.progress: tuple[int, int | None, str] | None = None
        self._told = 0.0
        chain = tuple(from_json(row.chain))
        step = f"job:{row.name}"
        if len(chain) >= DEPTH_LIMIT:
            raise HookLoop((*repeating(chain), step))
        self.cause = Cause(event_id=row.cause_id, chain=(*chain, step), hook=row.name)
        self.actor = _actor(crm, row)

    def session(self) -> Session:
        """Return a session of the job: it acts as its plugin, on behalf of whoever enqueued it."""
        return self.crm.session(self.actor, cause=self.cause)

    def context(self, session: Session) -> Context:
        """Return the context of one step."""
        return Context(self.crm, session, self.row.plugin)

    def run(self) -> None:
        """Do the work. Raises Superseded when somebody else has the job by now: then nothing of it stands."""
        row = self.row
        job = Job(row.id, row.name, from_json(row.payload), row.failures + 1, _key(row), row.due_at)
        with self.session() as session:
            context = JobContext(self.crm, session, row.plugin, self)
            with session.lent():
                self.declaration.run(context, job)
            session.flush()
            with faults_translated():
                values = {**self.progress_values(), **FORGOTTEN}
                if not change_started(
                    session.connection,
                    self.jobs,
                    self.id,
                    self.starts,
                    state=DONE,
                    ended_at=self.crm.clock.now(),
                    **values,
                ):
                    raise Superseded
                if self.starts > 1 or context.steps.used:
                    forget_steps(session.connection, self.crm, [self.id])

    def recorded_steps(self) -> dict[str, str]:
        """Return the results of the steps that earlier starts have done."""
        if self.starts == 1:
            return {}
        steps = self.crm.database.table("background_steps")
        with self.crm.database.connection(reads=True, tenant=self.tenant) as connection:
            rows = connection.execute(sa.select(steps.c.name, steps.c.result).where(steps.c.job_id == self.id))
            return {row.name: row.result for row in rows}

    def progress_values(self) -> dict[str, Any]:
        """Return what the row says of the progress."""
        if self.progress is None:
            return {"worker": self.row.worker}
        done, total, note = self.progress
        return {"progress_done": done, "progress_total": total, "progress_note": note}

    def tell_progress(self) -> None:
        """Write how far the work is, now and then."""
        if self.progress is None or time.monotonic() - self._told < TOLD_EVERY:
            return
        self._told = time.monotonic()
        with self.crm.database.connection(tenant=self.tenant) as connection:
            if not change_started(connection, self.jobs, self.id, self.starts, **self.progress_values()):
                raise Superseded
            connection.commit()


def execute(
    crm: Crm,
    id: UUID,
    worker: str,
    *,
    dispatch: int | None = None,
    lost: bool = True,
    stopping: Callable[[], bool] = lambda: False,
) -> tuple[str, str] | None:
    """Run one job and return its state and error afterwards; None when it was not to be started, or was given up.

    Raises DatabaseUnavailable, when it is not known how the job stands: try again.
    """
    jobs = crm.database.table("background_jobs")
    tenant = crm.system.tenant_id
    with crm.database.connection(tenant=tenant) as connection:
        row = claim(connection, jobs, id, worker, crm.clock.now(), dispatch=dispatch, lost=lost)
        declaration = crm.jobs.declared.get(row.name) if row is not None else None
        if row is not None and declaration is None:
            # Of a plugin that this process does not have; another one may.
            put_back(connection, jobs, row.id, row.dispatch, crm.clock.now())
        connection.commit()
    if row is None or declaration is None:
        return None
    try:
        if row.losses >= MOST_LOSSES:
            return _failed(crm, row, Retries(attempts=1), f"its worker died {row.losses} times while it ran")
        with crm.span("job", plugin=row.plugin, job=row.name, id=str(row.id), start=row.starts, tenant=str(tenant)):
            Start(crm, row, declaration, stopping).run()
    except Superseded:
        log.warning("job %s (%s) was given up meanwhile; what this start of it did is undone", row.name, row.id)
        return None
    except HandedBack:
        with crm.database.connection(tenant=tenant) as connection:
            put_back(connection, jobs, row.id, row.dispatch, crm.clock.now())
            connection.commit()
        return WAITING, ""
    except DatabaseUnavailable:
        raise
    except Exception as error:
        return _failed(crm, row, declaration.retries, _told(error))
    return DONE, ""


def fail_slow(crm: Crm) -> int:
    """Count as failed every start that takes longer than its job may; returns how many. Whoever works on it is undone."""
    jobs, now = crm.database.table("background_jobs"), crm.clock.now()
    slow: list[tuple[Any, JobDeclaration]] = []
    with crm.database.connection(reads=True, tenant=crm.system.tenant_id) as connection:
        running = jobs.c.tenant_id == crm.system.tenant_id, jobs.c.state == RUNNING
        for row in connection.execute(sa.select(*jobs.c).where(*running)):
            declaration = crm.jobs.declared.get(row.name)
            if declaration is not None and row.started_at + timedelta(seconds=declaration.timeout) < now:
                slow.append((row, declaration))
    failed = 0
    for row, one in slow:
        # One that somebody is changing at this moment has its turn the next time.
        with suppress(DatabaseUnavailable):
            failed += _failed(crm, row, one.retries, f"it took longer than {one.timeout:g} seconds") is not None
    return failed


def forget_steps(connection: sa.Connection, crm: Crm, ids: list[UUID]) -> None:
    """Delete what is known of the steps of jobs that have ended."""
    steps = crm.database.table("background_steps")
    connection.execute(steps.delete().where(steps.c.job_id.in_(ids)))


def _failed(crm: Crm, row: Any, retries: Retries, error: str) -> tuple[str, str] | None:
    """Let a job that failed wait for its next attempt, or park it; None when it was given up meanwhile."""
    jobs, now, failures = crm.database.table("background_jobs"), crm.clock.now(), row.failures + 1
    parked = failures >= retries.attempts
    values: dict[str, Any] = {"state": PARKED, "ended_at": now}
    if not parked:
        values = {"state": WAITING, "run_at": now + timedelta(seconds=retries.pause_after(failures))}
    with crm.database.connection(tenant=row.tenant_id) as connection:
        be_brief(connection)
        changed = change_started(
            connection, jobs, row.id, row.starts, failures=failures, error=error, worker="", **values
        )
        connection.commit()
    if not changed:
        return None
    # What the error says stays with the job: it may quote what records hold.
    known = {"tenant": row.tenant_id, "plugin": row.plugin, "job": row.id, "cause": row.cause_id}
    log.warning("job %s (%s) failed, attempt %d", row.name, row.id, failures, extra=known)
    return values["state"], error


def _told(error: Exception) -> str:
    """Return what is kept of an error: a sentence, and for what nobody expected, where it comes from."""
    if isinstance(error, CrmError):
        return shown(" ".join(error.lines()), 2_000)
    said = f"{type(error).__name__}: {shown(error, 500)}"
    places = traceback.extract_tb(error.__traceback__)[-5:]
    return "\n".join([said, *(f"{place.filename}:{place.lineno} {place.name}" for place in places)])


def _actor(crm: Crm, row: Any) -> Actor:
    """Return on whose behalf a job works, with the rights of now. Raises AccessDenied for a user who is not active."""
    if row.user_id is None:
        return system_actor(row.tenant_id, row.actor).for_plugin(row.plugin)
    known = Actor(
        name=row.actor,
        tenant_id=row.tenant_id,
        user_id=row.user_id,
        deputy_id=row.deputy_id,
        plugin=row.plugin,
        ceiling=None if row.ceiling is None else frozenset((entity, word) for entity, word in from_json(row.ceiling)),
        rights_version=-1,
    )
    return crm.reloaded(known, None)


def _key(row: Any) -> str:
    return "" if row.key is None else row.key.partition(":")[2]
