"""What a session writes: staged in its unit of work, and sent through the write path by the next flush."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import TypeVar
from uuid import UUID

from crmkit.core.access import Actor
from crmkit.core.entity import EntityInfo, Part, change
from crmkit.core.errors import AccessDenied, ConfigError, NotFound, StaleVersion
from crmkit.core.field_rights import MASKED_VERSION
from crmkit.core.messages import msg
from crmkit.core.values.ids import parse_id
from crmkit.store.session_reads import SessionReads

P = TypeVar("P", bound=Part)


class SessionWrites(SessionReads):
    """The writing half of a session."""

    _flushing: bool

    @abstractmethod
    def acting_as(self, actor: Actor) -> AbstractContextManager[None]:
        """Within the block, reads and writes have the rights of ``actor``."""

    def add(self, *records: Part) -> None:
        """Insert records at the next flush. Raises ConfigError within a hook of a flush, which returns its changes."""
        self._refuse_in_hooks()
        self._add(*records)

    def _add(self, *records: Part) -> None:
        for record in records:
            self.stage_new(record)

    def stage_new(self, record: Part) -> None:
        """Add a record that the session has not seen; see ``stage``."""
        info = self.database.registry.of(record)
        if not info.editable:
            raise AccessDenied(msg("{entity} is written by the store alone", entity=info.name))
        if record.version == MASKED_VERSION:
            _refuse_masked(info, record)
        self.work.stage_new(info.name, record)

    def update(self, *records: Part) -> None:
        """Write changed records at the next flush.

        Raises StaleVersion when one was changed elsewhere since it was read, and ConfigError within a hook of a flush,
        which returns its changes.
        """
        self._refuse_in_hooks()
        self._update(*records)

    def _update(self, *records: Part) -> None:
        for record in records:
            self._update_one(record, None)

    def _update_one(self, record: Part, before: Part | None) -> None:
        info = self.database.registry.of(record)
        if not info.editable:
            raise AccessDenied(msg("{entity} is written by the store alone", entity=info.name))
        _refuse_masked(info, record)
        entity = info.name
        staged = self.work.original(entity, record.id)
        known = staged[0] if staged else self.work.current.get(record.id) or before
        if known is None and staged is None:
            known = self.work.before(record) or self.get(type(record), record.id)
        if known is not None and known.version != record.version:
            raise StaleVersion(entity, record.id, record.version)
        self.work.stage_change(entity, known, record)

    def stage(self, record: Part, before: Part | None = None) -> None:
        """Add or update a record, whichever it needs; what derive hooks return comes this way.

        ``before`` is the record as it is stored, where the session has not seen it; see ``unseen``.
        """
        if record.id in self.work.current or record.version > 0:
            self._update_one(record, before)
        else:
            self._add(record)

    def unseen(self, records: Iterable[Part]) -> dict[UUID, Part]:
        """Return, as they are stored, those of changed records that the session has not seen: a plugin has, elevated.

        A plugin may change what the actor cannot see, so they are read with every right, by one query for each entity.
        """
        missing: dict[type[Part], list[UUID]] = {}
        for record in records:
            if record.version > 0 and record.id not in self.work.current and self.work.before(record) is None:
                missing.setdefault(type(record), []).append(record.id)
        found: dict[UUID, Part] = {}
        if missing:
            with self.acting_as(self.actor.elevated()):
                for entity, ids in missing.items():
                    found.update({one.id: one for one in self.peek_all(entity, "id", ids)})
        return found

    def _refuse_in_hooks(self) -> None:
        if self._flushing:
            raise ConfigError(
                msg(
                    "a hook of a save does not call add, update, delete, commit or rollback: derive_records returns its "
                    "changes"
                )
            )

    def delete(self, *records: Part) -> None:
        """Mark records as deleted at the next flush. They keep their history and can be restored."""
        now = self.clock.now()
        self.update(*[change(record, deleted_at=now) for record in records])

    def restore(self, entity: type[P], id: UUID | str) -> P:
        """Bring a deleted record back and return it; raises NotFound when there is none."""
        found = self.list(entity, deleted=True, id=parse_id(id))
        if not found:
            raise NotFound(msg("no {entity} with id {id}", entity=self.database.registry.get(entity).name, id=str(id)))
        restored = change(found[0], deleted_at=None)
        self.update(restored)
        return restored


def _refuse_masked(info: EntityInfo, record: Part) -> None:
    if record.version == MASKED_VERSION:
        raise AccessDenied(
            msg("{entity} {id} was read without all of its fields and is not saved", entity=info.name, id=record.id)
        )
