"""Pipelines and the ways of deals through them, as SQL tells them.

Stages are told by their place among the open stages of the pipeline, never by name; one that an earlier revision had
counts where the pipeline says that its deals go.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from crmkit.core.frozen import frozen
from crmkit.plugin import Context
from crmkit_sfa.funnel.ways import symbol
from crmkit_sfa.opportunities.entities import Opportunity, OpportunityHistory
from crmkit_sfa.opportunities.pipeline import pipeline_in_force
from crmkit_sfa.reporting.sql import in_order


@frozen
class Stage:
    """An open stage of a pipeline and its place, from 0."""

    place: int
    name: str
    label: str


@frozen
class Pipeline:
    """The open stages of a pipeline, in order; ``places`` also has the names of stages that are gone."""

    name: str
    stages: tuple[Stage, ...]
    places: dict[str, int]

    def place(self, stage: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        """Return the place of a stage as SQL; nothing for stages that are not open or not known."""
        return sa.case(self.places, value=stage, else_=None)


def pipeline_of(ctx: Context, name: str = "") -> Pipeline:
    """Return the open stages of the pipeline in force, by default the usual one; raises NotFound and BadInput."""
    name = name or ctx.config.opportunities.pipeline
    definition = pipeline_in_force(ctx, name)
    open_ = [stage for stage in definition.stages if stage.category == "open"]
    stages = tuple(Stage(place, stage.name, stage.label or stage.name) for place, stage in enumerate(open_))
    places = {stage.name: stage.place for stage in stages}
    gone = {old: places[new] for old, new in definition.remap.items() if new in places and old not in places}
    return Pipeline(name, stages, {**places, **gone})


def history_of(ctx: Context) -> tuple[sa.FromClause, sa.FromClause]:
    """Return the opportunities and their intervals that the actor may see."""
    return ctx.session.table(Opportunity), ctx.session.table(OpportunityHistory)


def way_of(
    pipeline: Pipeline,
    deals: sa.FromClause,
    history: sa.FromClause,
    where: Sequence[sa.ColumnElement[bool]] = (),
    recent_since: datetime | None = None,
) -> sa.ScalarSelect[Any]:
    """Return the way of a deal in this pipeline as text, asked for each row of ``deals``; see ``ways``.

    Its intervals are looked up by their index, so that deals of a short period cost no more than they are.
    """
    c = history.c

    def told(recent: bool) -> sa.ColumnElement[Any]:
        ends = [
            (c.category == "won", symbol("won", None, recent)),
            (c.category == "lost", symbol("lost", None, recent)),
        ]
        known = [(c.stage == name, symbol("open", place, recent)) for name, place in pipeline.places.items()]
        # Open stages first: most intervals are.
        return sa.case(
            *[(sa.and_(c.category == "open", held), text) for held, text in known],
            *ends,
            else_=symbol("unknown", None, recent),
        )

    step = (
        told(False) if recent_since is None else sa.case((c.valid_from >= recent_since, told(True)), else_=told(False))
    )
    some = (
        sa.select(step.label("step"), c.valid_from.label("at"))
        .where(c.opportunity_id == deals.c.id, c.pipeline == pipeline.name, *where)
        .order_by(c.valid_from)
        .correlate(deals)
        .subquery("steps")
    )
    return sa.select(in_order(some.c.step, some.c.at)).scalar_subquery()
