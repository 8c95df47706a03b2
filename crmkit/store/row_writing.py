"""The last step of the write path: records, their audit entries and their events become rows, and faults become errors."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.entity import changed_fields
from crmkit.core.errors import CrmError, StaleVersion
from crmkit.store.deferred import Deferred
from crmkit.store.faults import ReferenceViolation, UniqueViolation, translate
from crmkit.store.growth import BATCH
from crmkit.store.journal import JournalRows
from crmkit.store.references import explain_unique, missing_reference, unique_key_of
from crmkit.store.rights_version import RIGHTS
from crmkit.store.unit_of_work import Pair

if TYPE_CHECKING:
    from crmkit.core.registry import EntityRegistry
    from crmkit.store.session import Session

_set = object.__setattr__


def write_rows(session: Session, batches: dict[str, list[Pair]], now: datetime) -> UUID | None:
    """Write the records, then their audit entries and events."""
    database, work = session.database, session.work
    rows = JournalRows(database.codecs, session.deltas, session.driver_tenant, session.hooks.releases)
    rights_change = _changes_rights(database.registry, batches)
    if session.deferred is not None and not rights_change and _all_new(batches):
        _defer(session, session.deferred, batches, rows, now)
        return rows.first
    lone = None if rights_change else _lone(batches)
    # On PostgreSQL a lone new record at the end of a session is one statement: atomic by itself, one round trip.
    alone = lone is not None and session.commits_alone()
    if alone:
        session.connect_alone()
    cursor = session.connection.connection.cursor()
    session.broken = session.wrote = True
    try:
        for entity in batches if len(batches) == 1 else sorted(batches, key=database.write_order.__getitem__):
            pairs = batches[entity]
            if lone is None:
                try:
                    _write_entity(session, cursor, entity, pairs, now)
                except Exception as error:
                    _explain(session, entity, pairs, error)
            rows.add(entity, pairs, now, session.actor, work.derived, session.cause, work.fields_derived)
        if rights_change:
            database.rights.count_up(cursor, session.actor.tenant_id)
            session.rights_changed()
        if lone is None:
            try:
                rows.insert(database.writer, cursor)
                if len(rows.audit) >= BATCH and database.growth is not None:
                    for name in ("audit_entry", "event"):
                        database.growth.added(cursor, database.tables[name], len(rows.audit))
            except Exception as error:
                raise translate(error) from error
        else:
            try:
                row = database.codecs[entity].to_row(lone, session.driver_tenant)
                database.writer.insert_lone(cursor, entity, (row, rows.audit[0], rows.event_rows[0]))
            except Exception as error:
                _explain(session, entity, pairs, error)
    except BaseException:
        _unstamp(batches)
        raise
    finally:
        cursor.close()
    session.broken = False
    return rows.first


def _all_new(batches: dict[str, list[Pair]]) -> bool:
    """Whether there are new records alone, and few of them."""
    return all(before is None for pairs in batches.values() for before, _ in pairs) and (
        sum(map(len, batches.values())) < BATCH
    )


def _defer(
    session: Session, deferred: Deferred, batches: dict[str, list[Pair]], rows: JournalRows, now: datetime
) -> None:
    """Have new records inserted with what others wait to insert; nothing is sent."""
    database, work, tenant = session.database, session.work, session.driver_tenant
    lone = _lone(batches)
    try:
        for entity in sorted(batches, key=database.write_order.__getitem__):
            to_row = database.codecs[entity].to_row
            made = [to_row(after, tenant) for _, after in batches[entity]]
            rows.add(entity, batches[entity], now, session.actor, work.derived, session.cause, work.fields_derived)
            if lone is None:
                deferred.add(entity, made)
            else:
                deferred.add_lone(entity, (made[0], rows.audit[0], rows.event_rows[0]))
        if lone is None:
            deferred.add("audit_entry", rows.audit)
            deferred.add("event", rows.event_rows)
    except BaseException:
        _unstamp(batches)
        raise


def _changes_rights(registry: EntityRegistry, batches: dict[str, list[Pair]]) -> bool:
    """Whether somebody's rights change: by new ones too, or because what lets somebody in is changed or taken away.

    Of the latter, fields that are not audited tell how it is used, and change nothing.
    """
    if not RIGHTS.isdisjoint(batches):
        return True
    for name in registry.credentials.intersection(batches):
        heeded = [field.name for field in registry.get(name).stored if field.audited]
        for before, after in batches[name]:
            if before is not None and any(getattr(before, field) != getattr(after, field) for field in heeded):
                return True
    return False


def _lone(batches: dict[str, list[Pair]]) -> Any:
    """Return the record when the flush is about one new record and nothing else."""
    if len(batches) == 1:
        (pairs,) = batches.values()
        if len(pairs) == 1 and pairs[0][0] is None:
            return pairs[0][1]
    return None


def _write_entity(session: Session, cursor: Any, entity: str, pairs: list[Pair], now: datetime) -> None:
    database = session.database
    codec = database.codecs[entity]
    at, by = (codec.to_driver[name] for name in ("created_at", "created_by"))
    who = session.actor.acting_id
    new = codec.to_new_rows(
        [after for before, after in pairs if before is None],
        session.driver_tenant,
        now if at is None else at(now),
        who if who is None or by is None else by(who),
    )
    if len(new) < len(pairs):
        changed = [pair for pair in pairs if pair[0] is not None]
        # Changes first: they may free a unique key that a new record takes.
        _update(session, cursor, entity, changed)
    if new:
        database.writer.insert(cursor, entity, new)
        if len(new) >= BATCH and database.growth is not None:
            database.growth.added(cursor, database.tables[entity], len(new))


def _update(session: Session, cursor: Any, entity: str, pairs: list[Pair]) -> None:
    database, tenant = session.database, session.driver_tenant
    codec = database.codecs[entity]
    place = {name: number for number, name in enumerate(codec.columns)}
    groups: dict[tuple[int, tuple[str, ...]], list[Pair]] = {}
    for before, after in pairs:
        groups.setdefault((_turn(before, after), changed_fields(before, after)), []).append((before, after))
    for (_, fields), group in sorted(groups.items(), key=lambda item: item[0][0]):
        stored = [column for name in fields for column in codec.written.get(name, (name,))]
        columns = (*stored, "version", "updated_at", "updated_by")
        places = [place[column] for column in columns]
        rows = []
        for before, after in group:
            row = codec.to_row(after, tenant)
            rows.append((*[row[number] for number in places], row[0], tenant, before.version))
        if database.writer.update(cursor, entity, columns, rows) != len(rows):
            _raise_stale(session, entity, group)


def _turn(before: Any, after: Any) -> int:
    """Deletions first: they may free a unique key that a changed record takes. What comes back takes what is left."""
    if after.deleted_at is not None:
        return 0
    return 1 if before.deleted_at is None else 2


def _raise_stale(session: Session, entity: str, group: list[Pair]) -> None:
    """Name the record that was changed elsewhere: the one whose version differs once our own changes are undone."""
    table = session.database.tables[entity]
    session.undo_failed()
    for before, _ in group:
        version = session.connection.scalar(sa.select(table.c.version).where(table.c.id == before.id))
        if version != before.version:
            raise StaleVersion(entity, before.id, before.version)
    raise StaleVersion(entity, group[0][0].id, group[0][0].version)


def _explain(session: Session, entity: str, pairs: list[Pair], error: Exception) -> None:
    """Raise what a person can understand instead of a driver's error."""
    if isinstance(error, CrmError):
        raise error
    fault = translate(error)
    if session.deferred is not None:
        # Whoever shares the transaction repeats this alone, and is told more then.
        raise fault from error
    if isinstance(fault, UniqueViolation):
        info = session.database.registry.get(entity)
        key = unique_key_of(fault, info)
        raise explain_unique(fault, info, pairs, session.taken_keys(entity, key, pairs) if key else ()) from None
    if isinstance(fault, ReferenceViolation):
        raise missing_reference(fault) from None
    raise fault from error


def _unstamp(batches: dict[str, list[Pair]]) -> None:
    """Give records back as they came, so that they can be corrected and saved by another session."""
    for pairs in batches.values():
        for before, after in pairs:
            _set(after, "version", 0 if before is None else before.version)
