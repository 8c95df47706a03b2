"""Taking a merge back: field by field, wherever nobody has changed since what the merge did."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import attrs

from crmkit.core.entity import change
from crmkit.core.errors import BadInput, Conflict, NotFound
from crmkit.core.journal import MergeJournal
from crmkit.core.messages import Message, msg, shown
from crmkit.core.values.ids import parse_id
from crmkit.services.append_only import rewriting
from crmkit.services.merging.images import RecordImage, read_images, taken_back
from crmkit.services.merging.resolving import merges_of
from crmkit.services.merging.running import require_right
from crmkit.store.locking import locked
from crmkit.store.session import Session
from crmkit.store.trail import chunks


@attrs.frozen
class LeftAsIs:
    """A record that was changed after the merge; ``fields`` keep what they hold (empty: the whole record)."""

    entity: str
    record_id: UUID
    title: str
    fields: tuple[str, ...]
    reason: Message


@attrs.frozen
class UndoReport:
    """How many records got back what they held before the merge, and what was changed since and therefore left."""

    journal: MergeJournal
    restored: int
    left: tuple[LeftAsIs, ...]


def merges(session: Session, *, undone: bool = True, limit: int | None = None) -> list[MergeJournal]:
    """Return the merges of records that the actor may see, newest first; without ``undone`` those in force.

    A merge is seen by whoever sees the record that was kept.
    """
    seen: list[MergeJournal] = []
    with session.acting_as(session.actor.elevated()):
        found = session.list(MergeJournal, "" if undone else "undone_at is empty", order="-created_at,-id")
    visible: dict[str, set[UUID]] = {}
    for journal in found:
        if journal.entity not in visible:
            cls = session.database.registry.get(journal.entity).cls
            ids = {other.kept_id for other in found if other.entity == journal.entity}
            visible[journal.entity] = {
                record.id for chunk in chunks(ids) for record in session.list(cls, id=chunk, deleted=True)
            }
        if journal.kept_id in visible[journal.entity]:
            seen.append(journal)
        if limit is not None and len(seen) == limit:
            break
    return seen


def find_merge(session: Session, needle: str) -> MergeJournal:
    """Return the merge with this id, the one in force that took the record with this id away, or the ``last`` in force.

    Raises NotFound.
    """
    if needle == "last":
        found = merges(session, undone=False, limit=1)
        if not found:
            raise NotFound(msg("there is no merge that could be undone"))
        return found[0]
    try:
        key = parse_id(needle)
    except BadInput:
        raise NotFound(msg("no merge {needle}", needle=shown(needle))) from None
    with session.acting_as(session.actor.elevated()):
        known = session.find(MergeJournal, id=key) or session.find(MergeJournal, lost_id=key, undone_at=None)
    if known is None:
        raise NotFound(msg("no merge {needle}", needle=needle))
    return known


def undo(session: Session, journal_id: UUID) -> UndoReport:
    """Take a merge back: both records, and all that followed, hold again what they held before it.

    What was changed after the merge stays as it is and is reported; what was added to the kept record stays with it.
    Raises NotFound, AccessDenied, and Conflict when the merge was undone before, when its record was merged further
    since (undo that first), or when its journal was erased.
    """
    session.flush()
    with session.acting_as(session.actor.elevated()):
        journal = session.get(MergeJournal, journal_id)
    info = session.database.registry.get(journal.entity)
    require_right(session, info, [journal.kept_id, journal.lost_id])
    with session.acting_as(session.actor.elevated()):
        locked(session, info.name, [journal.kept_id, journal.lost_id])
        journal = locked(session, "merge_journal", [journal_id])[journal_id]
        _require_undoable(session, journal)
        restored, left = _restored(session, journal)
        with rewriting(session):
            session.update(*restored)
        done = change(journal, undone_at=session.clock.now())
        session.update(done)
        session.flush()
    return UndoReport(done, len(restored), tuple(left))


def _require_undoable(session: Session, journal: MergeJournal) -> None:
    if journal.undone_at is not None:
        raise Conflict(msg("merge {id} was undone before", id=str(journal.id)))
    further = merges_of(session, journal.entity, [journal.kept_id])
    if further:
        raise Conflict(
            msg(
                "{kept} was merged into {further} since; undo that merge first",
                kept=str(journal.kept_id),
                further=str(further[journal.kept_id]),
            )
        )
    if not journal.images:
        raise Conflict(msg("what merge {id} changed was erased; it cannot be undone", id=str(journal.id)))


def _restored(session: Session, journal: MergeJournal) -> tuple[list[Any], list[LeftAsIs]]:
    """Return the records that change, as they will be, and those that stay as they are."""
    by_entity: dict[str, list[RecordImage]] = {}
    for image in read_images(journal.images):
        by_entity.setdefault(image.entity, []).append(image)
    restored: list[Any] = []
    left: list[LeftAsIs] = []
    for entity, images in by_entity.items():
        if entity not in session.database.registry:
            continue
        info = session.database.registry.get(entity)
        ids = [image.id for image in images]
        found = {r.id: r for chunk in chunks(ids) for r in session.list(info.cls, id=chunk, deleted=True)}
        for image in images:
            record = found.get(image.id)
            if record is None:
                reason = msg("it is gone")
                left.append(LeftAsIs(entity, image.id, "", (), reason))
                continue
            title = str(getattr(record, info.title, ""))
            if image.created:
                if record.deleted_at is None and record.version == 1:
                    restored.append(change(record, deleted_at=session.clock.now()))
                elif record.deleted_at is None:
                    reason = msg("the merge made it, and it was changed since")
                    left.append(LeftAsIs(entity, record.id, title, (), reason))
                continue
            before, fields = taken_back(info, image, record)
            if before is not record:
                restored.append(before)
            if fields:
                left.append(LeftAsIs(entity, record.id, title, fields, msg("changed after the merge")))
    return restored, left
