"""Delivers committed events to notify hooks: in process, from the event log, each plugin with a cursor of its own.

What a hook writes and the move of its cursor are one transaction, so a delivery takes effect once even when two processes
try it. A hook that keeps failing is parked: recorded, and the others go on.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from crmkit.core.entity import change
from crmkit.core.errors import CrmError, HookLoop, PluginError
from crmkit.core.interaction import Interaction
from crmkit.core.journal import AuditEntry, Event
from crmkit.core.values.ids import new_id
from crmkit.hooks.causation import DEPTH_LIMIT, Cause, repeating
from crmkit.hooks.interactions import InteractionsLogged
from crmkit.hooks.records import Change, RecordBatch
from crmkit.hooks.run import run_notify
from crmkit.services.importing.finished import finished_imports
from crmkit.services.lifecycle.committed import committed_moves
from crmkit.services.merging.committed import committed_merges
from crmkit.services.segments.committed import committed_memberships
from crmkit.store.settling import log_writers
from crmkit.store.tenant_wall import EVERY_TENANT
from crmkit.store.trail import values_before

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
        self._draining = threading.Lock()
        self._drainer = 0
        self._waits = False
        self._enrolled: frozenset[str] = frozenset()
        self._unsettled: dict[str, tuple[int, frozenset[str]]] = {}
        self._known: tuple[int, list[str]] = (-1, [])

    def committed(self, first: UUID) -> None:
        """Deliver after a commit; what hooks cause in turn is delivered by the same loop."""
        if not self._subscribers():
            return
        if not self._enrolled.issuperset(self._subscribers()):
            self.enrol(first)
        self._waits = True
        # Whoever drains, in this thread or another, looks again before it stops.
        while self._waits and self._draining.acquire(blocking=False):
            self._drain()

    def drain(self) -> int:
        """Deliver everything that waits; returns the number of batches delivered or parked."""
        if self._drainer == threading.get_ident():
            # A hook asks for it; the loop that called the hook goes on after it.
            return 0
        if not self._enrolled.issuperset(self._subscribers()):
            self.enrol()
        self._draining.acquire()
        return self._drain()

    def enrol(self, first: UUID | None = None) -> None:
        """Give subscribers that the database does not know their place: before the event ``first``, by default the log's end.

        A plugin that joins a database which others filled hears of what happens from then on.
        """
        crm = self._crm
        cursors, log, tenant = crm.database.table("event_cursors"), crm.database.tables["event"], crm.system.tenant_id
        wanted = frozenset(self._subscribers())
        if self._enrolled.issuperset(wanted):
            return
        with crm.database.connection(reads=True, tenant=tenant) as connection:
            known = connection.scalars(sa.select(cursors.c.subscriber).where(cursors.c.tenant_id == tenant))
            missing = sorted(wanted.difference(known))
        if missing:
            end = sa.select(sa.func.max(log.c.position))
            if first is not None:
                end = sa.select(log.c.position - 1).where(log.c.id == first)
            insert: Any = postgresql_insert if crm.database.dialect == "postgresql" else sqlite_insert
            with crm.database.connection(tenant=EVERY_TENANT) as connection:
                place = {"tenant_id": tenant, "position": connection.scalar(end) or 0}
                rows = [{**place, "subscriber": subscriber} for subscriber in missing]
                connection.execute(insert(cursors).values(rows).on_conflict_do_nothing())
                connection.commit()
        self._enrolled = wanted

    def _drain(self) -> int:
        """Deliver until nothing waits; whoever calls it has the lock, which is given back."""
        made, progress = 0, True
        self._drainer = threading.get_ident()
        try:
            self._waits = False
            while progress:
                progress = False
                for subscriber in self._subscribers():
                    if self._deliver(subscriber):
                        made += 1
                        progress = True
        finally:
            self._drainer = 0
            self._draining.release()
        return made

    def parked(self) -> list[ParkedDelivery]:
        """Return what was parked, oldest first."""
        table = self._crm.database.table("parked_events")
        with self._crm.database.connection(reads=True, tenant=self._crm.system.tenant_id) as connection:
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
            for hook in (
                "after_records_saved_committed",
                "after_interactions_logged_committed",
                "after_stage_changed_committed",
                "after_records_merged_committed",
                "after_segment_membership_changed_committed",
                "after_handover_committed",
                "after_import_finished_committed",
                "after_customers_erased_committed",
            )
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
        for moves in committed_moves(session, by_entity.get("stage_transition", ()), cause):
            caller = hooks.caller("after_stage_changed_committed", moves.entity)
            _raise_first(run_notify(caller, session.contexts, moves, only=subscriber), caller.info.name)
        for merged in committed_merges(session, by_entity.get("merge_journal", ()), cause):
            caller = hooks.caller("after_records_merged_committed", merged.entity)
            _raise_first(run_notify(caller, session.contexts, merged, only=subscriber), caller.info.name)
        for changes in committed_memberships(session, by_entity.get("segment_member", ()), cause):
            caller = hooks.caller("after_segment_membership_changed_committed", changes.entity)
            _raise_first(run_notify(caller, session.contexts, changes, only=subscriber), caller.info.name)
        if "handover" in by_entity:
            # Imported when there is one: hand-overs are rare, and every start would pay for them.
            from crmkit.services.handover.committed import committed_handovers

            caller = hooks.caller("after_handover_committed")
            for handed in committed_handovers(session, by_entity["handover"], cause):
                _raise_first(run_notify(caller, session.contexts, handed, only=subscriber), caller.info.name)
        for finished in finished_imports(session, by_entity.get("import_run", ()), cause):
            caller = hooks.caller("after_import_finished_committed", finished.entity)
            _raise_first(run_notify(caller, session.contexts, finished, only=subscriber), caller.info.name)

        tombstones = by_entity.get("erasure", ())
        caller = hooks.caller("after_customers_erased_committed")
        if tombstones and any(impl.plugin == subscriber for impl in caller.impls):
            # Imported when somebody was erased: what erasing takes would slow down every start.
            from crmkit.services.personal_data.committed import committed_erasures

            for erased in committed_erasures(session, tombstones, cause):
                _raise_first(run_notify(caller, session.contexts, erased, only=subscriber), caller.info.name)

    def _waiting(self, subscriber: str) -> tuple[int, list[Event]]:
        database = self._crm.database
        cursors, table = database.table("event_cursors"), database.tables["event"]
        tenant = self._crm.system.tenant_id
        # Whether the log is complete shows in the positions of all tenants.
        with database.connection(reads=True, tenant=EVERY_TENANT) as connection:
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
            events = [codec.from_row(row) for row in connection.execute(statement)]
            if events and database.dialect == "postgresql":
                settled = self._settled(connection, subscriber, position or 0, events)
                if settled is not None:
                    statement = statement.where(table.c.position <= settled)
                    events = [codec.from_row(row) for row in connection.execute(statement)]
            return position or 0, events

    def _settled(
        self, connection: sa.Connection, subscriber: str, position: int, events: Sequence[Event]
    ) -> int | None:
        """Return up to where the log is complete; None when all of ``events`` may be taken as they were read.

        PostgreSQL counts positions when rows are written and shows rows when they are committed: a place that is free
        was rolled back, or is about to be filled. The latter takes a transaction that holds its lock on the log.
        """
        table, last = self._crm.database.tables["event"], events[-1].position
        if last - position == len(events):
            return None
        taken = sa.select(sa.func.count()).where(table.c.position > position, table.c.position <= last)
        writers: frozenset[str] = frozenset()
        if connection.scalar(taken) != last - position:
            writers = log_writers(connection, table.name)
        bound, awaited = self._unsettled.pop(subscriber, (position, frozenset()))
        if not writers:
            # Complete by now; what was committed after ``events`` were read is read with them this time.
            return last
        ended = bool(awaited) and awaited.isdisjoint(writers)
        self._unsettled[subscriber] = (last, writers) if ended or not awaited else (bound, awaited)
        return bound if ended else position

    def _move(self, session: Session, subscriber: str, before: int, after: int) -> None:
        table = self._crm.database.table("event_cursors")
        key = (table.c.tenant_id == session.actor.tenant_id, table.c.subscriber == subscriber)
        moved = session.connection.execute(
            table.update().where(*key, table.c.position == before).values(position=after)
        )
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
    """Return the records of events, each once: as they were before the first of them, and as they are now."""
    cls = session.database.registry.get(entity).cls
    ids: list[UUID] = list(dict.fromkeys(event.record_id for event in events))
    created = {event.record_id for event in events if event.type.endswith(".created")}
    found: dict[UUID, Any] = {}
    for start in range(0, len(ids), BATCH):
        found.update({r.id: r for r in session.list(cls, id=ids[start : start + BATCH], deleted=True)})
    olds = _before(session, [event for event in events if event.record_id not in created])
    changes: list[Change] = []
    for record_id in ids:
        after = found.get(record_id)
        if after is not None:
            before = None if record_id in created else change(after, **olds.get(record_id, {}))
            changes.append(Change(before, after))
    return tuple(changes)


def _before(session: Session, events: Sequence[Event]) -> dict[UUID, dict[str, Any]]:
    """Return what the fields of records held before events, from the audit entries of the same ids."""
    entries: dict[UUID, AuditEntry] = {}
    ids = [event.id for event in events]
    for start in range(0, len(ids), BATCH):
        entries.update({entry.id: entry for entry in session.list(AuditEntry, id=ids[start : start + BATCH])})
    olds: dict[UUID, dict[str, Any]] = {}
    for event in events:
        entry = entries.get(event.id)
        if entry is not None:
            info = session.database.registry.get(event.entity)
            old = values_before(info, entry.delta)
            # The first event of a record tells what it was; later ones add only fields untouched until then.
            olds[event.record_id] = {"version": entry.version - 1, **old, **olds.get(event.record_id, {})}
    return olds


def _raise_first(failures: Sequence[Any], hook: str) -> None:
    for failure in failures:
        if isinstance(failure.error, CrmError):
            raise failure.error
        raise PluginError(failure.plugin, hook, failure.error)
