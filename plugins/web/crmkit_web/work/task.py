"""A job of long work on its way: as whom it works, how far it is, and whether it is to end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from crmkit.core.entity import change
from crmkit.core.errors import CrmError, DatabaseUnavailable, NotFound, StorageFull, TryLater
from crmkit.core.messages import msg
from crmkit.hosting import translator
from crmkit.plugin import Job
from crmkit_web.work.asked import REPORT, REQUEST, ended
from crmkit_web.work.declared import ATTEMPTS
from crmkit_web.work.entities import Work
from crmkit_web.work.spool import UPLOAD, WorkFiles, spool_of

PASSING = (DatabaseUnavailable, StorageFull, TryLater)
"""Errors after which the job is tried again; any other that people can understand ends it."""


class Cancelled(Exception):
    """Whoever asked for the work wants it to end; what is committed stays."""


class Task:
    """Long work being done. ``actor`` is whoever asked for it, with the rights of now, and no more than its token had."""

    def __init__(self, ctx: Any, work: Work, files: WorkFiles) -> None:
        self.ctx, self.crm, self.work, self.files = ctx, ctx.crm, work, files
        self.request: Mapping[str, Any] = files.read(REQUEST)
        self.actor = ctx.actor.for_plugin("")
        self.translate = translator(self.actor.language)

    def checkpoint(self) -> None:
        """Go on only if nobody wants the end of it; raises Cancelled, and hands the job back when the worker stops."""
        if self.ctx.stopping:
            self.ctx.steps.run("hand back", lambda: None)
        with self.crm.session(self.actor.elevated(), reads=True) as session:
            found = session.find(Work, id=self.work.id)
        if found is None or found.cancelling:
            raise Cancelled

    def note(self, **values: Any) -> None:
        """Write something about the work at once, for whoever looks at it meanwhile."""
        with self.crm.session(self.actor.elevated()) as session:
            session.update(change(session.get(Work, self.work.id), **values))

    def told(self, error: CrmError) -> dict[str, str]:
        """Return an error as it is kept and shown, without the places of files here."""
        return {"code": error.code, "detail": self.plain_text("; ".join(error.lines(self.translate)))}

    def plain_text(self, text: str) -> str:
        """Return a text without the names of folders here."""
        place = str(self.files.folder)
        return text.replace(f"{place}/{UPLOAD}/", "").replace(place, "")[:2_000]


def carried_out(ctx: Any, job: Job, do: Callable[[Task], Mapping[str, Any]]) -> None:
    """Do long work and write down how it ended; ``do`` returns the counts, and writes its files itself.

    What went well, what was refused and what was cancelled all count as done for the job; only what nobody expected
    makes it fail, and be tried again.
    """
    with ctx.elevated("what is to be done"):
        work = ctx.session.find(Work, id=job.id)
    if work is None or work.state != "open":
        return
    ctx.session.let_go()
    task = Task(ctx, work, spool_of(ctx.crm).of(work.id))
    outcome = ctx.steps.run("outcome", _outcome, task, do, last=job.attempt >= ATTEMPTS)
    with ctx.elevated("how it ended"):
        current = ctx.session.get(Work, work.id)
        values = ended(ctx, outcome["state"], counts=outcome["counts"], problem=outcome["problem"])
        ctx.session.update(change(current, **values))
    # The upload is of no use any more; what people fetch stays for some days.
    ctx.session.after_commit(lambda: task.files.drop(UPLOAD, REQUEST))


def _outcome(task: Task, do: Callable[[Task], Mapping[str, Any]], *, last: bool) -> dict[str, Any]:
    try:
        if not task.request:
            raise NotFound(
                msg("the files are not on this machine: set work_folder in [plugins.web] to a shared folder")
            )
        task.checkpoint()
        return {"state": "done", "counts": do(task), "problem": {}}
    except Cancelled:
        return {"state": "cancelled", "counts": task.files.read(REPORT).get("counts", {}), "problem": {}}
    except CrmError as error:
        if isinstance(error, PASSING) and not (last and isinstance(error, TryLater)):
            raise
        return {"state": "failed", "counts": task.files.read(REPORT).get("counts", {}), "problem": task.told(error)}
