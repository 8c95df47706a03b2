"""Who may look at the event log as a whole, and who may steer its delivery."""

from __future__ import annotations

from crmkit.core.access import Actor, Scope
from crmkit.core.errors import AccessDenied
from crmkit.core.messages import msg


def require_reader(actor: Actor) -> None:
    """Raise AccessDenied unless the actor may read every event."""
    if actor.scope("event", "read") is not Scope.ALL:
        raise AccessDenied(msg("{actor} may not read the event log: it takes read on event, for all", actor=actor.name))


def require_operator(actor: Actor) -> None:
    """Raise AccessDenied unless the actor may steer how events are delivered."""
    if actor.scope("event", "update") is not Scope.ALL:
        raise AccessDenied(
            msg("{actor} may not steer the delivery of events: it takes update on event, for all", actor=actor.name)
        )
