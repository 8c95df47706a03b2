"""What records were at a moment, what became of them, and who did it: read from the audit log.

Whoever may read a record now may read its history; a record that the actor may not see is not found, and values of
fields that the actor may not read are masked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.audit_chain import is_tombstone
from crmkit.core.entity import STAMPED, EntityInfo, Part, change
from crmkit.core.errors import CrmError, NotFound
from crmkit.core.field_rights import MASKED
from crmkit.core.frozen import frozen
from crmkit.core.journal import AuditEntry
from crmkit.core.messages import msg
from crmkit.core.values.ids import parse_id
from crmkit.services.origins import Origins
from crmkit.store.session import Session
from crmkit.store.trail import entries_where, last_until, records_now, values_after, values_before

P = TypeVar("P", bound=Part)


class HistoryErased(CrmError):
    """What a record held then was erased from the audit log."""

    code = "history_erased"


@frozen
class FieldChange:
    """What one field held ``before`` and ``after``, as typed values; None where there was no record.

    ``name`` may be that of a custom field. Values that the reader may not see are ``MASKED``.
    """

    name: str
    before: Any
    after: Any


@frozen
class HistoryEntry:
    """One change of a record: when, what, who, on whose behalf, through which plugin and because of what.

    ``who`` and ``on_behalf`` are logins, empty for the system. ``cause`` says in words what ``cause_id`` stands for.
    ``erased`` says that the values were taken out of the log.
    """

    id: UUID
    occurred_at: datetime
    action: str
    version: int
    who: str
    on_behalf: str
    plugin: str
    cause: str
    cause_id: UUID | None
    fields: tuple[FieldChange, ...]
    erased: bool = False


@frozen
class Past:
    """Many records as they were at one instant, by id. ``erased`` holds the ids of those whose past was erased."""

    records: Mapping[UUID, Any]
    erased: frozenset[UUID]


def as_of(
    session: Session,
    entity: type[P],
    id: UUID | str,
    instant: datetime,
    *,
    deleted: bool = False,
    complete: bool = False,
) -> P | None:
    """Return a record as it was at ``instant``, changes of that very instant included.

    None when it was not there yet, or was deleted; with ``deleted`` a deleted one is returned, its ``deleted_at``
    filled. Fields that are not audited have their present value. ``complete``: like what a session reads, the record has
    what is in fields that the actor may not read, and whoever shows it leaves those out. Raises NotFound for a record
    that the actor may not see now, and HistoryErased.
    """
    found = _past(session, entity, id, instant, deleted)
    return found if found is None or complete else session.masked(found)


def _past(session: Session, entity: type[P], id: UUID | str, instant: datetime, deleted: bool = False) -> P | None:
    key = parse_id(id)
    record = records_now(session, entity, [key]).get(key)
    if record is None:
        raise _unknown(session, entity, key)
    past = _rewound(session, entity, {key: record}, instant, deleted)
    if past.erased:
        raise HistoryErased(
            msg(
                "what {entity} {id} held at {instant} was erased from the audit log",
                entity=session.database.registry.get(entity).name,
                id=str(key),
                instant=instant.isoformat(),
            )
        )
    found: P | None = past.records.get(key)
    return found


def as_of_all(
    session: Session, entity: type[P], ids: Iterable[UUID], instant: datetime, *, deleted: bool = False
) -> Past:
    """Return many records as they were at ``instant``; see ``as_of``. Those that there were not are left out.

    Takes three queries for 500 records.
    """
    past = _rewound(session, entity, records_now(session, entity, ids), instant, deleted)
    return Past({id: session.masked(record) for id, record in past.records.items()}, past.erased)


def changes(
    session: Session,
    entity: type[Part],
    id: UUID | str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int | None = None,
    before: tuple[int, UUID] | None = None,
) -> tuple[HistoryEntry, ...]:
    """Return the changes of a record from ``since`` to ``until``, both included, newest first and at most ``limit``.

    ``before`` is the version and the id of the entry that a page before ended with. Raises NotFound for a record that
    the actor may not see now.
    """
    key = parse_id(id)
    if key not in records_now(session, entity, [key]):
        raise _unknown(session, entity, key)
    info = session.database.registry.get(entity)

    def condition(table: Any) -> list[Any]:
        wanted = [] if since is None else [table.c.occurred_at >= since]
        if until is not None:
            wanted.append(table.c.occurred_at <= until)
        if before is not None:
            same = sa.and_(table.c.version == before[0], table.c.id < before[1])
            wanted.append(sa.or_(table.c.version < before[0], same))
        return wanted

    entries = entries_where(session, [key], condition, limit)
    origins = Origins(session, entries)
    hidden = session.hidden(entity)
    return tuple(_shown(info, entry, origins, hidden) for entry in entries)


def diff(session: Session, entity: type[Part], id: UUID | str, a: datetime, b: datetime) -> tuple[FieldChange, ...]:
    """Return the fields in which a record at ``b`` differs from what it was at ``a``, bookkeeping left out.

    Where there was no record, or a deleted one, every field holds None. Raises NotFound and HistoryErased as ``as_of``.
    """
    info = session.database.registry.get(entity)
    before, after = (_values(info, _past(session, entity, id, instant)) for instant in (a, b))
    return tuple(_masked(_differences(info, before, after), session.hidden(entity)))


def _rewound(session: Session, entity: type[Any], now: Mapping[UUID, Any], instant: datetime, deleted: bool) -> Past:
    """Undo what came after ``instant``. Versions tell the order; clocks of several machines may contradict it."""
    info = session.database.registry.get(entity)
    later: dict[UUID, dict[int, AuditEntry]] = {}
    for entry in entries_where(session, now, lambda t: [t.c.occurred_at > instant, t.c.action != "erased"]):
        later.setdefault(entry.record_id, {})[entry.version] = entry
    last = last_until(session, later, instant)
    found: dict[UUID, Any] = {}
    erased: set[UUID] = set()
    for id, record in now.items():
        values: dict[str, Any] = {}
        version, undone = record.version, later.get(id, {})
        while version in undone:
            entry = undone[version]
            version -= 1
            if entry.action == "created":
                version = 0
            elif is_tombstone(entry.delta):
                erased.add(id)
            else:
                values.update(values_before(info, entry.delta))
        if version < 1:
            erased.discard(id)
            continue
        if id in last:
            values.update(version=version, updated_at=last[id].occurred_at, updated_by=last[id].actor_id)
        state = change(record, **values) if values else record
        if id not in erased and (deleted or state.deleted_at is None):
            found[id] = state
    return Past(found, frozenset(erased))


def _masked(changes: Iterable[FieldChange], hidden: frozenset[str]) -> Iterator[FieldChange]:
    """Yield the changes, those of hidden fields without what was in them."""
    for one in changes:
        if one.name in hidden:
            before, after = (None if _empty(value) else MASKED for value in (one.before, one.after))
            yield FieldChange(one.name, before, after)
        else:
            yield one


def field_changes(info: EntityInfo, entry: AuditEntry) -> Iterator[FieldChange]:
    """Yield what an audit entry that was not erased says of fields, hidden ones too; fields that are no more are left out."""
    if entry.action == "erased":
        return
    created = entry.action == "created"
    after = values_after(info, entry.delta, created)
    before = {} if created else values_before(info, entry.delta)
    yield from _differences(info, before, after)


def _shown(info: EntityInfo, entry: AuditEntry, origins: Origins, hidden: frozenset[str]) -> HistoryEntry:
    erased = is_tombstone(entry.delta)
    fields = () if erased else tuple(_masked(field_changes(info, entry), hidden))
    return HistoryEntry(
        id=entry.id,
        occurred_at=entry.occurred_at,
        action=entry.action,
        version=entry.version,
        who=origins.login(entry.actor_id),
        on_behalf=origins.login(entry.on_behalf_id),
        plugin=entry.plugin,
        cause=origins.cause(entry.cause_id),
        cause_id=entry.cause_id,
        fields=fields,
        erased=erased,
    )


def _values(info: EntityInfo, record: Part | None) -> dict[str, Any]:
    if record is None:
        return {}
    names = [field.name for field in info.stored if field.audited and field.name not in STAMPED]
    return {name: getattr(record, name) for name in names}


def _differences(info: EntityInfo, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[FieldChange]:
    """Yield the fields that differ: the entity's own, then those that all entities have; custom fields one by one."""
    for field in sorted(info.stored, key=lambda field: field.common):
        name = field.name
        old, new = before.get(name), after.get(name)
        if name == "custom":
            yield from _custom_differences(old or {}, new or {})
        elif old != new and not (_empty(old) and _empty(new)):
            yield FieldChange(name, old, new)


def _custom_differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[FieldChange]:
    for name in dict.fromkeys((*before, *after)):
        if before.get(name) != after.get(name):
            yield FieldChange(name, before.get(name), after.get(name))


def _empty(value: Any) -> bool:
    """Whether a value says nothing: no record and an empty field are the same to a reader."""
    return value is None or value == "" or value == () or value == {}


def _unknown(session: Session, entity: type[Any], id: UUID) -> NotFound:
    return NotFound(msg("no {entity} with id {id}", entity=session.database.registry.get(entity).name, id=str(id)))
