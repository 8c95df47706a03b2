"""The sealed audit log: sealing what was written since, the head to keep elsewhere, and the entries of one record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import attrs
import sqlalchemy as sa

from crmkit.core.access import Actor, Scope
from crmkit.core.audit_chain import Head
from crmkit.core.entity import Part
from crmkit.core.errors import AccessDenied, NotFound
from crmkit.core.field_rights import MASKED, without_hidden
from crmkit.core.frozen import frozen
from crmkit.core.journal import AuditEntry
from crmkit.core.messages import msg
from crmkit.core.values.ids import parse_id
from crmkit.store.application import Application
from crmkit.store.chunks import distinct_chunks
from crmkit.store.sealing import BATCH, last_seal, seal_batch
from crmkit.store.session import Session
from crmkit.store.settling import settled_position
from crmkit.store.trail import entries_where, records_now


@frozen
class Sealing:
    """How many entries were sealed now, and the head since. ``held_up``: a transaction that runs is in the way."""

    sealed: int
    head: Head | None
    held_up: bool = False


@frozen
class ShownEntry:
    """An audit entry as it is stored, with its place in the chain; ``sequence`` is None until it is sealed."""

    entry: AuditEntry
    sequence: int | None
    digest: bytes | None
    link: bytes | None


def require_auditor(actor: Actor) -> None:
    """Raise AccessDenied unless the actor may read every audit entry."""
    if actor.scope("audit_entry", "read") is not Scope.ALL:
        needed = msg("{actor} may not read the audit log: it takes read on audit_entry, for all", actor=actor.name)
        raise AccessDenied(needed)


def seal(application: Application, actor: Actor, *, on_progress: Callable[[int], None] | None = None) -> Sealing:
    """Seal every entry of the actor's tenant that is complete by now, ``BATCH`` entries a transaction.

    Meant to be run again and again in the background; several at once do not disturb one another, and one that was
    interrupted is gone on with by the next. ``on_progress`` gets the number of entries sealed so far.
    """
    require_auditor(actor)
    database, tenant = application.database, actor.tenant_id
    until, sealed = settled_position(database), 0
    while until is not None:
        with database.connection(tenant=tenant) as connection:
            done = seal_batch(connection, database, tenant, application.clock.now(), until)
            connection.commit()
        sealed += done
        if done < BATCH:
            break
        if on_progress is not None:
            on_progress(sealed)
    with database.connection(reads=True, tenant=tenant) as connection:
        last = last_seal(connection, database, tenant)
    return Sealing(sealed, None if last is None else last.head, held_up=until is None)


def head(session: Session) -> tuple[Head, datetime] | None:
    """Return the head of the chain under the last seal, and when that was made; None when nothing is sealed."""
    require_auditor(session.actor)
    last = last_seal(session.connection, session.database, session.actor.tenant_id)
    return None if last is None else (last.head, last.sealed_at)


def entries(session: Session, entity: type[Part], id: UUID | str) -> list[ShownEntry]:
    """Return the audit entries of a record, newest first, as they are stored. Raises NotFound and AccessDenied."""
    require_auditor(session.actor)
    key = parse_id(id)
    found = entries_where(session, [key], lambda table: [])
    if not found and key not in records_now(session, entity, [key]):
        raise NotFound(msg("no {entity} with id {id}", entity=session.database.registry.get(entity).name, id=str(key)))
    table = session.database.table("audit_links")
    places: dict[UUID, Any] = {}
    for chunk in distinct_chunks(entry.id for entry in found):
        statement = sa.select(table.c.entry_id, table.c.sequence, table.c.digest, table.c.link)
        statement = statement.where(table.c.tenant_id == session.actor.tenant_id, table.c.entry_id.in_(chunk))
        places.update({row[0]: (row[1], bytes(row[2]), bytes(row[3])) for row in session.connection.execute(statement)})
    hidden = session.hidden(entity)
    shown = [_without(entry, hidden) if hidden else entry for entry in found]
    return [ShownEntry(entry, *places.get(entry.id, (None, None, None))) for entry in shown]


def _without(entry: Any, hidden: frozenset[str]) -> AuditEntry:
    masked: AuditEntry = attrs.evolve(entry, delta=_masked(entry.delta, hidden))
    return masked


def _masked(delta: Mapping[str, Any], hidden: frozenset[str]) -> Mapping[str, Any]:
    """Return a delta without the values of hidden fields, custom ones too."""

    def kept(name: str, value: Any) -> Any:
        if name in hidden:
            return str(MASKED)
        if name == "custom":
            return (
                [without_hidden(one or {}, hidden) for one in value]
                if isinstance(value, list)
                else without_hidden(value, hidden)
            )
        return value

    return {name: kept(name, value) for name, value in delta.items()}
