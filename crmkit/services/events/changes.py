"""The event log as a feed of changes for other systems: in order, nothing skipped, and nothing that one may not see.

A place in the feed is a position of the log. What a transaction writes appears when it is committed, and never before
a place that was handed out: reading stops where a running transaction may still fill a position.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.audit_chain import is_tombstone
from crmkit.core.entity import EntityInfo
from crmkit.core.errors import BadInput, did_you_mean
from crmkit.core.frozen import frozen
from crmkit.core.journal import AuditEntry, Event
from crmkit.core.messages import msg, shown
from crmkit.services.history import FieldChange, field_changes
from crmkit.store.chunks import in_chunks
from crmkit.store.database import Database
from crmkit.store.faults import faults_translated
from crmkit.store.references import existing_ids
from crmkit.store.session import Session
from crmkit.store.settling import last_position, settled_behind
from crmkit.store.tenant_wall import EVERY_TENANT

LIMIT = 100
MOST = 1_000

LOOKED_BACK = 1_000
"""How far before the end of the log the feed begins at the most for who asks for its end while others write."""

LOOKED_THROUGH = 10_000
"""Events that one page looks through at the most; who may see few of them gets pages that are short, or empty."""


class UnknownPlace(BadInput):
    """A place that this log does not have: it is ahead of its end, as after a database was restored."""

    code = "unknown_place"


@frozen
class RecordChange:
    """One event with what changed. ``fields`` are those that the actor may read; none where ``erased``."""

    event: Event
    version: int
    fields: tuple[FieldChange, ...]
    erased: bool = False


@frozen
class ChangePage:
    """Changes in the order of the log. ``place`` is where to go on; ``more``: there is something to read there now."""

    changes: tuple[RecordChange, ...]
    place: int
    more: bool


def feed_place(session: Session, moment: datetime | None = None) -> int:
    """Return the place in the feed before everything that happened from a moment on; without one, its end."""
    database, tenant = session.database, session.actor.tenant_id
    with database.connection(reads=True, tenant=EVERY_TENANT if moment is None else tenant) as connection:
        if moment is not None:
            return position_before(connection, database, tenant, moment)
        end = last_position(connection, database)
    # Of what runs at this moment nothing is missed: rather is something told that was there already.
    return settled_behind(database, max(0, end - LOOKED_BACK))


def changes_behind(
    session: Session,
    place: int = 0,
    *,
    entities: Collection[str] = (),
    without: Collection[str] = (),
    limit: int = LIMIT,
) -> ChangePage:
    """Return the next ``limit`` changes behind a place, of records that the actor may see now, deleted ones too.

    ``entities`` limits what they are about, ``without`` names entities that are left out. That a record was erased, with
    nothing of it left, is told to whoever may see all records of its entity. Raises BadInput for an entity that there is
    not and a ``limit`` that is not 1 to 1,000, and UnknownPlace.
    """
    if not 1 <= limit <= MOST:
        raise BadInput(msg("limit {limit}: a number from 1 to {most}", limit=limit, most=MOST))
    known = {info.name: info for info in session.database.registry if info.name not in without}
    for name in entities:
        if name not in known:
            raise BadInput(msg("no entity {name}; {hint}", name=shown(name), hint=did_you_mean(name, known)))
    if place < 0:
        raise _unknown(place)
    # Asked before the session reads, so that one request holds one connection at a time.
    settled = settled_behind(session.database, place)
    if place > settled:
        raise _unknown(place)
    session.flush()
    wanted = sorted(set(entities) or known)
    found: list[tuple[Event, AuditEntry]] = []
    looked = 0
    while place < settled and len(found) < limit and looked < LOOKED_THROUGH:
        size = min(LOOKED_THROUGH - looked, max(limit * 2, 200))
        rows = _rows(session, place, settled, wanted, size)
        looked += size
        visible = _visible(session, rows)
        for event, entry in rows:
            if len(found) == limit:
                break
            place = event.position
            if event.record_id in visible.get(event.entity, ()) or _all_seen(session, event.entity):
                found.append((event, entry))
        else:
            if len(rows) < size:
                place = settled
    changes = tuple(_change(known[event.entity], event, entry, session) for event, entry in found)
    return ChangePage(changes, place, place < settled)


def _rows(
    session: Session, after: int, until: int, entities: Iterable[str], limit: int
) -> list[tuple[Event, AuditEntry]]:
    """Return events with their audit entries, in order."""
    database = session.database
    log, entries = database.tables["event"], database.tables["audit_entry"]
    event_codec, entry_codec = database.codecs["event"], database.codecs["audit_entry"]
    own = [log.c[name] for name in event_codec.load_columns]
    theirs = [entries.c[name].label(f"entry_{name}") for name in entry_codec.load_columns]
    statement = (
        sa.select(*own, *theirs)
        .join_from(log, entries, sa.and_(entries.c.id == log.c.id, entries.c.tenant_id == log.c.tenant_id))
        .where(log.c.tenant_id == session.actor.tenant_id, log.c.position > after, log.c.position <= until)
        .where(log.c.entity.in_(list(entities)))
        .order_by(log.c.position)
        .limit(limit)
    )
    with faults_translated():
        rows = session.connection.execute(statement).all()
    split = len(own)
    return [(event_codec.from_row(row[:split]), entry_codec.from_row(row[split:])) for row in rows]


def _visible(session: Session, rows: Iterable[tuple[Event, AuditEntry]]) -> Mapping[str, set[UUID]]:
    """Return the records among those of events that the actor may see, by entity."""
    wanted: dict[str, set[UUID]] = {}
    for event, _ in rows:
        if not _all_seen(session, event.entity):
            wanted.setdefault(event.entity, set()).add(event.record_id)
    found: dict[str, set[UUID]] = {}
    for entity, ids in wanted.items():
        for chunk in in_chunks(sorted(ids)):
            seen = existing_ids(session.connection, session.database, session.narrowing, entity, chunk, deleted=True)
            found.setdefault(entity, set()).update(seen)
    return found


def _all_seen(session: Session, entity: str) -> bool:
    return session.narrowing.reaches_all(entity, "read")


def _change(info: EntityInfo, event: Event, entry: AuditEntry, session: Session) -> RecordChange:
    if is_tombstone(entry.delta) or entry.action == "erased":
        return RecordChange(event, entry.version, (), erased=True)
    hidden = session.hidden(info.name)
    fields: Iterator[FieldChange] = (one for one in field_changes(info, entry) if one.name not in hidden)
    return RecordChange(event, entry.version, tuple(fields))


def position_before(connection: sa.Connection, database: Database, tenant: UUID, moment: datetime) -> int:
    """Return the last position of a tenant's log before everything that happened at or after ``moment``."""
    log = database.tables["event"]
    mine = log.c.tenant_id == tenant
    first = connection.scalar(sa.select(sa.func.min(log.c.position)).where(mine, log.c.occurred_at >= moment))
    if first is not None:
        return int(first) - 1
    return int(connection.scalar(sa.select(sa.func.max(log.c.position)).where(mine)) or 0)


def _unknown(place: int) -> UnknownPlace:
    return UnknownPlace(msg("the log of events has no place {place}; begin anew", place=place))
