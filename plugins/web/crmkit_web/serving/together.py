"""Requests that are answered together: what comes while a group is being answered is the next group.

A group that takes long does not keep the others waiting: after a while another one begins beside it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from crmkit_web.serving.crew import PATIENCE, Crew

T = TypeVar("T")
R = TypeVar("R")

GATHERING = 3
"""Turns of the loop without anybody new before a group begins: those just answered ask again, and join instead of coming
alone."""

MOST = 32
"""Requests in one group at the most: they hold their locks until its end."""


class Together(Generic[T, R]):
    """Calls ``work`` with groups of what is given to ``run``; it returns as many results. It belongs to one event loop."""

    def __init__(self, crew: Crew, work: Callable[[Sequence[T]], Sequence[R]], lanes: int) -> None:
        self._crew, self._work, self._lanes = crew, work, lanes
        self._waiting: deque[tuple[T, asyncio.Future[R]]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._working = 0
        self._watch: asyncio.TimerHandle | None = None
        self._finished = self._seen = 0

    async def run(self, one: T) -> R:
        """Return the result of one; what was begun is finished even if nobody waits for it."""
        result: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((one, result))
        if self._working < self._lanes:
            self._begin()
        elif self._watch is None:
            self._look_later()
        return await result

    def _begin(self) -> None:
        self._working += 1
        task = asyncio.get_running_loop().create_task(self._answered())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answered(self) -> None:
        """Answer groups until nobody waits."""
        try:
            await self._groups()
        finally:
            self._working -= 1

    async def _groups(self) -> None:
        while self._waiting:
            await self._gathered()
            group = [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]
            # Who is gone already wants nothing.
            group = [(one, result) for one, result in group if not result.done()]
            try:
                answers: Sequence[Any] = await self._crew.run(self._work, [one for one, _ in group])
            except asyncio.CancelledError:
                raise
            except BaseException as error:
                # Even of somebody who wants to end the process: those who wait would else wait for ever.
                for _, result in group:
                    if not result.done():
                        result.set_exception(error)
            else:
                for (_, result), answer in zip(group, answers, strict=True):
                    if not result.done():
                        result.set_result(answer)
            self._finished += 1

    async def _gathered(self) -> None:
        """Wait while others come."""
        quiet = 0
        while quiet < GATHERING and len(self._waiting) < MOST:
            there = len(self._waiting)
            await asyncio.sleep(0)
            quiet = quiet + 1 if len(self._waiting) <= there else 0

    def _look_later(self) -> None:
        self._seen = self._finished
        self._watch = asyncio.get_running_loop().call_later(PATIENCE, self._look)

    def _look(self) -> None:
        self._watch = None
        if not self._waiting:
            return
        if self._finished == self._seen:
            self._begin()
        self._look_later()
