"""From the event log to ``after_segment_membership_changed_committed``: who joined and who left."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID

from crmkit.core.grouping import Segment, SegmentMember
from crmkit.core.journal import Event
from crmkit.hooks.causation import Cause
from crmkit.hooks.segments import MembershipChanges
from crmkit.store.chunks import in_chunks
from crmkit.store.session import Session

_COMES, _GOES = ("segment_member.created", "segment_member.restored"), "segment_member.deleted"


def committed_memberships(session: Session, events: Sequence[Event], cause: Cause) -> Iterator[MembershipChanges]:
    """Yield what events of members tell, by segment; who joined and left again in between is not told of.

    Nor are segments that are gone, or that are watched no more: nobody left those.
    """
    came = {event.record_id for event in events if event.type in _COMES}
    went = {event.record_id for event in events if event.type == _GOES}
    by_segment: dict[UUID, tuple[dict[UUID, None], dict[UUID, None]]] = {}
    ids = sorted(came ^ went)
    for chunk in in_chunks(ids):
        for member in session.list(SegmentMember, id=chunk, deleted=True):
            sides = by_segment.setdefault(member.segment_id, ({}, {}))
            sides[member.id in went][member.record_id] = None
    for chunk in in_chunks(sorted(by_segment)):
        for segment in session.list(Segment, id=chunk):
            joined, left = by_segment[segment.id]
            both = joined.keys() & left.keys()
            changes = MembershipChanges(
                entity=segment.entity,
                segment=segment,
                joined=tuple(id for id in joined if id not in both),
                left=tuple(id for id in left if id not in both),
                cause=cause,
            )
            if changes.size and (segment.kind == "frozen" or segment.watched):
                yield changes
