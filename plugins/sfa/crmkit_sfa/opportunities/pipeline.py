"""Pipelines: lifecycles of opportunities whose stages say more than a name: how likely, how long, what is needed."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, get_args

from crmkit.core.frozen import frozen
from crmkit.core.lifecycle import Lifecycle
from crmkit.core.lifecycle_definition import LifecycleDefinition, StageDefinition
from crmkit.plugin import BadInput, Context, Message, did_you_mean, entity_info, msg
from crmkit_sfa.opportunities.entities import Category, ForecastCategory, Opportunity

ENTITY = "sfa_opportunity"
HUNDRED = Decimal(100)
_KEYS = ("probability", "history", "forecast", "rot_days", "required")


@frozen(kw_only=True)
class StageSettings:
    """What a pipeline says of a stage: ``probability`` in percent, days until a deal there rots, fields it needs.

    ``history`` says whether history's probability is preferred; None leaves that to the installation.
    """

    category: Category
    probability: Decimal
    forecast: ForecastCategory
    history: bool | None = None
    rot_days: int | None = None
    required: tuple[str, ...] = ()


@cache
def standard_pipeline() -> LifecycleDefinition:
    """Return the pipeline that comes with the plugin, called ``sales``."""
    # Written down here, not in a file: every application that opens asks for it.
    stages = [
        _open_stage("prospecting", probability=10, forecast="pipeline", rot_days=30),
        _open_stage("engaging", probability=25, forecast="pipeline", rot_days=30),
        _open_stage("proposal", probability=50, forecast="best_case", rot_days=21, required=["amount"]),
        _open_stage("negotiation", probability=75, forecast="commit", rot_days=14, required=["amount", "close_on"]),
        StageDefinition(name="won", category="won"),
        StageDefinition(name="lost", category="lost"),
    ]
    return LifecycleDefinition(name="sales", label="Sales", entity=ENTITY, stages=tuple(stages))


def stage_settings(stage: StageDefinition) -> StageSettings:
    """Return what a stage of a pipeline says; raises BadInput for settings that cannot be read."""
    for problem in stage_problems(stage):
        raise BadInput(problem)
    given = stage.settings
    ends = {"won": (HUNDRED, "closed"), "lost": (Decimal(0), "omitted")}
    probability, forecast = ends.get(stage.category, (Decimal(0), "pipeline"))
    category: Any = stage.category
    forecast = given.get("forecast", forecast)
    return StageSettings(
        category=category,
        probability=Decimal(str(given.get("probability", probability))),
        forecast=forecast,
        history=given.get("history"),
        rot_days=given.get("rot_days"),
        required=tuple(given.get("required", ())),
    )


class Pipelines:
    """The pipelines in force, within a flush and outside of one; what a stage says is read once."""

    def __init__(self, ctx: Context) -> None:
        self.in_force: Any = ctx.services.lifecycles_in_force()
        """All lifecycles in force: begins ways, and tells which of them nobody has stored yet."""
        self._pipelines: dict[str, tuple[Lifecycle, LifecycleDefinition]] = {}
        self._settings: dict[tuple[str, str], StageSettings | None] = {}

    def lifecycle(self, name: str) -> Lifecycle:
        """Return the pipeline called ``name``; raises NotFound with the closest name, BadInput for another lifecycle."""
        return self._known(name)[0]

    def definition(self, name: str) -> LifecycleDefinition:
        """Return what the pipeline called ``name`` defines; raises as ``lifecycle`` does."""
        return self._known(name)[1]

    def _known(self, name: str) -> tuple[Lifecycle, LifecycleDefinition]:
        known = self._pipelines.get(name)
        if known is not None:
            return known
        found: Lifecycle = self.in_force.lifecycle(name)
        if found.entity != ENTITY:
            raise BadInput(
                msg("lifecycle {lifecycle} is for {entity}, no pipeline", lifecycle=name, entity=found.entity)
            )
        known = self._pipelines[name] = found, self.in_force.definition(name)
        return known

    def settings(self, name: str, stage: str) -> StageSettings:
        """Return what a stage of a pipeline says; raises NotFound for an unknown one."""
        found = self.known(name, stage)
        return found if found is not None else stage_settings(self.definition(name).stage(stage))

    def known(self, name: str, stage: str) -> StageSettings | None:
        """Return what a stage of a pipeline says; None for one of an earlier revision, which is gone."""
        key = (name, stage)
        if key not in self._settings:
            found = self.definition(name).find(stage)
            self._settings[key] = None if found is None else stage_settings(found)
        return self._settings[key]


def pipeline_in_force(ctx: Context, name: str) -> LifecycleDefinition:
    """Return what the pipeline called ``name`` defines; raises NotFound, and BadInput for a lifecycle of other records."""
    return Pipelines(ctx).definition(name)


def pipeline_problems(definition: LifecycleDefinition) -> Iterator[Message]:
    """Yield what is wrong with the settings of a pipeline's stages."""
    for stage in definition.stages:
        yield from stage_problems(stage)
    if all(stage.category != "open" for stage in definition.stages):
        yield msg("pipeline {pipeline} has no open stage", pipeline=definition.name)


def stage_problems(stage: StageDefinition) -> Iterator[Message]:
    """Yield what is wrong with the settings of one stage."""
    given = stage.settings
    if stage.category not in get_args(Category):
        yield _wrong(stage, "category", stage.category, ", ".join(get_args(Category)))
    for key in given:
        if key not in _KEYS:
            yield _wrong(stage, key, given[key], did_you_mean(key, _KEYS))
    if "probability" in given and not _percent(given["probability"]):
        yield _wrong(stage, "probability", given["probability"], msg("a percentage from 0 to 100"))
    if "history" in given and not isinstance(given["history"], bool):
        yield _wrong(stage, "history", given["history"], msg("true or false"))
    if "forecast" in given and given["forecast"] not in get_args(ForecastCategory):
        yield _wrong(stage, "forecast", given["forecast"], ", ".join(get_args(ForecastCategory)))
    if "rot_days" in given and not (type(given["rot_days"]) is int and given["rot_days"] > 0):
        yield _wrong(stage, "rot_days", given["rot_days"], msg("a number of days"))
    required = given.get("required", ())
    names = entity_info(Opportunity).by_name
    if isinstance(required, str) or any(name not in names and not str(name).startswith("custom.") for name in required):
        yield _wrong(stage, "required", required, msg("a list of fields of opportunities"))


def _open_stage(name: str, **settings: Any) -> StageDefinition:
    return StageDefinition(name=name, category="open", settings=settings)


def _wrong(stage: StageDefinition, key: str, value: object, expected: object) -> Message:
    return msg(
        "stage {stage}: {key} is {value}, expected {expected}",
        stage=stage.name,
        key=key,
        value=repr(value),
        expected=expected,
    )


def _percent(value: object) -> bool:
    try:
        return not isinstance(value, bool) and 0 <= Decimal(str(value)) <= HUNDRED
    except InvalidOperation:
        return False
