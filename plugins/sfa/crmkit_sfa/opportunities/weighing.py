"""How likely an opportunity is won, and as what it counts in forecasts: by hand, by a plugin, or by its stage."""

from __future__ import annotations

from typing import Any

from crmkit.plugin import Change, Context, change
from crmkit_sfa.opportunities.entities import Opportunity
from crmkit_sfa.opportunities.pipeline import StageSettings
from crmkit_sfa.opportunities.specs import OpportunityQuestion


def weighed(ctx: Context, c: Change, filled: Opportunity, settings: StageSettings, *, moved: bool) -> Opportunity:
    """Return an opportunity with probability and forecast category.

    What somebody wrote by hand stands while it is open, until it is cleared; a stage that ends it says 100 or 0 percent.
    """
    if filled.category != "open":
        return change(
            filled,
            probability=settings.probability,
            probability_source="stage",
            forecast_category=settings.forecast,
            forecast_source="stage",
        )
    for value, source, hook, usual in (
        ("probability", "probability_source", "choose_sfa_probability", settings.probability),
        ("forecast_category", "forecast_source", "choose_sfa_forecast_category", settings.forecast),
    ):
        filled = _settled(ctx, c, filled, value, source, hook, usual, moved)
    return filled


def _settled(
    ctx: Context, c: Change, filled: Opportunity, value: str, source: str, hook: str, usual: Any, moved: bool
) -> Opportunity:
    """Return it with one of the two. Asked again about its own answer, it gives the same."""
    given, origin = getattr(filled, value), getattr(filled, source)
    before = None if c.before is None else getattr(c.before, source)
    if given is not None and origin == "manual":
        return filled
    written = given is not None and (origin is None if c.created else c.changed(value) and origin == before)
    if given is not None and not (moved or written or origin != before):
        return filled
    decided = ctx.hooks.choose(hook, OpportunityQuestion(filled, filled.stage))
    worked_out = usual if decided is None else decided
    if written and given != worked_out:
        return change(filled, **{source: "manual"})
    return change(filled, **{value: worked_out, source: "stage" if decided is None else "plugin"})
