"""Hooks of merging: records that become one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from crmkit.core.frozen import frozen
from crmkit.core.merging import ReferenceUse
from crmkit.hooks.causation import ROOT, Cause
from crmkit.hooks.kinds import Kind, hookspec
from crmkit.hooks.protocols import Context
from crmkit.hooks.records import Refuse


@frozen
class United:
    """A record of the lost one that becomes one with a record of the kept one, and what the core makes of the two."""

    entity: str
    kept: Any
    lost: Any
    result: Any


@frozen
class Merging:
    """One record of ``entity`` about to be merged into another; nothing is written yet.

    ``kept`` and ``lost`` are as stored, ``result`` is the kept one as it will be. ``references`` tells what follows,
    ``united`` which records become one.
    """

    entity: str
    kept: Any
    lost: Any
    result: Any
    references: tuple[ReferenceUse, ...] = ()
    united: tuple[United, ...] = ()
    cause: Cause = ROOT

    @property
    def size(self) -> int:
        """How many records follow, the lost one included."""
        return 1 + sum(use.count for use in self.references)


@frozen
class Merge:
    """A merge that is committed: the ids of the two records and of its journal entry."""

    kept_id: UUID
    lost_id: UUID
    journal_id: UUID


@frozen
class RecordsMerged:
    """Merges of records of one entity that are committed; with ``undone``, merges that were taken back."""

    entity: str
    merges: tuple[Merge, ...]
    undone: bool = False
    cause: Cause = ROOT

    @property
    def size(self) -> int:
        """How many merges there are."""
        return len(self.merges)


class MergeSpecs:
    """Called in this order when two records are merged."""

    @hookspec(kind=Kind.GUARD, since="0.1", per_entity=True)
    def guard_merge(self, ctx: Context, call: Merging) -> Refuse | Iterable[Refuse] | None:
        """Return ``Refuse`` for a merge that must not happen. Asked by the preview too, which shows the reasons."""

    @hookspec(kind=Kind.DERIVE, since="0.1", per_entity=True)
    def derive_merge(self, ctx: Context, call: Merging) -> Iterable[Any]:
        """Return changes of the plugin's own records: ``Change`` objects, changed records or new records.

        What is returned comes on top of the policies: where two accounts become one, return the remaining one with both
        balances. An undo takes it back with the rest.
        """

    @hookspec(kind=Kind.NOTIFY, since="0.1", per_entity=True)
    def after_records_merged_committed(self, ctx: Context, call: RecordsMerged) -> None:
        """React to merges that are committed or taken back. May be delivered again after a crash."""
