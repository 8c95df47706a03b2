"""What records are called, read in one go for a whole list."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from crmkit.plugin import Context

_AT_ONCE = 500
"""Ids in one statement."""


def names_of(ctx: Context, entity: type[Any], ids: Iterable[UUID | None]) -> dict[UUID | None, str]:
    """Return the names of records by id; those that the actor may not see are left out."""
    import sqlalchemy as sa  # not with the plugin, whose jobs use this: it takes as long as all the rest

    wanted = sorted({id for id in ids if id is not None})
    found: dict[UUID | None, str] = {}
    for first in range(0, len(wanted), _AT_ONCE):
        records = ctx.session.table(entity)
        some = records.c.id.in_(wanted[first : first + _AT_ONCE])
        found.update(
            (row.id, row.name) for row in ctx.session.execute(sa.select(records.c.id, records.c.name).where(some))
        )
    return found


def names_beside(ctx: Context, entity: type[Any], ids: Iterable[UUID | None]) -> dict[UUID | None, str]:
    """Return the names of users, teams, customers or products by id, for every right.

    A name beside what one sees is no secret in the house.
    """
    with ctx.elevated("names those concerned"):
        return names_of(ctx, entity, ids)


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
