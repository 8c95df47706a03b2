"""Long work as documents: what is kept of it, how far its job is, and what its files tell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from crmkit.core.errors import NotFound
from crmkit.core.messages import msg
from crmkit_web.work.asked import REPORT, files_of
from crmkit_web.work.entities import Work
from crmkit_web.work.formats import format_of
from crmkit_web.work.shapes import (
    ExportDocument,
    ImportDocument,
    JobDocument,
    JobProgress,
    RejectedRow,
    State,
    WorkProblem,
)
from crmkit_web.work.spool import ERRORS, RESULT

if TYPE_CHECKING:
    from crmkit_web.serving.calls import Call

ROOT = "/api/v1"
_JOB_STATES: Mapping[str, State] = {
    "waiting": "waiting",
    "queued": "waiting",
    "running": "running",
    "done": "done",
    "parked": "failed",
    "cancelled": "cancelled",
    "discarded": "failed",
}
_PLURALS = {"import": "imports", "export": "exports"}
_DEFECT = msg("it failed unexpectedly; whoever runs the installation finds why by: crmkit jobs show")


def place(work: Work) -> str:
    """Return the address of long work."""
    return f"{ROOT}/{_PLURALS.get(work.kind, 'jobs')}/{work.id}"


def job_documents(call: Call, works: Iterable[Work]) -> list[JobDocument]:
    """Return long work as jobs."""
    return [JobDocument(**_common(call, work)) for work in works]


def import_document(call: Call, work: Work, *, full: bool = True) -> ImportDocument:
    """Return an import; ``full`` with what its report tells."""
    files = files_of(call, work)
    report = files.read(REPORT) if full else {}
    counts = _committed(call, work)
    return ImportDocument(
        **_common(call, work),
        name=work.name,
        entity=work.entity,
        dry_run=work.dry_run,
        run_id=work.run_id,
        rows=counts.get("rows", 0),
        rejected=counts.get("rejected", 0),
        records=counts.get("records", {}),
        rejected_rows=tuple(
            RejectedRow(one["source"], one["line"], tuple(one["problems"])) for one in report.get("rejected_rows", ())
        ),
        samples=tuple(report.get("samples", ())),
        proposals=tuple(report.get("proposals", ())),
        error_sources=tuple(file.stem for file in files.files(ERRORS)) if work.state != "open" else (),
    )


def export_document(call: Call, work: Work) -> ExportDocument:
    """Return an export."""
    files = files_of(call, work)
    there = work.state == "done" and bool(files.files(RESULT))
    return ExportDocument(
        **_common(call, work),
        entity=work.entity,
        format=format_of(work.name),
        file=f"{place(work)}/file" if there else None,
    )


def plain_job(call: Call, job: Any) -> JobDocument:
    """Return a job that is no long work of ours: a plugin's, which an action asked for."""
    progress = None if job.progress is None else JobProgress(*job.progress)
    state = _JOB_STATES[job.state]
    return JobDocument(
        id=job.id,
        kind=job.name,
        state=state,
        location=f"{ROOT}/jobs/{job.id}",
        asked_at=job.enqueued_at,
        started_at=job.started_at,
        ended_at=job.ended_at,
        progress=progress,
        problem=None if state != "failed" else WorkProblem("defect", _DEFECT.render(call.translate)),
    )


def _common(call: Call, work: Work) -> dict[str, Any]:
    job = None
    with suppress(NotFound):
        job = call.ctx.services.own_job(work.id)
    state: State = "waiting"
    problem = work.problem or None
    if work.state != "open":
        state = work.state
    elif job is None:
        state = "failed"
    else:
        state = _JOB_STATES[job.state]
        if work.cancelling and state in ("waiting", "running"):
            state = "cancelling"
    if state == "failed" and problem is None:
        problem = {"code": "defect", "detail": _DEFECT.render(call.translate)}
    files = files_of(call, work)
    wrong = work.state != "open" and bool(files.files(ERRORS))
    progress = job.progress if job is not None else None
    return {
        "id": work.id,
        "kind": work.kind,
        "state": state,
        "location": place(work),
        "asked_at": work.created_at,
        "started_at": job.started_at if job is not None else None,
        "ended_at": work.ended_at,
        "progress": None if progress is None else JobProgress(*progress),
        "problem": None if problem is None else WorkProblem(problem["code"], problem["detail"]),
        "total": work.total,
        "counts": work.counts,
        "errors_file": f"{place(work)}/errors" if wrong else None,
        "files_until": work.files_until,
    }


def _committed(call: Call, work: Work) -> Mapping[str, Any]:
    """Return what an import has committed: at its end, or so far."""
    if work.state != "open" or work.run_id is None:
        return work.counts
    with call.ctx.elevated("how far one's own import is"):
        run = call.session.find(call.session.entity("import_run").cls, id=work.run_id)
    return {} if run is None else run.counts
