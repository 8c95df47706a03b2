"""Messages: one event for one webhook, as ids until the moment when it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from crmkit.core.frozen import frozen
from crmkit.plugin import Event


@frozen
class Message:
    """What a job knows of a message: ids, and when it was first tried. Nothing of any record."""

    webhook: UUID
    event: UUID
    type: str
    entity: str
    record: UUID
    occurred_at: datetime
    attempt: int = 1
    first: datetime | None = None

    @property
    def id(self) -> str:
        """The header ``webhook-id``: the same in every attempt, and another for each webhook."""
        return f"msg_{uuid5(self.webhook, str(self.event)).hex}"

    @property
    def action(self) -> str:
        """What happened to the record."""
        return self.type.rpartition(".")[2]

    def payload(self) -> dict[str, Any]:
        """Return it as the payload of a job."""
        return {
            "webhook": str(self.webhook),
            "event": str(self.event),
            "type": self.type,
            "entity": self.entity,
            "record": str(self.record),
            "occurred_at": self.occurred_at.isoformat(),
            "attempt": self.attempt,
            "first": None if self.first is None else self.first.isoformat(),
        }


def message_of(webhook: UUID, event: Event) -> Message:
    """Return the message that tells a webhook of an event."""
    return Message(webhook, event.id, event.type, event.entity, event.record_id, event.occurred_at)


def message_from(payload: Mapping[str, Any]) -> Message:
    """Return the message in the payload of a job."""
    first = payload["first"]
    return Message(
        UUID(payload["webhook"]),
        UUID(payload["event"]),
        payload["type"],
        payload["entity"],
        UUID(payload["record"]),
        datetime.fromisoformat(payload["occurred_at"]),
        payload["attempt"],
        None if first is None else datetime.fromisoformat(first),
    )
