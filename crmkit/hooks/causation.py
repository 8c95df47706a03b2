"""What caused what: every change made by a hook carries its cause, so that loops end with an error that shows them."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import attrs

from crmkit.core.errors import HookLoop
from crmkit.core.frozen import frozen

DEPTH_LIMIT = 16
"""How many hooks may cause one another in a row. Honest chains seen in practice have two to four steps."""


@frozen
class Cause:
    """Why something happens. ``event_id`` is the event at the root; ``chain`` the steps since then, oldest first.

    ``hook`` is the hook of the plugin that acts, where one was called. Where it was called with several events at once,
    ``events`` maps the records they are about to their ids: what is written to one of those records has its own cause.
    """

    event_id: UUID | None = None
    chain: tuple[str, ...] = ()
    hook: str = ""
    events: Mapping[UUID, UUID] = attrs.field(factory=dict, eq=False, repr=False)

    @property
    def depth(self) -> int:
        """How many steps lie between the root and here."""
        return len(self.chain)

    def deeper(self, step: str, limit: int = DEPTH_LIMIT) -> Cause:
        """Return the cause of what ``step`` ("plugin.hook(entity)") does next.

        Raises ``HookLoop``, naming the steps that repeat, when there would be more than ``limit`` steps.
        """
        chain = (*self.chain, step)
        if len(chain) > limit:
            raise HookLoop(repeating(chain))
        return attrs.evolve(self, chain=chain)


ROOT = Cause()
"""The cause of what a person or program does directly."""


def repeating(chain: tuple[str, ...]) -> tuple[str, ...]:
    """Return the end of ``chain`` from the previous occurrence of its last step; all of it when none repeats."""
    last = len(chain) - 1
    previous = next((place for place in range(last - 1, -1, -1) if chain[place] == chain[last]), 0)
    return chain[previous:]
