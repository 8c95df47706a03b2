"""Territories as reports need them: who looks after which one today, and the tree above it."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import attrs
import sqlalchemy as sa

from crmkit.core.frozen import frozen
from crmkit.plugin import Context
from crmkit_sfa.assignment.entities import Territory, TerritoryMember


@frozen
class Territories:
    """Names and parents of territories by id, and the territory of each user."""

    named: dict[UUID, tuple[str, UUID | None]] = attrs.field(factory=dict)
    of_user: dict[UUID, UUID] = attrs.field(factory=dict)

    def upwards(self, territory: UUID | None) -> Iterator[UUID]:
        """Yield a territory and those above it, the nearest first."""
        met: set[UUID] = set()
        while territory is not None and territory in self.named and territory not in met:
            met.add(territory)
            yield territory
            territory = self.named[territory][1]


def territories_of(ctx: Context) -> Territories:
    """Return the territories that count today, as far as the actor may see them, in two selects.

    Somebody who looks after several has the one of the highest priority, of these the deepest.
    """
    today = ctx.today()
    areas, members = ctx.session.table(Territory), ctx.session.table(TerritoryMember)

    def now(table: sa.FromClause) -> list[sa.ColumnElement[bool]]:
        since, until = table.c.valid_from, table.c.valid_until
        return [sa.or_(since.is_(None), since <= today), sa.or_(until.is_(None), until >= today)]

    rows = ctx.session.execute(
        sa.select(areas.c.id, areas.c.name, areas.c.parent_id, areas.c.priority).where(*now(areas))
    ).all()
    found = Territories({id: (name, parent) for id, name, parent, _ in rows})
    rank = {id: (priority, len(list(found.upwards(id))), name) for id, name, _, priority in rows}
    for territory, user in ctx.session.execute(
        sa.select(members.c.territory_id, members.c.user_id).where(*now(members))
    ):
        known = found.of_user.get(user)
        if territory in rank and (known is None or rank[territory] > rank[known]):
            found.of_user[user] = territory
    return found
