"""The hook of assignment."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from crmkit.core.frozen import frozen
from crmkit.hooks.kinds import Kind
from crmkit.plugin import Context, hookspec


@frozen
class AssigneeQuestion:
    """Who is to get a lead. ``rule`` is the one that matches, ``candidates`` the ids of users who could take it.

    Where no rule matches, ``rule`` is None and there are no candidates.
    """

    lead: Any
    rule: Any
    candidates: tuple[UUID, ...]


class AssignmentSpecs:
    """Asked for each lead that is assigned, before the rule picks."""

    @hookspec(kind=Kind.CHOOSE, since="0.1")
    def choose_sfa_assignee(self, ctx: Context, call: AssigneeQuestion) -> UUID | None:
        """Return the id of the active user who gets the lead, also one who is no candidate; None leaves it to the rule."""
