"""Hooks of domain events: which ones a plugin declares, and hearing of those of any plugin."""

from __future__ import annotations

from crmkit.core.domain_event import DomainEvent, EventDeclaration
from crmkit.core.frozen import frozen
from crmkit.hooks.causation import ROOT, Cause
from crmkit.hooks.kinds import Kind, hookspec
from crmkit.hooks.protocols import Context
from crmkit.hooks.setup import Setup


@frozen
class DomainEvents:
    """Domain events that happened to records of ``entity``, in their order, and what caused them."""

    entity: str
    events: tuple[DomainEvent, ...]
    cause: Cause = ROOT

    @property
    def size(self) -> int:
        """How many events there are."""
        return len(self.events)

    def named(self, *names: str) -> tuple[DomainEvent, ...]:
        """Return those of these names."""
        return tuple(event for event in self.events if event.name in names)


class DomainEventSpecs:
    """Called at start-up, then whenever domain events are committed."""

    @hookspec(kind=Kind.REGISTER, since="0.1")
    def register_events(self, ctx: Context, call: Setup) -> list[EventDeclaration]:
        """Return the domain events of the plugin. Its derive hooks return them: ``declaration.of(record, payload)``."""

    @hookspec(kind=Kind.NOTIFY, since="0.1", per_entity=True)
    def after_domain_events_committed(self, ctx: Context, call: DomainEvents) -> None:
        """React to domain events that are committed, by the entity that they happened to: ``call.named("sfa.deal_won")``.

        May be delivered again after a crash: work with the event's id.
        """
