"""Hooks of hand-overs: what a departing user owns passes to heirs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from crmkit.core.frozen import frozen
from crmkit.hooks.causation import ROOT, Cause
from crmkit.hooks.kinds import Kind, hookspec
from crmkit.hooks.protocols import Context
from crmkit.hooks.records import Refuse


@frozen
class HandingOver:
    """A hand-over about to be done; nothing is written yet. ``heirs`` counts, by entity, what passes to each heir."""

    user: Any
    heirs: Mapping[UUID, Mapping[str, int]]
    cause: Cause = ROOT

    @property
    def size(self) -> int:
        """How many records pass."""
        return sum(sum(counts.values()) for counts in self.heirs.values())


@frozen
class HandedOver:
    """A hand-over that ran to its end; with ``undone``, one that was taken back.

    ``user`` is the departed one as it is now, ``heirs`` counts, by entity, what passed to each heir.
    """

    handover_id: UUID
    user: Any
    heirs: Mapping[UUID, Mapping[str, int]]
    undone: bool = False
    cause: Cause = ROOT

    @property
    def size(self) -> int:
        """How many records passed."""
        return sum(sum(counts.values()) for counts in self.heirs.values())


class HandOverSpecs:
    """Called in this order when somebody hands over."""

    @hookspec(kind=Kind.GUARD, since="0.1")
    def guard_handover(self, ctx: Context, call: HandingOver) -> Refuse | Iterable[Refuse] | None:
        """Return ``Refuse`` for a hand-over that must not happen. Asked by the preview too, which shows the reasons."""

    @hookspec(kind=Kind.NOTIFY, since="0.1")
    def after_handover_committed(self, ctx: Context, call: HandedOver) -> None:
        """React to a hand-over that ran to its end or was taken back. May be delivered again after a crash."""
