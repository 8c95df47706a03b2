"""The records that an actor may see, found from the actor's side: by owner, team and share, and along references.

For actors who see little this is quicker than to read what all may see and leave most of it out. It is a first choice
alone; whoever uses it still asks for the session's conditions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from crmkit.core.entity import Own, Via, ViaLink
from crmkit.store.narrowing import Narrowing

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
    """Return the ids of the few records of ``entity`` that the actor may see, some twice; None when they are not so few.

    Where there are few at all, it is these. That an actor sees many is remembered: counting takes as long as to find
    them, and whoever sees fewer since then only waits a little longer.
    """
    documents = session.database.table("search_documents")
    every = sa.select(documents.c.record_id).where(
        documents.c.tenant_id == session.actor.tenant_id, documents.c.entity == entity
    )
    # In the order of the index, so that a planner does not go through all documents instead.
    if _few(session, every.order_by(documents.c.record_id)):
        return every.subquery("few")
    many = _many.setdefault(session.narrowing, set())
    ways = reachable(session, entity) if entity not in many else None
    if ways is None:
        return None
    if not ways:
        return sa.select(session.database.tables[entity].c.id).where(sa.false()).subquery("few")
    reached = sa.union_all(*ways)
    if _few(session, sa.select(reached.subquery("reached"))):
        return reached.subquery("few")
    many.add(entity)
    return None


def _few(session: Session, ids: sa.Select[Any]) -> bool:
    some = ids.limit(FEW + 1).subquery()
    return int(session.connection.scalar(sa.select(sa.func.count()).select_from(some)) or 0) <= FEW


_many: WeakKeyDictionary[Narrowing, set[str]] = WeakKeyDictionary()
