"""How hand-offs work: the part ``[plugins.sfa.transfers]`` of the configuration."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from crmkit.core.frozen import frozen


def _hours() -> dict[str, int]:
    return {
        "marketing_to_sales": 8,
        "sales_to_service": 16,
        "service_to_sales": 8,
        "sales_to_marketing": 40,
        "other": 8,
    }


def _checklists() -> dict[str, tuple[str, ...]]:
    return {"sales_to_service": ("scope agreed", "dates agreed", "contacts known")}


@frozen(kw_only=True)
class TransferSettings:
    """How hand-offs work in this installation."""

    calendar: str = ""
    """The working calendar in which hours count; empty: every hour of every day."""
    expire_hours: int = 0
    """So many hours after it is due, a hand-off that nobody answered goes back to its sender; 0: it waits on."""
    sender_keeps_reading: bool = True
    """Whether the sender may go on reading what was accepted."""
    hours: Mapping[str, int] = attrs.field(factory=_hours)
    """The kinds of hand-offs, each with the hours to answer one."""
    checklists: Mapping[str, tuple[str, ...]] = attrs.field(factory=_checklists)
    """What the sender goes through before, by kind."""
