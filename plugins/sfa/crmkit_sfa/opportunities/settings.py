"""How opportunities work: the part ``[plugins.sfa.opportunities]`` of the configuration."""

from __future__ import annotations

import attrs


@attrs.frozen(kw_only=True)
class OpportunitySettings:
    """How opportunities work in this installation."""

    pipeline: str = "sales"
    """The pipeline of opportunities that name none."""
