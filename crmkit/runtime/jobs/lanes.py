"""How many jobs a worker runs at the same time: so many in all, and so many of each plugin, that none stands in the way."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Collection, Mapping

ON_SQLITE = 8
"""More at the same time only wait for one another, since SQLite has one writer."""

PATIENCE = 30.0
"""Seconds after which a job that was taken and found no place goes back: another worker may have one."""


def shares(plugins: Collection[str], total: int) -> dict[str, int]:
    """Share ``total`` out evenly among plugins, at least one each: what hangs in one of them leaves the others theirs."""
    return {plugin: max(1, total // len(plugins)) for plugin in sorted(plugins)}


class Lanes:
    """Lets threads in, up to the share of their plugin and the total."""

    def __init__(self, limits: Mapping[str, int], total: int) -> None:
        self._limits, self._total = limits, total
        self._running: Counter[str] = Counter()
        self._changed = threading.Condition()
        self._closed = False

    def enter(self, plugin: str) -> bool:
        """Wait for a place; False when none gets free for a while, or the lanes are closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._free(plugin), PATIENCE)
            if self._closed or not self._free(plugin):
                return False
            self._running[plugin] += 1
            return True

    def leave(self, plugin: str) -> None:
        """Give a place back."""
        with self._changed:
            self._running[plugin] -= 1
            self._changed.notify_all()

    def close(self) -> None:
        """Let nobody in any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _free(self, plugin: str) -> bool:
        return self._running[plugin] < self._limits.get(plugin, 1) and self._running.total() < self._total
