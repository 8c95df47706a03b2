"""The jobs of imports: reading the file in, chunk by chunk, and taking an import back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crmkit.core.errors import CrmError
from crmkit.core.messages import msg
from crmkit.hosting import check_import, import_file, import_mapping, revert_import
from crmkit.plugin import BadInput, Job
from crmkit_web.documents.plain import plain
from crmkit_web.work.asked import REPORT
from crmkit_web.work.spool import ERRORS, UPLOAD
from crmkit_web.work.task import Cancelled, Task, carried_out


def run_import(ctx: Any, job: Job) -> None:
    """Do an import."""
    carried_out(ctx, job, _import)


def run_revert(ctx: Any, job: Job) -> None:
    """Take an import back."""
    carried_out(ctx, job, _revert)


def _import(task: Task) -> Mapping[str, Any]:
    request = task.request
    if request.get("url") and not task.files.files(UPLOAD):
        _fetch(task)
    (path,) = task.files.files(UPLOAD)
    mapping = import_mapping(task.crm, text=request["mapping"], entity=request["entity"], path=path)
    check_import(task.crm, task.actor, [rule.entity for rule in mapping.record])
    dry_run, seen = task.work.dry_run, task.work.run_id
    # A dry run holds the one writer of SQLite until it is over: nobody could write down how far it is.
    database = task.crm.database
    silent, alone = dry_run and database.dialect == "sqlite", dry_run and database.in_memory

    def on_progress(at: Any) -> None:
        nonlocal seen
        if at.run is not None and at.run != seen:
            seen = at.run
            task.note(run_id=at.run)
        if not silent:
            task.ctx.progress(at.done, at.total, f"{at.source} {at.step}/{at.steps}: {at.rows}")
        if not alone:
            task.checkpoint()

    try:
        report = import_file(
            task.crm,
            task.actor,
            path,
            mapping,
            dry_run=dry_run,
            error_folder=task.files.place(ERRORS),
            confirmed=request["confirmed"],
            on_progress=on_progress,
            origin=task.work.name,
        )
    except (Cancelled, CrmError):
        task.files.write(REPORT, {"counts": _counted(task, seen)})
        raise
    counts = {"rows": report.rows, "rejected": report.rejected, "records": report.counts}
    task.files.write(REPORT, {"counts": counts, **_told(task, report)})
    if report.run_id is not None and report.run_id != seen:
        task.note(run_id=report.run_id)
    return counts


def _fetch(task: Task) -> None:
    from crmkit_web.work.fetching import fetch

    settings = task.ctx.config
    target = task.files.place(UPLOAD) / task.work.name
    fetch(task.request["url"], target, largest=settings.largest_upload, inside=settings.allowed_networks)


def _counted(task: Task, run: Any) -> Mapping[str, Any]:
    """Return what an import that ended early has committed."""
    if run is None:
        return {}
    with task.crm.session(task.actor.elevated(), reads=True) as session:
        found = session.find(session.entity("import_run").cls, id=run)
    counts = {} if found is None else found.counts
    return {name: counts[name] for name in ("rows", "rejected", "records") if name in counts}


def _told(task: Task, report: Any) -> dict[str, Any]:
    return {
        "rejected_rows": [
            {
                "source": one.source,
                "line": one.number,
                "problems": [task.plain_text(problem.render(task.translate)) for problem in one.problems],
            }
            for one in report.errors
        ],
        "samples": [
            {
                "entity": one.entity,
                "title": one.title,
                "action": one.action,
                "fields": {name: [plain(value) for value in pair] for name, pair in one.fields.items()},
            }
            for one in report.samples
        ],
        "proposals": [one.words for one in report.proposals],
    }


def _revert(task: Task) -> Mapping[str, Any]:
    if task.work.run_id is None:
        raise BadInput(msg("this import has written nothing that could be taken back"))

    def on_progress(done: int) -> None:
        task.ctx.progress(done)
        task.checkpoint()

    report = revert_import(task.crm, task.actor, task.work.run_id, on_progress=on_progress)
    left = [
        {"entity": one.entity, "id": str(one.record_id), "reason": one.reason.render(task.translate)}
        for one in report.shown
    ]
    return {"deleted": report.deleted, "restored": report.restored, "left": report.conflicts, "left_records": left}
