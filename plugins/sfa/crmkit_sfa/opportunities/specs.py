"""Hooks of opportunities. Stage guards are the core's ``guard_stage_transition`` for ``sfa_opportunity``."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from crmkit.core.frozen import frozen
from crmkit.hooks.kinds import Kind
from crmkit.plugin import Context, hookspec
from crmkit_sfa.opportunities.entities import ForecastCategory


@frozen
class OpportunityQuestion:
    """What is asked about one opportunity, as it is about to be saved; ``stage`` is the name of its stage."""

    opportunity: Any
    stage: str


class OpportunitySpecs:
    """Asked while opportunities are saved, one at a time, where somebody implements them."""

    @hookspec(kind=Kind.CHOOSE, since="0.1")
    def choose_sfa_probability(self, ctx: Context, call: OpportunityQuestion) -> Decimal | None:
        """Return how likely an open opportunity is won, in percent; None leaves it to its stage. A manual one stands."""

    @hookspec(kind=Kind.CHOOSE, since="0.1")
    def choose_sfa_forecast_category(self, ctx: Context, call: OpportunityQuestion) -> ForecastCategory | None:
        """Return as what an open opportunity counts in forecasts; None leaves it to its stage. A manual one stands."""
