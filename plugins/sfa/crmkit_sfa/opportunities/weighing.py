"""How likely an opportunity is won, and as what it counts in forecasts: by hand, by a plugin, or by its stage."""

from __future__ import annotations

from typing import Any

from crmkit.plugin import Change, Context
from crmkit_sfa.opportunities.pipeline import StageSettings
from crmkit_sfa.opportunities.specs import OpportunityQuestion

_WEIGHED = (
    ("probability", "probability_source", "choose_sfa_probability"),
    ("forecast_category", "forecast_source", "choose_sfa_forecast_category"),
)


def weighed(ctx: Context, c: Change, stage: str, settings: StageSettings, *, moved: bool) -> dict[str, Any]:
    """Return probability and forecast category of an opportunity in ``stage``, and where they come from.

    What somebody wrote by hand stands while it is open, until it is cleared; a stage that ends it says 100 or 0 percent.
    """
    usual = {"probability": settings.probability, "forecast_category": settings.forecast}
    if settings.category != "open":
        return {**usual, "probability_source": "stage", "forecast_source": "stage"}
    found: dict[str, Any] = {}
    for value, source, hook in _WEIGHED:
        found |= _settled(ctx, c, stage, value, source, hook, usual[value], moved)
    return found


def _settled(
    ctx: Context, c: Change, stage: str, value: str, source: str, hook: str, usual: Any, moved: bool
) -> dict[str, Any]:
    """Return one of the two with its source. Asked again about its own answer, it gives the same."""
    given, origin = getattr(c.after, value), getattr(c.after, source)
    before = None if c.before is None else getattr(c.before, source)
    if given is not None and origin == "manual":
        return {}
    written = given is not None and (origin is None if c.created else c.changed(value) and origin == before)
    if given is not None and not (moved or written or origin != before):
        return {}
    decided = ctx.hooks.choose(hook, OpportunityQuestion(c.after, stage))
    worked_out = usual if decided is None else decided
    if written and given != worked_out:
        return {source: "manual"}
    return {value: worked_out, source: "stage" if decided is None else "plugin"}
