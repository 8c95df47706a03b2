"""Handing over what a user owns, and taking that back, in transactions of their own: for jobs and hosts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from crmkit.core.access import Actor
    from crmkit.runtime.crm import Crm
    from crmkit.services.handover import HandOverReport, HandOverUndone
    from crmkit.services.handover.running import OnProgress


def hand_over(
    crm: Crm,
    actor: Actor,
    user_id: UUID,
    rules: Mapping[str, Any] | None,
    *,
    note: str = "",
    on_progress: OnProgress | None = None,
) -> HandOverReport:
    """Hand over everything that a user owns by rules in plain data; see :func:`crmkit.services.handover.run`.

    Without rules it goes on with one that was interrupted.
    """
    from crmkit.services.handover import revenue_in, run
    from crmkit.services.handover.rules import read_rules

    values = revenue_in(crm.config.currency, crm.kinds)
    chosen = None if rules is None else read_rules(rules)
    return run(crm, actor, user_id, chosen, note=note, values=values, on_progress=on_progress)


def take_back(crm: Crm, actor: Actor, handover_id: UUID, on_progress: OnProgress | None = None) -> HandOverUndone:
    """Take a hand-over back; see :func:`crmkit.services.handover.undo`."""
    from crmkit.services.handover import undo

    return undo(crm, actor, handover_id, on_progress)
