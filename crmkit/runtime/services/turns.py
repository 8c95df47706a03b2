"""Who is first, where several work at once."""

from __future__ import annotations

from crmkit.runtime.services.bound import Bound
from crmkit.store.locking import in_turn


class Turns(Bound):
    """Who is first, where several work at once."""

    __slots__ = ()

    def in_turn(self, *words: str) -> None:
        """Wait for those who named the same words, and have others wait; see :func:`crmkit.store.locking.in_turn`."""
        in_turn(self._session, *words)
