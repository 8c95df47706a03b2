"""Problems as RFC 9457 has them: every error as one document, all of them listed, in the language of whoever asks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from crmkit.core.errors import (
    AccessDenied,
    BadInput,
    Conflict,
    CrmError,
    DatabaseUnavailable,
    FieldError,
    NotFound,
    Refused,
    SchemaOutdated,
    StaleVersion,
    StorageFull,
    TryLater,
    ValidationFailed,
)
from crmkit.core.messages import Message, Translate, msg, shown

MEDIA_TYPE = "application/problem+json"


class Problem(CrmError):
    """An error that belongs to HTTP: its status, its stable ``code``, the message, and headers that go along."""

    code: ClassVar[str] = "problem"

    def __init__(
        self,
        status: int,
        code: str,
        message: Message,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[FieldError] = (),
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.word, self.headers, self.errors = status, code, dict(headers or {}), tuple(errors)
        self.more = dict(more or {})
        """Further members of the document (RFC 9457, 3.2)."""


STATUSES: tuple[tuple[type[CrmError], int, Message], ...] = (
    (ValidationFailed, 422, msg("Some fields are wrong")),
    (StaleVersion, 412, msg("Changed by somebody else")),
    (Conflict, 409, msg("Somebody else was first")),
    (Refused, 409, msg("Refused")),
    (NotFound, 404, msg("Not found")),
    (AccessDenied, 403, msg("Not allowed")),
    (BadInput, 400, msg("Cannot be read")),
    (DatabaseUnavailable, 503, msg("The database is away")),
    (SchemaOutdated, 503, msg("The database needs an upgrade")),
    (StorageFull, 507, msg("The disk is full")),
    (TryLater, 503, msg("Try again later")),
    (CrmError, 500, msg("Failed")),
)
"""The status and title of each kind of error; the first that fits counts."""

TITLES: Mapping[int, Message] = {
    400: msg("Cannot be read"),
    401: msg("Log in first"),
    403: msg("Not allowed"),
    404: msg("Not found"),
    405: msg("Method not allowed"),
    406: msg("Not in that form"),
    408: msg("Too slow"),
    409: msg("Somebody else was first"),
    410: msg("Gone"),
    412: msg("Changed by somebody else"),
    413: msg("Too large"),
    415: msg("Not in that form"),
    416: msg("Out of range"),
    422: msg("Some fields are wrong"),
    428: msg("Name the version that you change"),
    429: msg("Too many requests"),
    431: msg("Too large"),
    500: msg("A defect"),
    503: msg("Try again later"),
    507: msg("The disk is full"),
}

_INDEX = re.compile(r"\[(\d+)\]")


def problem_of(
    error: BaseException, translate: Translate | None, instance: str = ""
) -> tuple[int, dict[str, Any], dict[str, str]]:
    """Return the status, the document and the headers that tell of an error.

    What is no expected error is a defect: nothing of it is shown but its ``instance``, by which the log has it.
    """
    headers: dict[str, str] = {}
    if isinstance(error, Problem):
        status, code, headers = error.status, error.word, dict(error.headers)
        title = TITLES.get(status, msg("Failed"))
    elif isinstance(error, CrmError):
        status, title = next((status, title) for kind, status, title in STATUSES if isinstance(error, kind))
        code = error.code
        if status in (503, 507):
            headers["retry-after"] = "5"
    else:
        status, code, title = 500, "defect", TITLES[500]
    document: dict[str, Any] = {
        "type": f"/problems/{code}",
        "title": title.render(translate),
        "status": status,
        "code": code,
    }
    if isinstance(error, CrmError):
        document["detail"] = "; ".join(error.lines(translate))
        found = _errors(error)
        if found:
            document["errors"] = [_entry(one, translate) for one in found]
        if isinstance(error, Refused):
            document["errors"] = [
                {
                    "pointer": "",
                    "code": "refused",
                    "detail": reason.render(translate),
                    "plugin": plugin,
                    **({"record_id": str(record)} if record else {}),
                }
                for plugin, reason, record in error.refusals
            ]
    if isinstance(error, Problem):
        document |= error.more
    if instance:
        document["instance"] = instance
    return status, document, headers


def pointer_of(path: str) -> str:
    """Return the JSON pointer of a field error's path: ``customer.name`` is ``/name``."""
    _, _, field = path.partition(".")
    return "/" + _INDEX.sub(r"/\1", field or path).replace(".", "/")


def _errors(error: CrmError) -> Sequence[FieldError]:
    return error.errors if isinstance(error, ValidationFailed | Problem) else ()


def _entry(error: FieldError, translate: Translate | None) -> dict[str, Any]:
    return {
        "pointer": error.path if error.path.startswith("/") else pointer_of(error.path),
        "code": error.code,
        "detail": error.render(translate),
        "expected": error.expected.render(translate),
        "value": None if error.value is None else shown(error.value, 200),
    }
