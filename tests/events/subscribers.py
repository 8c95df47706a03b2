"""Subscribers that tests of events have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from crmkit.core.customer import Customer
from crmkit.core.grouping import Tag
from crmkit.core.journal import Event
from crmkit.hooks.events import CommittedEvents
from crmkit.hooks.kinds import hookimpl
from crmkit.hooks.records import RecordBatch
from crmkit.runtime.crm import Crm
from crmkit.runtime.manifest import Manifest


class Ledger:
    """Writes a tag for each event that it takes, in the transaction of the delivery: what is there took effect, once.

    It cannot take events for which ``refuses`` says so.
    """

    def __init__(self, name: str = "ledger", refuses: Callable[[Event], bool] | None = None, **manifest: Any) -> None:
        self.manifest = Manifest(name=name, **manifest)
        self.refuses = refuses or (lambda event: False)
        self.calls = 0

    @hookimpl
    def after_records_saved_committed(self, ctx: Any, call: RecordBatch) -> None:
        if call.entity == "tag":
            return
        self.calls += 1
        for event in call.events:
            if self.refuses(event):
                raise ValueError(f"cannot take {event.type} at {event.position}")
            ctx.session.add(Tag(name=f"{self.manifest.name}:{event.position}:{call.cause.event_id}:{uuid4()}"))


class Publisher:
    """Does something elsewhere with each event: notes it. It fails at events for which ``refuses`` returns an error."""

    def __init__(
        self, name: str = "publisher", refuses: Callable[[Event], Exception | None] | None = None, **manifest: Any
    ) -> None:
        self.manifest = Manifest(name=name, **manifest)
        self.refuses = refuses or (lambda event: None)
        self.sent: list[Event] = []
        self.calls: list[CommittedEvents] = []

    @hookimpl
    def after_events_committed(self, ctx: Any, call: CommittedEvents) -> None:
        self.calls.append(call)
        for event in call.events:
            error = self.refuses(event)
            if error is not None:
                raise error
            self.sent.append(event)
            call.done(event)


def taken(crm: Crm, name: str = "ledger") -> list[int]:
    """Return the positions of the events that a ledger took, in the order in which it did."""
    return [position for together in deliveries(crm, name) for position in together]


def deliveries(crm: Crm, name: str = "ledger") -> list[list[int]]:
    """Return the positions of the events that a ledger took, those of one transaction together."""
    with crm.session(reads=True) as s:
        tags = {tag.id: tag.name.split(":")[1:3] for tag in s.list(Tag) if tag.name.startswith(f"{name}:")}
        told = sorted(s.list(Event, entity="tag"), key=lambda event: event.position)
    found: list[tuple[str, list[int]]] = []
    for position, delivery in (tags[event.record_id] for event in told if event.record_id in tags):
        if not found or found[-1][0] != delivery:
            found.append((delivery, []))
        found[-1][1].append(int(position))
    return [together for _, together in found]


def save(crm: Crm, *records: Any) -> None:
    with crm.session() as s:
        s.add(*records)


def people(count: int) -> list[Customer]:
    return [Customer(name=f"Person {number}", kind="person") for number in range(count)]


def positions(crm: Crm, **wanted: Any) -> list[int]:
    """Return the positions of the tenant's events, those of tags left out."""
    with crm.session(reads=True) as s:
        return sorted(event.position for event in s.list(Event, **wanted) if event.entity != "tag")
