"""Groups of records."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmkit.runtime.services.bound import Bound

if TYPE_CHECKING:
    from crmkit.core.entity import Part
    from crmkit.core.grouping import Segment
    from crmkit.services.segments import MemberPage, Preview, Refreshed


class Segments(Bound):
    """Groups of records."""

    __slots__ = ()

    def create_segment(self, name: str, filter: str = "", **details: Any) -> Segment:
        """Add a segment; see :func:`crmkit.services.segments.create_segment`."""
        from crmkit.services.segments import create_segment

        return create_segment(self._session, name, filter, **details)

    def count_segment(self, segment: Segment | UUID | str) -> int:
        """Return how many records are in a segment; see :func:`crmkit.services.segments.count`."""
        from crmkit.services.segments import count

        return count(self._session, segment)

    def segment_members(self, segment: Segment | UUID | str, **details: Any) -> MemberPage:
        """Return a page of the records in a segment; see :func:`crmkit.services.segments.members`."""
        from crmkit.services.segments import members

        return members(self._session, segment, **details)

    def preview_segment(self, segment: Segment | UUID | str = "", **details: Any) -> Preview:
        """Return the first records in a segment, and why; see :func:`crmkit.services.segments.preview`."""
        from crmkit.services.segments import preview

        return preview(self._session, segment, **details)

    def in_segment(self, record: Part, segment: Segment | UUID | str) -> bool:
        """Return whether a record is in a segment; see :func:`crmkit.services.segments.in_segment`."""
        from crmkit.services.segments import in_segment

        return in_segment(self._session, record, segment)

    def freeze_segment(self, segment: Segment | UUID | str, name: str) -> Segment:
        """Make a frozen list of a segment; see :func:`crmkit.services.segments.freeze`."""
        from crmkit.services.segments import freeze

        return freeze(self._session, segment, name)

    def add_to_segment(self, segment: Segment | UUID | str, records: Iterable[Part | UUID]) -> int:
        """Put records on a frozen list; see :func:`crmkit.services.segments.add_members`."""
        from crmkit.services.segments import add_members

        return add_members(self._session, segment, records)

    def remove_from_segment(self, segment: Segment | UUID | str, records: Iterable[Part | UUID]) -> int:
        """Take records off a frozen list; see :func:`crmkit.services.segments.remove_members`."""
        from crmkit.services.segments import remove_members

        return remove_members(self._session, segment, records)

    def watch_segment(self, segment: Segment | UUID | str, watched: bool = True, **details: Any) -> Segment:
        """Keep who joins and leaves a segment; see :func:`crmkit.services.segments.watch`."""
        from crmkit.services.segments import watch

        return watch(self._session, segment, watched, **details)

    def refresh_segment(self, segment: Segment | UUID | str) -> Refreshed:
        """Bring a watched segment's members up to date; see :func:`crmkit.services.segments.refresh`."""
        from crmkit.services.segments import refresh

        return refresh(self._session, segment)
