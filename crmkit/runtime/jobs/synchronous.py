"""The port without DBOS, threads or waiting: one call runs all that is due. For tests, and for databases in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.frozen import frozen
from crmkit.runtime.jobs.executing import execute
from crmkit.runtime.jobs.schedules import enqueue_due
from crmkit.runtime.jobs.states import WAITING

if TYPE_CHECKING:
    from crmkit.runtime.crm import Crm

WORKER = "here"


@frozen
class RanJob:
    """A job that was run, and its state afterwards: done, parked, or waiting for its next attempt."""

    id: UUID
    name: str
    state: str
    error: str = ""


def run_due(crm: Crm, plugin: str = "") -> list[RanJob]:
    """Run, here and now and one after the other, every job that is due, and what they enqueue in turn.

    With ``plugin``, the jobs of that one alone; the others stay due.
    """
    ran: list[RanJob] = []
    enqueue_due(crm)
    names = [name for name, declared in crm.jobs.declared.items() if plugin in ("", declared.plugin)]
    while found := _next(crm, names):
        id, name = found
        result = execute(crm, id, WORKER)
        if result is not None:
            ran.append(RanJob(id, name, *result))
    return ran


def _next(crm: Crm, names: Sequence[str]) -> tuple[UUID, str] | None:
    """Return the job that has waited longest of those that are due and whose plugin is here."""
    jobs, tenant = crm.database.table("background_jobs"), crm.system.tenant_id
    statement = (
        sa.select(jobs.c.id, jobs.c.name)
        .where(
            jobs.c.tenant_id == tenant,
            jobs.c.state == WAITING,
            jobs.c.run_at <= crm.clock.now(),
            jobs.c.name.in_(names),
        )
        .order_by(jobs.c.run_at, jobs.c.id)
        .limit(1)
    )
    with crm.database.connection(reads=True, tenant=tenant) as connection:
        row = connection.execute(statement).one_or_none()
        return None if row is None else (row.id, row.name)
