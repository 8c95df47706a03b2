"""Merging records: preview, merge, undo, and old ids that resolve for ever."""

from __future__ import annotations

from crmkit.services.merging.resolving import merged_into, resolve, resolve_all
from crmkit.services.merging.running import MergeResult, merge, merge_many, preview
from crmkit.services.merging.undoing import LeftAsIs, UndoReport, find_merge, merges, undo

__all__ = [
    "LeftAsIs",
    "MergeResult",
    "UndoReport",
    "find_merge",
    "merge",
    "merge_many",
    "merged_into",
    "merges",
    "preview",
    "resolve",
    "resolve_all",
    "undo",
]
