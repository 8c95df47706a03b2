"""Counting win rates anew, and giving the deals that go by them their new probability."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from crmkit.core.access import Scope
from crmkit.core.frozen import frozen
from crmkit.core.lifecycle import Lifecycle
from crmkit.core.values.clock import time_zone, today
from crmkit.plugin import AccessDenied, Context, Job, change, msg
from crmkit_sfa.opportunities.entities import Opportunity, StageWinRate
from crmkit_sfa.opportunities.odds import WHY, Odds, goes_by_history, win_rate
from crmkit_sfa.opportunities.pipeline import ENTITY, Pipelines
from crmkit_sfa.opportunities.settings import OpportunitySettings

BATCH = 500


@frozen(kw_only=True)
class StageOdds:
    """What a stage gives: ``probability`` in percent from ``source``, its own ``default``, and what history says."""

    pipeline: str
    stage: str
    probability: Decimal
    source: str
    default: Decimal
    by_history: bool
    rate: StageWinRate | None

    @property
    def history(self) -> Decimal | None:
        """The share of won deals in percent; None when none was decided."""
        return None if self.rate is None or not self.rate.decided else win_rate(self.rate)

    def document(self) -> dict[str, Any]:
        """Return it as JSON tells it."""
        rate = self.rate
        return {
            "pipeline": self.pipeline,
            "stage": self.stage,
            "probability": self.probability,
            "source": self.source,
            "default": self.default,
            "by_history": self.by_history,
            "history": self.history,
            "won": None if rate is None else rate.won,
            "decided": None if rate is None else rate.decided,
            "since": None if rate is None else rate.since,
            "until": None if rate is None else rate.until,
        }


def stage_odds(ctx: Context, pipeline: str = "") -> list[StageOdds]:
    """Return what the open stages of a pipeline give, by default of the usual one, in their order.

    Raises NotFound and BadInput as ``Pipelines``. What was counted is shown to those who may read win rates.
    """
    name = pipeline or ctx.config.opportunities.pipeline
    pipelines, odds = Pipelines(ctx), Odds(ctx)
    rates = {one.stage: one for one in ctx.session.list(StageWinRate, pipeline=name)}
    found = []
    for stage in pipelines.definition(name).stages:
        settings = pipelines.settings(name, stage.name)
        if settings.category != "open":
            continue
        usual = odds.usual(name, stage.name, settings)
        found.append(
            StageOdds(
                pipeline=name,
                stage=stage.name,
                probability=usual.probability,
                source=usual.source,
                default=settings.probability,
                by_history=goes_by_history(ctx.config.opportunities, name, settings),
                rate=rates.get(stage.name),
            )
        )
    return found


def require_refresher(ctx: Context) -> None:
    """Raise AccessDenied for those who may not change win rates: what follows reaches deals of everybody."""
    actor: Any = ctx.actor
    if actor.scope("sfa_stage_win_rate", "update") is not Scope.ALL:
        raise AccessDenied(
            msg("{actor} may not refresh probabilities: it takes the right to update win rates", actor=actor.name)
        )


def refresh_probabilities(ctx: Context, job: Job | None = None) -> int:
    """Count the win rates of all pipelines up to today, and return how many deals got another probability.

    Today is the civil day of the installation, not of whoever asks nor of UTC. What somebody wrote by hand, and what a
    plugin says, stands.
    """
    with ctx.elevated(WHY):
        names = sorted({one.name for one in ctx.session.list(Lifecycle, entity=ENTITY)})
        for name in names:
            _count(ctx, name)
        ctx.session.flush()
        return sum(_weigh_anew(ctx, name) for name in names)


def _count(ctx: Context, pipeline: str) -> None:
    from crmkit_sfa.opportunities.win_rates import outcomes_by_stage

    chosen: OpportunitySettings = ctx.config.opportunities
    # One figure for everybody: it ends with the day that it is where the installation is, whoever has it counted.
    until = today(ctx.clock, time_zone(ctx.home_timezone))
    since = until - timedelta(days=chosen.history_days)
    stored = {one.stage: one for one in ctx.session.list(StageWinRate, pipeline=pipeline)}
    for stage, counted in outcomes_by_stage(ctx, pipeline, since, until).items():
        now: dict[str, Any] = {"since": since, "until": until, "won": counted.won, "lost": counted.lost}
        if stage in stored:
            ctx.session.update(change(stored.pop(stage), **now))
        else:
            ctx.session.add(StageWinRate(pipeline=pipeline, stage=stage, **now))
    for gone in stored.values():
        ctx.session.delete(gone)


def _weigh_anew(ctx: Context, pipeline: str) -> int:
    """Clear the probabilities that are no longer what is usual: saving works them out, whoever has a say in it."""
    pipelines, odds, changed = Pipelines(ctx), Odds(ctx), 0
    for stage in pipelines.definition(pipeline).stages:
        settings = pipelines.settings(pipeline, stage.name)
        if settings.category != "open":
            continue
        usual = odds.usual(pipeline, stage.name, settings)
        off = "probability_source = history"
        if usual.source == "history":
            off = f"({off} and probability != {usual.probability:f}) or probability_source = stage"
        seen: set[UUID] = set()
        while found := [
            one
            for one in ctx.session.list(
                Opportunity, off, category="open", pipeline=pipeline, stage=stage.name, order="id", limit=BATCH
            )
            if one.id not in seen
        ]:
            seen.update(one.id for one in found)
            ctx.session.update(*(change(one, probability=None) for one in found))
            ctx.session.flush()
            changed += len(found)
    return changed
