"""Sending one message: signed, to a public address, once, and with an end to it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from crmkit.core.frozen import frozen
from crmkit.core.messages import shown
from crmkit.plugin import BadInput
from crmkit_web.webhooks.schedule import retry_after

if TYPE_CHECKING:
    import httpx

SECONDS = 15.0
"""How long a receiver may take for the whole answer."""

MOST_READ = 4_096
"""Bytes of an answer that are looked at."""

EXCERPT = 300
"""Characters of a refusal that are kept."""

_SHORTEST = 4
"""Texts of a message that are shorter than this are no secret by themselves."""

_TELLING = 40
"""By so many characters a longer text is known."""


@frozen
class Sent:
    """What became of a message. ``status`` is None when no answer came; then ``error`` says why not."""

    status: int | None = None
    error: str = ""
    response: str = ""
    milliseconds: int = 0
    retry_after: float | None = None
    """Seconds, where the receiver asks for them."""

    @property
    def delivered(self) -> bool:
        """Whether the receiver has it: any answer of 200 to 299 says so."""
        return self.status is not None and 200 <= self.status < 300


def send(
    url: str,
    body: str,
    headers: Mapping[str, str],
    *,
    now: datetime,
    allowed: Iterable[str] = (),
    private: Iterable[str] = (),
) -> Sent:
    """Post a message and return what became of it; nothing is raised for what a receiver does.

    Redirects are not followed. Of a refusal the beginning is kept, without the texts ``private``: a receiver may answer
    with what it was sent.
    """
    import httpx

    from crmkit_web.outbound.deadline import DeadlineTransport
    from crmkit_web.outbound.guard import guarded_client

    begun = time.perf_counter()
    status, error, response, asked = None, "", "", None
    sent = {"content-type": "application/json", "accept-encoding": "identity", **headers}
    try:
        with (
            guarded_client(timeout=SECONDS, redirects=0, inside=allowed, inner=DeadlineTransport(SECONDS)) as client,
            client.stream("POST", url, content=body.encode(), headers=sent) as answer,
        ):
            status = answer.status_code
            asked = retry_after(status, answer.headers.get("retry-after", ""), now)
            if not 200 <= status < 300:
                response = _excerpt(_beginning(answer), private)
    except BadInput as refused:
        error = shown("; ".join(refused.lines()), 300)
    except httpx.TimeoutException:
        # The head may have come; what counts is that the answer did not.
        error = "no answer in time" if status is None else ""
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as failed:
        error = "" if status is not None else shown(f"no answer: {type(failed).__name__} {failed}".strip(), 300)
    spent = round((time.perf_counter() - begun) * 1_000)
    return Sent(status, error, response, spent, None if asked is None else asked.total_seconds())


def private_texts(document: Any) -> list[str]:
    """Return the texts of a message, longest first, that have no place in a log."""
    found: set[str] = set()

    def look(value: Any) -> None:
        if isinstance(value, str):
            if len(value) >= _SHORTEST:
                found.add(value)
        elif isinstance(value, Mapping):
            for one in value.values():
                look(one)
        elif isinstance(value, list | tuple):
            for one in value:
                look(one)

    look(document)
    return sorted(found, key=len, reverse=True)


def _beginning(answer: httpx.Response) -> str:
    parts = b""
    for part in answer.iter_raw(MOST_READ):
        parts += part
        if len(parts) >= MOST_READ:
            break
    return parts[:MOST_READ].decode("utf-8", errors="replace")


def _excerpt(text: str, private: Iterable[str]) -> str:
    for one in private:
        start = text.find(one[:_TELLING])
        while start >= 0:
            # Of a long text the end may have been cut off: whatever follows its beginning goes.
            after = text[start + len(one) :] if len(one) <= _TELLING else ""
            text = text[:start] + "***" + after
            start = text.find(one[:_TELLING], start + 3)
    return shown(" ".join(text.split()), EXCERPT)
