"""Who is in a segment, as it is defined and stored at the moment, of those that the actor may see."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from crmkit.core.entity import Part
from crmkit.core.errors import BadInput
from crmkit.core.frozen import frozen
from crmkit.core.grouping import Segment
from crmkit.core.messages import msg
from crmkit.services.segments.asked import asked_of, first_records, matching_ids, number_of
from crmkit.services.segments.defining import find_segment
from crmkit.store.session import Session

MOST = 10_000
"""The largest page."""


@frozen
class MemberPage:
    """Records in the order of ids; ``next`` is where the page behind this one starts, None on the last one."""

    records: tuple[Any, ...]
    next: UUID | None = None


def count(session: Session, segment: Segment | UUID | str) -> int:
    """Return how many records the actor may see that are in a segment.

    Raises NotFound, FilterError for a segment that is broken and AccessDenied when it reads what the actor may not.
    """
    return number_of(session, asked_of(session, find_segment(session, segment)))


def members(
    session: Session, segment: Segment | UUID | str, *, after: UUID | None = None, limit: int = 100
) -> MemberPage:
    """Return the records of a segment that the actor may see, at most ``limit``, behind the id ``after``.

    Raises as ``count`` does, and BadInput for a ``limit`` that is not 1 to ``MOST``.
    """
    if not 1 <= limit <= MOST:
        raise BadInput(msg("limit {limit}: a number from 1 to {most}", limit=limit, most=MOST))
    wanted = asked_of(session, find_segment(session, segment))
    records = first_records(session, wanted, limit + 1, after)
    page = records[:limit]
    return MemberPage(tuple(page), page[-1].id if len(records) > limit else None)


def in_segment(session: Session, record: Part, segment: Segment | UUID | str) -> bool:
    """Return whether a record that the actor may see is in a segment. Raises as ``count`` does."""
    found = find_segment(session, segment)
    wanted = asked_of(session, found)
    if session.database.registry.of(record).name != found.entity:
        raise BadInput(msg("{name} holds records of {entity}", name=found.name, entity=found.entity))
    return bool(matching_ids(session, wanted, [record.id]))
