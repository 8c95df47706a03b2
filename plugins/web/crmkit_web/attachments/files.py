"""Files that come with interactions: upload, list, download. Whoever may see the interaction may see its files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import SEEK_END
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from crmkit.core.entity import EntityInfo
from crmkit.core.errors import BadInput, ConfigError, FieldError, ValidationFailed
from crmkit.core.interaction import Attachment
from crmkit.core.messages import msg
from crmkit_web.attachments.uploads import OVERHEAD, PART, uploaded
from crmkit_web.documents.records import documents, form_of
from crmkit_web.serving.calls import Call, Reply
from crmkit_web.serving.endpoints import Endpoint, Parameter
from crmkit_web.serving.problems import Problem

if TYPE_CHECKING:
    from crmkit_web.serving.site import Site

_BYTES = "application/octet-stream"
"""What every content goes out as: its type is told by the attachment, and no browser shows it as a page."""
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)
_FILE = {
    "type": "object",
    "required": [PART],
    "properties": {PART: {"type": "string", "format": "binary", "description": "The file, with its name."}},
}


def endpoints(site: Site) -> Iterator[Endpoint]:
    """Yield the endpoints of this module."""
    yield Endpoint(
        "upload_attachment",
        "POST",
        "/{entity}/{id}/attachments",
        upload,
        msg("Attach a file to an interaction. Its type is what the content shows; the same file is attached once."),
        tag="attachments",
        headers=(
            Parameter(
                "content-disposition",
                msg("The name of a file that is the body itself instead of part of a form."),
                max_length=2_000,
            ),
        ),
        body=_FILE,
        takes="multipart/form-data",
        returns=Attachment,
        status=201,
        largest_body=site.settings.largest_upload + OVERHEAD,
        uploads=True,
        look=look,
        entities=_interactions,
    )
    yield Endpoint(
        "list_attachments_of",
        "GET",
        "/{entity}/{id}/attachments",
        list_,
        msg("Return the files of an interaction."),
        tag="attachments",
        returns={
            "type": "object",
            "required": ["items"],
            "properties": {"items": {"type": "array", "items": Attachment}},
        },
        reads=True,
        entities=_interactions,
    )
    yield Endpoint(
        "download_attachment",
        "GET",
        "/{entity}/{id}/content",
        download,
        msg("Return the content of an attachment, to be saved: never as a page of this site."),
        tag="attachments",
        headers=(Parameter("range", msg("A part of the content, as in bytes=0-999."), max_length=100),),
        media_type=_BYTES,
        returns={"type": "string", "format": "binary"},
        others={206: {"type": "string", "format": "binary"}},
        refuses=(416,),
        reads=True,
        entities=_attachments,
    )


def _interactions(info: EntityInfo) -> bool:
    return info.name == "interaction"


def _attachments(info: EntityInfo) -> bool:
    return info.name == "attachment"


def look(call: Call) -> None:
    """Raise for whoever may attach nothing to the interaction."""
    call.actor.require("attachment", "create")
    call.session.get(call.entity.cls, call.path["id"])
    _rules(call)


def upload(call: Call) -> Reply:
    """Attach the file of the request and answer the attachment."""
    interaction = call.session.get(call.entity.cls, call.path["id"])
    file = uploaded(call)
    largest = min(call.site.settings.largest_upload, _rules(call).largest)
    if file.content.seek(0, SEEK_END) > largest:
        raise Problem(413, "too_large", msg("the file is larger than {count} bytes", count=largest))
    try:
        made = call.ctx.services.attach(interaction, file.name, file.content)
    except BadInput as error:
        raise ValidationFailed([FieldError(f"/{PART}", "type_not_taken", file.name[:200], error.message)]) from None
    call.session.flush()
    info = call.session.entity(Attachment)
    stored = call.session.get(Attachment, made.id)
    headers = {"location": f"/api/v1/{info.plural}/{stored.id}", "etag": f'"{stored.version}"'}
    return Reply(form_of(call.session, info)(stored), 201, headers)


def list_(call: Call) -> dict[str, Any]:
    """Answer the attachments of an interaction."""
    interaction = call.session.get(call.entity.cls, call.path["id"])
    info = call.session.entity(Attachment)
    found = call.session.list(Attachment, interaction_id=interaction.id, order="filename")
    return {"items": documents(call.session, info, found)}


def download(call: Call) -> Reply:
    """Answer the content of an attachment, or a part of it."""
    attachment = call.session.get(call.entity.cls, call.path["id"])
    _rules(call)
    file = call.ctx.services.attachment_file(attachment)
    headers = {
        "etag": f'"{file.digest}"',
        "content-disposition": f"attachment; filename*=UTF-8''{quote(file.name, safe='')}",
        "accept-ranges": "bytes",
    }
    part = _part(call.headers.get("range", ""), len(file.content))
    if part is None or call.headers.get("if-range", headers["etag"]) != headers["etag"]:
        return Reply(status=200, headers=headers, content=file.content, media_type=_BYTES)
    first, last = part
    if first > last:
        size = {"content-range": f"bytes */{len(file.content)}"}
        raise Problem(416, "bad_range", msg("the content has {count} bytes", count=len(file.content)), size)
    headers["content-range"] = f"bytes {first}-{last}/{len(file.content)}"
    return Reply(status=206, headers=headers, content=file.content[first : last + 1], media_type=_BYTES)


def _part(wanted: str, size: int) -> tuple[int, int] | None:
    """Return the first and last byte that a Range header (RFC 9110, 14.2) asks for; None for all of them.

    The first lies behind the last where there is nothing to give.
    """
    found = _RANGE.fullmatch(wanted.strip())
    if found is None or found.group(0) == "bytes=-":
        return None
    first, last = found.groups()
    if not first:
        return max(0, size - int(last)), size - 1
    if last and int(last) < int(first):
        return None
    return int(first), min(int(last), size - 1) if last else size - 1


def _rules(call: Call) -> Any:
    try:
        return call.crm.attachments.rules
    except ConfigError as error:
        raise Problem(503, "not_configured", error.message) from None
