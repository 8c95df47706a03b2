"""How leads are assigned and escalated: the part ``[plugins.sfa.assignment]`` of the configuration."""

from __future__ import annotations

from crmkit.core.frozen import frozen


@frozen(kw_only=True)
class AssignmentSettings:
    """How leads are assigned in this installation, and when those that nobody takes up are escalated."""

    automatic: bool = True
    """Whether leads are assigned by the rules as they come in."""
    calendar: str = ""
    """The working calendar that waiting is counted in; empty: around the clock."""
    unassigned_minutes: int = 120
    """Working minutes after which a lead that nobody has is escalated."""
    untouched_minutes: int = 480
    """Working minutes after which a lead that its owner has not taken up is escalated, again for each level."""
    levels: int = 3
    """How many levels an escalation rises: to the owner's superior, then to that one's, and so on."""
    escalate_to: str = ""
    """The login of who is told of leads that nobody has, and where there is no superior."""
    reassign_at_level: int = 0
    """The level at which an untouched lead is taken from its owner and assigned anew; 0: never."""
