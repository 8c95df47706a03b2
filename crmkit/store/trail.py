"""The audit entries of records, and how to go back along them: from a record as it is to what it was.

A state is found by undoing, newest first, not by replaying from the creation: it takes only what came after the instant
asked for, does not need fields that are not audited, and outlives entries so old that they were discarded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.entity import EntityInfo
from crmkit.core.journal import AuditEntry
from crmkit.core.jsonforms import field_value
from crmkit.store.chunks import distinct_chunks

if TYPE_CHECKING:
    from crmkit.store.session import Session


def values_before(info: EntityInfo, delta: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the fields in the delta of a change held before it; fields that are no more are left out."""
    return {name: field_value(info, name, pair[0]) for name, pair in delta.items() if name in info.by_name}


def values_after(info: EntityInfo, delta: Mapping[str, Any], created: bool = False) -> dict[str, Any]:
    """Return what the fields in a delta held after it; the delta of a new record holds just these values."""
    now = {name: held if created else held[1] for name, held in delta.items() if name in info.by_name}
    return {name: field_value(info, name, held) for name, held in now.items()}


def entries_where(
    session: Session,
    ids: Iterable[UUID],
    condition: Callable[[sa.Table], Sequence[sa.ColumnElement[bool]]],
    limit: int | None = None,
) -> list[AuditEntry]:
    """Return audit entries of records, for whoever may see the records: newest first, a query for many records."""
    database, found = session.database, []
    table, codec = database.tables["audit_entry"], database.codecs["audit_entry"]
    for chunk in distinct_chunks(ids):
        statement = (
            sa.select(*[table.c[name] for name in codec.load_columns])
            .where(table.c.tenant_id == session.actor.tenant_id, table.c.record_id.in_(chunk), *condition(table))
            .order_by(table.c.record_id, table.c.version.desc(), table.c.id.desc())
            .limit(limit)
        )
        found += [codec.from_row(row) for row in session.connection.execute(statement)]
    return found


def last_until(session: Session, ids: Iterable[UUID], instant: datetime) -> dict[UUID, AuditEntry]:
    """Return the last change of each record up to and including an instant."""
    table = session.database.tables["audit_entry"]
    newest = table.alias()

    def condition(table: sa.Table) -> list[sa.ColumnElement[bool]]:
        version = (
            sa.select(sa.func.max(newest.c.version))
            .where(
                newest.c.tenant_id == table.c.tenant_id,
                newest.c.record_id == table.c.record_id,
                newest.c.occurred_at <= instant,
                newest.c.action != "erased",
            )
            .scalar_subquery()
        )
        return [table.c.version == version, table.c.action != "erased"]

    return {entry.record_id: entry for entry in entries_where(session, ids, condition)}


def records_now(session: Session, cls: type[Any], ids: Iterable[UUID]) -> dict[UUID, Any]:
    """Return the newest state of records that the actor may see, deleted ones too, whatever the session saw before."""
    session.flush()
    found: dict[UUID, Any] = {}
    for chunk in distinct_chunks(ids):
        for record in session.reader.list(session.connection, cls, None, equal={"id": chunk}, deleted=True):
            found[record.id] = record
    return found
