"""How likely an opportunity is won, and as what it counts in forecasts: by hand, by a plugin, or by its stage."""

from __future__ import annotations

from typing import Any

from crmkit.core.frozen import frozen
from crmkit.plugin import Change, Context
from crmkit_sfa.opportunities.odds import Odds
from crmkit_sfa.opportunities.pipeline import StageSettings
from crmkit_sfa.opportunities.specs import OpportunityQuestion


@frozen
class _Weighed:
    """A value that is weighed, the field that says where it comes from, who is asked, and what is usual."""

    value: str
    source: str
    hook: str
    usual: Any
    usual_source: str


def weighed(
    ctx: Context, c: Change, pipeline: str, stage: str, settings: StageSettings, odds: Odds, *, moved: bool
) -> dict[str, Any]:
    """Return probability and forecast category of an opportunity in ``stage``, and where they come from.

    What somebody wrote by hand stands while it is open, until it is cleared; a stage that ends it says 100 or 0 percent.
    """
    if settings.category != "open":
        ended = {"probability": settings.probability, "forecast_category": settings.forecast}
        return {**ended, "probability_source": "stage", "forecast_source": "stage"}
    usual = odds.usual(pipeline, stage, settings)
    return {
        **_settled(
            ctx,
            c,
            stage,
            _Weighed("probability", "probability_source", "choose_sfa_probability", usual.probability, usual.source),
            moved,
        ),
        **_settled(
            ctx,
            c,
            stage,
            _Weighed(
                "forecast_category", "forecast_source", "choose_sfa_forecast_category", settings.forecast, "stage"
            ),
            moved,
        ),
    }


def _settled(ctx: Context, c: Change, stage: str, one: _Weighed, moved: bool) -> dict[str, Any]:
    """Return one of the two with its source. Asked again about its own answer, it gives the same."""
    given, origin = getattr(c.after, one.value), getattr(c.after, one.source)
    before = None if c.before is None else getattr(c.before, one.source)
    if given is not None and origin == "manual":
        return {}
    written = given is not None and (origin is None if c.created else c.changed(one.value) and origin == before)
    if given is not None and not (moved or written or origin != before):
        return {}
    decided = ctx.hooks.choose(one.hook, OpportunityQuestion(c.after, stage))
    worked_out = one.usual if decided is None else decided
    if written and given != worked_out:
        return {one.source: "manual"}
    return {one.value: worked_out, one.source: one.usual_source if decided is None else "plugin"}
