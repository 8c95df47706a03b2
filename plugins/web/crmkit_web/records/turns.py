"""Taking turns within one process, by name."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _Turn:
    """Who has it, and how many are there for it."""

    __slots__ = ("lock", "there")

    def __init__(self) -> None:
        self.lock, self.there = threading.Lock(), 0


class Turns:
    """Turns by name; of names that nobody is at nothing is remembered."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turns: dict[str, _Turn] = {}

    @contextmanager
    def taken(self, name: str, patience: float) -> Iterator[bool]:
        """Within, nobody else has the turn of ``name``; gives False to one that has waited ``patience`` seconds in vain."""
        with self._lock:
            turn = self._turns.setdefault(name, _Turn())
            turn.there += 1
        try:
            taken = turn.lock.acquire(timeout=patience)
            try:
                yield taken
            finally:
                if taken:
                    turn.lock.release()
        finally:
            with self._lock:
                turn.there -= 1
                if not turn.there:
                    del self._turns[name]
