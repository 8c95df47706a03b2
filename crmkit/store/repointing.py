"""Letting many records follow a reference by statements over sets, where nobody asks to see each record.

What it leaves behind is what a flush would leave: counted versions, stamps, an audit entry and an event for each record.
Ids are those of the driver, since they only pass through.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from crmkit.core.entity import EntityInfo, FieldInfo
from crmkit.core.errors import AccessDenied
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg
from crmkit.store.database import Database
from crmkit.store.faults import ReferenceViolation, UniqueViolation, faults_translated, translate
from crmkit.store.journal import JournalRows
from crmkit.store.references import explain_unique, missing_reference
from crmkit.store.rights_version import RIGHTS
from crmkit.store.writing import Repointing

if TYPE_CHECKING:
    from crmkit.store.session import Session

DriverId = Any
"""The id of a record as the driver takes it: bytes on SQLite, a UUID on PostgreSQL."""


@frozen(eq=False)
class Use:
    """A reference by which records of ``info`` may refer to those of an entity.

    ``kind`` is what their field ``entity`` must be, where a reference may lead to records of any entity.
    """

    info: EntityInfo
    field: FieldInfo
    kind: str = ""


_asked: WeakKeyDictionary[Database, dict[tuple[tuple[str, str, str], ...], Any]] = WeakKeyDictionary()


def unseen(session: Session, info: EntityInfo, field: FieldInfo) -> bool:
    """Whether a change of ``field`` alone concerns no hook of saving and nobody's rights."""
    if field.custom or not info.editable or info.name in RIGHTS:
        return False
    return not any(
        session.hooks.caller(hook, info.name).heeds(field.name) for hook in ("derive_records", "guard_records")
    )


def in_use(session: Session, uses: Sequence[Use], ids: Sequence[UUID]) -> list[Use]:
    """Return those of ``uses`` by which any record of the tenant, deleted ones too, refers to one of ``ids``.

    One statement asks for all of them.
    """
    if not uses:
        return []
    known = _asked.setdefault(session.database, {})
    key = tuple((use.info.name, use.field.name, use.kind) for use in uses)
    if key not in known:
        known[key] = sa.union_all(
            *[
                sa.select(sa.literal_column(str(place))).where(_any(session.database, use))
                for place, use in enumerate(uses)
            ]
        )
    with faults_translated():
        values = {"tenant": session.actor.tenant_id, "ids": list(ids)}
        return [uses[place] for place in session.connection.scalars(known[key], values)]


def referring(session: Session, use: Use, target: UUID) -> list[DriverId]:
    """Return the ids of all records of the tenant, deleted ones too, that refer to ``target``."""
    table = session.database.tables[use.info.name]
    where = [table.c.tenant_id == session.actor.tenant_id, table.c[use.field.name] == target]
    if use.kind:
        where.append(table.c.entity == use.kind)
    with faults_translated():
        return list(session.connection.scalars(sa.select(_as_it_is(table.c.id)).where(*where)))


def colliding(session: Session, info: EntityInfo, field: FieldInfo, before: UUID, after: UUID) -> set[UUID]:
    """Return the ids of living records that would have the unique key of another one, were they to follow."""
    table = session.database.tables[info.name]
    other = table.alias()
    found: set[UUID] = set()
    for key in info.unique:
        if field.name not in key:
            continue
        same = [other.c[name] == table.c[name] for name in ("tenant_id", *key) if name != field.name]
        statement = (
            sa.select(table.c.id)
            .join(other, sa.and_(other.c[field.name] == after, other.c.deleted_at.is_(None), *same))
            .where(table.c.tenant_id == session.actor.tenant_id, table.c[field.name] == before)
            .where(table.c.deleted_at.is_(None))
        )
        with faults_translated():
            found.update(session.connection.scalars(statement))
    return found


def repoint(
    session: Session, info: EntityInfo, field: FieldInfo, before: UUID, after: UUID, ids: Sequence[DriverId]
) -> list[DriverId]:
    """Let those of the records that still refer to ``before`` refer to ``after``, and return their ids.

    Within the session's transaction; the caller has every right, has seen to it that the change is ``unseen`` and that
    ``after`` lives. Raises ValidationFailed when another session was quicker to take a unique key or to remove ``after``.
    """
    session.flush()
    if session.read_only:
        raise AccessDenied(msg("this session only reads"))
    if not session.actor.everything:
        raise AccessDenied(
            msg("{actor} may not let all of {entity} follow", actor=session.actor.name, entity=info.name)
        )
    if not ids:
        return []
    database, actor, now = session.database, session.actor, session.clock.now()
    codec = database.codecs[info.name]
    to_id, to_instant = (codec.to_driver[name] or _as_given for name in ("id", "updated_at"))
    to = Repointing(
        entity=info.name,
        field=field.name,
        tenant=session.driver_tenant,
        before=to_id(before),
        after=to_id(after),
        at=to_instant(now),
        by=None if actor.acting_id is None else to_id(actor.acting_id),
    )
    rows = JournalRows(database.codecs, session.deltas, session.driver_tenant, session.hooks.releases)
    cursor = session.connection.connection.cursor()
    try:
        moved = database.writer.repoint(cursor, to, ids)
        if moved:
            rows.add_repointed(info.name, field.name, before, after, moved, now, actor, session.cause)
            rows.insert(database.writer, cursor)
    except Exception as error:
        fault = translate(error)
        if isinstance(fault, UniqueViolation):
            raise explain_unique(fault, info, ()) from error
        raise missing_reference(fault) if isinstance(fault, ReferenceViolation) else fault from error
    finally:
        cursor.close()
    session.work.forget_where(info.cls, field.name, before)
    session.first_event = session.first_event or rows.first
    session.told.add(info.name)
    return [id for id, _ in moved]


def written_ids(ids: Sequence[DriverId]) -> list[str]:
    """Return ids as text."""
    if ids and isinstance(ids[0], bytes):
        texts = [id.hex() for id in ids]
        return [f"{t[:8]}-{t[8:12]}-{t[12:16]}-{t[16:20]}-{t[20:]}" for t in texts]
    return [str(id) for id in ids]


def read_ids(session: Session, texts: Sequence[str]) -> list[DriverId]:
    """Return the driver's ids that ``written_ids`` wrote."""
    if session.database.dialect == "sqlite":
        return [bytes.fromhex(text.replace("-", "")) for text in texts]
    return [UUID(text) for text in texts]


def _any(database: Database, use: Use) -> sa.ColumnElement[bool]:
    table = database.tables[use.info.name]
    where = [
        table.c.tenant_id == sa.bindparam("tenant"),
        table.c[use.field.name].in_(sa.bindparam("ids", expanding=True)),
    ]
    if use.kind:
        where.append(table.c.entity == use.kind)
    return sa.exists(sa.select(sa.literal_column("1")).select_from(table).where(*where))


def _as_it_is(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Return a column whose values are left as the driver gives them."""
    return sa.type_coerce(column, sa.types.NullType())


def _as_given(value: Any) -> Any:
    return value
