"""Hooks of interactions, the place where plugins meet."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from crmkit.core.frozen import frozen
from crmkit.core.timeline import TimelineEntry
from crmkit.hooks.causation import ROOT, Cause
from crmkit.hooks.kinds import Kind, hookspec
from crmkit.hooks.protocols import Context


@frozen
class InteractionsLogged:
    """Interactions that were stored for the first time, and what caused them."""

    interactions: tuple[Any, ...]
    cause: Cause = ROOT

    @property
    def size(self) -> int:
        """How many interactions there are."""
        return len(self.interactions)


@frozen
class TimelineRequest:
    """Whose timeline is asked for, and which part of it.

    ``since`` and ``until`` (None: open) are both included. Where ``kinds``, ``channel`` or ``direction`` are given, other
    entries are not wanted.
    """

    customers: tuple[UUID, ...]
    limit: int
    since: datetime | None = None
    until: datetime | None = None
    kinds: tuple[str, ...] = ()
    channel: str = ""
    direction: str = ""
    cause: Cause = ROOT

    @property
    def size(self) -> int:
        """How many customers there are."""
        return len(self.customers)


class InteractionSpecs:
    """Called when interactions are logged, and when a timeline is read."""

    @hookspec(kind=Kind.NOTIFY, since="0.1")
    def after_interactions_logged_committed(self, ctx: Context, call: InteractionsLogged) -> None:
        """React to new interactions. A message that arrived twice was logged once and comes here once."""

    @hookspec(kind=Kind.COLLECT, since="0.1", on_error="block")
    def collect_timeline_entries(self, ctx: Context, call: TimelineRequest) -> Iterable[TimelineEntry]:
        """Return what the plugin knows of the customers that is no interaction: the newest ``call.limit`` entries wanted.

        Each has a ``key`` that names it for good among the plugin's. Where the session is narrowed to what the actor may
        see, so is what is read through it. A plugin that fails leaves an error in its place.
        """
