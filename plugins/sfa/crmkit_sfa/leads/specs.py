"""Hooks of leads."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from crmkit.core.frozen import frozen
from crmkit.hooks.kinds import Kind
from crmkit.plugin import Context, Message, hookspec


@frozen
class LeadsToScore:
    """Leads that are stored and whose score is asked for."""

    leads: tuple[Any, ...]

    @property
    def size(self) -> int:
        """How many leads there are."""
        return len(self.leads)


@frozen
class LeadScore:
    """Points for one lead, negative ones too, and the reason that people read."""

    lead_id: UUID
    points: int
    reason: Message | str


class LeadSpecs:
    """Asked when leads come in, come forward again or are scored anew."""

    @hookspec(kind=Kind.COLLECT, since="0.1", on_error="block")
    def collect_sfa_lead_scores(self, ctx: Context, call: LeadsToScore) -> Iterable[LeadScore]:
        """Return points with reasons; a lead's score is the sum of all. One call for many leads.

        A plugin that fails gives no points and keeps nobody's lead from coming in.
        """
