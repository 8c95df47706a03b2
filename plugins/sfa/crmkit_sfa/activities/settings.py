"""How activities work: the part ``[plugins.sfa.activities]`` of the configuration."""

from __future__ import annotations

from crmkit.core.frozen import frozen


@frozen(kw_only=True)
class ActivitySettings:
    """How activities work in this installation."""

    overdue_days: int = 30
    """For how many days an occurrence of a series that nobody completed counts as overdue."""
    late_after: int = 5
    """After how many minutes a reminder that fires counts as late."""
    look_ahead_years: int = 10
    """How far ahead the next occurrence of a series is looked for."""
