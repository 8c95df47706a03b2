"""Hooks of saving: one call per flush and entity, with all changes of that entity."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from crmkit.core.frozen import frozen
from crmkit.core.journal import Event
from crmkit.core.messages import Message
from crmkit.hooks.causation import ROOT, Cause
from crmkit.hooks.kinds import Kind, hookspec
from crmkit.hooks.protocols import Context


@frozen
class Change:
    """One record before and after: a new record has no ``before``; a deleted one has an ``after`` with ``deleted_at``."""

    before: Any
    after: Any

    @property
    def created(self) -> bool:
        """Whether the record is new."""
        return self.before is None

    @property
    def deleted(self) -> bool:
        """Whether the record is deleted by this change."""
        return self.after.deleted_at is not None and (self.before is None or self.before.deleted_at is None)

    @property
    def record(self) -> Any:
        """The record as it will be."""
        return self.after

    def changed(self, field: str) -> bool:
        """Whether ``field`` differs. Every field of a created record does."""
        return self.before is None or bool(getattr(self.before, field) != getattr(self.after, field))


@frozen
class RecordBatch:
    """The changes of one flush to records of one entity (its name), and what caused them.

    After the commit, ``events`` holds the entries of the event log; ``after`` is the record as it is now, ``before`` what it
    was before these events. Fields that are not audited are in both as they are now.
    """

    entity: str
    changes: tuple[Change, ...]
    cause: Cause = ROOT
    events: tuple[Event, ...] = ()

    @property
    def size(self) -> int:
        """How many changes there are."""
        return len(self.changes)


@frozen
class Refuse:
    """What a guard answers to stop a change. ``record_id`` tells which record of the batch is meant, None means all."""

    reason: Message
    record_id: object = None


class RecordSpecs:
    """Called in this order whenever records are saved."""

    @hookspec(kind=Kind.DERIVE, since="0.1", per_entity=True, of_changes=True)
    def derive_records(self, ctx: Context, call: RecordBatch) -> Iterable[Any]:
        """Return what follows from the changes: further ``Change`` objects, changed records or new records.

        Runs before validation, and again for what it returned until nothing new follows.
        """

    @hookspec(kind=Kind.GUARD, since="0.1", per_entity=True, of_changes=True)
    def guard_records(self, ctx: Context, call: RecordBatch) -> Refuse | Iterable[Refuse] | None:
        """Return ``Refuse`` for changes that must not happen. Sees final, valid data; changes nothing."""

    @hookspec(kind=Kind.NOTIFY, since="0.1", per_entity=True)
    def after_records_saved_committed(self, ctx: Context, call: RecordBatch) -> None:
        """React to changes that are committed. May be delivered again after a crash: work with the event's id."""
