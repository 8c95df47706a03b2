"""What a message says, made when it is sent: the record as it is by then, and as the webhook's owner may see it.

``{"type", "timestamp", "data"}``, as Standard Webhooks has it. ``number`` counts the changes of one record: who has a
higher one already has newer news.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from crmkit.core.access import Scope
from crmkit.core.domain_event import DOMAIN_EVENT
from crmkit.core.entity import STAMPED, EntityInfo
from crmkit.core.journal import AuditEntry
from crmkit.plugin import ConfigError

if TYPE_CHECKING:
    from crmkit_web.webhooks.entities import Webhook
    from crmkit_web.webhooks.messages import Message

_GONE = ("deleted", "erased")


def rendered(session: Any, webhook: Webhook, message: Message, entry: AuditEntry | None) -> dict[str, Any] | None:
    """Return the document of a message; None for what the owner, whose ``session`` it is, is not told.

    That is: a record that the owner may not see, that the webhook's filter leaves out, or of which nothing changed that
    the owner may see. Of a record that is gone for good only those hear who may see all of its kind.
    Raises AccessDenied and BadInput when the filter may not be used any more.
    """
    try:
        info = session.entity(message.entity)
    except ConfigError:
        return None
    if info.credentials or session.actor.scope(info.name, "read") is Scope.NONE:
        return None
    found = session.list(info.cls, webhook.filter or None, deleted=True, id=message.record)
    record = found[0] if found else None
    if record is None and not (message.action in _GONE and _sees_all(session, info, webhook)):
        return None
    if info.name == DOMAIN_EVENT and record is not None and record.name == message.type:
        return told(message.type, message.occurred_at, _announced(session, webhook, message, record))
    hidden = session.hidden(info.name)
    changed = _changed(entry, info, hidden)
    if changed is None:
        return None
    data: dict[str, Any] = {
        "event_id": message.event,
        "entity": message.entity,
        "id": message.record,
        "number": 0 if entry is None else entry.version,
    }
    if webhook.payload == "full":
        from crmkit_web.documents.records import form_of

        # What was deleted meanwhile is told as it was changed then, without what it held.
        living = None if record is None or record.deleted_at is not None else record
        data["version"] = None if living is None else living.version
        data["changed"] = changed
        data["record"] = None if living is None else form_of(session, info)(living)
    return told(message.type, message.occurred_at, data)


def _announced(session: Any, webhook: Webhook, message: Message, record: Any) -> dict[str, Any]:
    """Return what a message says of a domain event: the record that it happened to, and the payload as it was told."""
    data = {"event_id": message.event, "entity": record.entity, "id": record.record_id}
    if webhook.payload == "full":
        data["schema_version"] = record.schema_version
        data["payload"] = None if "data" in session.hidden(DOMAIN_EVENT) else dict(record.data)
    return data


def told(type: str, at: datetime, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document as Standard Webhooks has it."""
    return {"type": type, "timestamp": at.astimezone(UTC), "data": data}


def _sees_all(session: Any, info: Any, webhook: Webhook) -> bool:
    return not webhook.filter and session.actor.scope(info.name, "read") is Scope.ALL


def _changed(entry: AuditEntry | None, info: EntityInfo, hidden: Collection[str]) -> list[str] | None:
    """Return the names of the fields that changed and may be seen; None when all that changed may not."""
    if entry is None or entry.action not in ("created", "updated", "restored"):
        return []
    names = {name for name in entry.delta if name in info.by_name and name not in STAMPED}
    if "custom" in names:
        # Custom fields have rights of their own.
        names = names - {"custom"} | _custom(entry)
    seen = sorted(names - set(hidden))
    return None if names and not seen and entry.action == "updated" else seen


def _custom(entry: AuditEntry) -> set[str]:
    held: Any = entry.delta["custom"]
    before, after = ({}, held) if entry.action == "created" else held
    before, after = before or {}, after or {}
    return {name for name in {*before, *after} if before.get(name) != after.get(name)}
