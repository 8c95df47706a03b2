"""What was said about a period until a moment: of several words about the same thing, the last one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from crmkit.plugin import Context
from crmkit_sfa.reporting.fiscal import Period


def latest(
    ctx: Context,
    table: sa.FromClause,
    moment: sa.ColumnElement[Any],
    subject: Sequence[sa.ColumnElement[Any]],
    values: Sequence[sa.ColumnElement[Any]],
    period: Period,
    at: datetime | None,
) -> Any:
    """Return rows of ``subject`` and ``values``: of the words about a period, each subject's last one until ``at``, None for now.

    ``table`` has the columns period_kind and period_start; ``moment`` is when a word was said.
    """
    named = [column.label(f"c{n}") for n, column in enumerate([*subject, *values])]
    place = sa.func.row_number().over(partition_by=subject, order_by=[moment.desc(), table.c.id.desc()])
    ranked = sa.select(*named, place.label("place")).where(
        table.c.period_kind == period.kind, table.c.period_start == period.start
    )
    if at is not None:
        ranked = ranked.where(moment <= at)
    found = ranked.subquery()
    return ctx.session.execute(sa.select(*[found.c[column.name] for column in named]).where(found.c.place == 1))
