"""Jobs as those see them who asked for them: a user's own, and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.errors import Conflict, NotFound
from crmkit.core.messages import msg
from crmkit.core.values.ids import parse_id
from crmkit.runtime.jobs.keeping import ShownJob, shown_job
from crmkit.runtime.jobs.states import CANCELLED, FORGOTTEN, OPEN, PARKED, change_from
from crmkit.store.faults import faults_translated

if TYPE_CHECKING:
    from crmkit.store.session import Session


def own_jobs(session: Session, *, only_open: bool = False, limit: int = 100) -> list[ShownJob]:
    """Return the jobs that the session's user asked for, the newest first; ``only_open``: those still to be done."""
    jobs = session.database.table("background_jobs")
    where = [_mine(session, jobs)]
    where += [jobs.c.state.in_(OPEN)] if only_open else []
    statement = sa.select(*jobs.c).where(*where).order_by(jobs.c.id.desc()).limit(limit)
    with faults_translated():
        return [shown_job(row) for row in session.connection.execute(statement)]


def own_job(session: Session, id: UUID | str) -> ShownJob:
    """Return a job that the session's user asked for. Raises NotFound, also for another user's."""
    key, jobs = parse_id(id), session.database.table("background_jobs")
    with faults_translated():
        statement = sa.select(*jobs.c).where(_mine(session, jobs), jobs.c.id == key)
        row = session.connection.execute(statement).one_or_none()
    if row is None:
        raise NotFound(msg("no job with id {id}", id=str(key)))
    return shown_job(row)


def cancel_own_job(session: Session, id: UUID | str) -> ShownJob:
    """Cancel a job that the session's user asked for, with the session's transaction; returns it as it was before.

    What it has not committed yet is undone. Raises NotFound, and Conflict for one that has ended.
    """
    found = own_job(session, id)
    jobs = session.database.table("background_jobs")
    values = {"state": CANCELLED, "ended_at": session.clock.now(), "worker": "", **FORGOTTEN}
    with faults_translated():
        changed = change_from(session.connection, jobs, session.actor.tenant_id, [found.id], (*OPEN, PARKED), **values)
    if not changed:
        raise Conflict(msg("job {id} has ended: it is {state}", id=str(found.id), state=found.state))
    session.written_beside()
    return found


def _mine(session: Session, jobs: sa.Table) -> Any:
    actor = session.actor
    # The system's jobs belong to no user, and to whoever works as the system.
    whose = jobs.c.user_id.is_(None) if actor.user_id is None else jobs.c.user_id == actor.user_id
    # A deputy's are that one's alone, and a deputy does not see the user's own.
    deputy = jobs.c.deputy_id.is_(None) if actor.deputy_id is None else jobs.c.deputy_id == actor.deputy_id
    return sa.and_(jobs.c.tenant_id == actor.tenant_id, whose, deputy)
