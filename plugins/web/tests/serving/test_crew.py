"""The threads that answer: few at once, more when those at work are slow."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from crmkit_web.serving.crew import Crew


class Work:
    """Calls that wait until they are let go, and how many are at work at once."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.now = self.most = 0
        self._lock = threading.Lock()

    def slow(self) -> int:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        self.go.wait(20)
        with self._lock:
            self.now -= 1
        return 1


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.005)


def test_quick_calls_take_turns_and_slow_ones_do_not_keep_others_waiting() -> None:
    async def run() -> tuple[int, list[int]]:
        crew, work = Crew(2, 4), Work()
        slow = [asyncio.create_task(crew.run(work.slow)) for _ in range(6)]
        await until(lambda: work.now == 4)
        most = work.most
        work.go.set()
        answers = await asyncio.gather(*slow, *(crew.run(lambda: 2) for _ in range(20)))
        crew.close()
        return most, answers

    assert asyncio.run(run()) == (4, [1] * 6 + [2] * 20)


def test_no_more_than_a_few_begin_at_once() -> None:
    async def run() -> int:
        crew, work = Crew(2, 8), Work()
        tasks = [asyncio.create_task(crew.run(work.slow)) for _ in range(8)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        begun = crew._working
        work.go.set()
        await asyncio.gather(*tasks)
        crew.close()
        return begun

    assert asyncio.run(run()) == 2


def test_who_goes_away_leaves_the_turn_to_others() -> None:
    async def run() -> list[int]:
        crew, work = Crew(1, 1), Work()
        first = asyncio.create_task(crew.run(work.slow))
        await until(lambda: work.now == 1)
        gone = asyncio.create_task(crew.run(lambda: 3))
        last = asyncio.create_task(crew.run(lambda: 4))
        await asyncio.sleep(0)
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        first.cancel()
        work.go.set()
        answers = [await last, await crew.run(lambda: 5)]
        crew.close()
        return answers

    assert asyncio.run(run()) == [4, 5]


def test_what_a_call_raises_comes_back() -> None:
    def fail() -> None:
        raise KeyError("gone")

    async def run() -> str:
        crew = Crew(1, 2)
        with pytest.raises(KeyError, match="gone"):
            await crew.run(fail)
        answer = await crew.run(lambda: "fine")
        crew.close()
        return answer

    assert asyncio.run(run()) == "fine"
