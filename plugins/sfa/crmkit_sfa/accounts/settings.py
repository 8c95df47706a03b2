"""How key accounts are worked with: the part ``[plugins.sfa.accounts]`` of the configuration."""

from __future__ import annotations

from crmkit.core.frozen import frozen


@frozen(kw_only=True)
class AccountSettings:
    """How key accounts are worked with in this installation."""

    review_days: int = 90
    """After so many days an account plan is reviewed again."""
