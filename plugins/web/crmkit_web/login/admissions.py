"""Who has been let in: remembered for as long as nobody's rights change, so that a request costs one look at a number."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from datetime import datetime
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from crmkit.core.access import Actor

KEPT = 10_000
"""Tokens and sessions that one process remembers."""


@attrs.frozen(eq=False)
class Admission:
    """Somebody who was let in, as the actor that they are."""

    actor: Actor
    """With the version of rights that it was looked up at. Nobody works with it itself: see ``Admissions.of``."""
    good_until: datetime
    """When to look at the database again although no rights were changed."""


class Admissions:
    """Admissions by the kind and digest of what was shown at the door.

    Whoever works with one looks at the version of rights first, in the request's own session: the actor carries the version
    that it was looked up at.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], Admission] = {}

    def of(self, key: tuple[str, str], now: datetime, *, fresh: bool, look: Callable[[], Admission]) -> Actor:
        """Return who is remembered under ``key``, unless it has to be ``fresh``; else whom ``look`` finds.

        It is an actor of the caller's own: a session that takes rights anew moves its actor's version on, and what others
        remember would seem to be looked up later than it was.
        """
        known = None if fresh else self._kept.get(key)
        if known is not None and now < known.good_until:
            return copy(known.actor)
        self._kept.pop(key, None)
        found = look()
        if len(self._kept) >= KEPT:
            self._kept.clear()
        self._kept[key] = found
        return copy(found.actor)
