"""Whom committed changes concern: the steps of ``crmkit.core.filter.routes`` taken in the database.

Deleted records lead on like living ones: whoever lost a child is concerned as much as whoever got one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.audit_chain import is_tombstone
from crmkit.core.entity import FieldInfo
from crmkit.core.fieldtypes import Kind
from crmkit.core.filter.custom import custom_value
from crmkit.core.filter.routes import Holding, Route
from crmkit.store.chunks import in_chunks
from crmkit.store.faults import faults_translated
from crmkit.store.filters.operands import Dialect, reference

if TYPE_CHECKING:
    from crmkit.store.session import Session


def led_to(session: Session, route: Route, ids: Collection[UUID], most: int) -> set[UUID] | None:
    """Return the ids that a route leads to from changed records; None when they are more than ``most``."""
    found: set[UUID] = set()
    wanted = sorted(ids)
    for chunk in in_chunks(wanted):
        if not route:
            found.update(chunk)
        else:
            with faults_translated():
                rows = session.connection.execute(_steps(session, route, chunk).limit(most + 1))
                found.update(row[0] for row in rows)
        if len(found) > most:
            return None
    return found


def held_before(session: Session, step: Holding, after: int, last: int) -> set[UUID] | None:
    """Return the ids that the field of a step held before the events behind ``after``, up to ``last``.

    None when that cannot be told any more: the audit log lacks the field, or its values were erased.
    """
    field = session.database.registry.get(step.entity).field(step.field)
    log, entries = session.database.tables["event"], session.database.tables["audit_entry"]
    statement = (
        sa.select(entries.c.delta)
        .join_from(log, entries, entries.c.id == log.c.id)
        .where(
            log.c.tenant_id == session.actor.tenant_id,
            log.c.position > after,
            log.c.position <= last,
            log.c.entity == step.entity,
            entries.c.action == "updated",
        )
    )
    with faults_translated():
        deltas = list(session.connection.scalars(statement))
    if deltas and (not field.audited or any(is_tombstone(delta) for delta in deltas)):
        return None
    return set(_ids(field, deltas))


def moved_members(session: Session, segment: UUID, after: int, last: int) -> set[UUID]:
    """Return the members of a segment that a merge or its undoing made members, behind ``after`` and up to ``last``."""
    log, members = session.database.tables["event"], session.database.tables["segment_member"]
    statement = (
        sa.select(members.c.record_id)
        .join_from(log, members, members.c.id == log.c.record_id)
        .where(
            log.c.tenant_id == session.actor.tenant_id,
            log.c.position > after,
            log.c.position <= last,
            log.c.type.in_(("segment_member.updated", "segment_member.restored")),
            members.c.segment_id == segment,
        )
    )
    with faults_translated():
        return set(session.connection.scalars(statement))


def _ids(field: FieldInfo, deltas: Iterable[Any]) -> Iterator[UUID]:
    for delta in deltas:
        changed = delta.get("custom" if field.custom else field.name)
        held = changed[0] if changed else None
        if field.custom:
            held = (held or {}).get(field.name)
        id = custom_value(Kind.ID, held)
        if id is not None:
            yield id


def _steps(session: Session, route: Route, ids: Collection[UUID]) -> sa.Select[Any]:
    dialect: Dialect = "postgresql" if session.database.dialect == "postgresql" else "sqlite"
    at: Any = list(ids)
    for step in route:
        table = session.database.tables[step.entity].alias()
        held = reference(session.database.registry.get(step.entity).field(step.field), table, dialect)
        if isinstance(step, Holding):
            made = sa.select(held).where(table.c.id.in_(at), held.is_not(None))
            if step.kind_field:
                made = made.where(table.c[step.kind_field] == step.kind)
        else:
            made = sa.select(table.c.id).where(held.in_(at))
        at = made
    found: sa.Select[Any] = at
    return found.distinct()
