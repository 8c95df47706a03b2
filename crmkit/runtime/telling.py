"""What committed events say to notify hooks: calls with records, interactions, moves, merges and other subjects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmkit.core.entity import change
from crmkit.core.errors import CrmError, PluginError
from crmkit.core.interaction import Interaction
from crmkit.core.journal import AuditEntry, Event
from crmkit.hooks.causation import Cause
from crmkit.hooks.interactions import InteractionsLogged
from crmkit.hooks.records import Change, RecordBatch
from crmkit.hooks.run import run_notify
from crmkit.services.importing.finished import finished_imports
from crmkit.services.lifecycle.committed import committed_moves
from crmkit.services.merging.committed import committed_merges
from crmkit.services.segments.committed import committed_memberships
from crmkit.store.trail import values_before

if TYPE_CHECKING:
    from crmkit.store.session import Session

CHUNK = 500
"""Ids asked for in one statement."""


def tell(session: Session, subscriber: str, events: Sequence[Event], cause: Cause) -> None:
    """Call each notify hook of the plugin ``subscriber`` with what events say; raises the first error of a hook."""
    hooks = session.hooks
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


def _changes(session: Session, entity: str, events: Sequence[Event]) -> tuple[Change, ...]:
    """Return the records of events, each once: as they were before the first of them, and as they are now."""
    cls = session.database.registry.get(entity).cls
    ids: list[UUID] = list(dict.fromkeys(event.record_id for event in events))
    created = {event.record_id for event in events if event.type.endswith(".created")}
    found: dict[UUID, Any] = {}
    for start in range(0, len(ids), CHUNK):
        found.update({r.id: r for r in session.list(cls, id=ids[start : start + CHUNK], deleted=True)})
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
    for start in range(0, len(ids), CHUNK):
        entries.update({entry.id: entry for entry in session.list(AuditEntry, id=ids[start : start + CHUNK])})
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
