"""Whether an actor may make the changes of a flush."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.access import Actor, Scope
from crmkit.core.domain_event import DOMAIN_EVENT
from crmkit.core.entity import EMPTY, EntityInfo, Own, Via, ViaRecord, changed_fields
from crmkit.core.errors import AccessDenied
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg
from crmkit.core.registry import EntityRegistry
from crmkit.core.staff import Delegation, RecordShare
from crmkit.store.database import Database
from crmkit.store.journal import action_of
from crmkit.store.narrowing import Narrowing
from crmkit.store.references import existing_ids
from crmkit.store.unit_of_work import Pair
from crmkit.store.ways import part_of

_RIGHT = {"created": "create", "updated": "update", "deleted": "delete", "restored": "delete"}


def check_access(
    connection: Callable[[], sa.Connection],
    database: Database,
    narrowing: Narrowing,
    actor: Actor,
    batches: Mapping[str, Sequence[Pair]],
    derived: Mapping[UUID, str],
) -> None:
    """Raise AccessDenied for the first change beyond the actor's rights.

    Changes that a plugin derived are the plugin's, which may do what the change it answers to demands.
    """
    if actor.everything:
        return
    check = _Check(connection, database, narrowing, actor, batches)
    for entity, pairs in batches.items():
        by_right: dict[str, list[Pair]] = {}
        for before, after in pairs:
            if after.id not in derived:
                by_right.setdefault(_RIGHT[action_of(before, after)], []).append((before, after))
        for right, changes in by_right.items():
            if right == "create":
                check.created(entity, [after for _, after in changes])
            else:
                check.changed(entity, right, changes)


def check_fields(registry: EntityRegistry, actor: Actor, pending: Mapping[str, Mapping[UUID, Pair]]) -> None:
    """Raise AccessDenied for the first change of a field, custom ones too, that the actor may not write."""
    for entity, staged in pending.items():
        info = registry.get(entity)
        for before, after in staged.values():
            kept = actor.hidden(info, "create" if before is None else "update")
            if kept and (wrong := sorted(_written(info, before, after) & kept)):
                raise AccessDenied(
                    msg(
                        "{actor} may not write {field} of {entity} {record}",
                        actor=actor.name,
                        field=", ".join(wrong),
                        entity=entity,
                        record=after.id,
                    )
                )


def _written(info: EntityInfo, before: Any, after: Any) -> set[str]:
    """Return the fields that a new record fills or a change changes."""
    if before is not None:
        names, old = set(changed_fields(before, after)), before.custom
    else:
        names, old = {f.name for f in info.stored if getattr(after, f.name) != f.default}, EMPTY
    return names | {name for name in {*old, *after.custom} if old.get(name) != after.custom.get(name)}


@frozen(eq=False)
class _Check:
    connection: Callable[[], sa.Connection]
    database: Database
    narrowing: Narrowing
    actor: Actor
    batches: Mapping[str, Sequence[Pair]]

    def created(self, entity: str, records: Sequence[Any]) -> None:
        """A new record must lie within the scope; one without an owner must be part of a record that may be changed."""
        scope = self.actor.scope(entity, "create")
        if scope is Scope.NONE:
            raise self._denied("create", entity, records[0])
        if entity == DOMAIN_EVENT:
            # Derive hooks say what happened, of changes that they see; nobody's word stands in for that.
            raise self._denied("create", entity, records[0])
        if entity == "record_share":
            self._shared(records)
        if entity == "delegation":
            self._delegated(records)
        if scope is Scope.ALL:
            return
        info = self.database.registry.get(entity)
        allowed: set[UUID] = set()
        if any(isinstance(rule, Own) for rule in info.access):
            allowed = self._owned(entity, scope, records)
        else:
            for rule in info.access:
                allowed |= self._parts(_wholes(info, rule, records))
        wrong = [record for record in records if record.id not in allowed]
        if wrong:
            raise self._denied("create", entity, wrong[0])

    def changed(self, entity: str, right: str, changes: Sequence[Pair]) -> None:
        """A changed record must have been within the scope; a new owner or team takes the right to assign as well.

        A part that moves to another record takes the right to add it there.
        """
        if entity == DOMAIN_EVENT:
            raise self._denied(right, entity, changes[0][1])
        self._reached(entity, right, [before for before, _ in changes])
        self._moved(entity, right, changes)
        if entity == "record_share":
            self._shared([after for _, after in changes if right == "update"])
        if entity == "delegation":
            self._delegated([after for _, after in changes if right == "update"])
        if self.database.registry.get(entity).owned:
            moved = [b for b, a in changes if (b.owner_id, b.team_id) != (a.owner_id, a.team_id)]
            self._reached(entity, "assign", moved)

    def _moved(self, entity: str, right: str, changes: Sequence[Pair]) -> None:
        info = self.database.registry.get(entity)
        if self.narrowing.reaches_all(entity, right) or any(isinstance(rule, Own) for rule in info.access):
            return
        for rule in info.access:
            here = _wholes(info, rule, [before for before, _ in changes])
            there = _wholes(info, rule, [after for _, after in changes])
            moved = {id: whole for id, whole in there.items() if whole[1] is not None and whole != here.get(id)}
            if wrong := moved.keys() - self._parts(moved):
                raise self._denied(right, entity, next(after for _, after in changes if after.id in wrong))

    def _reached(self, entity: str, right: str, records: Sequence[Any]) -> None:
        if records and not self.narrowing.reaches_all(entity, right):
            allowed = self._ids(entity, [record.id for record in records], right)
            for record in records:
                if record.id not in allowed:
                    raise self._denied(right, entity, record)

    def _parts(self, wholes: Mapping[UUID, tuple[str, UUID | None]]) -> set[UUID]:
        """Return the ids of those parts whose whole the actor may change, or makes in the same flush."""
        found: set[UUID] = set()
        for entity in {whole for whole, _ in wholes.values()} & {info.name for info in self.database.registry}:
            new = {after.id for before, after in self.batches.get(entity, ()) if before is None}
            mine = {part: id for part, (whole, id) in wholes.items() if whole == entity and id is not None}
            known = set(mine.values()) - new
            if not self.narrowing.reaches_all(entity, part_of("create")):
                known = self._ids(entity, list(known), part_of("create"))
            found |= {part for part, id in mine.items() if id in new or id in known}
        return found

    def _shared(self, shares: Sequence[RecordShare]) -> None:
        """Nobody shows others, or oneself, more than one may see or change."""
        for share in shares:
            if share.entity in self.database.registry:
                if self.narrowing.reaches_all(share.entity, share.action):
                    continue
                if self._ids(share.entity, [share.record_id], share.action):
                    continue
            raise self._denied("share", share.entity, share, share.record_id)

    def _delegated(self, delegations: Sequence[Delegation]) -> None:
        """A user delegates his own rights, or those of users whom he may change; a deputy delegates none."""
        for delegation in delegations:
            whose = delegation.user_id
            mine = self.actor.user_id is not None and whose == self.actor.user_id
            if self.actor.deputy_id is not None or not (mine or self._may_change_user(whose)):
                raise self._denied("delegate", "user", delegation, whose)

    def _may_change_user(self, id: UUID) -> bool:
        return self.narrowing.reaches_all("user", "update") or bool(self._ids("user", [id], "update"))

    def _ids(self, entity: str, ids: Sequence[UUID], right: str) -> set[UUID]:
        return existing_ids(self.connection(), self.database, self.narrowing, entity, ids, right, deleted=True)

    def _owned(self, entity: str, scope: Scope, records: Sequence[Any]) -> set[UUID]:
        """Return the ids of those new records whose owner and team lie within a scope."""
        limits = self.actor.limits
        if limits and not any(limit.entity == entity and limit.record_id is None for limit in limits):
            return set()
        if not self.database.registry.get(entity).owned:
            # Nobody owns such a record, so that no right but one on all of them reaches it.
            unlimited = self.actor.organization_id is None and self.actor.granted(entity, "create") is Scope.ALL
            return {record.id for record in records} if unlimited else set()
        if self.actor.organization_id is None and self.actor.granted(entity, "create") is Scope.ALL:
            return {record.id for record in records}
        found = {record.id for record in records if self._within(scope, record)}
        if self.actor.organization_id is not None and scope > Scope.OWN:
            people = self.database.tables["user"]
            owners = {record.owner_id for record in records if record.owner_id is not None}
            statement = sa.select(people.c.id).where(
                people.c.tenant_id == self.actor.tenant_id,
                people.c.customer_id == self.actor.organization_id,
                people.c.id.in_(sorted(owners)),
            )
            colleagues = set(self.connection().scalars(statement))
            found |= {record.id for record in records if record.owner_id in colleagues}
        return found

    def _within(self, scope: Scope, record: Any) -> bool:
        actor = self.actor
        if actor.user_id is not None and record.owner_id == actor.user_id:
            return True
        if actor.organization_id is not None:
            return False
        if scope is Scope.TEAM:
            return record.team_id is not None and record.team_id == actor.team_id
        return scope is Scope.SUBTREE and record.team_id in actor.subtree

    def _denied(self, right: str, entity: str, record: Any, id: UUID | None = None) -> AccessDenied:
        return AccessDenied(
            msg(
                "{actor} may not {right} {entity} {record}",
                actor=self.actor.name,
                right=right,
                entity=entity,
                record=id or record.id,
            )
        )


def _wholes(info: EntityInfo, rule: Any, records: Sequence[Any]) -> dict[UUID, tuple[str, UUID | None]]:
    """Return what each part belongs to by an access rule, as entity and id."""
    if isinstance(rule, Via):
        target = info.field(rule.reference).reference
        return {record.id: (target, getattr(record, rule.reference)) for record in records}
    if isinstance(rule, ViaRecord):
        return {record.id: (getattr(record, rule.entity), getattr(record, rule.record)) for record in records}
    return {}
