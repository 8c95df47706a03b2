"""What is usual for a stage: how likely its deals are won, by the stage's own figure or by history."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from crmkit.core.frozen import frozen
from crmkit.plugin import Context, Message, msg
from crmkit_sfa.opportunities.entities import Opportunity, StageWinRate
from crmkit_sfa.opportunities.pipeline import HUNDRED, Pipelines, StageSettings
from crmkit_sfa.opportunities.settings import OpportunitySettings

WHY = "win rates are counted from deals of everybody"


@frozen
class Usual:
    """The probability in percent that a stage gives, and where it comes from."""

    probability: Decimal
    source: Literal["stage", "history"]


class Odds:
    """What is usual for the stages of all pipelines; win rates are read once, and only where history is asked."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._settings: OpportunitySettings = ctx.config.opportunities
        self._rates: Mapping[tuple[str, str], StageWinRate] | None = None

    def usual(self, pipeline: str, stage: str, settings: StageSettings) -> Usual:
        """Return what is usual for a stage: history's figure where it is asked for and says enough."""
        if goes_by_history(self._settings, pipeline, settings):
            rate = self.rate(pipeline, stage)
            if rate is not None and rate.decided >= self._settings.history_deals:
                return Usual(win_rate(rate), "history")
        return Usual(settings.probability, "stage")

    def rate(self, pipeline: str, stage: str) -> StageWinRate | None:
        """Return what was counted last for a stage; None when nothing ever was."""
        if self._rates is None:
            with self._ctx.elevated(WHY):
                found = self._ctx.session.peek_all(StageWinRate)
            self._rates = {(one.pipeline, one.stage): one for one in found}
        return self._rates.get((pipeline, stage))


def goes_by_history(chosen: OpportunitySettings, pipeline: str, stage: StageSettings) -> bool:
    """Whether a stage is to take its probability from history; a stage's own word comes before the installation's."""
    if stage.category != "open":
        return False
    return pipeline in chosen.history_pipelines if stage.history is None else stage.history


def win_rate(rate: StageWinRate) -> Decimal:
    """Return the share of won deals in whole percent: finer ones would move with every deal and say no more."""
    return (HUNDRED * rate.won / rate.decided).quantize(Decimal(1), ROUND_HALF_UP)


def origin_of(ctx: Context, one: Opportunity) -> Message | None:
    """Return where the probability of an open deal comes from, for people; None for what ended or says none.

    Numbers are told to those who may read win rates.
    """
    if one.category != "open" or one.probability is None:
        return None
    if one.probability_source == "manual":
        return msg("written by hand")
    if one.probability_source == "plugin":
        return msg("worked out by a plugin")
    rates = ctx.session.list(StageWinRate, pipeline=one.pipeline, stage=one.stage)
    rate = rates[0] if rates else None
    if one.probability_source == "history":
        if rate is None:
            return msg("history of stage {stage}", stage=one.stage)
        return msg(
            "history: {won} of {decided} deals that stood in {stage} and were decided since {since} were won",
            won=rate.won,
            decided=rate.decided,
            stage=one.stage,
            since=rate.since,
        )
    settings = Pipelines(ctx).known(one.pipeline, one.stage)
    chosen: OpportunitySettings = ctx.config.opportunities
    if rate is not None and settings is not None and goes_by_history(chosen, one.pipeline, settings):
        return msg(
            "usual in stage {stage}; history has {decided} of the {least} deals that it needs",
            stage=one.stage,
            decided=rate.decided,
            least=chosen.history_deals,
        )
    return msg("usual in stage {stage}", stage=one.stage)
