"""The records that an actor may see, found from the actor's side: by owner, team and share, and along references.

For actors who see little this is quicker than to read what all may see and leave most of it out. It is a first choice
alone; whoever uses it still asks for the session's conditions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crmkit.core.entity import Own, Via, ViaLink

if TYPE_CHECKING:
    from crmkit.store.session import Session

FEW = 3_000
"""Records up to which it pays."""

_DIRECT = frozenset({"owner", "team", "subtree", "share"})
_FOLLOWED = frozenset({"whole", "link"})


def reachable(session: Session, entity: str, depth: int = 2) -> list[sa.Select[Any]] | None:
    """Return selects of ids that together hold every record of ``entity`` that the actor may see, each led by an index.

    None when there is a way to records that no index leads along.
    """
    narrowing, info = session.narrowing, session.database.registry.get(entity)
    table = session.database.tables[entity]
    ways = narrowing.ways(entity, table, "read")
    if not depth or any(way.kind not in _DIRECT | _FOLLOWED for way in ways):
        return None
    mine = (table.c.tenant_id == session.actor.tenant_id, table.c.deleted_at.is_(None))
    direct = [way.condition for way in ways if way.kind in _DIRECT and way.condition is not None]
    found: list[sa.Select[Any]] = [sa.select(table.c.id).where(*mine, condition) for condition in direct]
    for rule in info.access if any(way.kind in _FOLLOWED for way in ways) else ():
        if isinstance(rule, Own):
            continue
        if isinstance(rule, Via):
            source, here, there = table, table.c.id, table.c[rule.reference]
            target = info.field(rule.reference).reference
        elif isinstance(rule, ViaLink):
            source = session.database.tables[rule.link]
            here, there = source.c[rule.here], source.c[rule.there]
            target = session.database.registry.get(rule.link).field(rule.there).reference
        else:
            return None
        beyond = reachable(session, target, depth - 1)
        if beyond is None:
            return None
        found += [sa.select(here).where(there.in_(ids), source.c.deleted_at.is_(None)) for ids in beyond]
    return found


def sees_few(session: Session, entity: str) -> sa.Subquery | None:
    """Return the ids of the few records of ``entity`` that the actor may see, some twice; None when they are not so few."""
    ways = reachable(session, entity)
    if ways is None:
        return None
    if not ways:
        return sa.select(session.database.tables[entity].c.id).where(sa.false()).subquery("few")
    ids = sa.union_all(*ways).subquery("few")
    some = sa.select(ids).limit(FEW + 1).subquery()
    count = session.connection.scalar(sa.select(sa.func.count()).select_from(some))
    return ids if int(count or 0) <= FEW else None
