"""What can go wrong between a program and the API: problems that the server tells, and answers that never came."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crmkit.core import errors
from crmkit.core.errors import CrmError, FieldError
from crmkit.core.messages import Message, Translate, msg


class ClientError(CrmError):
    """Base of all errors of the client."""

    code = "client"


class Unreachable(ClientError):
    """No answer came: there is no connection, it broke, or time ran out. ``__cause__`` is the error of httpx."""

    code = "unreachable"


class BadAnswer(ClientError):
    """What answered does not speak this API: no JSON, or not what is expected there."""

    code = "bad_answer"


class JobFailed(ClientError):
    """A job ended without having done its work. ``job`` is its last state, as the API tells it."""

    code = "job_failed"

    def __init__(self, job: Mapping[str, Any]) -> None:
        problem = job.get("problem") or {}
        told = problem.get("detail") or job.get("state", "")
        super().__init__(msg("job {id} failed: {problem}", id=str(job.get("id", "")), problem=told))
        self.job = job


class ApiError(ClientError):
    """A problem (RFC 9457) that the server answered.

    ``status`` is that of HTTP, ``code`` the problem's stable word, ``problem`` the whole document, ``instance`` the
    number by which the server's log knows it. ``errors`` holds every error, each with its JSON pointer as ``path``.
    ``retry_after`` is when to try again, in seconds, as far as the server says so.
    """

    def __init__(self, status: int, problem: Mapping[str, Any], retry_after: float | None = None) -> None:
        detail = problem.get("detail") or problem.get("title") or ""
        # The server's sentence is shown as it is, whatever braces stand in it.
        CrmError.__init__(self, msg("{detail}", detail=str(detail) or f"HTTP {status}"))
        self.status, self.problem, self.retry_after = status, problem, retry_after
        # What is a word of the class elsewhere is here as the server says it.
        vars(self)["code"] = str(problem.get("code", "error"))
        self.instance = str(problem.get("instance", ""))
        self.errors = tuple(field_error(one) for one in problem.get("errors") or () if isinstance(one, Mapping))

    def __str__(self) -> str:
        return "; ".join(self.lines())

    def lines(self, translate: Translate | None = None) -> list[str]:
        """Return the problem as lines of text, in the language that the server answered in."""
        return [self.message.render()]


class NotLoggedIn(ApiError):
    """The token is missing, wrong or has expired, or its user is not active (401)."""


class BadInput(ApiError, errors.BadInput):
    """A query, a filter or a body cannot be read (400)."""


class AccessDenied(ApiError, errors.AccessDenied):
    """The user of the token lacks the right (403)."""


class NotFound(ApiError, errors.NotFound):
    """No such record or address, or none that the user may see (404)."""


class Conflict(ApiError, errors.Conflict):
    """Somebody else was first (409)."""


class Refused(ApiError, errors.Refused):
    """A plugin refused (409): ``plugin`` and ``reason`` are those of the first refusal, ``refusals`` are all."""

    def __init__(self, status: int, problem: Mapping[str, Any], retry_after: float | None = None) -> None:
        ApiError.__init__(self, status, problem, retry_after)
        told = [one for one in problem.get("errors") or () if isinstance(one, Mapping)]
        self.refusals = tuple((str(e.get("plugin", "")), _said(e), e.get("record_id")) for e in told) or (
            ("", self.message, None),
        )
        self.plugin, self.reason = self.refusals[0][:2]


class StaleVersion(ApiError, errors.StaleVersion):
    """A record was changed by somebody else since it was read (412): read it again and repeat the change."""

    def __init__(self, status: int, problem: Mapping[str, Any], retry_after: float | None = None) -> None:
        ApiError.__init__(self, status, problem, retry_after)
        self.entity, self.record_id, self.version = "", None, 0


class ValidationFailed(ApiError, errors.ValidationFailed):
    """Some fields are wrong (422); ``errors`` holds all of them."""


class TooManyRequests(ApiError):
    """The limit of requests is reached (429); ``retry_after`` says for how long."""


class DatabaseUnavailable(ApiError, errors.DatabaseUnavailable):
    """The server's database is away (503)."""


class TryLater(ApiError, errors.TryLater):
    """The server cannot answer at the moment (503)."""


class StorageFull(ApiError, errors.StorageFull):
    """The server's disk or database is full (507)."""


_BY_CODE: Mapping[str, type[ApiError]] = {
    "access_denied": AccessDenied,
    "conflict": Conflict,
    "database_unavailable": DatabaseUnavailable,
    "not_found": NotFound,
    "refused": Refused,
    "stale_version": StaleVersion,
    "storage_full": StorageFull,
    "try_later": TryLater,
    "validation": ValidationFailed,
}
_BY_STATUS: Mapping[int, type[ApiError]] = {
    400: BadInput,
    401: NotLoggedIn,
    403: AccessDenied,
    404: NotFound,
    409: Conflict,
    410: NotFound,
    412: StaleVersion,
    422: ValidationFailed,
    429: TooManyRequests,
    503: TryLater,
    507: StorageFull,
}


def problem_error(status: int, problem: Mapping[str, Any], retry_after: float | None = None) -> ApiError:
    """Return the exception for a problem: that of its code, else that of its status."""
    kind = _BY_CODE.get(str(problem.get("code", ""))) or _BY_STATUS.get(status, ApiError)
    return kind(status, problem, retry_after)


def field_error(told: Mapping[str, Any]) -> FieldError:
    """Return one error of a problem; its path is the JSON pointer."""
    return FieldError(
        str(told.get("pointer", "")), str(told.get("code", "")), told.get("value"), _said(told), told.get("record_id")
    )


def _said(told: Mapping[str, Any]) -> Message:
    return msg("{detail}", detail=str(told.get("expected") or told.get("detail") or ""))
