"""Frozen lists: who is on them is said, one by one or by freezing what a segment holds at the moment."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from crmkit.core.entity import Part
from crmkit.core.errors import BadInput
from crmkit.core.grouping import Segment, SegmentMember
from crmkit.core.messages import msg
from crmkit.services.segments.asked import all_ids, asked_of
from crmkit.services.segments.defining import create_segment, find_segment, frozen_list
from crmkit.store.chunks import in_chunks
from crmkit.store.session import Session


def add_members(session: Session, segment: Segment | UUID | str, records: Iterable[Part | UUID]) -> int:
    """Put records on a frozen list and return how many were not on it before.

    Raises NotFound, BadInput for a saved filter or records of another entity, and Refused for ids of no record that the
    actor may see.
    """
    found = frozen_list(session, segment)
    return _added(session, found, _ids(session, found, records))


def remove_members(session: Session, segment: Segment | UUID | str, records: Iterable[Part | UUID]) -> int:
    """Take records off a frozen list and return how many were on it. Raises NotFound, and BadInput for a saved filter."""
    found = frozen_list(session, segment)
    ids, removed = _ids(session, found, records), 0
    for chunk in in_chunks(ids):
        members = session.list(SegmentMember, segment_id=found.id, record_id=chunk)
        session.delete(*members)
        session.flush()
        removed += len(members)
    return removed


def freeze(session: Session, segment: Segment | UUID | str, name: str) -> Segment:
    """Make a frozen list, called ``name``, of the records in a segment that the actor may see; returns the list.

    Raises as ``count`` does, and ValidationFailed for a name that is taken.
    """
    found = find_segment(session, segment)
    ids = all_ids(session, asked_of(session, found))
    made = create_segment(session, name, entity=found.entity, frozen=True, description=found.description)
    session.flush()
    _added(session, made, ids)
    return made


def _added(session: Session, segment: Segment, ids: list[UUID]) -> int:
    added = 0
    for chunk in in_chunks(ids):
        known = {member.record_id for member in session.list(SegmentMember, segment_id=segment.id, record_id=chunk)}
        fresh = [
            SegmentMember(segment_id=segment.id, entity=segment.entity, record_id=id) for id in chunk if id not in known
        ]
        session.add(*fresh)
        session.flush()
        added += len(fresh)
    return added


def _ids(session: Session, segment: Segment, records: Iterable[Part | UUID]) -> list[UUID]:
    ids: list[UUID] = []
    for record in records:
        if isinstance(record, Part) and session.database.registry.of(record).name != segment.entity:
            raise BadInput(msg("{name} holds records of {entity}", name=segment.name, entity=segment.entity))
        ids.append(record.id if isinstance(record, Part) else record)
    return list(dict.fromkeys(ids))
