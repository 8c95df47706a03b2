"""Uploaded files: a part of a form (RFC 7578), or the body itself with its name in Content-Disposition (RFC 6266)."""

from __future__ import annotations

from contextlib import suppress
from typing import BinaryIO

from crmkit.core.errors import FieldError, ValidationFailed
from crmkit.core.frozen import frozen
from crmkit.core.messages import Message, msg
from crmkit_web.documents.forms import read_form
from crmkit_web.serving.calls import Call
from crmkit_web.serving.problems import Problem
from crmkit_web.work.spool import spool_of

PART = "file"
OVERHEAD = 100_000
"""Bytes that a form may have beside its file."""


@frozen
class Upload:
    """A file as it came: what it calls itself, and its content, from its beginning."""

    name: str
    content: BinaryIO


def uploaded(call: Call) -> Upload:
    """Return the one file of a request; raises Problem and ValidationFailed for one that has none or more."""
    found = _of_form(call) if _kind(call) == "multipart/form-data" else _of_body(call)
    if not found.name:
        raise _missing("", msg("a file with a name"))
    if len(found.name) > 1_000 or "\0" in found.name:
        raise _missing("", msg("a name of at most {count} characters", count=1_000))
    return found


def _kind(call: Call) -> str:
    return call.headers.get("content-type", "").partition(";")[0].strip().lower()


def _of_body(call: Call) -> Upload:
    kind = _kind(call)
    if kind in ("application/x-www-form-urlencoded", "application/json") and "content-disposition" not in call.headers:
        raise Problem(
            415, "media_type", msg("send the file as part {part} of a form, or as the body itself", part=PART)
        )
    name = _named(call.headers.get("content-disposition", ""))
    if not name:
        raise _missing("", msg('its name in a header, as in Content-Disposition: attachment; filename="notes.txt"'))
    return Upload(name, call.incoming.upload())


def _named(disposition: str) -> str:
    """Return the file name that a Content-Disposition header gives, also as ``filename*`` (RFC 8187); empty: none."""
    from email.message import Message as Headers

    with suppress(UnicodeError):
        # Headers come byte by byte; what senders write without encoding is mostly UTF-8.
        disposition = disposition.encode("latin-1").decode("utf-8")
    headers = Headers()
    headers["content-disposition"] = disposition
    try:
        return headers.get_filename() or ""
    except (LookupError, ValueError):
        return ""


def _of_form(call: Call) -> Upload:
    form = read_form(call.headers["content-type"], call.incoming.upload(), spool_of(call.crm).folder)
    files = [one for one in form.files if one.field == PART]
    if len(files) != 1:
        raise _missing(f"/{PART}", msg("one file, as part {part} of the form", part=PART))
    return Upload(files[0].filename, files[0].content)


def _missing(pointer: str, expected: Message) -> ValidationFailed:
    return ValidationFailed([FieldError(pointer or f"/{PART}", "required", None, expected)])
