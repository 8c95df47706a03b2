"""The addresses of imports: a file comes in a form, as it is, or from an address; a job reads it in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from crmkit.core.errors import Conflict, FieldError
from crmkit.core.messages import msg
from crmkit_web.serving.calls import Call, Reply
from crmkit_web.serving.endpoints import Endpoint, Parameter
from crmkit_web.serving.problems import Problem
from crmkit_web.work import sending
from crmkit_web.work.asked import ask, ask_for_end, files_of, own_page, own_work
from crmkit_web.work.documents import import_document, job_documents
from crmkit_web.work.files import file_reply
from crmkit_web.work.mappings import offered
from crmkit_web.work.shapes import ImportDocument, ImportPage, JobDocument, MappingList, MappingName
from crmkit_web.work.spool import ERRORS, spool_of

if TYPE_CHECKING:
    from crmkit_web.serving.site import Site

PAGE = (
    Parameter("limit", msg("Items of a page."), kind="integer", default=50, minimum=1, maximum=1_000),
    Parameter("cursor", msg("Where to go on: next of the page before.")),
)


def endpoints(site: Site) -> Iterator[Endpoint]:
    """Yield the endpoints of this room."""
    more: dict[str, Any] = {"tag": "imports"}
    yield from sending.endpoints(site)
    made: dict[str, Any] = {"returns": ImportDocument, "status": 202, **more}
    yield Endpoint(
        "list_imports",
        "GET",
        "/imports",
        list_,
        msg("Return one's own imports, the newest first."),
        query=PAGE,
        returns=ImportPage,
        reads=True,
        **more,
    )
    yield Endpoint(
        "list_mappings",
        "GET",
        "/imports/mappings",
        mappings,
        msg("Return the mappings that the installation offers."),
        returns=MappingList,
        reads=True,
        **more,
    )
    yield Endpoint(
        "get_import",
        "GET",
        "/imports/{id}",
        get,
        msg("Return an import: how far it is, what it did, what it rejected and proposes."),
        returns=ImportDocument,
        reads=True,
        **more,
    )
    yield Endpoint(
        "get_import_errors",
        "GET",
        "/imports/{id}/errors",
        errors,
        msg("Return the rejected rows as CSV: mend them there and import that file with the same mapping."),
        query=(Parameter("source", msg("Of which table, where there are several.")),),
        media_type="text/csv",
        reads=True,
        **more,
    )
    yield Endpoint(
        "cancel_import",
        "POST",
        "/imports/{id}/cancel",
        cancel,
        msg("End an import after the chunk that it is writing; what is in stays."),
        **made,
    )
    yield Endpoint(
        "revert_import",
        "POST",
        "/imports/{id}/revert",
        revert,
        msg("Take an import back: what it made is deleted, what it changed gets its old values."),
        returns=JobDocument,
        status=202,
        **more,
    )


def list_(call: Call) -> ImportPage:
    """Answer a page of imports."""
    page = own_page(call, "import")
    return ImportPage(tuple(import_document(call, one, full=False) for one in page.records), page.next or None)


def mappings(call: Call) -> MappingList:
    """Answer the mappings that there are."""
    return MappingList(tuple(MappingName(name) for name in offered(call.crm)))


def get(call: Call) -> ImportDocument:
    """Answer an import."""
    return import_document(call, own_work(call, call.path["id"], "import"))


def errors(call: Call) -> Reply:
    """Answer a file of rejected rows."""
    work = own_work(call, call.path["id"], "import")
    # Until the end, rows are written to it that are not committed yet.
    files = {} if work.state == "open" else {file.stem: file for file in files_of(call, work).files(ERRORS)}
    source = call.query["source"] or (next(iter(files)) if len(files) == 1 else "")
    if files and source not in files:
        wrong = FieldError("/query/source", "bad_parameter", source, msg("one of {choices}", choices=", ".join(files)))
        raise Problem(400, "bad_query", msg("the query of the address is wrong"), errors=[wrong])
    return file_reply(files[source] if files else None, f"{source}-errors.csv", "text/csv; charset=utf-8")


def cancel(call: Call) -> ImportDocument:
    """Have an import end."""
    return import_document(call, ask_for_end(call, own_work(call, call.path["id"], "import")), full=False)


def revert(call: Call) -> JobDocument:
    """Have an import taken back."""
    work = own_work(call, call.path["id"], "import")
    if work.state == "open":
        raise Conflict(msg("the import {name} is not done yet; cancel it first", name=work.name))
    if work.run_id is None:
        raise Conflict(msg("the import {name} has written nothing that could be taken back", name=work.name))
    call.actor.require("import_run", "update")
    with spool_of(call.crm).drafted() as draft:
        made = ask(call, "revert", draft, {"import": work.id}, name=work.name, run_id=work.run_id)
    return job_documents(call, [made])[0]
