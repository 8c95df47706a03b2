"""What committed events say to notify hooks: calls with records, interactions, moves, merges and other subjects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs
import sqlalchemy as sa

from crmkit.core.domain_event import creates
from crmkit.core.entity import change
from crmkit.core.errors import CrmError, PluginError
from crmkit.core.frozen import frozen
from crmkit.core.journal import AuditEntry, Event
from crmkit.hooks.causation import Cause
from crmkit.hooks.records import Change, RecordBatch
from crmkit.hooks.run import run_notify
from crmkit.store.chunks import in_chunks
from crmkit.store.trail import values_before

if TYPE_CHECKING:
    from crmkit.hooks.dispatch import Hooks
    from crmkit.store.session import Session

SAVED = "after_records_saved_committed"
"""The hook that is told of every record of every entity."""


@frozen
class Subject:
    """A notify hook that is told of one subject: what events of ``entity`` mean, as ``maker`` reads them.

    ``maker`` is a function by module and name, called with session, events and cause; it yields the calls of the hook.
    It is imported when there are events for it: what erasing or handing over takes would slow down every start.
    """

    hook: str
    entity: str
    maker: str

    def calls(self, session: Session, events: Sequence[Event], cause: Cause) -> Iterable[Any]:
        """Return the calls that events of ``entity`` make."""
        module, _, name = self.maker.partition(":")
        make: Callable[[Session, Sequence[Event], Cause], Iterable[Any]] = getattr(import_module(module), name)
        return make(session, events, cause)


SUBJECTS = (
    Subject(
        "after_interactions_logged_committed",
        "interaction",
        "crmkit.services.interactions.committed:committed_interactions",
    ),
    Subject("after_stage_changed_committed", "stage_transition", "crmkit.services.lifecycle.committed:committed_moves"),
    Subject("after_domain_events_committed", "domain_event", "crmkit.services.domain_events:committed_domain_events"),
    Subject("after_records_merged_committed", "merge_journal", "crmkit.services.merging.committed:committed_merges"),
    Subject(
        "after_segment_membership_changed_committed",
        "segment_member",
        "crmkit.services.segments.committed:committed_memberships",
    ),
    Subject("after_handover_committed", "handover", "crmkit.services.handover.committed:committed_handovers"),
    Subject("after_import_finished_committed", "import_run", "crmkit.services.importing.finished:finished_imports"),
    Subject(
        "after_customers_erased_committed", "erasure", "crmkit.services.personal_data.committed:committed_erasures"
    ),
)
"""In the order in which a subscriber hears of them, after the records themselves."""

HOOKS = (SAVED, *(subject.hook for subject in SUBJECTS))


def anybody_hears(hooks: Hooks, entity: str) -> bool:
    """Tell whether a notify hook waits for events of an entity."""
    if hooks.caller(SAVED, entity).impls:
        return True
    return any(subject.entity == entity and hooks.implementations(subject.hook) for subject in SUBJECTS)


class SharedCalls:
    """What events say, read once for all subscribers that are told of the same events in a row.

    It holds while nothing is written to the log: then the records are what they were.
    """

    def __init__(self) -> None:
        self._about: tuple[int, int, int, int] | None = None
        self._made: dict[tuple[str, str], Sequence[Any]] = {}

    def forget(self) -> None:
        """Let go of what was read."""
        self._about = None
        self._made.clear()

    def open(self, session: Session, events: Sequence[Event]) -> None:
        """Keep what was read, when it is still true and about the same events."""
        log = session.database.tables["event"]
        end = session.connection.scalar(sa.select(sa.func.max(log.c.position))) or 0
        about = (events[0].position, events[-1].position, len(events), int(end))
        if about != self._about:
            self.forget()
            self._about = about

    def get(self, session: Session, key: tuple[str, str], read: Callable[[], Iterable[Any]]) -> Sequence[Any]:
        """Return what was read under ``key``, else read it; anew once the session has written something itself."""
        if session.first_event is not None:
            return list(read())
        known = self._made.get(key)
        if known is None:
            known = self._made[key] = list(read())
        return known


def tell(
    session: Session, subscriber: str, events: Sequence[Event], cause: Cause, shared: SharedCalls | None = None
) -> None:
    """Call each notify hook of the plugin ``subscriber`` with what events say; raises the first error of a hook.

    Of an entity that is no more, since its plugin is gone, nobody is told. ``shared`` keeps what is read for others.
    """
    hooks, calls = session.hooks, shared or SharedCalls()
    if shared is not None:
        shared.open(session, events)
    by_entity: dict[str, list[Event]] = {}
    for event in events:
        if event.entity in session.database.registry:
            by_entity.setdefault(event.entity, []).append(event)
    for entity, some in by_entity.items():
        if any(impl.plugin == subscriber for impl in hooks.caller(SAVED, entity).impls):
            changes = calls.get(session, (SAVED, entity), partial(_changes, session, entity, some))
            if changes:
                batch = RecordBatch(entity, tuple(changes), cause, tuple(some))
                _notify(session, SAVED, entity, batch, subscriber, some)
    for subject in SUBJECTS:
        waited_for = by_entity.get(subject.entity)
        if waited_for and any(impl.plugin == subscriber for impl in hooks.implementations(subject.hook)):
            per_entity = hooks.info(subject.hook).per_entity
            read = partial(subject.calls, session, waited_for, cause)
            for made in calls.get(session, (subject.hook, subject.entity), read):
                call = made if made.cause is cause else attrs.evolve(made, cause=cause)
                _notify(session, subject.hook, call.entity if per_entity else None, call, subscriber, waited_for)


def _notify(
    session: Session, hook: str, entity: str | None, call: Any, subscriber: str, events: Sequence[Event]
) -> None:
    """Call one hook; what it writes is flushed at once, so that it is known which hook, told of what, wrote it."""
    cause = session.cause
    own = {event.record_id: event.id for event in events}
    session.cause = attrs.evolve(cause, event_id=events[-1].id, hook=hook, events=own)
    try:
        for failure in run_notify(session.hooks.caller(hook, entity), session.contexts, call, only=subscriber):
            if isinstance(failure.error, CrmError):
                raise failure.error
            raise PluginError(failure.plugin, hook, failure.error)
        session.flush()
    finally:
        session.cause = cause


def _changes(session: Session, entity: str, events: Sequence[Event]) -> tuple[Change, ...]:
    """Return the records of events, each once: as they were before the first of them, and as they are now."""
    cls = session.database.registry.get(entity).cls
    ids: list[UUID] = list(dict.fromkeys(event.record_id for event in events))
    created = {event.record_id for event in events if creates(event.entity, event.type)}
    found: dict[UUID, Any] = {}
    for chunk in in_chunks(ids):
        found.update({r.id: r for r in session.list(cls, id=chunk, deleted=True)})
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
    for chunk in in_chunks(ids):
        entries.update({entry.id: entry for entry in session.list(AuditEntry, id=chunk)})
    olds: dict[UUID, dict[str, Any]] = {}
    for event in events:
        entry = entries.get(event.id)
        if entry is not None:
            info = session.database.registry.get(event.entity)
            old = values_before(info, entry.delta)
            # The first event of a record tells what it was; later ones add only fields untouched until then.
            olds[event.record_id] = {"version": entry.version - 1, **old, **olds.get(event.record_id, {})}
    return olds
