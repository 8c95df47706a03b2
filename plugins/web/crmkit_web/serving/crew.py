"""The threads that answer: few at once while answers are quick, more when those at work are slow.

One interpreter runs one thread at a time. Many that take turns after each statement lose as much again on the turns; few
answer more in the same time. But a slow request, or one that waits for a lock, must not keep quick ones waiting.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")

PATIENCE = 0.02
"""Seconds in which somebody has to finish; otherwise one more thread begins with what waits."""


class Crew:
    """Runs calls in threads: ``few`` at once, up to ``most`` when they are slow. It belongs to one event loop."""

    def __init__(self, few: int, most: int) -> None:
        self._few, self._most, self._allowed = few, max(few, most), few
        self._threads = ThreadPoolExecutor(self._most, thread_name_prefix="crmkit-web")
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._working = 0
        self._finished = self._seen = 0
        self._watch: asyncio.TimerHandle | None = None

    async def run(self, work: Callable[..., T], *given: Any) -> T:
        """Return what ``work`` returns, called in a thread; what was begun is finished even if nobody waits for it."""
        loop = asyncio.get_running_loop()
        if self._working >= self._allowed:
            turn: asyncio.Future[None] = loop.create_future()
            self._waiting.append(turn)
            if self._watch is None:
                self._seen = self._finished
                self._watch = loop.call_later(PATIENCE, self._look)
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    # The turn had come already: somebody else takes it.
                    self._working -= 1
                    self._next()
                raise
        else:
            self._working += 1
        begun = loop.run_in_executor(self._threads, work, *given)
        begun.add_done_callback(self._done)
        return await asyncio.shield(begun)

    def close(self) -> None:
        """Wait for those at work and end the threads."""
        self._threads.shutdown()

    def _done(self, _: object) -> None:
        self._working -= 1
        self._finished += 1
        self._next()

    def _next(self) -> None:
        while self._waiting and self._working < self._allowed:
            turn = self._waiting.popleft()
            if not turn.done():
                self._working += 1
                turn.set_result(None)
        if not self._waiting:
            self._allowed = self._few

    def _look(self) -> None:
        self._watch = None
        if not self._waiting:
            return
        if self._finished == self._seen and self._allowed < self._most:
            self._allowed += 1
            self._next()
        self._seen = self._finished
        if self._waiting:
            self._watch = asyncio.get_running_loop().call_later(PATIENCE, self._look)
