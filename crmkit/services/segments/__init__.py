"""Segments: saved filters and frozen lists; who is in them, and who joins and leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.face import face

if TYPE_CHECKING:
    from crmkit.services.segments.asking import MemberPage, count, in_segment, members
    from crmkit.services.segments.defining import create_segment, find_segment, list_segments, watch
    from crmkit.services.segments.lists import add_members, freeze, remove_members
    from crmkit.services.segments.previewing import Preview, PreviewRow, Reason, preview
    from crmkit.services.segments.refreshing import Refreshed, refresh, refresh_changed, refresh_timed

__all__ = [
    "MemberPage",
    "Preview",
    "PreviewRow",
    "Reason",
    "Refreshed",
    "add_members",
    "count",
    "create_segment",
    "find_segment",
    "freeze",
    "in_segment",
    "list_segments",
    "members",
    "preview",
    "refresh",
    "refresh_changed",
    "refresh_timed",
    "remove_members",
    "watch",
]

__getattr__ = face(
    __name__,
    {
        "asking": ("MemberPage", "count", "in_segment", "members"),
        "defining": ("create_segment", "find_segment", "list_segments", "watch"),
        "lists": ("add_members", "freeze", "remove_members"),
        "previewing": ("Preview", "PreviewRow", "Reason", "preview"),
        "refreshing": ("Refreshed", "refresh", "refresh_changed", "refresh_timed"),
    },
)
