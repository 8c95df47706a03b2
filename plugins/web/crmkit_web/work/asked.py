"""Asking for long work, and finding one's own again. Nobody sees another's, whatever rights they have."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from crmkit.core.entity import change
from crmkit.core.errors import Conflict, NotFound
from crmkit.core.messages import msg
from crmkit.core.values.ids import parse_id
from crmkit.hosting import Page
from crmkit_web.serving.problems import Problem
from crmkit_web.work.entities import Work
from crmkit_web.work.spool import UPLOAD, WorkFiles, spool_of

if TYPE_CHECKING:
    from crmkit_web.serving.calls import Call

Kind = Literal["import", "export", "bulk", "revert"]

REQUEST, REPORT = "request", "report"
"""Documents beside the files: what was asked for, and what became of it."""


def ask(call: Call, kind: Kind, files: WorkFiles, request: Mapping[str, Any], **details: Any) -> Work:
    """Write long work and the job that does it, in the session of the call; ``files`` is a draft, which it takes over.

    Raises Problem 429 when too much of whoever asks waits already.
    """
    call.session.flush()
    check_waiting(call)
    files.write(REQUEST, request)
    id = call.ctx.jobs.enqueue(f"web.{kind}")
    spool = spool_of(call.crm)
    taken = spool.take(files, id)
    user, deputy = call.actor.user_id, call.actor.deputy_id
    made = Work(id=id, user_id=user, deputy_id=deputy, owner_id=user, kind=kind, **details)
    try:
        with call.ctx.elevated("long work is written down"):
            call.session.add(made)
            call.session.flush()
            stored: Work = call.session.get(Work, id)
    except BaseException:
        taken.remove()
        raise
    return stored


def check_waiting(call: Call) -> None:
    """Raise Problem 429 when too much of whoever asks waits already."""
    most = call.site.settings.most_jobs
    if len(call.ctx.services.own_jobs(only_open=True, limit=most)) >= most:
        message = msg("{count} jobs of yours are not done yet; wait for one, or cancel it", count=most)
        raise Problem(429, "too_many_jobs", message, {"retry-after": "30"})


def own_work(call: Call, id: str, kind: Kind) -> Work:
    """Return long work of whoever asks; raises NotFound, also for another's and for one of another kind."""
    key = parse_id(id)
    found = work_of_job(call, key)
    if found is None or found.kind != kind:
        raise _unknown(kind, key)
    return found


def work_of_job(call: Call, id: UUID) -> Work | None:
    """Return the long work that a job does; None for a job that is none of ours. Raises NotFound for another's work."""
    with call.ctx.elevated("one's own long work"):
        found: Work | None = call.session.find(Work, id=id)
    if found is not None and not is_own(call, found):
        raise _unknown("job", id)
    return found


def is_own(call: Call, work: Work) -> bool:
    """Whether whoever asks has asked for this work, by a log-in for as much as this one."""
    actor = call.actor
    if (work.user_id, work.deputy_id) != (actor.user_id, actor.deputy_id):
        return False
    # Another log-in of the same user may have been for more.
    return actor.permits(work.entity or "*", "export" if work.kind == "export" else "read")


def own_page(call: Call, kind: Kind) -> Page[Work]:
    """Return a page of the long work of whoever asks, the newest first."""
    user, deputy = call.actor.user_id, call.actor.deputy_id
    whose = "user_id is empty" if user is None else f"user_id = {user}"
    whose += f" and deputy_id = {deputy}" if deputy else " and deputy_id is empty"
    with call.ctx.elevated("one's own long work"):
        page: Page[Work] = call.session.page(
            Work, f"{whose} and kind = {kind}", order="-id", limit=call.query["limit"], after=call.query["cursor"] or ""
        )
    return Page(tuple(one for one in page.records if is_own(call, one)), page.next)


def ask_for_end(call: Call, work: Work) -> Work:
    """Have long work end after what it is doing; one that failed and waits for somebody to decide ends at once.

    Raises Conflict for one that has ended.
    """
    job = None
    with suppress(NotFound):
        job = call.ctx.services.own_job(work.id)
    if work.state != "open" or job is None:
        raise Conflict(msg("job {id} has ended: it is {state}", id=str(work.id), state=work.state))
    values: dict[str, Any] = {"cancelling": True}
    if job.state == "parked":
        call.ctx.services.cancel_own_job(work.id)
        values = ended(call.ctx, "cancelled")
        files = files_of(call, work)
        call.session.after_commit(lambda: files.drop(UPLOAD, REQUEST))
    with call.ctx.elevated("long work is to end"):
        call.session.update(change(work, **values))
        call.session.flush()
        stored: Work = call.session.get(Work, work.id)
    return stored


def ended(ctx: Any, state: str, **more: Any) -> dict[str, Any]:
    """Return what changes of long work that has ended now."""
    now = ctx.clock.now()
    return {
        "state": state,
        "cancelling": False,
        "ended_at": now,
        "files_until": now + timedelta(days=ctx.config.files_kept_days),
        **more,
    }


def files_of(call: Call, work: Work) -> WorkFiles:
    """Return the files of long work."""
    return spool_of(call.crm).of(work.id)


def _unknown(what: str, id: UUID) -> NotFound:
    return NotFound(msg("no {entity} with id {id}", entity=what, id=str(id)))
