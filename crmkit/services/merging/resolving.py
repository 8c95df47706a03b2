"""Old ids: where the id of a merged record leads, for ever."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.merging import mergeable
from crmkit.core.values.ids import parse_id
from crmkit.store.chunks import distinct_chunks
from crmkit.store.session import Session


def resolve(session: Session, entity: type[Any] | str, id: UUID | str) -> UUID:
    """Return the id of the record that ``id`` stands for by now: its own, or that of what it was merged into.

    Merges that were undone do not count. An id that was never merged comes back as it is, whether there is such a
    record or not.
    """
    key = parse_id(id)
    return resolve_all(session, entity, [key])[key]


def resolve_all(session: Session, entity: type[Any] | str, ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """Return what ``resolve`` does for many ids; two statements for each step of the longest chain."""
    session.flush()
    wanted = list(dict.fromkeys(ids))
    info = session.database.registry.get(entity)
    name, ends = info.name, {id: id for id in wanted}
    if not mergeable(info):
        return ends
    passed: dict[UUID, set[UUID]] = {id: {id} for id in wanted}
    todo = set(wanted)
    while todo:
        dead = {ends[id] for id in todo} - _living(session, name, {ends[id] for id in todo})
        following = merges_of(session, name, dead)
        todo = {id for id in todo if following.get(ends[id], ends[id]) not in passed[id]}
        for id in todo:
            ends[id] = following[ends[id]]
            passed[id].add(ends[id])
    return ends


def merged_into(session: Session, entity: type[Any] | str, id: UUID) -> tuple[UUID, ...]:
    """Return the ids of all records that became part of a record, directly or by way of others."""
    session.flush()
    name = session.database.registry.get(entity).name
    found: dict[UUID, None] = {}
    frontier = {id}
    while frontier:
        rows = _active(session, name, "kept_id", frontier)
        frontier = {row.lost_id for row in rows} - found.keys() - {id}
        found.update(dict.fromkeys(sorted(frontier)))
    return tuple(found)


def merges_of(session: Session, entity: str, lost: Iterable[UUID]) -> dict[UUID, UUID]:
    """Return into what records were merged directly, by the merge in force; others are left out."""
    return {row.lost_id: row.kept_id for row in _active(session, entity, "lost_id", lost)}


def _active(session: Session, entity: str, side: str, ids: Iterable[UUID]) -> list[Any]:
    """Return the merges in force, oldest first: where an id leads is no secret, what it leads to may be."""
    table = session.database.tables["merge_journal"]
    found: list[Any] = []
    for chunk in distinct_chunks(ids):
        statement = (
            sa.select(table.c.id, table.c.kept_id, table.c.lost_id)
            .where(table.c.tenant_id == session.actor.tenant_id, table.c.entity == entity, table.c[side].in_(chunk))
            .where(table.c.undone_at.is_(None), table.c.deleted_at.is_(None))
        )
        found += session.connection.execute(statement).all()
    return sorted(found, key=lambda row: row.id)


def _living(session: Session, entity: str, ids: Iterable[UUID]) -> set[UUID]:
    table = session.database.tables[entity]
    found: set[UUID] = set()
    for chunk in distinct_chunks(ids):
        statement = sa.select(table.c.id).where(
            table.c.tenant_id == session.actor.tenant_id, table.c.id.in_(chunk), table.c.deleted_at.is_(None)
        )
        found.update(session.connection.scalars(statement))
    return found
