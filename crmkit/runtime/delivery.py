"""Delivers committed events to notify hooks: in process, from the event log, each plugin with a cursor of its own.

What a hook writes and the move of its cursor are one transaction, so a delivery takes effect once even when two processes
try it. A hook that keeps failing is parked: recorded, and the others go on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs
import sqlalchemy as sa

from crmkit.core.errors import CrmError, HookLoop, PluginError
from crmkit.core.interaction import Interaction
from crmkit.core.journal import Event
from crmkit.core.values.ids import new_id
from crmkit.hooks.causation import DEPTH_LIMIT, Cause, repeating
from crmkit.hooks.interactions import InteractionsLogged
from crmkit.hooks.records import Change, RecordBatch
from crmkit.hooks.run import run_notify

if TYPE_CHECKING:
    from crmkit.runtime.crm import Crm
    from crmkit.store.session import Session

BATCH = 500
ATTEMPTS = 3


@attrs.frozen
class ParkedDelivery:
    """Events that a plugin could not take, and why."""

    subscriber: str
    first_position: int
    last_position: int
    error: str
    attempts: int


class Delivery:
    """Brings events to subscribers. A subscriber is a plugin with a notify hook."""

    def __init__(self, crm: Crm) -> None:
        self._crm = crm
        self._busy = False
        self._known: tuple[int, list[str]] = (-1, [])

    def committed(self, events: Sequence[Event], cause: Cause) -> None:
        """Deliver after a commit; what hooks cause in turn is delivered by the same loop."""
        if not self._busy and self._subscribers():
            self.drain()

    def drain(self) -> int:
        """Deliver everything that waits; returns the number of batches delivered or parked."""
        made = 0
        self._busy = True
        try:
            progress = True
            while progress:
                progress = False
                for subscriber in self._subscribers():
                    if self._deliver(subscriber):
                        made += 1
                        progress = True
        finally:
            self._busy = False
        return made

    def parked(self) -> list[ParkedDelivery]:
        """Return what was parked, oldest first."""
        table = self._crm.database.table("parked_events")
        with self._crm.database.connection(reads=True) as connection:
            rows = connection.execute(
                sa.select(
                    table.c.subscriber, table.c.first_position, table.c.last_position, table.c.error, table.c.attempts
                )
                .where(table.c.tenant_id == self._crm.system.tenant_id)
                .order_by(table.c.parked_at)
            )
            return [ParkedDelivery(*row) for row in rows]

    def _subscribers(self) -> list[str]:
        hooks = self._crm.hooks
        if self._known[0] == hooks.generation:
            return self._known[1]
        names = {
            impl.plugin
            for hook in ("after_records_saved_committed", "after_interactions_logged_committed")
            for impl in hooks.implementations(hook)
        }
        self._known = (hooks.generation, sorted(names))
        return self._known[1]

    def _deliver(self, subscriber: str) -> bool:
        """Deliver the next batch of events to one subscriber; False when none waits."""
        error: Exception | None = None
        for _ in range(ATTEMPTS):
            position, events = self._waiting(subscriber)
            if not events:
                return False
            try:
                self._hand_over(subscriber, position, events)
            except _Elsewhere:
                return True
            except Exception as caught:
                error = caught
            else:
                return True
        assert error is not None
        self._park(subscriber, position, events, error)
        return True

    def _hand_over(self, subscriber: str, position: int, events: Sequence[Event]) -> None:
        crm = self._crm
        depth = max(event.depth for event in events)
        steps = tuple(dict.fromkeys(f"{event.plugin or 'user'}:{event.type}" for event in events))
        if depth >= DEPTH_LIMIT:
            raise HookLoop((*repeating(steps), f"{subscriber}:{events[-1].type}"))
        cause = Cause(event_id=events[-1].id, chain=(*("",) * depth, f"{subscriber}:{events[-1].type}"))
        actor = crm.system.for_plugin(subscriber)
        with crm.session(actor, cause=cause) as session:
            self._call(session, subscriber, events, cause)
            session.flush()
            self._move(session, subscriber, position, events[-1].position)

    def _call(self, session: Session, subscriber: str, events: Sequence[Event], cause: Cause) -> None:
        crm = self._crm
        hooks = crm.hooks
        by_entity: dict[str, list[Event]] = {}
        for event in events:
            by_entity.setdefault(event.entity, []).append(event)
        for entity, some in by_entity.items():
            caller = hooks.caller("after_records_saved_committed", entity)
            if any(impl.plugin == subscriber for impl in caller.impls):
                batch = RecordBatch(entity, _changes(session, entity, some), cause, tuple(some))
                if batch.changes:
                    _raise_first(run_notify(caller, session.contexts, batch, only=subscriber), caller.info.name)
        logged = [e.record_id for e in by_entity.get("interaction", ()) if e.type == "interaction.created"]
        caller = hooks.caller("after_interactions_logged_committed")
        if logged and any(impl.plugin == subscriber for impl in caller.impls):
            interactions = tuple(session.list(Interaction, id=logged))
            if interactions:
                call = InteractionsLogged(interactions, cause)
                _raise_first(run_notify(caller, session.contexts, call, only=subscriber), caller.info.name)

    def _waiting(self, subscriber: str) -> tuple[int, list[Event]]:
        database = self._crm.database
        cursors, table = database.table("event_cursors"), database.tables["event"]
        tenant = self._crm.system.tenant_id
        with database.connection(reads=True) as connection:
            position = connection.scalar(
                sa.select(cursors.c.position).where(cursors.c.tenant_id == tenant, cursors.c.subscriber == subscriber)
            )
            codec = database.codecs["event"]
            columns = [table.c[name] for name in codec.load_columns]
            statement = (
                sa.select(*columns)
                .where(table.c.tenant_id == tenant, table.c.position > (position or 0))
                .order_by(table.c.position)
                .limit(BATCH)
            )
            return position or 0, [codec.from_row(row) for row in connection.execute(statement)]

    def _move(self, session: Session, subscriber: str, before: int, after: int) -> None:
        table = self._crm.database.table("event_cursors")
        key = (table.c.tenant_id == session.actor.tenant_id, table.c.subscriber == subscriber)
        if before == 0 and session.connection.scalar(sa.select(table.c.position).where(*key)) is None:
            values = {"tenant_id": session.actor.tenant_id, "subscriber": subscriber, "position": after}
            session.connection.execute(table.insert().values(**values))
            return
        moved = session.connection.execute(table.update().where(*key, table.c.position == before).values(position=after))
        if moved.rowcount != 1:
            raise _Elsewhere

    def _park(self, subscriber: str, position: int, events: Sequence[Event], error: Exception) -> None:
        table = self._crm.database.table("parked_events")
        with self._crm.session() as session:
            session.connection.execute(
                table.insert().values(
                    id=new_id(),
                    tenant_id=self._crm.system.tenant_id,
                    subscriber=subscriber,
                    first_position=events[0].position,
                    last_position=events[-1].position,
                    error=str(error),
                    attempts=ATTEMPTS,
                    parked_at=self._crm.clock.now(),
                )
            )
            self._move(session, subscriber, position, events[-1].position)


class _Elsewhere(Exception):
    """Another process has delivered this batch."""


def _changes(session: Session, entity: str, events: Sequence[Event]) -> tuple[Change, ...]:
    """Return the records of events as they are now, each once; the log knows what they were."""
    cls = session.database.registry.get(entity).cls
    ids: list[UUID] = list(dict.fromkeys(event.record_id for event in events))
    created = {event.record_id for event in events if event.type.endswith(".created")}
    found: dict[UUID, Any] = {}
    for start in range(0, len(ids), BATCH):
        found.update({r.id: r for r in session.list(cls, id=ids[start : start + BATCH], deleted=True)})
    return tuple(
        Change(None if record_id in created else found[record_id], found[record_id]) for record_id in ids if record_id in found
    )


def _raise_first(failures: Sequence[Any], hook: str) -> None:
    for failure in failures:
        if isinstance(failure.error, CrmError):
            raise failure.error
        raise PluginError(failure.plugin, hook, failure.error)
