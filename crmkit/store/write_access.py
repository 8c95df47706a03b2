"""Whether an actor may make the changes of a flush."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import attrs
import sqlalchemy as sa

from crmkit.core.access import Actor, Scope
from crmkit.core.entity import Own, Via
from crmkit.core.errors import AccessDenied
from crmkit.core.messages import msg
from crmkit.core.staff import RecordShare
from crmkit.store.database import Database
from crmkit.store.journal import action_of
from crmkit.store.narrowing import Narrowing, part_of
from crmkit.store.references import existing_ids
from crmkit.store.unit_of_work import Pair

_RIGHT = {"created": "create", "updated": "update", "deleted": "delete", "restored": "delete"}


def check_access(
    connection: sa.Connection,
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


@attrs.frozen(eq=False)
class _Check:
    connection: sa.Connection
    database: Database
    narrowing: Narrowing
    actor: Actor
    batches: Mapping[str, Sequence[Pair]]

    def created(self, entity: str, records: Sequence[Any]) -> None:
        """A new record must lie within the scope; one without an owner must be part of a record that may be changed."""
        scope = self.actor.scope(entity, "create")
        if scope is Scope.NONE:
            raise self._denied("create", entity, records[0])
        if entity == "record_share":
            self._shared(records)
        if scope is Scope.ALL:
            return
        info = self.database.registry.get(entity)
        if any(isinstance(rule, Own) for rule in info.access):
            wrong = [record for record in records if not self._within(scope, record)]
        else:
            allowed: set[UUID] = set()
            for rule in info.access:
                if isinstance(rule, Via):
                    allowed |= self._parts(rule, info.field(rule.reference).reference, records)
            wrong = [record for record in records if record.id not in allowed]
        if wrong:
            raise self._denied("create", entity, wrong[0])

    def changed(self, entity: str, right: str, changes: Sequence[Pair]) -> None:
        """A changed record must have been within the scope; a new owner or team takes the right to assign as well."""
        self._reached(entity, right, [before for before, _ in changes])
        if entity == "record_share":
            self._shared([after for _, after in changes if right == "update"])
        if self.database.registry.get(entity).owned:
            moved = [b for b, a in changes if (b.owner_id, b.team_id) != (a.owner_id, a.team_id)]
            self._reached(entity, "assign", moved)

    def _reached(self, entity: str, right: str, records: Sequence[Any]) -> None:
        if records and self.actor.scope(entity, right) is not Scope.ALL:
            allowed = self._ids(entity, [record.id for record in records], right)
            for record in records:
                if record.id not in allowed:
                    raise self._denied(right, entity, record)

    def _parts(self, rule: Via, whole: str, records: Sequence[Any]) -> set[UUID]:
        """Return the ids of those records whose whole the actor may change, or makes in the same flush."""
        wholes = {record.id: getattr(record, rule.reference) for record in records}
        new = {after.id for before, after in self.batches.get(whole, ()) if before is None}
        known = {id for id in wholes.values() if id is not None} - new
        if self.actor.scope(whole, "update") is not Scope.ALL:
            known = self._ids(whole, list(known), part_of("create"))
        return {id for id, reference in wholes.items() if reference in new or reference in known}

    def _shared(self, shares: Sequence[RecordShare]) -> None:
        """Nobody shows others, or oneself, more than one may see or change."""
        for share in shares:
            if share.entity in self.database.registry:
                if self.actor.scope(share.entity, share.action) is Scope.ALL:
                    continue
                if self._ids(share.entity, [share.record_id], share.action):
                    continue
            raise self._denied("share", share.entity, share, share.record_id)

    def _ids(self, entity: str, ids: Sequence[UUID], right: str) -> set[UUID]:
        return existing_ids(self.connection, self.database, self.narrowing, entity, ids, right, deleted=True)

    def _within(self, scope: Scope, record: Any) -> bool:
        actor = self.actor
        if actor.user_id is not None and record.owner_id == actor.user_id:
            return True
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
