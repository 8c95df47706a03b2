"""What a session needs of the application that opens it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.access import Actor
from crmkit.core.values.clock import Clock
from crmkit.hooks.dispatch import Hooks
from crmkit.store.database import Database
from crmkit.store.journal import DeltaWriter
from crmkit.store.references import ReferencePlan
from crmkit.store.refusals import Refusals

if TYPE_CHECKING:
    from crmkit.store.session import Session


class Application(Protocol):
    """An application, as sessions and long-running services know it."""

    @property
    def database(self) -> Database: ...
    @property
    def hooks(self) -> Hooks: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def plan(self) -> ReferencePlan: ...
    @property
    def deltas(self) -> Mapping[str, DeltaWriter]: ...
    @property
    def refusals(self) -> Refusals: ...

    def context(self, session: Session, plugin: str) -> Any:
        """Return what a hook of ``plugin`` works with."""
        ...

    def enqueue(self, session: Session, job: str, payload: Mapping[str, Any] | None, **details: Any) -> UUID:
        """Write a job for a worker within the session's transaction, and return its id."""
        ...

    def committed(self, first: UUID, entities: Collection[str]) -> None:
        """Deliver the events of a committed transaction; ``first`` is the first one's id, ``entities`` what they are of."""
        ...

    def reloaded(self, actor: Actor, connection: sa.Connection | None) -> Actor:
        """Return an actor with the rights it has now, the same one when they are as they were.

        Raises AccessDenied for one that may not act any more. They are read by ``connection``; without one, as they were
        committed last.
        """
        ...
