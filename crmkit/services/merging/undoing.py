"""Taking a merge back: field by field, wherever nobody has changed since what the merge did."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

import attrs
import sqlalchemy as sa

from crmkit.core.entity import change
from crmkit.core.errors import BadInput, Conflict, NotFound
from crmkit.core.fieldtypes import Kind
from crmkit.core.frozen import frozen
from crmkit.core.journal import MergeJournal
from crmkit.core.messages import Message, msg, shown
from crmkit.core.values.ids import parse_id
from crmkit.services.access.required import require_right
from crmkit.services.append_only import rewriting
from crmkit.services.merging.images import Image, Moved, RecordImage, moved_in, plain, read_images, taken_back
from crmkit.services.merging.resolving import merges_of
from crmkit.store.chunks import distinct_chunks
from crmkit.store.locking import locked
from crmkit.store.references import existing_ids
from crmkit.store.repointing import read_ids, repoint, unseen, written_ids
from crmkit.store.savepoints import as_a_whole
from crmkit.store.session import Session


@frozen
class LeftAsIs:
    """A record that was changed after the merge; ``fields`` keep what they hold (empty: the whole record).

    ``title`` is empty where the actor may not read it.
    """

    entity: str
    record_id: UUID
    title: str
    fields: tuple[str, ...]
    reason: Message


@frozen
class UndoReport:
    """How many records got back what they held before the merge, and what was changed since and therefore left."""

    journal: MergeJournal
    restored: int
    left: tuple[LeftAsIs, ...]


def merges(session: Session, *, undone: bool = True, limit: int | None = None) -> list[MergeJournal]:
    """Return the merges of records that the actor may see, newest first; without ``undone`` those in force.

    A merge is seen by whoever sees the record that was kept; the images of what it changed by whoever may read every
    field.
    """
    with session.acting_as(session.actor.elevated()):
        found = session.list(MergeJournal, "" if undone else "undone_at is empty", order="-created_at,-id")
    return [session.masked(journal) for journal in _seen(session, found)[:limit]]


def _seen(session: Session, journals: Sequence[MergeJournal]) -> list[MergeJournal]:
    """Return those whose kept record the actor sees, deleted ones too; of entities that are no more, none."""
    seen: dict[str, set[UUID]] = {}
    for entity in {journal.entity for journal in journals} & {info.name for info in session.database.registry}:
        ids = {journal.kept_id for journal in journals if journal.entity == entity}
        seen[entity] = existing_ids(session.connection, session.database, session.narrowing, entity, ids, deleted=True)
    return [journal for journal in journals if journal.kept_id in seen.get(journal.entity, ())]


@frozen
class MergePage:
    """Merges, the newest first; ``next`` is the id behind which the next page begins, None on the last one."""

    merges: tuple[MergeJournal, ...]
    next: UUID | None = None


def merges_by_pages(session: Session, *, undone: bool = True, limit: int = 50, before: UUID | None = None) -> MergePage:
    """Return what ``merges`` does, page by page, each of merges that are older than the one with the id ``before``.

    Ids of merges grow with time. Raises BadInput for a ``limit`` that is not 1 to 1,000.
    """
    if not 1 <= limit <= 1_000:
        raise BadInput(msg("limit {limit}: a number from 1 to {most}", limit=limit, most=1_000))
    found: list[MergeJournal] = []
    while True:
        with session.acting_as(session.actor.elevated()):
            journals = _older(session, before, limit + 1, undone)
        found += _seen(session, journals)
        if len(found) > limit or len(journals) <= limit:
            break
        before = journals[-1].id
    page = tuple(session.masked(journal) for journal in found[:limit])
    return MergePage(page, page[-1].id if len(found) > limit else None)


def _older(session: Session, before: UUID | None, limit: int, undone: bool) -> list[MergeJournal]:
    table = session.table(MergeJournal)
    conditions = [
        *([] if before is None else [table.c.id < before]),
        *([] if undone else [table.c.undone_at.is_(None)]),
    ]
    statement = sa.select(table.c.id).where(*conditions).order_by(table.c.id.desc()).limit(limit)
    ids = [row[0] for row in session.execute(statement)]
    return sorted(session.list(MergeJournal, id=ids), key=lambda one: one.id, reverse=True) if ids else []


def find_merge(session: Session, needle: str) -> MergeJournal:
    """Return the merge with this id, the one in force that took the record with this id away, or the ``last`` in force.

    Raises NotFound, also for a merge of records that the actor does not see.
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
    if known is None or not _seen(session, [known]):
        raise NotFound(msg("no merge {needle}", needle=needle))
    return session.masked(known)


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
    require_right(session, info, [journal.kept_id, journal.lost_id], "merge")
    with session.acting_as(session.actor.elevated()), as_a_whole(session):
        locked(session, info.name, [journal.kept_id, journal.lost_id])
        journal = locked(session, "merge_journal", [journal_id])[journal_id]
        _require_undoable(session, journal)
        with rewriting(session):
            back, others = _moved_back(session, journal)
            restored, left = _restored(session, others)
            session.update(*restored)
        done = change(journal, undone_at=session.clock.now())
        session.update(done)
    count = len(back) + sum(str(record.id) not in back for record in restored)
    return UndoReport(session.masked(done), count, tuple(_titled(session, left)))


def _titled(session: Session, left: Sequence[LeftAsIs]) -> Iterator[LeftAsIs]:
    """Yield what was left, with the titles that the actor may read."""
    titles: dict[UUID, str] = {}
    for entity in {one.entity for one in left} & {info.name for info in session.database.registry}:
        info = session.database.registry.get(entity)
        if info.title in session.hidden(entity):
            continue
        for chunk in distinct_chunks({one.record_id for one in left if one.entity == entity}):
            for record in session.list(info.cls, id=chunk, deleted=True):
                titles[record.id] = str(getattr(record, info.title))
    for one in left:
        yield attrs.evolve(one, title=titles.get(one.record_id, ""))


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


def _moved_back(session: Session, journal: MergeJournal) -> tuple[set[str], list[Image]]:
    """Let what did no more than follow go back, where no hook asks to see it; return its ids and the other images."""
    back: set[str] = set()
    others: list[Image] = []
    for image in journal.images:
        moved = moved_in(image)
        if moved is None or not _goes_back_alone(session, journal, moved):
            others.append(image)
            continue
        info = session.database.registry.get(moved.entity)
        ids = read_ids(session, moved.ids)
        found = repoint(session, info, info.field(moved.field), UUID(moved.after), UUID(moved.before), ids)
        gone = set(written_ids(found))
        back |= gone
        if len(gone) < len(ids):
            others.append({**image, "ids": [id for id in moved.ids if id not in gone]})
    return back, others


def _goes_back_alone(session: Session, journal: MergeJournal, moved: Moved) -> bool:
    registry = session.database.registry
    if moved.entity not in registry or moved.field not in registry.get(moved.entity).by_name:
        return False
    info = registry.get(moved.entity)
    field = info.field(moved.field)
    if field.kind is not Kind.ID or not unseen(session, info, field):
        return False
    return not field.reference or _lives_again(session, journal, field.reference, UUID(moved.before))


def _lives_again(session: Session, journal: MergeJournal, entity: str, id: UUID) -> bool:
    """Whether a record lives, or will when the merge that took it away is taken back."""
    [*found] = session.list(session.database.registry.get(entity).cls, id=id, deleted=True)
    if not found or found[0].deleted_at is None:
        return bool(found)
    return any(
        field.name == "deleted_at" and field.before is None and field.after == plain(found[0].deleted_at)
        for image in read_images(image for image in journal.images if image.get("id") == str(id))
        for field in image.fields
    )


def _restored(session: Session, images: Iterable[Image]) -> tuple[list[Any], list[LeftAsIs]]:
    """Return the records that change, as they will be, and those that stay as they are."""
    by_entity: dict[str, dict[UUID, list[RecordImage]]] = {}
    for image in read_images(images):
        by_entity.setdefault(image.entity, {}).setdefault(image.id, []).append(image)
    restored: list[Any] = []
    left: list[LeftAsIs] = []
    for entity, of_records in by_entity.items():
        if entity not in session.database.registry:
            continue
        info = session.database.registry.get(entity)
        found = {
            r.id: r for chunk in distinct_chunks(of_records) for r in session.list(info.cls, id=chunk, deleted=True)
        }
        for id, parts in of_records.items():
            record = found.get(id)
            if record is None:
                left.append(LeftAsIs(entity, id, "", (), msg("it is gone")))
                continue
            if parts[0].created:
                if record.deleted_at is None and record.version == 1:
                    restored.append(change(record, deleted_at=session.clock.now()))
                elif record.deleted_at is None:
                    reason = msg("the merge made it, and it was changed since")
                    left.append(LeftAsIs(entity, record.id, "", (), reason))
                continue
            before, fields = record, list[str]()
            # What followed and was then changed by a hook of the merge has two images: the later one goes first.
            for image in reversed(parts):
                before, changed_since = taken_back(info, image, before)
                fields += changed_since
            if before is not record:
                restored.append(before)
            if fields:
                left.append(LeftAsIs(entity, record.id, "", tuple(fields), msg("changed after the merge")))
    return restored, left
