"""The ways in which rights reach rows: ownership, teams, organizations, shares, and the records that others belong to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import sqlalchemy as sa

from crmkit.core.access import Actor, Scope
from crmkit.core.entity import EntityInfo, Own, Via, ViaLink, ViaRecord
from crmkit.core.frozen import frozen
from crmkit.core.registry import EntityRegistry
from crmkit.core.values.clock import Clock, time_zone, today
from crmkit.store.types import Instant, IsoDate

Condition = sa.ColumnElement[bool]
WayKind = Literal["all", "owner", "team", "subtree", "organization", "dealer", "share", "whole", "link", "record"]

DEALER_OF = "dealer_of"
"""The type of relation that leads from a dealer to its customers."""


@frozen(eq=False)
class Way:
    """One way in which an actor's rights reach a record; ``via`` is the entity that it leads over, if any.

    ``condition`` is what a row must meet for it, None when every row does.
    """

    kind: WayKind
    condition: Condition | None
    via: str = ""


class Ways(ABC):
    """The ways of one actor; its conditions on whole statements are made of them."""

    _registry: EntityRegistry
    _tables: Mapping[str, sa.Table]
    _actor: Actor
    _clock: Clock

    @abstractmethod
    def conditions(
        self, entity: str, table: sa.FromClause, action: str = "read", deleted: bool = False
    ) -> list[Condition]:
        """Return the conditions that ``table``, the table of ``entity`` or an alias of it, must meet."""

    def ways(self, entity: str, table: sa.FromClause, action: str, scope: Scope | None = None) -> list[Way]:
        """Return the ways in which the actor's rights, or a right of ``scope``, reach rows of ``table``.

        What is private to somebody is kept from all of them; see ``not_private``.
        """
        actor, info = self._actor, self._registry.get(entity)
        if not actor.permits(entity, action):
            # Not even what is shared with the user.
            return []
        reach = actor.granted(entity, action) if scope is None else scope
        mine = self._within_limits(entity, table)
        if reach is Scope.ALL and not actor.capped:
            return [Way("all", None)]
        found: list[Way] = []
        if mine is not None:
            own = any(isinstance(rule, Own) for rule in info.access)
            direct = [*(self._owned(entity, table, reach, own) if reach else ()), *self._shared(info, table, action)]
            found += [Way(way.kind, _only(way.condition, table, mine), way.via) for way in direct]
        if reach:
            for rule in info.access:
                found += self._followed(info, rule, table, action)
        return found

    def not_private(self, entity: str, table: sa.FromClause) -> Condition | None:
        """Return what keeps private records to their owner, their author and the users who took part.

        Parts of private records are private with them. None for entities that are never private, and for the system.
        """
        actor, info = self._actor, self._registry.get(entity)
        if actor.everything or not self._may_be_private(info):
            return None
        if "visibility" not in info.by_name:
            whole = [self._open_whole(info, rule, table) for rule in info.access if isinstance(rule, Via)]
            return sa.or_(*whole)
        open_ = table.c.visibility != "private"
        # A deputy gets its principal's work to do, not its secrets.
        if actor.user_id is None or actor.deputy_id is not None:
            return open_
        kept = [table.c.owner_id == actor.user_id, table.c.created_by == actor.user_id]
        if entity == "interaction":
            part = self._tables["interaction_participant"].alias()
            present = part.c.deleted_at.is_(None)
            kept.append(_exists(part, part.c.interaction_id == table.c.id, part.c.user_id == actor.user_id, present))
        return sa.or_(open_, *kept)

    def _may_be_private(self, info: EntityInfo) -> bool:
        """Whether records of the entity can be private: themselves, or because all they belong to can."""
        if "visibility" in info.by_name:
            return "private" in info.by_name["visibility"].choices
        wholes = [
            self._registry.get(info.field(rule.reference).reference) for rule in info.access if isinstance(rule, Via)
        ]
        only = len(wholes) == len(info.access)
        return bool(wholes) and only and all(whole is not info and self._may_be_private(whole) for whole in wholes)

    def _open_whole(self, info: EntityInfo, rule: Via, table: sa.FromClause) -> Condition:
        target = info.field(rule.reference).reference
        whole = self._tables[target].alias()
        open_ = self.not_private(target, whole)
        return _exists(whole, whole.c.id == table.c[rule.reference], sa.true() if open_ is None else open_)

    # -- the ways --------------------------------------------------------------------------------------------------

    def _within_limits(self, entity: str, table: sa.FromClause) -> list[Any] | None:
        """Return the records that a deputy is limited to (empty: none in particular); None when it has none of these."""
        limits = self._actor.limits
        if not limits:
            return []
        here = [limit.record_id for limit in limits if limit.entity == entity]
        if not here:
            return None
        return [] if None in here else here

    def _owned(self, entity: str, table: sa.FromClause, scope: Scope, own: bool) -> Iterator[Way]:
        actor = self._actor
        if actor.organization_id is None and scope is Scope.ALL:
            # Of a deputy who is limited to some records of his principal.
            yield Way("all", None)
            return
        if not own or actor.user_id is None or "owner_id" not in table.c:
            return
        yield Way("owner", table.c.owner_id == actor.user_id)
        if actor.organization_id is not None:
            if scope > Scope.OWN:
                yield from self._of_organization(entity, table)
            return
        if scope is Scope.TEAM and actor.team_id is not None:
            yield Way("team", table.c.team_id == actor.team_id)
        if scope is Scope.SUBTREE and actor.subtree:
            yield Way("subtree", table.c.team_id.in_(sorted(actor.subtree)))

    def _of_organization(self, entity: str, table: sa.FromClause) -> Iterator[Way]:
        """A dealer's users see what they and their colleagues own, and the customers that it is the dealer of."""
        actor = self._actor
        people = self._tables["user"].alias()
        theirs = (people.c.id == table.c.owner_id, people.c.customer_id == actor.organization_id)
        yield Way("organization", _exists(people, *theirs, people.c.tenant_id == actor.tenant_id))
        if entity != "customer":
            return
        yield Way("organization", table.c.id == actor.organization_id)
        link, day = self._tables["customer_relation"].alias(), self._today()
        served = (
            link.c.from_id == actor.organization_id,
            link.c.to_id == table.c.id,
            link.c.type == DEALER_OF,
            link.c.tenant_id == actor.tenant_id,
            link.c.deleted_at.is_(None),
            sa.or_(link.c.valid_from.is_(None), link.c.valid_from <= day),
            sa.or_(link.c.valid_until.is_(None), link.c.valid_until >= day),
        )
        yield Way("dealer", _exists(link, *served))

    def _shared(self, info: EntityInfo, table: sa.FromClause, action: str) -> Iterator[Way]:
        actor, shares = self._actor, self._tables["record_share"]
        actions = ("read", "update") if action == "read" else (action,)
        if actor.user_id is None or not info.editable or "update" not in actions:
            return
        mine: list[Condition] = [shares.c.user_id == actor.user_id]
        if actor.team_id is not None:
            mine.append(shares.c.to_team_id == actor.team_id)
        now = sa.bindparam("now", callable_=self._clock.now, type_=Instant(), unique=True)
        ids = sa.select(shares.c.record_id).where(
            shares.c.tenant_id == actor.tenant_id,
            shares.c.deleted_at.is_(None),
            shares.c.entity == info.name,
            shares.c.action.in_(actions),
            sa.or_(*mine),
            sa.or_(shares.c.expires_at.is_(None), shares.c.expires_at > now),
        )
        yield Way("share", table.c.id.in_(ids))

    def _followed(self, info: EntityInfo, rule: Any, table: sa.FromClause, action: str) -> Iterator[Way]:
        if isinstance(rule, Via):
            target = info.field(rule.reference).reference
            yield Way("whole", self._visible(target, table.c[rule.reference], action), target)
        elif isinstance(rule, ViaLink):
            link = self._tables[rule.link].alias()
            target = self._registry.get(rule.link).field(rule.there).reference
            joined = (link.c[rule.here] == table.c.id, link.c.tenant_id == self._actor.tenant_id)
            seen = self._visible(target, link.c[rule.there], action)
            yield Way("link", _exists(link, *joined, link.c.deleted_at.is_(None), seen), target)
        elif isinstance(rule, ViaRecord):
            yield from self._named(info, rule, table, action)

    def _named(self, info: EntityInfo, rule: ViaRecord, table: sa.FromClause, action: str) -> Iterator[Way]:
        """Records of any entity that stands for itself; of others whose access follows from a name, none."""
        named, record = table.c[rule.entity], table.c[rule.record]
        for target in self._registry:
            if target is info or not target.owned or self._actor.granted(target.name, part_of(action)) is Scope.NONE:
                continue
            seen = self._visible(target.name, record, action)
            yield Way("record", sa.and_(named == target.name, seen), target.name)

    def _visible(self, entity: str, id: sa.ColumnElement[Any], action: str) -> Condition:
        """The record with this id is one that the actor may see, or change when ``action`` changes a part of it."""
        table = self._tables[entity].alias()
        return _exists(table, table.c.id == id, *self.conditions(entity, table, part_of(action)))

    def _today(self) -> sa.BindParameter[Any]:
        zone = time_zone(self._actor.timezone)
        return sa.bindparam("today", callable_=lambda: today(self._clock, zone), type_=IsoDate(), unique=True)


def part_of(action: str) -> str:
    """Return the right on a record that ``action`` on one of its parts takes: to write a part is to change the whole."""
    return action if action in ("read", "export") else "update"


def _only(condition: Condition | None, table: sa.FromClause, records: list[Any]) -> Condition | None:
    if not records:
        return condition
    named = table.c.id.in_(records)
    return named if condition is None else sa.and_(condition, named)


def _exists(source: sa.FromClause, *conditions: Condition) -> Condition:
    """Ask row by row: a list of all that the actor may see could be as long as the table."""
    return sa.exists(sa.select(sa.literal_column("1")).select_from(source).where(*conditions).correlate_except(source))
