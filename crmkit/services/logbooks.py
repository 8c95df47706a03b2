"""Logs that plugins keep: records that are written once, never changed, and go for good when they are old."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from crmkit.core.entity import COMMON
from crmkit.core.errors import AccessDenied, ConfigError
from crmkit.core.messages import msg
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
