"""What plugins keep for a time: logs, and records of work that is over. Both go for good when they are old."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from crmkit.core.entity import COMMON
from crmkit.core.errors import AccessDenied, ConfigError
from crmkit.core.messages import msg
from crmkit.store.chunks import in_chunks
from crmkit.store.faults import faults_translated
from crmkit.store.session import Session


def forget_log(session: Session, entity: type[Any], field: str, before: datetime) -> int:
    """Delete the records of a log for good whose ``field`` is before an instant; returns how many.

    A log is an entity of which no field is audited, so the audit log keeps nothing of what they held. Raises ConfigError
    for any other entity, and AccessDenied for an actor without every right.
    """
    info = session.entity(entity)
    audited = [one.name for one in info.fields if one.audited and one.name not in COMMON]
    if audited or not info.editable:
        raise ConfigError(msg("{entity} is no log: {fields} is audited", entity=info.name, fields=", ".join(audited)))
    if not session.actor.everything or session.read_only:
        raise AccessDenied(
            msg("{actor} may not {right} {entity}", actor=session.actor.name, right="delete", entity=info.name)
        )
    session.flush()
    table = session.database.tables[info.name]
    old = table.delete().where(table.c.tenant_id == session.actor.tenant_id, table.c[info.field(field).name] < before)
    session.written_beside()
    with faults_translated():
        return session.connection.execute(old).rowcount


def forget_records(session: Session, records: Sequence[Any]) -> int:
    """Delete records of a plugin's own bookkeeping for good; returns how many.

    Each is deleted as any record is, so that the audit log tells of it, and its row goes with the transaction. Raises
    ConfigError for records of crmkit itself and for such as others refer to, and AccessDenied for an actor without
    every right.
    """
    if not records:
        return 0
    info = session.entity(type(records[0]))
    referring = [one.name for one in session.database.registry for field in one.fields if field.reference == info.name]
    if info.plugin == "crmkit" or referring:
        raise ConfigError(msg("{entity} is kept: its records are no bookkeeping of a plugin", entity=info.name))
    if not session.actor.everything or session.read_only:
        raise AccessDenied(
            msg("{actor} may not {right} {entity}", actor=session.actor.name, right="delete", entity=info.name)
        )
    session.delete(*records)
    session.flush()
    table = session.database.tables[info.name]
    gone = 0
    session.written_beside()
    for chunk in in_chunks([record.id for record in records]):
        mine = (table.c.tenant_id == session.actor.tenant_id, table.c.id.in_(chunk))
        with faults_translated():
            gone += session.connection.execute(table.delete().where(*mine)).rowcount
    return gone
