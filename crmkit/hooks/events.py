"""The hook of subscribers that do something outside of the database with events: brokers, webhooks, other systems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import attrs

from crmkit.core.cloud_events import cloud_event
from crmkit.core.domain_event import DomainEvent
from crmkit.core.frozen import frozen
from crmkit.core.journal import Event
from crmkit.hooks.causation import ROOT, Cause
from crmkit.hooks.kinds import Kind, hookspec
from crmkit.hooks.protocols import Context


@frozen
class CommittedEvents:
    """Events in the order of the log that a subscriber has not done yet.

    ``customers`` maps the id of each event to the customers that it is about, as they are now. ``source`` is what the
    events come from, for CloudEvents. ``told`` are the domain events among them, by the event's id.
    """

    events: tuple[Event, ...]
    customers: Mapping[UUID, tuple[UUID, ...]] = attrs.field(factory=dict)
    source: str = ""
    cause: Cause = ROOT
    acknowledged: list[UUID] = attrs.field(factory=list, eq=False, repr=False)
    ignored: set[UUID] = attrs.field(factory=set, eq=False, repr=False)
    told: Mapping[UUID, DomainEvent] = attrs.field(factory=dict)

    @property
    def size(self) -> int:
        """How many events there are."""
        return len(self.events)

    def done(self, *events: Event) -> None:
        """Say that these events are done, so that they are not repeated when a later one of the same call fails."""
        self.acknowledged.extend(event.id for event in events)

    def ignore(self, *events: Event) -> None:
        """Say that these events are none of the subscriber's business: nothing is recorded of them."""
        self.ignored.update(event.id for event in events)

    def document(self, event: Event, data: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return one of the events as a CloudEvent, with its ``partitionkey``; see ``crmkit.core.cloud_events``."""
        return cloud_event(event, self.source, self.customers.get(event.id, ()), data, self.told.get(event.id))

    def key(self, event: Event) -> str:
        """Return the customer, else the record, whose events must stay in their order."""
        return str(self.document(event)["partitionkey"])

    def documents(self, events: Sequence[Event] | None = None) -> list[dict[str, Any]]:
        """Return events as CloudEvents, by default all of them."""
        return [self.document(event) for event in (self.events if events is None else events)]


class EventSpecs:
    """Called by the background worker, outside of any transaction."""

    @hookspec(kind=Kind.NOTIFY, since="0.1")
    def after_events_committed(self, ctx: Context, call: CommittedEvents) -> None:
        """Do something elsewhere with events: publish them, call a webhook. ``ctx.session`` reads and does not write.

        What was done is recorded by subscriber and event id when this returns, and not asked for again; after a crash in
        between it is, so pass the event's id on. Raise ``TryLater`` while what is needed is away: the same events come
        again. ``call.done(event)`` keeps what succeeded before an error. Events of a customer come in their order.
        """
