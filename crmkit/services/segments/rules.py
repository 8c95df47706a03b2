"""The core's rules of the write path for segments: a definition is right when it is written, and members fit it.

Segments are named in filters. So no two have one name, one that others speak of is not deleted, and a new name is put
into the filters that speak of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID
from weakref import WeakSet

from crmkit.core.entity import change
from crmkit.core.errors import FieldError, ValidationFailed
from crmkit.core.filter import FilterError, fold, parse
from crmkit.core.filter.segments import segment_renamed, segments_named
from crmkit.core.grouping import Segment
from crmkit.core.messages import msg
from crmkit.hooks.kinds import hookimpl
from crmkit.hooks.protocols import Context
from crmkit.hooks.records import RecordBatch, Refuse
from crmkit.services.append_only import is_rewriting
from crmkit.services.segments.checking import definition_errors
from crmkit.store.references import existing_ids
from crmkit.store.session import Session

_DEFINING = ("name", "entity", "kind", "filter", "watched")

_maintaining: WeakSet[Session] = WeakSet()
"""Sessions that write members of watched segments; a session belongs to one thread."""


@contextmanager
def maintaining(session: Session) -> Iterator[None]:
    """Let ``session`` write members of watched segments inside the block; what is pending at its end is written."""
    session.flush()
    _maintaining.add(session)
    try:
        yield
        session.flush()
    finally:
        _maintaining.discard(session)


class SegmentRules:
    """The core's part in the hooks of saving, for segments and their members."""

    @hookimpl(specname="derive_records", tryfirst=True, entities=("segment", "segment_member"))
    def derive_segments(self, ctx: Context, call: RecordBatch) -> list[Any]:
        """Refuse definitions that mean nothing; put new names where old ones stood; fill in what members are."""
        if call.entity == "segment_member":
            return _completed(ctx, call)
        errors: list[FieldError] = []
        for c in call.changes:
            if c.after.deleted_at is None and any(c.changed(name) for name in _DEFINING):
                errors += definition_errors(ctx.session, c.after)
        if errors:
            raise ValidationFailed(errors)
        return list(_renamed(ctx, call))

    @hookimpl(specname="guard_records", entities=("segment",))
    def guard_segments(self, ctx: Context, call: RecordBatch) -> list[Refuse]:
        """Refuse to delete what others speak of, and to make a segment one of something else."""
        refused: list[Refuse] = []
        for c in call.changes:
            if c.before is not None and (c.changed("entity") or c.changed("kind")):
                refused.append(
                    Refuse(
                        msg("what {name} holds is not changed; make another segment", name=c.before.name), c.after.id
                    )
                )
            if c.before is not None and c.deleted and (users := _speaking_of(ctx, c.before)):
                names = ", ".join(sorted(one.name for one in users))
                refused.append(
                    Refuse(msg("segment {name} is part of {segments}", name=c.before.name, segments=names), c.after.id)
                )
        return refused

    @hookimpl(specname="guard_records", entities=("segment_member",))
    def guard_members(self, ctx: Context, call: RecordBatch) -> list[Refuse]:
        """Refuse members that are no such records, and members of saved filters, which follow from the filter."""
        session: Any = ctx.session
        if session in _maintaining or is_rewriting(session):
            return []
        return list(_member_refusals(ctx, call))


def _completed(ctx: Context, call: RecordBatch) -> list[Any]:
    bare = [c.after for c in call.changes if not c.after.entity]
    segments = _segments(ctx, {member.segment_id for member in bare}) if bare else {}
    return [
        change(member, entity=segments[member.segment_id].entity) for member in bare if member.segment_id in segments
    ]


def _renamed(ctx: Context, call: RecordBatch) -> Iterator[Segment]:
    """Yield the segments that speak of renamed ones, with the new names."""
    names = {c.before.id: (c.before, c.after.name) for c in call.changes if c.before is not None and c.changed("name")}
    texts: dict[UUID, Segment] = {}
    for before, name in names.values():
        for user in _speaking_of(ctx, before):
            known = texts.get(user.id, user)
            texts[user.id] = change(known, filter=segment_renamed(known.filter, before.name, name))
    yield from texts.values()


def _speaking_of(ctx: Context, segment: Segment) -> list[Segment]:
    """Return the living segments whose filter speaks of ``segment``, which the actor may not all see."""
    session: Any = ctx.session
    with session.acting_as(session.actor.elevated()):
        every = session.peek_all(Segment)
    return [
        one
        for one in every
        if one.deleted_at is None and one.id != segment.id and _names(session, one, fold(segment.name), str(segment.id))
    ]


def _names(session: Any, segment: Segment, folded: str, id: str) -> bool:
    if "segment" not in fold(segment.filter) or segment.entity not in session.database.registry:
        return False
    try:
        predicate = parse(segment.filter, session.database.registry, segment.entity)
    except FilterError:
        # What it was about is gone; it is told whoever asks for it.
        return False
    return any(fold(name) in (folded, id) for name in segments_named(predicate))


def _member_refusals(ctx: Context, call: RecordBatch) -> Iterator[Refuse]:
    session: Any = ctx.session
    segments = _segments(ctx, {c.after.segment_id for c in call.changes})
    wanted: dict[str, set[UUID]] = {}
    for c in call.changes:
        member, segment = c.after, segments.get(c.after.segment_id)
        if segment is None:
            continue
        if segment.kind != "frozen":
            yield Refuse(msg("who is in {name} follows from its filter", name=segment.name), member.id)
        elif c.before is not None and (c.changed("record_id") or c.changed("segment_id")):
            yield Refuse(msg("a member stays who it is; remove it and add another"), member.id)
        elif member.entity != segment.entity:
            yield Refuse(msg("{name} is a list of {entity}", name=segment.name, entity=segment.entity), member.id)
        elif member.deleted_at is None:
            wanted.setdefault(member.entity, set()).add(member.record_id)
    found: set[UUID] = set()
    for entity, ids in wanted.items():
        if entity in session.database.registry:
            new = {id for id in ids if (pair := session.work.original(entity, id)) and pair[1].deleted_at is None}
            stored = existing_ids(session.connection, session.database, session.narrowing, entity, ids - new)
            found |= new | stored
    for member in (c.after for c in call.changes):
        if member.record_id in wanted.get(member.entity, ()) and member.record_id not in found:
            reason = msg("there is no {entity} with id {id}", entity=member.entity, id=str(member.record_id))
            yield Refuse(reason, member.id)


def _segments(ctx: Context, ids: set[UUID]) -> dict[UUID, Segment]:
    session: Any = ctx.session
    with session.acting_as(session.actor.elevated()):
        return {segment.id: segment for segment in session.peek_all(Segment, "id", sorted(ids))}
