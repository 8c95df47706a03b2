"""How dealers are worked with: the part ``[plugins.sfa.dealers]`` of the configuration."""

from __future__ import annotations

from crmkit.core.frozen import frozen


@frozen(kw_only=True)
class DealerSettings:
    """How dealers are worked with in this installation."""

    role: str = "dealer"
    """The role that users of dealers get."""
    calendar: str = ""
    """The working calendar in which hours count; empty: every hour of every day."""
    answer_hours: int = 16
    """So many hours a dealer has to answer an offer."""
    follow_up_hours: int = 48
    """Within so many hours after accepting it, a dealer is to work on a lead."""
    protection_days: int = 90
    """So long a registered deal is protected."""
