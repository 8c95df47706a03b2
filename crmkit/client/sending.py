"""Sending requests: time-outs, retries that have one effect, and problems as exceptions.

What only reads is sent again when no answer came. What writes carries an ``Idempotency-Key``, under which the server
does it once and gives the same answer again, so it is sent again as well.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

import msgspec

from crmkit.client.errors import ApiError, BadAnswer, ClientError, Unreachable, problem_error
from crmkit.client.values import plain
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg, shown

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")
SAFE = ("GET", "HEAD")
AGAIN = (429, 502, 503, 504)
"""Statuses that say nothing against the request: it is sent again."""
KEY = "idempotency-key"
ROOT = "/api/v1"


@frozen
class Retries:
    """How often and when a request is sent again: ``most`` times beside the first.

    Between two tries lies a random time of at most ``first`` seconds, doubled each time up to ``longest``, and at least
    what the server asks for (``Retry-After``); when that is more than ``patience``, the error is raised at once.
    """

    most: int = 4
    first: float = 0.25
    longest: float = 15.0
    patience: float = 60.0


def _itself(answer: httpx.Response) -> httpx.Response:
    return answer


class Sender:
    """Sends requests to one server, as one user."""

    def __init__(
        self,
        http: httpx.Client,
        address: str,
        headers: Mapping[str, str],
        retries: Retries,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self.http, self.root, self.headers = http, address.rstrip("/") + ROOT, dict(headers)
        self.retries, self._sleep, self._chance = retries, sleep, chance

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        document: Any = None,
        content: bytes | None = None,
        files: Mapping[str, Any] | None = None,
        form: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        read: Callable[[httpx.Response], T] = _itself,  # type: ignore[assignment]
    ) -> T:
        """Send a request and return what ``read`` makes of its answer; by default the answer itself, with its content.

        Raises ApiError (by its kind) for a problem, BadAnswer for what ``read`` cannot read, and Unreachable when no
        answer came after all tries.
        """
        named = self.headers | {name.lower(): value for name, value in (headers or {}).items()}
        if method not in SAFE:
            named.setdefault(KEY, uuid4().hex)
        if document is not None:
            content = msgspec.json.encode(plain(document))
            named.setdefault("content-type", "application/json")
        # Made once: what is sent again has to be the same to the last byte, the boundaries of forms too.
        request = self.http.build_request(
            method, self.root + path, params=_query(query), content=content, files=files, data=form, headers=named
        )

        def once() -> T:
            answer = self.http.send(request)
            if answer.status_code >= 400:
                raise _problem(answer)
            return read(answer)

        return self.tried(once)

    def document(self, method: str, path: str, **given: Any) -> Any:
        """Send a request, with the arguments of ``send``, and return the document answered; None for an empty answer."""
        return self.send(method, path, read=_document, **given)

    @contextmanager
    def stream(self, path: str, query: Mapping[str, Any] | None = None) -> Iterator[httpx.Response]:
        """Ask for something large and give its answer while it comes; no retries within the ``with`` block."""
        import httpx

        try:
            with self.http.stream("GET", self.root + path, params=_query(query), headers=self.headers) as answer:
                if answer.status_code >= 400:
                    answer.read()
                    raise _problem(answer)
                yield answer
        except httpx.TransportError as error:
            raise error_of(error) from error

    def pause(self, seconds: float) -> None:
        """Wait."""
        self._sleep(seconds)

    def tried(self, once: Callable[[], T]) -> T:
        """Return what ``once`` returns, called again as long as errors say that it may help."""
        import httpx

        tries = 0
        while True:
            try:
                return once()
            except httpx.TransportError as error:
                failed: ClientError = error_of(error)
            except ApiError as error:
                if not _passing(error):
                    raise
                failed = error
            except (BadAnswer, Unreachable) as error:
                # Cut off where nobody noticed: no answer either.
                failed = error
            asked = getattr(failed, "retry_after", None) or 0.0
            if tries >= self.retries.most or asked > self.retries.patience:
                raise failed
            longest = min(self.retries.longest, self.retries.first * 2**tries)
            self._sleep(asked + self._chance(0.0, longest))
            tries += 1


def _passing(error: ApiError) -> bool:
    """Tell whether a problem goes away by itself; a 409 with Retry-After says that the first try is still at work."""
    return error.status in AGAIN or (error.status == 409 and error.retry_after is not None)


def _query(query: Mapping[str, Any] | None) -> dict[str, str] | None:
    """Return a query as addresses hold it: lists with commas, nothing for what is None or empty."""
    if not query:
        return None
    return {name: _text(value) for name, value in query.items() if value is not None and value not in ("", (), [])}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ",".join(_text(one) for one in value)
    return str(plain(value))


def _problem(answer: httpx.Response) -> ApiError:
    try:
        problem = msgspec.json.decode(answer.content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        problem = None
    if not isinstance(problem, dict):
        # A proxy, or something else that is not this API.
        problem = {"title": f"HTTP {answer.status_code}", "code": "error", "detail": shown(answer.text, 200)}
    return problem_error(answer.status_code, problem, _retry_after(answer))


def _retry_after(answer: httpx.Response) -> float | None:
    """Return ``Retry-After`` in seconds: a number, or a date (RFC 9110, 10.2.3)."""
    told = answer.headers.get("retry-after", "")
    if told.isascii() and told.isdigit():
        return float(told)
    try:
        return max(0.0, (parsedate_to_datetime(told) - datetime.now(UTC)).total_seconds()) if told else None
    except (ValueError, TypeError):
        return None


def _document(answer: httpx.Response) -> Any:
    if not answer.content:
        return None
    try:
        return msgspec.json.decode(answer.content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        told = msg("{address} answered no JSON: {error}", address=str(answer.request.url), error=str(error))
        raise BadAnswer(told) from error


def error_of(error: Exception) -> Unreachable:
    """Return the error that tells of one of httpx."""
    made = Unreachable(msg("no answer: {kind}: {error}", kind=type(error).__name__, error=shown(error, 200)))
    made.__cause__ = error
    return made
