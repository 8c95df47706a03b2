"""Between our tables and the engine: jobs that are due are handed over; what got lost on the way is taken back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from crmkit.runtime.jobs.engine import Engine, Handed
from crmkit.runtime.jobs.impatience import be_brief
from crmkit.runtime.jobs.states import OPEN, QUEUED, RUNNING, WAITING, put_back

if TYPE_CHECKING:
    from crmkit.runtime.crm import Crm

BATCH = 100

AHEAD = 500
"""Jobs of one plugin that may be in the engine's queue: what waits longer can still be cancelled and is in order here."""

SETTLED = 30.0
"""Seconds after which a job that was handed over must be known to the engine."""

_MOVING = 0x63726D6D
"""The lock of PostgreSQL under which jobs are handed over, so that no more than allowed are."""


def hand_over(crm: Crm, engine: Engine, plugins: Collection[str]) -> int:
    """Hand over what is due, up to ``BATCH`` jobs; returns how many.

    They are marked first. When the process dies before the engine has them, ``take_back_lost`` finds them.
    """
    jobs, tenant, now = crm.database.table("background_jobs"), crm.system.tenant_id, crm.clock.now()
    names = [name for name, declared in crm.jobs.declared.items() if declared.plugin in plugins]
    mine = jobs.c.tenant_id == tenant
    due = (
        sa.select(jobs.c.id, jobs.c.name, jobs.c.dispatch)
        .where(mine, jobs.c.state == WAITING, jobs.c.run_at <= now, jobs.c.name.in_(names))
        .order_by(jobs.c.run_at, jobs.c.id)
    )
    limits = {name: declared.concurrency for name, declared in crm.jobs.declared.items() if declared.concurrency}
    with crm.database.connection(reads=True, tenant=tenant) as connection:
        # Most looks find nothing, and need not lock anybody out.
        if connection.execute(due.limit(1)).first() is None:
            return 0
    with crm.database.connection(tenant=tenant) as connection:
        be_brief(connection)
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MOVING)))
        under_way = (
            sa.select(jobs.c.name, sa.func.count().label("taken"))
            .where(mine, jobs.c.state.in_((QUEUED, RUNNING)), jobs.c.name.in_(list(limits)))
            .group_by(jobs.c.name)
        )
        taken = Counter({row.name: row.taken for row in connection.execute(under_way)})
        full = [name for name, limit in limits.items() if taken[name] >= limit]
        queued = (
            sa.select(jobs.c.plugin)
            .where(mine, jobs.c.state == QUEUED, jobs.c.plugin.in_(list(plugins)))
            .group_by(jobs.c.plugin)
            .having(sa.func.count() >= AHEAD)
        )
        ahead = list(connection.scalars(queued))
        chosen: list[Handed] = []
        for row in connection.execute(due.where(jobs.c.name.not_in(full), jobs.c.plugin.not_in(ahead)).limit(BATCH)):
            if row.name in limits and taken[row.name] >= limits[row.name]:
                continue
            taken[row.name] += 1
            chosen.append(Handed(row.id, row.name, row.dispatch + 1))
        if chosen:
            marked = jobs.update().where(jobs.c.id.in_([job.id for job in chosen]), jobs.c.state == WAITING)
            connection.execute(marked.values(state=QUEUED, dispatch=jobs.c.dispatch + 1, moved_at=now, worker=""))
        connection.commit()
    if chosen:
        engine.hand_over(chosen)
    return len(chosen)


def take_back(crm: Crm, handed: Collection[tuple[UUID, int]], engine: Engine, *, lost: bool) -> tuple[int, int]:
    """Let jobs wait again that were handed over, and withdraw that; ``lost``: their worker died.

    Returns how many wait, and how many are left for the next time, since somebody is changing them at this moment.
    """
    jobs, now = crm.database.table("background_jobs"), crm.clock.now()
    if not handed:
        return 0, 0
    ids = sa.select(jobs.c.id).where(jobs.c.id.in_([id for id, _ in handed])).with_for_update(skip_locked=True)
    with crm.database.connection(tenant=crm.system.tenant_id) as connection:
        be_brief(connection)
        free = set(connection.scalars(ids))
        given_up = [(id, dispatch) for id, dispatch in handed if id in free]
        made = sum(put_back(connection, jobs, id, dispatch, now, lost=lost) for id, dispatch in given_up)
        connection.commit()
    engine.withdraw(f"{id}.{dispatch}" for id, dispatch in given_up)
    # One that is not there any more has no row to lock.
    there = _still_there(crm, [id for id, _ in handed if id not in free])
    return made, there


def take_back_from(crm: Crm, worker: str, engine: Engine) -> tuple[int, int]:
    """Let everything wait again that a dead worker has taken; returns what ``take_back`` does."""
    jobs, tenant = crm.database.table("background_jobs"), crm.system.tenant_id
    handed = set(engine.taken_by(worker))
    with crm.database.connection(reads=True, tenant=tenant) as connection:
        running = (jobs.c.tenant_id == tenant, jobs.c.state == RUNNING, jobs.c.worker == worker)
        handed |= {
            (row.id, row.dispatch) for row in connection.execute(sa.select(jobs.c.id, jobs.c.dispatch).where(*running))
        }
    return take_back(crm, handed, engine, lost=True)


def take_back_lost(crm: Crm, engine: Engine, plugins: Collection[str], known: Collection[UUID]) -> int:
    """Let jobs wait again that the engine does not know, or takes to be over; ``known`` run here. Returns how many.

    A process that died between our database and the engine's leaves such, as does a copy that one of them was
    restored from.
    """
    jobs, tenant = crm.database.table("background_jobs"), crm.system.tenant_id
    before = crm.clock.now() - timedelta(seconds=SETTLED)
    old = (
        sa.select(jobs.c.id, jobs.c.name, jobs.c.dispatch)
        .where(
            jobs.c.tenant_id == tenant,
            jobs.c.state.in_((QUEUED, RUNNING)),
            jobs.c.dispatch > 0,
            jobs.c.moved_at < before,
            jobs.c.plugin.in_(list(plugins)),
        )
        .order_by(jobs.c.run_at)
        .limit(500)
    )
    with crm.database.connection(reads=True, tenant=tenant) as connection:
        found = [Handed(row.id, row.name, row.dispatch) for row in connection.execute(old) if row.id not in known]
    if not found:
        return 0
    there = engine.under_way(found)
    return take_back(crm, [(job.id, job.dispatch) for job in found if job.id not in there], engine, lost=False)[0]


def _still_there(crm: Crm, ids: Collection[UUID]) -> int:
    if not ids:
        return 0
    jobs, tenant = crm.database.table("background_jobs"), crm.system.tenant_id
    with crm.database.connection(reads=True, tenant=tenant) as connection:
        return len(connection.scalars(sa.select(jobs.c.id).where(jobs.c.id.in_(list(ids)))).all())


def left_to_do(crm: Crm, plugins: Collection[str]) -> bool:
    """Whether anything is due, or under way."""
    jobs, tenant = crm.database.table("background_jobs"), crm.system.tenant_id
    names = [name for name, declared in crm.jobs.declared.items() if declared.plugin in plugins]
    started = jobs.c.state != WAITING
    open_: Any = (jobs.c.tenant_id == tenant, jobs.c.state.in_(OPEN), jobs.c.name.in_(names))
    statement = sa.select(jobs.c.id).where(*open_, started | (jobs.c.run_at <= crm.clock.now())).limit(1)
    with crm.database.connection(reads=True, tenant=tenant) as connection:
        return connection.execute(statement).first() is not None
