"""Narrows every read to the tenant, to living records and to what the actor may see."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from crmkit.core.access import Actor, Scope
from crmkit.core.entity import EntityInfo, Own, Via, ViaLink, ViaRecord
from crmkit.core.frozen import frozen
from crmkit.core.registry import EntityRegistry
from crmkit.core.values.clock import Clock, time_zone, today
from crmkit.store.custom_columns import column_name
from crmkit.store.types import Instant, IsoDate, column_types

Condition = sa.ColumnElement[bool]
WayKind = Literal["all", "owner", "team", "subtree", "organization", "dealer", "share", "whole", "link", "record"]

_COPIES = {"audit_entry": "delta", "merge_journal": "images"}
"""Fields that hold what records of any entity held."""

SOURCES_KEPT = 4
"""How many names of an entity's selectable are kept for filters that ask for it more than once."""

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


class Narrowing:
    """The conditions of one actor. ``conditions`` is all a statement needs to be safe.

    They are built once. What changes with time is asked for when a statement runs, so they may be kept; what changes
    with the actor's rights makes another actor.
    """

    def __init__(self, registry: EntityRegistry, tables: Mapping[str, sa.Table], actor: Actor, clock: Clock) -> None:
        self._registry, self._tables, self._actor, self._clock = registry, tables, actor, clock
        self._selectables: dict[tuple[str, bool], sa.FromClause] = {}
        self._sources: dict[tuple[str, int], sa.FromClause] = {}
        self._allowed: dict[tuple[str, str], Condition | None] = {}
        self._masked: dict[Any, tuple[str, str]] = {}
        self._hides: bool | None = None

    @property
    def tenant_id(self) -> UUID:
        """The tenant whose records there are."""
        return self._actor.tenant_id

    @property
    def user_id(self) -> UUID | None:
        """The user whose rights count; None for the system."""
        return self._actor.user_id

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

    def deletable(self, entity: str, table: sa.FromClause) -> list[Condition]:
        """Return what deleted records meet that the actor may bring back: the right to delete is the one to restore."""
        allowed = self.allowed(entity, table, "delete")
        found: list[Condition] = [table.c.deleted_at.is_not(None)]
        return found if allowed is None else [*found, allowed]

    def selectable(self, entity: str, deleted: bool = False) -> sa.FromClause:
        """Return a selectable of the records of ``entity`` that the actor may see, with the table's columns.

        Columns of fields that the actor may not read hold nothing.
        """
        key = (entity, deleted)
        if key not in self._selectables:
            table = self._tables[entity]
            hidden = self.hidden(self._registry.get(entity))
            columns = self._shown(entity, table, hidden) if hidden else [table]
            statement = sa.select(*columns).where(*self.conditions(entity, table, deleted=deleted))
            made = statement.subquery(f"visible_{table.name}")
            for name, field in self._columns_of(entity, hidden):
                self._masked[made.c[name]] = (entity, field)
            # Threads share an actor: what is given out must be what is known to be.
            self._selectables.setdefault(key, made)
        return self._selectables[key]

    def sources(self) -> Callable[[str], sa.FromClause]:
        """Return what gives selectables for one statement, by entity: each time it is asked, under another name.

        The first ones of an entity are kept: to name its columns anew takes longer than to put a filter into SQL.
        """
        given: dict[str, int] = {}

        def source(entity: str) -> sa.FromClause:
            key = (entity, given.get(entity, 0))
            given[entity] = key[1] + 1
            known = self._sources.get(key)
            if known is None:
                known = self.selectable(entity).alias()
                if key[1] < SOURCES_KEPT:
                    known = self._sources.setdefault(key, known)
            return known

        return source

    def whole_tenant(self) -> Narrowing:
        """Return the conditions of an actor who may see everything in the same tenant."""
        return Narrowing(self._registry, self._tables, self._actor.elevated(), self._clock)

    def given(self) -> list[sa.FromClause]:
        """Return the selectables handed out so far."""
        return [*self._selectables.values(), *self._sources.values()]

    def hidden(self, info: EntityInfo) -> frozenset[str]:
        """Return the names of the fields, custom ones too, that the actor may not read.

        What copies whole records is hidden from whoever may not read all fields of all entities.
        """
        found = self._actor.hidden(info)
        copies = _COPIES.get(info.name)
        if copies is not None and not self._actor.everything:
            if self._hides is None:
                self._hides = any(self._actor.hidden(other) for other in self._registry)
            if self._hides:
                found |= {copies}
        return found

    def masked_field(self, column: Any) -> tuple[str, str] | None:
        """Return the entity and field that a column of one of those selectables keeps from the actor, if it does."""
        if not self._masked:
            return None
        return next((self._masked[base] for base in column.proxy_set if base in self._masked), None)

    # -- what the actor may see ------------------------------------------------------------------------------------

    def allowed(self, entity: str, table: sa.FromClause, action: str) -> Condition | None:
        """Return what the actor's rights for ``action`` demand of a row; None when they reach everything."""
        if table is not self._tables[entity]:
            return self._built(entity, table, action)
        key = (entity, action)
        if key not in self._allowed:
            self._allowed[key] = self._built(entity, table, action)
        return self._allowed[key]

    def reaches_all(self, entity: str, action: str) -> bool:
        """Whether the actor's right for ``action`` reaches every record of the tenant."""
        return self.allowed(entity, self._tables[entity], action) is None

    def _built(self, entity: str, table: sa.FromClause, action: str) -> Condition | None:
        if self._actor.everything:
            return None
        ways = self.ways(entity, table, action)
        private = self.not_private(entity, table)
        if any(way.condition is None for way in ways):
            return private
        found: Condition = sa.or_(*[way.condition for way in ways if way.condition is not None]) if ways else sa.false()
        return found if private is None or not ways else sa.and_(found, private)

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

    # -- what the actor may read of them ---------------------------------------------------------------------------

    def _shown(self, entity: str, table: sa.Table, hidden: frozenset[str]) -> list[Any]:
        info = self._registry.get(entity)
        absent = {name for name, _ in self._columns_of(entity, hidden)}
        custom = sorted(field.name for field in info.fields if field.custom and field.name in hidden)
        return [
            sa.cast(sa.null(), column.type).label(column.name)
            if column.name in absent
            else _without(column, custom).label(column.name)
            if column.name == "custom" and custom
            else column
            for column in table.columns
        ]

    def _columns_of(self, entity: str, fields: frozenset[str]) -> Iterator[tuple[str, str]]:
        for field in self._registry.get(entity).fields if fields else ():
            if field.name not in fields:
                continue
            if not field.custom:
                for name, _ in column_types(field):
                    yield name, field.name
            elif field.filterable:
                yield column_name(field), field.name


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


class _Without(FunctionElement[Any]):
    """A JSON object less some of its keys."""

    inherit_cache = True
    name = "without"


@compiles(_Without, "sqlite")
def _without_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    document, *names = element.clauses
    paths = ", ".join(f"'$.' || {compiler.process(name, **options)}" for name in names)
    return f"json_remove({compiler.process(document, **options)}, {paths})"


@compiles(_Without, "postgresql")
def _without_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    document, *names = element.clauses
    keys = ", ".join(f"{compiler.process(name, **options)}::text" for name in names)
    return f"({compiler.process(document, **options)} - ARRAY[{keys}])"


def _without(column: sa.Column[Any], names: list[str]) -> sa.ColumnElement[Any]:
    return sa.type_coerce(_Without(column, *[sa.literal(name, sa.Text()) for name in names]), column.type)
