"""The addresses of exports: a job writes the file, and its maker fetches it for some days."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from crmkit.core.errors import BadInput, ConfigError, FieldError, ValidationFailed
from crmkit.core.messages import msg
from crmkit.hosting import check_export, read_input
from crmkit_web.serving.calls import Call, Reply
from crmkit_web.serving.endpoints import Endpoint
from crmkit_web.work.asked import ask, ask_for_end, files_of, own_page, own_work
from crmkit_web.work.documents import export_document, place
from crmkit_web.work.files import file_reply
from crmkit_web.work.formats import ENDINGS, MEDIA_TYPES, format_of
from crmkit_web.work.imports import PAGE
from crmkit_web.work.shapes import ExportBody, ExportDocument, ExportPage
from crmkit_web.work.spool import RESULT, spool_of

if TYPE_CHECKING:
    from crmkit_web.serving.site import Site


def endpoints(site: Site) -> Iterator[Endpoint]:
    """Yield the endpoints of this room."""
    more: dict[str, Any] = {"tag": "exports"}
    yield Endpoint(
        "export_records",
        "POST",
        "/exports",
        export,
        msg("Export the records that match a filter to a file."),
        body=_export_body,
        returns=ExportDocument,
        status=202,
        **more,
    )
    yield Endpoint(
        "list_exports",
        "GET",
        "/exports",
        list_,
        msg("Return one's own exports, the newest first."),
        query=PAGE,
        returns=ExportPage,
        reads=True,
        **more,
    )
    yield Endpoint(
        "get_export",
        "GET",
        "/exports/{id}",
        get,
        msg("Return an export: how far it is, and where its file is."),
        returns=ExportDocument,
        reads=True,
        **more,
    )
    yield Endpoint(
        "get_export_file",
        "GET",
        "/exports/{id}/file",
        file,
        msg("Return the file of an export."),
        media_type="application/octet-stream",
        reads=True,
        **more,
    )
    yield Endpoint(
        "cancel_export",
        "POST",
        "/exports/{id}/cancel",
        cancel,
        msg("End an export; there will be no file."),
        returns=ExportDocument,
        status=202,
        **more,
    )


def _export_body(site: Site, _: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["entity"],
        "additionalProperties": False,
        "properties": {
            "entity": {"type": "string", "enum": sorted(info.name for info in site.entities.values())},
            "filter": {"type": "string", "format": "crmkit-filter", "description": msg("Empty: every record")},
            "fields": {"type": "array", "items": {"type": "string"}, "description": msg("Empty: all that may be read")},
            "format": {"type": "string", "enum": list(MEDIA_TYPES), "default": "csv"},
        },
    }


def export(call: Call) -> Reply:
    """Have records exported."""
    body = read_input(ExportBody, call.mapping())
    session = call.session
    try:
        info = session.entity(body.entity)
    except ConfigError as error:
        raise ValidationFailed([FieldError("/entity", "unknown_entity", body.entity, error.message)]) from None
    try:
        check_export(session, info.name, body.fields, body.format)
    except BadInput as error:
        wrong = "/fields" if body.format != "vcard" or info.name == "customer" else "/format"
        raise ValidationFailed([FieldError(wrong, "bad_fields", None, error.message)]) from None
    try:
        total = session.count(info.cls, body.filter or None)
    except BadInput as error:
        raise ValidationFailed([FieldError("/filter", "bad_filter", body.filter, error.message)]) from None
    request = {"filter": body.filter, "fields": body.fields, "format": body.format}
    name = f"{info.plural}.{ENDINGS[body.format]}"
    with spool_of(call.crm).drafted() as draft:
        made = ask(call, "export", draft, request, entity=info.name, name=name, total=total)
    return Reply(export_document(call, made), 202, {"location": place(made)})


def list_(call: Call) -> ExportPage:
    """Answer a page of exports."""
    page = own_page(call, "export")
    return ExportPage(tuple(export_document(call, one) for one in page.records), page.next or None)


def get(call: Call) -> ExportDocument:
    """Answer an export."""
    return export_document(call, own_work(call, call.path["id"], "export"))


def file(call: Call) -> Reply:
    """Answer the file of an export."""
    work = own_work(call, call.path["id"], "export")
    files = files_of(call, work).files(RESULT) if work.state == "done" else []
    return file_reply(files[0] if files else None, work.name, MEDIA_TYPES[format_of(work.name)])


def cancel(call: Call) -> ExportDocument:
    """Have an export end."""
    return export_document(call, ask_for_end(call, own_work(call, call.path["id"], "export")))
