"""What people call records, users and teams, read in one go for a whole list."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from crmkit.plugin import Context


def titles_of(ctx: Context, records: Iterable[tuple[str, UUID]]) -> dict[UUID, str]:
    """Return the titles of records, named by entity and id, as far as the actor may read them."""
    by_entity: dict[str, set[UUID]] = {}
    for name, id in records:
        by_entity.setdefault(name, set()).add(id)
    found: dict[UUID, str] = {}
    for name, ids in by_entity.items():
        info = ctx.session.entity(name)
        for record in ctx.session.list(info.cls, id=sorted(ids)):
            found[record.id] = str(getattr(ctx.session.masked(record), info.title) or "")
    return found


def names_of(ctx: Context, entity: type[Any], ids: Iterable[UUID | None]) -> dict[UUID | None, str]:
    """Return the names of users, teams or customers by id: a name beside what one sees is no secret in the house."""
    wanted = sorted({id for id in ids if id is not None})
    if not wanted:
        return {}
    with ctx.elevated("names those concerned"):
        return {record.id: record.name for record in ctx.session.list(entity, id=wanted)}
