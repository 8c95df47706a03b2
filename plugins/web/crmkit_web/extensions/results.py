"""What plugins return, as documents: records as whoever asks may see them, at whatever depth they stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import attrs

from crmkit.core.field_rights import Masked
from crmkit.core.messages import Message
from crmkit.hooks.web.routes import File
from crmkit.plugin import Money, Part, PartialDate
from crmkit_web.documents.plain import plain
from crmkit_web.documents.records import form_of
from crmkit_web.serving.calls import Call, Reply

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; frame-ancestors 'none'"
"""What a file of a plugin may do in a browser: be looked at, and nothing more."""


def told(call: Call, value: Any) -> Any:
    """Return a value as JSON knows it, with the records in it as whoever asks may see them, and messages in the language."""
    if isinstance(value, Part):
        return form_of(call.session, call.session.entity(type(value)))(value)
    if isinstance(value, Mapping):
        return {str(name): told(call, one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [told(call, one) for one in value]
    if attrs.has(type(value)) and not isinstance(value, Message | Money | PartialDate | Masked):
        return {
            one.name: told(call, getattr(value, one.name))
            for one in attrs.fields(type(value))
            if not one.name.startswith("_")
        }
    return plain(value, call.translate)


def reply_of(call: Call, value: Any) -> Reply:
    """Return the reply of what a handler returned: a document, a file, or nothing."""
    if value is None:
        return Reply(status=204)
    if isinstance(value, File):
        return file_reply(value)
    return Reply(told(call, value))


def file_reply(file: File) -> Reply:
    """Return a file; with a name, as a download (RFC 6266)."""
    headers = {"content-security-policy": POLICY}
    if file.name:
        headers["content-disposition"] = f"attachment; filename*=UTF-8''{quote(file.name, safe='')}"
    return Reply(None, 200, headers, file.content, file.media_type)


def answered(annotation: Any) -> dict[str, Any]:
    """Return what an endpoint says of a handler's result: ``returns``, and that there may be none."""
    if annotation is None:
        return {"status": 204}
    return {"returns": annotation, "others": {204: None}}
