"""The section ``[plugins.sfa]`` of the configuration; each room has its own part."""

from __future__ import annotations

import attrs

from crmkit_sfa.opportunities.settings import OpportunitySettings


@attrs.frozen(kw_only=True)
class Settings:
    """How sales work in this installation."""

    fiscal_year_starts: int = 1
    """The month, 1 to 12, in which the fiscal year starts."""
    opportunities: OpportunitySettings = attrs.field(factory=OpportunitySettings)
