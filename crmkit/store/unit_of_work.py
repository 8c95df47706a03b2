"""What a session has seen and what it is about to write: the identity map and the pending changes."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any
from uuid import UUID

from crmkit.core.entity import STAMPED, changed_fields

Pair = tuple[Any, Any]
"""A record before (None when new) and after."""


class UnitOfWork:
    """One state per record. ``current`` holds what the session sees, ``pending`` what the database does not know yet."""

    def __init__(self) -> None:
        self.current: dict[UUID, Any] = {}
        self._ended: dict[UUID, Any] = {}
        self.pending: dict[str, dict[UUID, Pair]] = {}
        self.fresh: set[UUID] = set()
        """The ids of records that are about to be inserted."""
        # Records that plugins made or changed, by plugin; and the fields derived while others' changes were saved.
        self.derived: dict[UUID, str] = {}
        self.fields_derived: dict[UUID, Mapping[str, str]] = {}
        # One for all records of which a plugin derived the same fields: hooks mostly do for all what they do for one.
        self.notes: dict[tuple[tuple[str, ...], str], Mapping[str, str]] = {}
        # Records known to be valid, by identity; kept here so that no other object takes their identity meanwhile.
        self.valid: dict[int, Any] = {}
        self.verified: set[tuple[str, UUID]] = set()
        self.kept: dict[str, Any] = {}
        """What rules have looked up for the flush under way, by the name that they give it."""

    def seen(self, record: Any) -> Any:
        """Return the session's state of a record just read; what was read or changed before wins."""
        known = self.current.setdefault(record.id, record)
        return known if known.__class__ is record.__class__ else record

    def before(self, record: Any) -> Any:
        """Return what a change starts from when it was seen at the end of the transaction before; None: read it.

        Writing checks that it has still this version.
        """
        known = self._ended.get(record.id)
        same = known is not None and known.version == record.version and known.__class__ is record.__class__
        return known if same else None

    def committed(self) -> None:
        """Forget what was seen in the transaction that has ended; the next one sees what others wrote meanwhile."""
        self._ended, self.current = self.current, {}
        self.verified.clear()

    def stage_new(self, entity: str, record: Any) -> None:
        """Note a record to insert."""
        self.pending.setdefault(entity, {})[record.id] = (None, record)
        self.current[record.id] = record
        self.fresh.add(record.id)

    def stage_change(self, entity: str, before: Any, after: Any) -> None:
        """Note a change; several changes of one record become one, and one that leads back becomes none."""
        staged = self.pending.setdefault(entity, {})
        original = staged[after.id][0] if after.id in staged else before
        if original is not None and (original == after or _only_restamped(original, after)):
            staged.pop(after.id, None)
        else:
            staged[after.id] = (original, after)
        self.current[after.id] = after

    def original(self, entity: str, record_id: UUID) -> Pair | None:
        """Return the pending pair of a record, if it has one."""
        return self.pending.get(entity, {}).get(record_id)

    def written(self) -> None:
        """Forget the pending changes: the database has them now."""
        self.pending = {}
        self.fresh = set()
        self.derived = {}
        self.fields_derived = {}
        self.notes = {}
        self.valid = {}
        self.kept.clear()

    def keep(self, seen: Container[UUID]) -> None:
        """Forget every record that is neither in ``seen`` nor pending."""
        pending = {id for staged in self.pending.values() for id in staged}
        for id in [id for id in self.current if id not in seen and id not in pending]:
            del self.current[id]
        self._ended = {}
        self.verified.clear()

    def forget_where(self, cls: type[Any], field: str, value: Any) -> None:
        """Drop the records of a class whose field has a value, since the database holds another by now."""
        stale = [id for id, r in self.current.items() if r.__class__ is cls and getattr(r, field) == value]
        for id in stale:
            del self.current[id]

    def forget(self) -> None:
        """Drop every record seen, to keep memory bounded in long work. Pending changes must be written first."""
        self.current.clear()
        self._ended = {}
        self.verified.clear()


def _only_restamped(before: Any, after: Any) -> bool:
    """Whether nothing but bookkeeping differs, which the store alone writes."""
    return any(getattr(before, name) != getattr(after, name) for name in STAMPED) and not changed_fields(before, after)
