"""Hooks of segments: records that join and leave."""

from __future__ import annotations

from uuid import UUID

from crmkit.core.frozen import frozen
from crmkit.core.grouping import Segment
from crmkit.hooks.causation import ROOT, Cause
from crmkit.hooks.kinds import Kind, hookspec
from crmkit.hooks.protocols import Context


@frozen
class MembershipChanges:
    """Who ``joined`` and who ``left`` one frozen or watched segment of records of ``entity``: their ids."""

    entity: str
    segment: Segment
    joined: tuple[UUID, ...] = ()
    left: tuple[UUID, ...] = ()
    cause: Cause = ROOT

    @property
    def size(self) -> int:
        """How many records joined and left."""
        return len(self.joined) + len(self.left)


class SegmentSpecs:
    """Called when records join and leave segments."""

    @hookspec(kind=Kind.NOTIFY, since="0.1", per_entity=True)
    def after_segment_membership_changed_committed(self, ctx: Context, call: MembershipChanges) -> None:
        """React to records that joined or left a frozen list or a watched segment, one call for each segment.

        Watched segments change when they are refreshed. May be delivered again after a crash: find out what was done.
        """
