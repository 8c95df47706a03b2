"""Events of the log in the form of CloudEvents 1.0, for whoever is outside of the database.

Attributes: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md; ``partitionkey`` and ``sequence`` are the
documented extensions of these names. ``id`` and ``source`` together name an event for good: whoever gets it twice knows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from crmkit.core.domain_event import DomainEvent
from crmkit.core.journal import Event

SPECVERSION = "1.0"


def event_source(tenant: str) -> str:
    """Return what a tenant's events come from, as a URI reference."""
    from urllib.parse import quote

    return f"/crmkit/{quote(tenant, safe='')}"


def cloud_event(
    event: Event,
    source: str,
    customers: Iterable[UUID] | None = None,
    data: Mapping[str, Any] | None = None,
    told: DomainEvent | None = None,
) -> dict[str, Any]:
    """Return an event as the attributes of a CloudEvent, all of them text, numbers and lists as JSON holds them.

    ``subject`` is the id of the record. ``partitionkey``, where the ``customers`` that the event is about are given, is the
    first of them, else the record: events that share it must be taken in their order. ``sequence`` is the position in the
    log. ``data`` says what the event is about, and whatever is given beside it. With the domain event ``told``, it is
    about the record that this happened to, ``payload`` is in the data, and ``dataschema`` names its form and version.
    """
    document: dict[str, Any] = {
        "specversion": SPECVERSION,
        "id": str(event.id),
        "source": source,
        "type": event.type,
        "subject": str(event.record_id if told is None else told.record_id),
        "time": event.occurred_at.isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "sequence": str(event.position),
    }
    if event.actor_id is not None:
        document["actorid"] = str(event.actor_id)
    if event.plugin:
        document["plugin"] = event.plugin
    if event.cause_id is not None:
        document["causeid"] = str(event.cause_id)
    about: dict[str, Any] = {"entity": event.entity, "record_id": str(event.record_id)}
    if told is not None:
        document["dataschema"] = f"urn:crmkit:event:{told.name}:{told.schema_version}"
        about = {"entity": told.entity, "record_id": str(told.record_id), "payload": dict(told.data)}
    if customers is not None:
        named = sorted(str(customer) for customer in customers)
        document["partitionkey"] = named[0] if named else about["record_id"]
        about["customers"] = named
    document["data"] = {**about, **(data or {})}
    return document
