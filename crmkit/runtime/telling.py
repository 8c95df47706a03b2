"""What committed events say to notify hooks: calls with records, interactions, moves, merges and other subjects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs

from crmkit.core.entity import change
from crmkit.core.errors import CrmError, PluginError
from crmkit.core.journal import AuditEntry, Event
from crmkit.hooks.causation import Cause
from crmkit.hooks.records import Change, RecordBatch
from crmkit.hooks.run import run_notify
from crmkit.store.chunks import in_chunks
from crmkit.store.trail import values_before

if TYPE_CHECKING:
    from crmkit.store.session import Session

SAVED = "after_records_saved_committed"
"""The hook that is told of every record of every entity."""


@attrs.frozen
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


def tell(session: Session, subscriber: str, events: Sequence[Event], cause: Cause) -> None:
    """Call each notify hook of the plugin ``subscriber`` with what events say; raises the first error of a hook."""
    hooks = session.hooks
    by_entity: dict[str, list[Event]] = {}
    for event in events:
        by_entity.setdefault(event.entity, []).append(event)
    for entity, some in by_entity.items():
        if any(impl.plugin == subscriber for impl in hooks.caller(SAVED, entity).impls):
            batch = RecordBatch(entity, _changes(session, entity, some), cause, tuple(some))
            if batch.changes:
                _notify(session, SAVED, entity, batch, subscriber)
    for subject in SUBJECTS:
        waited_for = by_entity.get(subject.entity)
        if waited_for and any(impl.plugin == subscriber for impl in hooks.implementations(subject.hook)):
            per_entity = hooks.info(subject.hook).per_entity
            for call in subject.calls(session, waited_for, cause):
                _notify(session, subject.hook, call.entity if per_entity else None, call, subscriber)


def _notify(session: Session, hook: str, entity: str | None, call: Any, subscriber: str) -> None:
    for failure in run_notify(session.hooks.caller(hook, entity), session.contexts, call, only=subscriber):
        if isinstance(failure.error, CrmError):
            raise failure.error
        raise PluginError(failure.plugin, hook, failure.error)


def _changes(session: Session, entity: str, events: Sequence[Event]) -> tuple[Change, ...]:
    """Return the records of events, each once: as they were before the first of them, and as they are now."""
    cls = session.database.registry.get(entity).cls
    ids: list[UUID] = list(dict.fromkeys(event.record_id for event in events))
    created = {event.record_id for event in events if event.type.endswith(".created")}
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
