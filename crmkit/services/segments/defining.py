"""Segments by name: to make them, to find them, to watch them."""

from __future__ import annotations

from uuid import UUID

from crmkit.core.entity import change
from crmkit.core.errors import BadInput, NotFound, did_you_mean
from crmkit.core.filter import expanded, fold, parse
from crmkit.core.filter.segments import SegmentDefinition
from crmkit.core.grouping import Segment
from crmkit.core.messages import msg, shown
from crmkit.store.segments import find_segment as find_definition
from crmkit.store.session import Session


def create_segment(
    session: Session,
    name: str,
    filter: str = "",
    *,
    entity: str = "customer",
    frozen: bool = False,
    watched: bool = False,
    timezone: str = "",
    description: str = "",
) -> Segment:
    """Add a segment of records of ``entity`` and return it: a saved ``filter`` (empty: everything), or a frozen list.

    ``watched``: who joins and who leaves is kept, with the days of ``timezone`` (by default the actor's), from the next
    refresh on. Raises FilterError, which names the place, for a filter that cannot be read; what else is wrong raises
    ValidationFailed when the segment is written.
    """
    session.flush()
    info = session.database.registry.get(entity)
    if filter.strip():
        predicate = parse(filter, session.database.registry, info.name)
        expanded(predicate, session.database.registry, info.name, lambda name: _definition(session, name), (name,))
    segment = Segment(
        name=name,
        entity=info.name,
        kind="frozen" if frozen else "filter",
        filter=filter,
        watched=watched,
        timezone=(timezone or session.actor.timezone) if watched else timezone,
        description=description,
    )
    session.add(segment)
    return segment


def find_segment(session: Session, needle: Segment | UUID | str) -> Segment:
    """Return the segment with this name or id that the actor may see; raises NotFound with the closest name."""
    if isinstance(needle, Segment):
        return session.get(Segment, needle.id)
    if isinstance(needle, UUID):
        return session.get(Segment, needle)
    known = session.find(Segment, name=needle)
    if known is not None:
        return known
    found = _definition(session, needle)
    if found is None:
        hint = did_you_mean(needle, [segment.name for segment in session.list(Segment)])
        raise NotFound(msg("no segment {name}; {hint}", name=shown(needle), hint=hint))
    return session.get(Segment, found.id)


def list_segments(session: Session, entity: str = "") -> list[Segment]:
    """Return the segments that the actor may see, of one entity or of all, by name."""
    found = (
        session.list(Segment, entity=session.database.registry.get(entity).name) if entity else session.list(Segment)
    )
    return sorted(found, key=lambda segment: (fold(segment.name), segment.name))


def watch(session: Session, segment: Segment | UUID | str, watched: bool = True, *, timezone: str = "") -> Segment:
    """Keep from now on who joins and who leaves a saved filter, or keep it no more; returns the segment.

    The members are those of the next refresh; days and hours are those of ``timezone``, by default the segment's own,
    else the actor's. Members of a segment that is watched no more go without having left.
    """
    found = find_segment(session, segment)
    zone = timezone or found.timezone or (session.actor.timezone if watched else "")
    changed = change(found, watched=watched, timezone=zone)
    session.update(changed)
    return changed


def frozen_list(session: Session, needle: Segment | UUID | str) -> Segment:
    """Return the frozen list with this name or id; raises NotFound, and BadInput for a saved filter."""
    found = find_segment(session, needle)
    if found.kind != "frozen":
        raise BadInput(msg("{name} is no frozen list; who is in it follows from its filter", name=found.name))
    return found


def _definition(session: Session, name: str) -> SegmentDefinition | None:
    return find_definition(session.connection, session.database, session.narrowing, name)
