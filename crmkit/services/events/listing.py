"""Reading the event log: from a position or a time on, or the events of one record."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.errors import BadInput, did_you_mean
from crmkit.core.journal import Event
from crmkit.core.messages import msg, shown
from crmkit.core.values.ids import parse_id
from crmkit.services.events.rights import require_reader
from crmkit.store.session import Session


def listed_events(
    session: Session,
    *,
    after: int = 0,
    since: datetime | None = None,
    entity: str = "",
    record: UUID | str | None = None,
    types: Collection[str] = (),
    limit: int | None = None,
) -> list[Event]:
    """Return events behind the position ``after``, in their order.

    ``since`` leaves out what happened before it, ``entity`` and ``record`` what is about others, ``types`` (such as
    ``customer.created``) what is of another type. Raises BadInput for an entity that there is not, and AccessDenied.
    """
    require_reader(session.actor)
    session.flush()
    log, codec = session.database.tables["event"], session.database.codecs["event"]
    wanted: list[sa.ColumnElement[bool]] = [log.c.tenant_id == session.actor.tenant_id, log.c.position > after]
    if since is not None:
        wanted.append(log.c.occurred_at >= since)
    if entity:
        known = [info.name for info in session.database.registry]
        if entity not in known:
            raise BadInput(msg("no entity {name}; {hint}", name=shown(entity), hint=did_you_mean(entity, known)))
        wanted.append(log.c.entity == entity)
    if record is not None:
        wanted.append(log.c.record_id == parse_id(record))
    if types:
        wanted.append(log.c.type.in_(sorted(types)))
    statement: sa.Select[Any] = (
        sa.select(*[log.c[name] for name in codec.load_columns]).where(*wanted).order_by(log.c.position).limit(limit)
    )
    return [codec.from_row(row) for row in session.connection.execute(statement)]


def position_before(session: Session, moment: datetime) -> int:
    """Return the last position before everything that happened at or after ``moment``."""
    log = session.database.tables["event"]
    mine = log.c.tenant_id == session.actor.tenant_id
    first = session.connection.scalar(sa.select(sa.func.min(log.c.position)).where(mine, log.c.occurred_at >= moment))
    if first is not None:
        return int(first) - 1
    return int(session.connection.scalar(sa.select(sa.func.max(log.c.position)).where(mine)) or 0)
