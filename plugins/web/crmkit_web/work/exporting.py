"""The job of an export: records into a file, as whoever asked for it may see them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crmkit.hosting import export_records
from crmkit.plugin import Job
from crmkit_web.work.spool import RESULT
from crmkit_web.work.task import Task, carried_out


def run_export(ctx: Any, job: Job) -> None:
    """Do an export."""
    carried_out(ctx, job, _export)


def _export(task: Task) -> Mapping[str, Any]:
    request = task.request

    def on_progress(done: int) -> None:
        task.ctx.progress(done, task.work.total)
        task.checkpoint()

    with task.crm.session(task.actor, reads=True) as session:
        count = export_records(
            session,
            task.work.entity,
            task.files.place(RESULT) / task.work.name,
            format=request["format"],
            filter=request["filter"] or None,
            fields=request["fields"],
            on_progress=on_progress,
        )
    return {"records": count}
