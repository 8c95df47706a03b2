"""The first verb: enqueue in my transaction. A job is a row, written with whatever asks for it or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.errors import AccessDenied, BadInput, ConfigError, CrmError, did_you_mean
from crmkit.core.messages import msg, shown
from crmkit.core.values.ids import new_id
from crmkit.runtime.jobs.states import WAITING
from crmkit.store.faults import faults_translated
from crmkit.store.inserting import insert_new
from crmkit.store.types import to_json

if TYPE_CHECKING:
    from crmkit.runtime.crm import Crm
    from crmkit.store.session import Session

LONGEST_KEY = 200


def enqueue(
    crm: Crm,
    session: Session,
    job: str,
    payload: Mapping[str, Any] | None = None,
    *,
    at: datetime | None = None,
    delay: timedelta | None = None,
    key: str = "",
    plugin: str = "",
    again: bool = False,
) -> UUID:
    """Write a job within a session's transaction and return its id.

    It runs once the transaction is committed, not before ``at`` or the end of ``delay``, on behalf of the session's
    actor. A ``key`` names it for good: as long as a job with the same name and key is kept, nothing is added and that
    one's id is returned. ``again`` is for a job that puts itself off, or goes on with the next part of its work: that is no
    further link in the chain of causes, so it sees to its end itself. Changes of the session are flushed first, so that
    the job knows what caused it.
    Raises ConfigError for a job that no plugin declares, BadInput for a payload that JSON cannot hold.
    """
    if job not in crm.jobs.declared:
        raise ConfigError(msg("no job {name}; {hint}", name=shown(job), hint=did_you_mean(job, crm.jobs.declared)))
    if session.read_only:
        raise AccessDenied(msg("this session only reads"))
    if len(key) > LONGEST_KEY:
        raise BadInput(msg("job {name}: a key of at most {most} characters", name=job, most=LONGEST_KEY))
    if at is not None and at.tzinfo is None:
        raise BadInput(msg("job {name}: at needs a time with its offset or time zone", name=job))
    session.flush()
    now, actor = session.clock.now(), session.actor
    row = {
        **new_row(actor.tenant_id, job, payload, now),
        "run_at": at or now + (delay or timedelta()),
        "key": f"{job}:{key}" if key else None,
        "actor": actor.name,
        "user_id": actor.user_id,
        "deputy_id": actor.deputy_id,
        "ceiling": None if actor.ceiling is None else to_json(sorted(actor.ceiling)),
        "enqueued_by": plugin or actor.plugin,
        "cause_id": session.first_event or session.cause.event_id,
        "chain": to_json(_chain(session, job) if again else session.cause.chain),
    }
    session.written_beside()
    with faults_translated():
        added = insert_job(session.connection, crm.database.table("background_jobs"), row)
    session.after_commit(crm.jobs.wake)
    return added


def _chain(session: Session, job: str) -> tuple[str, ...]:
    """Return the chain of causes up to the job that enqueues itself."""
    chain = session.cause.chain
    return chain[:-1] if chain and chain[-1] == f"job:{job}" else chain


def new_row(tenant: UUID, job: str, payload: Mapping[str, Any] | None, now: datetime) -> dict[str, Any]:
    """Return the row of a job that waits, enqueued by the system. Raises BadInput for a payload that JSON cannot hold."""
    try:
        text = to_json(dict(payload or {}))
    except CrmError:
        raise
    except (TypeError, ValueError, RecursionError) as error:
        expected = msg("names with texts, numbers, ids and times ({error})", error=shown(error, 200))
        raise BadInput(msg("payload of job {name}: expected {expected}", name=job, expected=expected)) from None
    return {
        "id": new_id(),
        "tenant_id": tenant,
        "plugin": job.partition(".")[0],
        "name": job,
        "payload": text,
        "key": None,
        "state": WAITING,
        "run_at": now,
        "due_at": None,
        "failures": 0,
        "starts": 0,
        "losses": 0,
        "dispatch": 0,
        "worker": "",
        "enqueued_at": now,
        "actor": "system",
        "user_id": None,
        "deputy_id": None,
        "ceiling": None,
        "enqueued_by": "",
        "cause_id": None,
        "chain": "[]",
        "progress_note": "",
        "error": "",
    }


def insert_job(connection: sa.Connection, jobs: sa.Table, row: Mapping[str, Any]) -> UUID:
    """Insert the row of a job and return its id, or that of the job which has its key already."""
    if row["key"] is None:
        connection.execute(jobs.insert(), row)
        return _id(row)
    mine = (jobs.c.tenant_id == row["tenant_id"], jobs.c.key == row["key"])
    if connection.execute(insert_new(jobs, connection.dialect.name), row).rowcount == 1:
        return _id(row)
    known: UUID = connection.execute(sa.select(jobs.c.id).where(*mine)).scalar_one()
    return known


def _id(row: Mapping[str, Any]) -> UUID:
    id: UUID = row["id"]
    return id
