"""Bodies of requests on their way in: small ones at once, large ones into a file, both within limits of size and time."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, BinaryIO

from litestar.types import Receive

from crmkit.core.errors import StorageFull
from crmkit.core.messages import msg
from crmkit_web.serving.problems import Problem

if TYPE_CHECKING:
    from crmkit_web.serving.endpoints import Endpoint

SMALL = 65_536
"""Bytes that are taken of a body before anybody has looked at who sends it."""
PIECE = 262_144
"""Bytes of a large body that are in memory at once, about."""


def is_large(endpoint: Endpoint, headers: Mapping[str, str]) -> bool:
    """Whether a body is more than ``SMALL``, or does not say how long it is."""
    if "content-length" not in headers:
        return endpoint.body is not None or "transfer-encoding" in headers
    length = told_length(headers)
    return length is None or length > SMALL


async def read_body(headers: Mapping[str, str], receive: Receive, largest: int, slowest: int) -> bytes:
    """Return the body of a request; raises Problem for one that is too large, comes too slowly or is cut off."""
    refuse_longer(headers, largest)
    parts: list[bytes] = []
    size = 0
    task, late = asyncio.current_task(), False

    def over() -> None:
        nonlocal late
        late = task is not None and task.cancel()

    # What asyncio.timeout does, at a third of its cost: most bodies are there already.
    timer = asyncio.get_running_loop().call_later(slowest, over)
    try:
        while True:
            message: Any = await receive()
            if message["type"] == "http.disconnect":
                raise cut_off()
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > largest:
                raise too_large(largest)
            if not message.get("more_body"):
                return b"".join(parts)
    except asyncio.CancelledError:
        if not late or task is None or task.uncancel() > 0:
            raise
        raise too_slow(slowest) from None
    finally:
        timer.cancel()


async def take_body(headers: Mapping[str, str], receive: Receive, file: BinaryIO, largest: int, slowest: int) -> None:
    """Write the body of a request to a file, piece by piece, and go back to its beginning; raises as ``read_body`` does.

    Raises StorageFull where there is no room for it.
    """
    refuse_longer(headers, largest)
    size = held = 0
    waiting: list[bytes] = []
    try:
        async with asyncio.timeout(slowest):
            while True:
                message: Any = await receive()
                if message["type"] == "http.disconnect":
                    raise cut_off()
                waiting.append(message.get("body", b""))
                size, held = size + len(waiting[-1]), held + len(waiting[-1])
                if size > largest:
                    raise too_large(largest)
                more = message.get("more_body")
                if held >= PIECE or not more:
                    await asyncio.to_thread(file.writelines, waiting)
                    waiting, held = [], 0
                if not more:
                    break
        file.seek(0)
    except TimeoutError:
        raise too_slow(slowest) from None
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        raise StorageFull(msg("there is no room for the file")) from None


def refuse_longer(headers: Mapping[str, str], largest: int) -> None:
    """Raise Problem 413 for a body that says itself that it is too large."""
    length = told_length(headers)
    if length is not None and length > largest:
        raise too_large(largest)


def told_length(headers: Mapping[str, str]) -> int | None:
    """Return how many bytes a body has, as its sender says; None where that is not said, or is no number."""
    text = headers.get("content-length", "")
    # As long as anything can be: of endless digits Python makes no number.
    return int(text[:19]) if text.isascii() and text.isdecimal() else None


def too_large(largest: int) -> Problem:
    """Return the problem of a body that is too large."""
    return Problem(413, "too_large", msg("the body is larger than {count} bytes", count=largest))


def too_slow(slowest: int) -> Problem:
    """Return the problem of a body that comes too slowly."""
    return Problem(408, "too_slow", msg("the body took longer than {count} seconds", count=slowest))


def cut_off() -> Problem:
    """Return the problem of a body whose sender went away."""
    return Problem(400, "cut_off", msg("the body was cut off"))
