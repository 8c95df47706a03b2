"""The feed of changes, followed from any place on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crmkit.client.sending import Sender


class Changes:
    """What changed, in order; iterate over it. ``place`` is where to go on another time.

    It moves on when all changes of a page have been taken: who keeps it and comes back gets each change at least once,
    and knows those that come twice by their ``id``.
    """

    def __init__(self, sender: Sender, since: str, entities: Sequence[str], follow: float | None) -> None:
        self._sender, self._entities, self._follow = sender, tuple(entities), follow
        self.place = since

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        while True:
            page = self._sender.document("GET", "/changes", query={"since": self.place, "entities": self._entities})
            yield from page["items"]
            self.place = page["next"]
            if page["more"]:
                continue
            if self._follow is None:
                return
            self._sender.pause(self._follow)
