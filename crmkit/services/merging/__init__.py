"""Merging records: preview, merge, undo, and old ids that resolve for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.face import face

if TYPE_CHECKING:
    from crmkit.services.merging.resolving import merged_into, resolve, resolve_all
    from crmkit.services.merging.running import MergeResult, merge, merge_many, preview
    from crmkit.services.merging.undoing import (
        LeftAsIs,
        MergePage,
        UndoReport,
        find_merge,
        merges,
        merges_by_pages,
        undo,
    )

__all__ = [
    "LeftAsIs",
    "MergePage",
    "MergeResult",
    "UndoReport",
    "find_merge",
    "merge",
    "merge_many",
    "merged_into",
    "merges",
    "merges_by_pages",
    "preview",
    "resolve",
    "resolve_all",
    "undo",
]

__getattr__ = face(
    __name__,
    {
        "resolving": ("merged_into", "resolve", "resolve_all"),
        "running": ("MergeResult", "merge", "merge_many", "preview"),
        "undoing": ("LeftAsIs", "MergePage", "UndoReport", "find_merge", "merges", "merges_by_pages", "undo"),
    },
)
