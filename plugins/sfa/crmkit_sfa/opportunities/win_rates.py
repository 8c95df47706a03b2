"""What became of the deals that stood in each stage, counted by one select a pipeline.

Only deals that were decided count, each once for a stage however often it stood there, and by how it ended: deals that
are still open say nothing yet, and leaving out lost ones would flatter every stage.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import sqlalchemy as sa

from crmkit.core.frozen import frozen
from crmkit.plugin import Context
from crmkit_sfa.funnel.steps import history_of, pipeline_of


@frozen
class Outcomes:
    """How many deals that stood in a stage were won and lost."""

    won: int = 0
    lost: int = 0


def outcomes_by_stage(ctx: Context, pipeline: str, since: date, until: date) -> Mapping[str, Outcomes]:
    """Return what became of deals decided on the days ``since`` to ``until``, by the open stages that they stood in.

    Both days are included. The day that counts is ``closed_on``: the civil day where whoever decided the deal was, or the
    day that was written, not that of the instant in UTC.
    A stage of an earlier revision counts as the one that its deals went to. Of the deals that the actor may see. Raises
    NotFound for an unknown pipeline, BadInput for a lifecycle that is none.
    """
    found = pipeline_of(ctx, pipeline)
    deals, history = history_of(ctx)
    place = found.place(history.c.stage)
    stood = (
        sa.select(history.c.opportunity_id, place.label("place"))
        .where(history.c.pipeline == found.name, history.c.category == "open", place.is_not(None))
        .distinct()
        .subquery("stood")
    )
    won = sa.func.sum(sa.case((deals.c.category == "won", 1), else_=0))
    statement = (
        sa.select(stood.c.place, won, sa.func.count())
        .select_from(stood.join(deals, deals.c.id == stood.c.opportunity_id))
        .where(
            deals.c.category.in_(("won", "lost")),
            deals.c.pipeline == found.name,
            deals.c.closed_on >= since,
            deals.c.closed_on <= until,
        )
        .group_by(stood.c.place)
    )
    counted = {place: Outcomes(int(won), int(all) - int(won)) for place, won, all in ctx.session.execute(statement)}
    return {stage.name: counted.get(stage.place, Outcomes()) for stage in found.stages}
