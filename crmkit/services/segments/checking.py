"""Whether the definition of a segment is right: its filter can be read, by whoever writes it, and leads in no circle."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from crmkit.core.errors import FieldError, did_you_mean
from crmkit.core.filter import Compare, FilterError, Has, Predicate, fold, parse
from crmkit.core.filter.routes import depends_on_user
from crmkit.core.filter.segments import MEMBERS, SEGMENT, SegmentDefinition, expanded
from crmkit.core.filter.tree import parts
from crmkit.core.filter.usage import fields_used
from crmkit.core.grouping import Segment
from crmkit.core.messages import msg
from crmkit.store.segments import find_segment
from crmkit.store.session import Session


def definition_errors(session: Any, segment: Segment) -> Iterator[FieldError]:
    """Yield what is wrong with a segment that is about to be saved, as whoever saves it sees it."""
    registry = session.database.registry
    yield from _name_errors(session, segment)
    if segment.entity not in registry or not registry.get(segment.entity).editable:
        hint = did_you_mean(segment.entity, [info.name for info in registry if info.editable])
        yield _error(segment, "entity", "unknown", msg("an entity; {hint}", hint=hint))
        return
    if segment.kind == "frozen":
        if segment.filter:
            yield _error(segment, "filter", "unused", msg("nothing: a frozen list holds the members it is given"))
        if segment.watched:
            yield _error(segment, "watched", "unused", msg("no: a frozen list changes by adding and removing alone"))
        return
    if not segment.filter.strip():
        return
    try:
        written = parse(segment.filter, registry, segment.entity)
        known = _Known(session)
        meant = expanded(written, registry, segment.entity, known, (segment.name,))
        used = fields_used(meant, registry, segment.entity)
    except FilterError as fault:
        yield _error(segment, "filter", "filter", fault.message)
        return
    for entity, field in sorted(used):
        if field in session.hidden(entity):
            yield _error(
                segment, "filter", "hidden", msg("fields that you may read; not {field}", field=f"{entity}.{field}")
            )
    if segment.watched and depends_on_user(meant):
        yield _error(
            segment, "filter", "me", msg("the same for everybody, as the segment is watched: a user instead of me")
        )
    if segment.watched and _counts_members(meant, known.lists):
        yield _error(
            segment,
            "filter",
            "members",
            msg("in segment NAME, as the segment is watched: has segments asks who was a member when it was refreshed"),
        )


class _Known:
    """Finds segments as they will be: those that are about to be saved, then the stored ones."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._pending = {after.id: after for _, after in session.work.pending.get("segment", {}).values()}
        self.lists: set[UUID] = set()
        """The frozen lists among those that were found."""

    def __call__(self, name: str) -> SegmentDefinition | None:
        found = self._found(name)
        if found is not None and found.frozen:
            self.lists.add(found.id)
        return found

    def _found(self, name: str) -> SegmentDefinition | None:
        living = [one for one in self._pending.values() if one.deleted_at is None]
        for same in (name, fold(name)):
            for one in living:
                if same in (one.name, fold(one.name), str(one.id)):
                    return SegmentDefinition(one.id, one.name, one.entity, one.filter, one.kind == "frozen")
        session = self._session
        found = find_segment(session.connection, session.database, session.narrowing, name)
        return None if found is None or found.id in self._pending else found


def _name_errors(session: Any, segment: Segment) -> Iterator[FieldError]:
    """Names that differ in case alone would be one name to whoever types them into a filter."""
    pending = session.work.pending.get("segment", {})
    others = [after for _, after in pending.values() if after.id != segment.id and after.deleted_at is None]
    taken = any(fold(one.name) == fold(segment.name) for one in others)
    with session.acting_as(session.actor.elevated()):
        stored = find_segment(session.connection, session.database, session.narrowing, segment.name)
    if taken or (stored is not None and stored.id not in pending and stored.id != segment.id):
        yield _error(segment, "name", "duplicate", msg("a name that no other segment has, whatever its case"))


def _counts_members(predicate: Predicate, lists: set[UUID]) -> bool:
    """Whether the filter asks for members of other segments than ``lists``, which no refresh changes."""
    if isinstance(predicate, Has) and predicate.children in (MEMBERS, "segments"):
        of = predicate.where
        return not (isinstance(of, Compare) and of.path == SEGMENT and of.op == "=" and of.value in lists)
    return any(_counts_members(part, lists) for part in parts(predicate))


def _error(segment: Segment, field: str, code: str, expected: Any) -> FieldError:
    return FieldError(f"segment.{field}", code, getattr(segment, field), expected, segment.id)
