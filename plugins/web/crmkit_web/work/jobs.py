"""Jobs: of long work, and of plugins. Each user sees those that they asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from crmkit.core.messages import msg
from crmkit.core.values.ids import parse_id
from crmkit_web.serving.calls import Call, Reply
from crmkit_web.serving.endpoints import Endpoint, Parameter
from crmkit_web.work.asked import ask_for_end, files_of, is_own, own_work, work_of_job
from crmkit_web.work.documents import job_documents, plain_job
from crmkit_web.work.entities import Work
from crmkit_web.work.files import file_reply
from crmkit_web.work.shapes import JobDocument, JobList
from crmkit_web.work.spool import ERRORS

if TYPE_CHECKING:
    from crmkit_web.serving.site import Site


def endpoints(site: Site) -> Iterator[Endpoint]:
    """Yield the endpoints of this room."""
    more: dict[str, Any] = {"tag": "jobs"}
    yield Endpoint(
        "list_jobs",
        "GET",
        "/jobs",
        list_,
        msg("Return the jobs that one asked for, the newest first."),
        query=(Parameter("limit", msg("Jobs at most."), kind="integer", default=50, minimum=1, maximum=1_000),),
        returns=JobList,
        reads=True,
        **more,
    )
    yield Endpoint(
        "get_job",
        "GET",
        "/jobs/{id}",
        get,
        msg("Return a job that one asked for: how far it is, and how it ended."),
        returns=JobDocument,
        reads=True,
        **more,
    )
    yield Endpoint(
        "get_job_errors",
        "GET",
        "/jobs/{id}/errors",
        errors,
        msg("Return the records that a bulk action left as they are, as CSV, with the reason of each."),
        media_type="text/csv",
        reads=True,
        **more,
    )
    yield Endpoint(
        "cancel_job",
        "POST",
        "/jobs/{id}/cancel",
        cancel,
        msg("End a job that one asked for; what it has committed stays."),
        returns=JobDocument,
        status=202,
        **more,
    )


def list_(call: Call) -> JobList:
    """Answer one's own jobs."""
    jobs = call.ctx.services.own_jobs(limit=call.query["limit"])
    with call.ctx.elevated("one's own long work"):
        works = {one.id: one for one in call.session.list(Work, id=[job.id for job in jobs])} if jobs else {}
    found = [plain_job(call, job) for job in jobs if job.id not in works]
    found += job_documents(call, [work for work in works.values() if is_own(call, work)])
    return JobList(tuple(sorted(found, key=lambda one: one.id, reverse=True)))


def get(call: Call) -> JobDocument:
    """Answer a job."""
    id = parse_id(call.path["id"])
    work = work_of_job(call, id)
    if work is not None:
        return job_documents(call, [work])[0]
    return plain_job(call, call.ctx.services.own_job(id))


def errors(call: Call) -> Reply:
    """Answer the file of what a job could not do."""
    work = own_work(call, call.path["id"], "bulk")
    files = [] if work.state == "open" else files_of(call, work).files(ERRORS)
    return file_reply(files[0] if files else None, "errors.csv", "text/csv; charset=utf-8")


def cancel(call: Call) -> JobDocument:
    """Have a job end: long work after what it is doing, any other at once."""
    id = parse_id(call.path["id"])
    work = work_of_job(call, id)
    if work is not None:
        return job_documents(call, [ask_for_end(call, work)])[0]
    call.ctx.services.cancel_own_job(id)
    return plain_job(call, call.ctx.services.own_job(id))
