"""Asking all entities in turn: over their tables as they are, narrowed to what the session's actor may see.

``session.table`` would do as well, but builds a selectable of every column for each of some thirty entities.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from crmkit.core.entity import EntityInfo
from crmkit.store.faults import faults_translated
from crmkit.store.session import Session


def asked(session: Session, info: EntityInfo, columns: Iterable[Any], *where: Any) -> list[Any]:
    """Return rows of living records of ``info`` that the actor may see; ``columns`` and ``where`` are of ``table_of``."""
    table = table_of(session, info)
    statement: sa.Select[Any] = sa.select(*columns).where(*session.narrowing.conditions(info.name, table), *where)
    with faults_translated():
        return list(session.connection.execute(statement.order_by(table.c.id)))


def table_of(session: Session, info: EntityInfo) -> sa.Table:
    """Return the table of an entity."""
    return session.database.tables[info.name]
