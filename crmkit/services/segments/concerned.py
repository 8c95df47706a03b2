"""Which records a stretch of the event log concerns, of those that a segment asks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any
from uuid import UUID

import attrs

from crmkit.core.filter import InSegment, expanded
from crmkit.core.filter.routes import Holding, Route, routes_of
from crmkit.core.filter.segments import SegmentDefinition
from crmkit.core.frozen import frozen
from crmkit.core.grouping import Segment
from crmkit.store.affected import held_before, led_to, moved_members
from crmkit.store.segments import find_segment
from crmkit.store.session import Session

MANY = 5_000
"""Records from which on it takes less to ask all of them."""


@frozen(eq=False)
class Changes:
    """What events behind ``after``, up to ``last``, tell: the ids of changed records by entity."""

    after: int
    last: int
    ids: Mapping[str, frozenset[UUID]]
    _before: dict[Holding, set[UUID] | None] = attrs.field(init=False, factory=dict)

    @classmethod
    def of(cls, after: int, events: Iterable[Any]) -> Changes:
        """Return what events tell, in the order of the log; each has a position, an entity and a record_id."""
        ids: dict[str, set[UUID]] = {}
        last = after
        for event in events:
            ids.setdefault(event.entity, set()).add(event.record_id)
            last = event.position
        return cls(after, last, {entity: frozenset(some) for entity, some in ids.items()})

    def held_before(self, session: Session, step: Holding) -> set[UUID] | None:
        """Return what changed records of a step held before; None when that cannot be told."""
        if step not in self._before:
            self._before[step] = held_before(session, step, self.after, self.last)
        return self._before[step]


def concerned(session: Session, segment: Segment, changes: Changes) -> set[UUID] | None:
    """Return the records whose place in a segment may have changed; None when all are to be asked.

    Raises FilterError for a segment that is broken.
    """
    used: set[UUID] = set()
    registry = session.database.registry

    def find(name: str) -> SegmentDefinition | None:
        found = find_segment(session.connection, session.database, session.narrowing, name)
        if found is not None:
            used.add(found.id)
        return found

    predicate = expanded(InSegment(str(segment.id)), registry, segment.entity, find)
    if used & changes.ids.get("segment", frozenset()):
        return None
    found: set[UUID] = set()
    if "segment_member" in changes.ids:
        found |= moved_members(session, segment.id, changes.after, changes.last)
    for entity, routes in routes_of(predicate, registry, segment.entity).items():
        for route in routes if entity in changes.ids else ():
            more = _along(session, route, entity, changes)
            if more is None:
                return None
            found |= more
            if len(found) > MANY:
                return None
    return found


def _along(session: Session, route: Route, entity: str, changes: Changes) -> set[UUID] | None:
    follow = partial(led_to, session, most=MANY)
    now = follow(route, changes.ids[entity])
    if now is None or not route or not isinstance(route[0], Holding):
        return now
    # Whoever a child belonged to before it was given to somebody else is concerned as well.
    before = changes.held_before(session, route[0])
    earlier = None if before is None else follow(route[1:], before)
    return None if earlier is None else now | earlier
