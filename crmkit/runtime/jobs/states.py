"""The states of a job, and the changes from one to another that several processes may try at the same time.

Every change names what it expects to find; the number of rows says whether it was made. ``starts`` tells one start of a
job from another: whoever was given up meanwhile changes nothing any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

WAITING, QUEUED, RUNNING = "waiting", "queued", "running"
DONE, PARKED, CANCELLED, DISCARDED = "done", "parked", "cancelled", "discarded"
STATES = (WAITING, QUEUED, RUNNING, DONE, PARKED, CANCELLED, DISCARDED)
OPEN = (WAITING, QUEUED, RUNNING)
ENDED = (DONE, CANCELLED, DISCARDED)

FORGOTTEN = {"payload": "{}", "error": "", "progress_note": ""}
"""What becomes of the contents of a job that has ended: they may tell of people."""


def claim(
    connection: sa.Connection,
    jobs: sa.Table,
    id: UUID,
    worker: str,
    now: datetime,
    *,
    dispatch: int | None,
    lost: bool = True,
) -> Any:
    """Start a job and return its row as it is then; None when it is not to be started.

    With ``dispatch`` it is one that was handed to the engine so many times, else one that waits. One that is running
    already has ``lost`` its worker, unless that is what starts it anew.
    """
    found = (
        (jobs.c.state.in_((QUEUED, RUNNING)), jobs.c.dispatch == dispatch) if dispatch else (jobs.c.state == WAITING,)
    )
    statement = (
        jobs.update()
        .where(jobs.c.id == id, *found)
        .values(
            state=RUNNING,
            worker=worker,
            started_at=now,
            starts=jobs.c.starts + 1,
            losses=jobs.c.losses + sa.case((jobs.c.state == RUNNING, int(lost)), else_=0),
        )
        .returning(*jobs.c)
    )
    return connection.execute(statement).one_or_none()


def change_started(connection: sa.Connection, jobs: sa.Table, id: UUID, starts: int, **values: Any) -> bool:
    """Change a running job; False when this start of it was given up meanwhile."""
    statement = jobs.update().where(jobs.c.id == id, jobs.c.state == RUNNING, jobs.c.starts == starts)
    return connection.execute(statement.values(**values)).rowcount == 1


def put_back(
    connection: sa.Connection, jobs: sa.Table, id: UUID, dispatch: int, now: datetime, *, lost: bool = False
) -> bool:
    """Let a job wait again that was handed to the engine, or started; ``lost``: its worker died."""
    started = sa.case((jobs.c.state == RUNNING, int(lost)), else_=0)
    statement = (
        jobs.update()
        .where(jobs.c.id == id, jobs.c.dispatch == dispatch, jobs.c.state.in_((QUEUED, RUNNING)))
        .values(state=WAITING, worker="", run_at=now, losses=jobs.c.losses + started)
    )
    return connection.execute(statement).rowcount == 1


def change_from(
    connection: sa.Connection, jobs: sa.Table, tenant: UUID, ids: Iterable[UUID], states: Sequence[str], **values: Any
) -> int:
    """Change those of the jobs ``ids`` that are in one of ``states``; returns how many."""
    mine = (jobs.c.tenant_id == tenant, jobs.c.id.in_(list(ids)), jobs.c.state.in_(states))
    return connection.execute(jobs.update().where(*mine).values(**values)).rowcount
