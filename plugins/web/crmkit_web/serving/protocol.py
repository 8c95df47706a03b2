"""HTTP as uvicorn speaks it, with bounds to how large and how slow the head of a request may be."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LARGEST_HEAD = 65_536
"""Bytes of the line and the headers of a request, about; servers behind proxies seldom see more than 8,192."""
SLOWEST_HEAD = 10.0
"""Seconds in which they have to be there, from the beginning of the connection or of the next request."""

LINGER = 5.0
"""Seconds for which the rest of a body is thrown away that was answered before it was there; then it hangs up."""

_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class BoundedProtocol(HttpToolsProtocol):
    """Hangs up on heads of requests without an end; bodies are bounded where they are read."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._head: int | None = 0
        self._begun = False
        self._patience: asyncio.TimerHandle | None = None
        self._body_there = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._come()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._begun = False
        super().data_received(data)
        # What a head begins with may have come with the body of the request before it, which does not count.
        if self._head is None or self._begun or self.transport.is_closing():
            return
        self._head += len(data)
        if self._head > LARGEST_HEAD:
            self._hang_up(_TOO_LARGE)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._begun = True
        if self._head is None:
            self._head = 0
            self._wait()

    def on_header(self, name: bytes, value: bytes) -> None:
        # Behind a body there may be more of them, which no proxy has looked at: they are none of the request (RFC 9110, 6.5.1).
        if self._head is not None:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._come()
        self._body_there = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._body_there = True
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        # It is the body of a request that is still to be answered, where that was sent before this answer was there.
        answered = self.cycle.response_complete
        if answered and not self._body_there and not self.transport.is_closing():
            # Nobody reads what still comes. Hanging up at once could take the answer away from whoever is sending.
            self.loop.call_later(LINGER, self._end, self.cycle)

    def _end(self, answered: Any) -> None:
        if self.cycle is answered and not self._body_there:
            self.transport.close()

    def _wait(self) -> None:
        self._patience = self.loop.call_later(SLOWEST_HEAD, self._hang_up, _TOO_SLOW)

    def _come(self) -> None:
        self._head = None
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _hang_up(self, answer: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(answer)
            self.transport.close()
