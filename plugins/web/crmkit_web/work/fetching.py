"""Fetching a file from an address that somebody gave: past the guard, within limits of size and time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path

import httpx

from crmkit.core.errors import BadInput, TryLater
from crmkit.core.messages import msg, shown
from crmkit_web.outbound.guard import Resolve, guarded_client, resolved

SLOWEST = 300
"""Seconds that a file may take altogether."""
PATIENCE = 15.0
"""Seconds that a connection, or the next piece, may take."""


def fetch(
    url: str,
    target: Path,
    *,
    largest: int,
    inside: Iterable[str] = (),
    resolve: Resolve = resolved,
    inner: httpx.BaseTransport | None = None,
    now: Callable[[], float] = time.monotonic,
) -> int:
    """Write what an address answers to a file and return how many bytes it has; the file appears only when it is complete.

    Raises ForbiddenAddress for one that is not on the public internet, BadInput for any answer but 200, for a file that
    is too large, cut off or too slow, and TryLater when the server says that it cannot answer now.
    """
    part = target.with_name(f".{target.name}")
    until, size, name = now() + SLOWEST, 0, shown(url.partition("?")[0], 200)
    try:
        with (
            guarded_client(timeout=PATIENCE, resolve=resolve, inside=inside, inner=inner) as client,
            # Packed answers could be far larger than they seem.
            client.stream("GET", url, headers={"accept-encoding": "identity"}) as answer,
        ):
            _check(answer, name)
            with part.open("wb") as file:
                for piece in answer.iter_raw(65_536):
                    size += len(piece)
                    if size > largest:
                        raise BadInput(msg("{url}: larger than {count} bytes", url=name, count=largest))
                    if now() > until:
                        raise BadInput(msg("{url}: took longer than {count} seconds", url=name, count=SLOWEST))
                    file.write(piece)
        part.replace(target)
    except httpx.TooManyRedirects:
        raise BadInput(msg("{url}: sends on and on to other addresses", url=name)) from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise BadInput(msg("{url}: cannot be fetched: {reason}", url=name, reason=type(error).__name__)) from None
    finally:
        part.unlink(missing_ok=True)
    return size


def _check(answer: httpx.Response, name: str) -> None:
    if answer.status_code in (429, 503):
        raise TryLater(msg("{url}: answers {status}", url=name, status=answer.status_code))
    if answer.status_code != 200:
        raise BadInput(msg("{url}: answers {status}", url=name, status=answer.status_code))
    if answer.headers.get("content-encoding", "identity").lower() != "identity":
        raise BadInput(msg("{url}: answers in another encoding than was asked for", url=name))
