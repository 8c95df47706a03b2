"""Workers that are killed again and again: starts ``crmkit worker`` processes, ends them at random moments, and counts."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from pathlib import Path

import attrs

from crmkit.core.customer import Customer
from tests.forked import Forked
from tests.jobs.processes import Installation, wait_until


@attrs.frozen
class Tally:
    """What there is after the last job: effects that are missing, effects that are there twice, and kills made."""

    lost: int
    doubled: int
    kills: int
    states: dict[str, int]
    losses: int


class KillLoop:
    """``jobs`` jobs, and ``workers`` workers of which one is killed at a time, ``kills`` times in all."""

    def __init__(self, address: str, folder: Path, *, jobs: int, kills: int, seed: int, workers: int = 2) -> None:
        self._random, self._jobs, self._kills, self._workers = random.Random(seed), jobs, kills, workers
        self._installation = Installation(address, folder, "dead_after = 3.0")
        self._running: list[Forked] = []

    def run(self) -> Tally:
        """Enqueue, kill, let the rest be done, and count."""
        installation, made = self._installation, 0
        installation.enqueue([self._random.uniform(0.0, 0.1) for _ in range(self._jobs)])
        try:
            self._running = [installation.start() for _ in range(self._workers)]
            for _ in range(self._kills):
                time.sleep(self._random.uniform(0.0, 1.5))
                place = self._random.randrange(self._workers)
                victim = self._running[place]
                assert victim.poll() is None, installation.told()
                victim.kill()
                made += 1
                # One in five dies while it starts.
                early = self._random.random() < 0.2
                self._running[place] = installation.start(patience=self._random.uniform(0.05, 0.5) if early else 60.0)
            wait_until(lambda: installation.count("done", "parked") == self._jobs, 120 + self._jobs / 5)
            for worker in self._running:
                worker.send_signal(signal.SIGTERM)
            codes = [worker.wait(timeout=60) for worker in self._running]
            # One that had only begun to start ends as the signal has it.
            assert set(codes) <= {0, -signal.SIGTERM}, installation.told()
        finally:
            for worker in self._running:
                worker.kill()
        return self._count(made)

    def _count(self, kills: int) -> Tally:
        with self._installation.open() as crm, crm.session(reads=True) as session:
            found = Counter(customer.name for customer in session.stream(Customer))
            jobs = crm.jobs.list(name="looper.work", limit=1_000_000)
        expected = {f"{word} {number}" for number in range(self._jobs) for word in ("step", "end")}
        assert set(found) <= expected
        doubled = sum(count - 1 for count in found.values())
        losses = sum(job.losses for job in jobs)
        return Tally(len(expected - set(found)), doubled, kills, dict(Counter(job.state for job in jobs)), losses)
