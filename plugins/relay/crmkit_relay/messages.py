"""Messages made of events: a CloudEvent, the subject that it goes to, and the headers beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from crmkit.core.frozen import frozen
from crmkit.core.journal import AuditEntry
from crmkit.plugin import CommittedEvents, Event, Session
from crmkit_relay.settings import RelaySettings

CONTENT_TYPE = "application/json"
"""What consumers of FastStream read by themselves; ``application/cloudevents+json`` they would hand on as bytes."""

_UNFIT = re.compile(r"[^A-Za-z0-9_-]")
_FEW = 200


@frozen
class Outgoing:
    """One message: ``document`` is the CloudEvent, ``id`` the event's, by which a second one is known."""

    event: Event
    id: str
    subject: str
    document: Mapping[str, Any]
    headers: Mapping[str, str]


def messages_of(
    settings: RelaySettings, session: Session, call: CommittedEvents, events: Sequence[Event]
) -> Iterator[Outgoing]:
    """Yield the messages of events, in their order."""
    for start in range(0, len(events), _FEW):
        some = events[start : start + _FEW]
        changes = _changes(session, [event.id for event in some]) if settings.changes else {}
        for event in some:
            document = call.document(event, {"changes": changes.get(event.id)} if settings.changes else None)
            headers = {"content-type": CONTENT_TYPE}
            yield Outgoing(event, document["id"], subject_of(settings.subject, document), document, headers)


def subject_of(template: str, document: Mapping[str, Any]) -> str:
    """Return the subject of a CloudEvent; what would be no word of a subject is replaced."""
    tenant = str(document["source"]).rpartition("/")[2]
    return template.format(
        type=".".join(_word(part) for part in str(document["type"]).split(".")),
        entity=_word(document["data"]["entity"]),
        tenant=_word(tenant),
        key=_word(document["partitionkey"]),
    )


def declared_subject(template: str) -> str:
    """Return the subjects of a template as a stream takes them: whatever begins like it."""
    return template.partition("{")[0].rpartition(".")[0] + ".>"


def _word(text: str) -> str:
    return _UNFIT.sub("_", text)


def _changes(session: Session, ids: Sequence[UUID]) -> dict[UUID, Any]:
    """Return the values before and after, from the audit entries that events share their ids with."""
    return {entry.id: dict(entry.delta) for entry in session.list(AuditEntry, id=list(ids))}
