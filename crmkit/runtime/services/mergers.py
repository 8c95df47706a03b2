"""Merging records."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmkit.runtime.services.bound import Bound

if TYPE_CHECKING:
    from crmkit.core.entity import Part
    from crmkit.core.journal import MergeJournal
    from crmkit.core.merging import MergePlan
    from crmkit.services.merging import MergePage, MergeResult, UndoReport


class Mergers(Bound):
    """Merging records."""

    __slots__ = ()

    def preview_merge(self, kept: Part | UUID, lost: Part | UUID, **details: Any) -> MergePlan:
        """Return what merging two records would do; see :func:`crmkit.services.merging.preview`."""
        from crmkit.services.merging import preview

        return preview(self._session, kept, lost, **details)

    def merge(self, plan: MergePlan) -> MergeJournal:
        """Merge two records as planned; see :func:`crmkit.services.merging.merge`."""
        from crmkit.services.merging import merge

        return merge(self._session, plan)

    def merge_many(self, pairs: Iterable[tuple[Part | UUID, Part | UUID]], **details: Any) -> list[MergeResult]:
        """Merge pairs, committing after each; see :func:`crmkit.services.merging.merge_many`."""
        from crmkit.services.merging import merge_many

        return merge_many(self._session, pairs, **details)

    def merges(self, **details: Any) -> MergePage:
        """Return a page of merges, the newest first; see :func:`crmkit.services.merging.merges_by_pages`."""
        from crmkit.services.merging import merges_by_pages

        return merges_by_pages(self._session, **details)

    def find_merge(self, needle: str) -> MergeJournal:
        """Return the merge with this id, or of the record with it; see :func:`crmkit.services.merging.find_merge`."""
        from crmkit.services.merging import find_merge

        return find_merge(self._session, needle)

    def undo_merge(self, journal_id: UUID) -> UndoReport:
        """Take a merge back; see :func:`crmkit.services.merging.undo`."""
        from crmkit.services.merging import undo

        return undo(self._session, journal_id)

    def resolve(self, entity: type[Part], id: UUID | str) -> UUID:
        """Return where an id leads that may be of a merged record; see :func:`crmkit.services.merging.resolve`."""
        from crmkit.services.merging import resolve

        return resolve(self._session, entity, id)
