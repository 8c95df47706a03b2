"""Hooks of interactions, the place where plugins meet."""

from __future__ import annotations

from typing import Any

import attrs

from crmkit.hooks.causation import ROOT, Cause
from crmkit.hooks.kinds import Kind, hookspec
from crmkit.hooks.protocols import Context


@attrs.frozen
class InteractionsLogged:
    """Interactions that were stored for the first time, and what caused them."""

    interactions: tuple[Any, ...]
    cause: Cause = ROOT

    @property
    def size(self) -> int:
        """How many interactions there are."""
        return len(self.interactions)


class InteractionSpecs:
    """Called when interactions are logged."""

    @hookspec(kind=Kind.NOTIFY, since="0.1")
    def after_interactions_logged_committed(self, ctx: Context, call: InteractionsLogged) -> None:
        """React to new interactions. A message that arrived twice was logged once and comes here once."""
        raise NotImplementedError
