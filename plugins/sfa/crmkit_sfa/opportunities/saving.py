"""What rules on opportunities know for as long as a save lasts: pipelines, odds and days, and which deals are told of."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from crmkit.plugin import Context
from crmkit_sfa.opportunities.days import Days
from crmkit_sfa.opportunities.entities import Opportunity
from crmkit_sfa.opportunities.odds import Odds
from crmkit_sfa.opportunities.pipeline import Pipelines

_NAME = "sfa.opportunities"


class Saving:
    """One save. Hooks are asked again about what they answered; what is noted here needs no second look."""

    def __init__(self, ctx: Context) -> None:
        self.odds, self.days = Odds(ctx), Days(ctx)
        self.pipelines = Pipelines(ctx)
        self.told: dict[UUID, Opportunity] = {}
        """New opportunities by id, in the state of which track, transitions and history tell already."""
        self.steps: dict[UUID, Any] = {}
        """Their transitions by id."""

    def heed(self, ctx: Context) -> Saving:
        """Return this, with the pipelines that are in force by now: they may be added in the same save."""
        if ctx.services.lifecycles_in_force() is not self.pipelines.in_force:
            self.pipelines = Pipelines(ctx)
        return self


def saving_of(ctx: Context) -> Saving:
    """Return what is known for the save under way."""
    known: Saving = ctx.services.kept_in_save(_NAME, lambda: Saving(ctx))
    return known.heed(ctx)
