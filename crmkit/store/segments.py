"""Finding segments by name for filters that speak of them, among those that the actor may see."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.core.errors import BadInput
from crmkit.core.filter.fold import fold
from crmkit.core.filter.segments import SegmentDefinition
from crmkit.core.values.ids import parse_id
from crmkit.store.faults import faults_translated

if TYPE_CHECKING:
    from crmkit.store.database import Database
    from crmkit.store.narrowing import Narrowing


def find_segment(
    connection: sa.Connection, database: Database, narrowing: Narrowing, name: str
) -> SegmentDefinition | None:
    """Return the segment with this name or id; the name as it is written wins over one that differs in case."""
    table = database.tables["segment"]
    seen = narrowing.conditions("segment", table)
    columns = [table.c[field] for field in ("id", "name", "entity", "filter", "kind")]
    # Only the second way reads every segment, and only where the first one finds none.
    for condition in (_named(table, name), sa.func.crm_fold(table.c.name, type_=sa.Text()) == fold(name)):
        with faults_translated():
            row = connection.execute(sa.select(*columns).where(condition, *seen).order_by(table.c.id).limit(1)).first()
        if row is not None:
            return SegmentDefinition(row.id, row.name, row.entity, row.filter, row.kind == "frozen")
    return None


def _named(table: sa.Table, name: str) -> sa.ColumnElement[bool]:
    try:
        return table.c.id == parse_id(name)
    except BadInput:
        return table.c.name == name
