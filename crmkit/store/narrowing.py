"""Narrows every read to the tenant, to living records and to what the actor may see."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from crmkit.core.access import Actor, Scope
from crmkit.core.entity import Own, Via, ViaLink
from crmkit.core.registry import EntityRegistry

Condition = sa.ColumnElement[bool]


class Narrowing:
    """The conditions of one actor at one moment. ``conditions`` is all a statement needs to be safe."""

    def __init__(self, registry: EntityRegistry, tables: Mapping[str, sa.Table], actor: Actor, now: datetime) -> None:
        self._registry, self._tables, self._actor, self._now = registry, tables, actor, now
        self._selectables: dict[tuple[str, bool], sa.FromClause] = {}

    def conditions(
        self, entity: str, table: sa.FromClause, action: str = "read", deleted: bool = False
    ) -> list[Condition]:
        """Return the conditions that ``table``, the table of ``entity`` or an alias of it, must meet."""
        found: list[Condition] = [table.c.tenant_id == self._actor.tenant_id]
        if not deleted and "deleted_at" in table.c:
            found.append(table.c.deleted_at.is_(None))
        allowed = self.allowed(entity, table, action)
        if allowed is not None:
            found.append(allowed)
        return found

    def selectable(self, entity: str, deleted: bool = False) -> sa.FromClause:
        """Return a selectable of the records of ``entity`` that the actor may see, with the table's columns."""
        key = (entity, deleted)
        if key not in self._selectables:
            table = self._tables[entity]
            statement = sa.select(table).where(*self.conditions(entity, table, deleted=deleted))
            self._selectables[key] = statement.subquery(f"visible_{table.name}")
        return self._selectables[key]

    def whole_tenant(self) -> Narrowing:
        """Return the conditions of an actor who may see everything in the same tenant."""
        return Narrowing(self._registry, self._tables, self._actor.elevated(), self._now)

    def given(self) -> list[sa.FromClause]:
        """Return the selectables handed out so far."""
        return list(self._selectables.values())

    def allowed(self, entity: str, table: sa.FromClause, action: str) -> Condition | None:
        """Return what the actor's rights for ``action`` demand of a row; None when they reach everything."""
        scope = self._actor.scope(entity, action)
        if scope is Scope.ALL:
            return None
        info = self._registry.get(entity)
        ways: list[Condition] = (
            [self._shared(entity, table, action)] if scope is not Scope.NONE or info.editable else []
        )
        if scope is not Scope.NONE:
            for rule in info.access:
                if isinstance(rule, Own):
                    ways += self._owned(table, scope)
                elif isinstance(rule, Via):
                    target = info.field(rule.reference).reference
                    ways.append(table.c[rule.reference].in_(self._visible_ids(target, action)))
                elif isinstance(rule, ViaLink):
                    ways.append(table.c.id.in_(self._linked_ids(rule, action)))
        # Sharing alone never shows what is private to its owner.
        if "visibility" in table.c:
            private = table.c.visibility == "private"
            return sa.or_(
                sa.and_(sa.not_(private), sa.or_(*ways)), sa.and_(private, table.c.owner_id == self._actor.user_id)
            )
        return sa.or_(*ways) if ways else sa.false()

    def _owned(self, table: sa.FromClause, scope: Scope) -> list[Condition]:
        actor = self._actor
        if actor.user_id is None or "owner_id" not in table.c:
            return []
        found: list[Condition] = [table.c.owner_id == actor.user_id]
        if scope is Scope.TEAM and actor.team_id is not None:
            found.append(table.c.team_id == actor.team_id)
        if scope is Scope.SUBTREE and actor.subtree:
            found.append(table.c.team_id.in_(sorted(actor.subtree)))
        return found

    def _shared(self, entity: str, table: sa.FromClause, action: str) -> Condition:
        actor, shares = self._actor, self._tables["record_share"]
        mine: list[Condition] = [shares.c.user_id == actor.user_id]
        if actor.team_id is not None:
            mine.append(shares.c.to_team_id == actor.team_id)
        actions = ("read", "update") if action == "read" else (action,)
        ids = sa.select(shares.c.record_id).where(
            shares.c.tenant_id == actor.tenant_id,
            shares.c.deleted_at.is_(None),
            shares.c.entity == entity,
            shares.c.action.in_(actions),
            sa.or_(*mine),
            sa.or_(shares.c.expires_at.is_(None), shares.c.expires_at > self._now),
        )
        return table.c.id.in_(ids) if actor.user_id is not None else sa.false()

    def _visible_ids(self, entity: str, action: str) -> Any:
        table = self._tables[entity].alias()
        return sa.select(table.c.id).where(*self.conditions(entity, table, part_of(action)))

    def _linked_ids(self, rule: ViaLink, action: str) -> Any:
        link = self._tables[rule.link].alias()
        target = self._registry.get(rule.link).field(rule.there).reference
        return sa.select(link.c[rule.here]).where(
            link.c.tenant_id == self._actor.tenant_id,
            link.c.deleted_at.is_(None),
            link.c[rule.there].in_(self._visible_ids(target, action)),
        )


def part_of(action: str) -> str:
    """Return the right on a record that ``action`` on one of its parts takes: to write a part is to change the whole."""
    return action if action in ("read", "export") else "update"
