"""The one write path: everything that is ever written goes through ``flush``.

check types -> derive hooks, to a fixpoint -> validate all -> access -> references -> guard hooks -> SQL -> audit entries
and events, in one transaction. A failure before the SQL leaves the database untouched; one within it ends the session.
"""

from __future__ import annotations

from datetime import datetime
from itertools import starmap
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmkit.core.domain_event import DOMAIN_EVENT
from crmkit.core.entity import Part, change, changed_fields
from crmkit.core.errors import FieldError, HookLoop, PluginError, Refused, ValidationFailed
from crmkit.hooks.records import Change, RecordBatch
from crmkit.hooks.run import run_derive, run_guard
from crmkit.store.domain_events import check_domain_events
from crmkit.store.references import check_references
from crmkit.store.row_writing import write_rows
from crmkit.store.unit_of_work import Pair, UnitOfWork
from crmkit.store.write_access import check_access, check_fields

if TYPE_CHECKING:
    from crmkit.store.session import Session

_TYPES = frozenset({"type", "number", "naive", "zone", "characters", "json"})
"""What is wrong with values that rules cannot work with."""

ROUNDS = 8
"""How often derive hooks may answer to one another in one flush."""

_set = object.__setattr__


def flush(session: Session) -> UUID | None:
    """Write a session's pending changes and return the id of their first event."""
    work = session.work
    work.kept.clear()
    now = session.clock.now()
    if not session.actor.everything:
        # What hooks add is theirs, so it is looked at what the user wrote before they are asked.
        check_fields(session.database.registry, session.actor, work.pending)
    if session.actor.user_id is not None:
        _own_new_records(session)
    _derive(session)
    batches = {entity: list(staged.values()) for entity, staged in work.pending.items() if staged}
    if not batches:
        work.written()
        return None
    _validate(session, batches)
    if DOMAIN_EVENT in batches:
        check_domain_events(session.database.registry.events, batches[DOMAIN_EVENT], work.derived)
    if not session.actor.everything:
        check_access(
            lambda: session.connection, session.database, session.narrowing, session.actor, batches, work.derived
        )
    check_references(session.plan, lambda: session.connection, session.database, session.narrowing, work, batches)
    _guard(session, batches)
    _stamp(session, batches, now)
    first = write_rows(session, batches, now)
    session.told.update(batches)
    work.written()
    return first


def _own_new_records(session: Session) -> None:
    """A user owns what the user makes, unless the record says otherwise."""
    actor = session.actor
    for entity, staged in session.work.pending.items():
        if session.database.registry.get(entity).owned:
            for before, after in staged.values():
                if before is None and after.owner_id is None:
                    _set(after, "owner_id", actor.user_id)
                    if after.team_id is None:
                        _set(after, "team_id", actor.team_id)


def _derive(session: Session) -> None:
    work, hooks = session.work, session.hooks
    releases = hooks.releases
    todo: dict[str, dict[Any, Pair]] = work.pending
    steps: list[tuple[str, str, tuple[str, ...]]] = []
    of = session.database.registry.of
    for _ in range(ROUNDS):
        answers: list[tuple[str, Any]] = []
        for entity, staged in todo.items():
            caller = hooks.caller("derive_records", entity)
            if not caller.has_impls or not staged:
                continue
            _check_types(session, entity, staged)
            changes = tuple(starmap(Change, staged.values()))
            answers += run_derive(caller, session.contexts, RecordBatch(entity, changes, session.cause))
        todo = {}
        seen: dict[Any, Any] = {}
        records = [(plugin, item if isinstance(item, Part) else _derived(plugin, item)) for plugin, item in answers]
        changed = [record for _, record in records if record.version > 0]
        unseen = session.unseen(changed) if changed else {}
        current, pending, fresh, derived = work.current, work.pending, work.fresh, work.derived
        # The entities of new records by class; one that may not be written at all is refused with its first record.
        names: dict[type[Any], str] = {}
        for plugin, record in records:
            id = record.id
            known = current.get(id) or (unseen.get(id) if unseen else None)
            entity = names.get(record.__class__) or of(record).name
            if known is None and record.version == 0:
                # Nearly all that hooks make is new.
                if record.__class__ not in names:
                    session.stage_new(record)
                    names[record.__class__] = entity
                if entity not in todo:
                    todo[entity] = {}
                    steps.append((plugin, entity, ()))
                seen[id] = None
                derived[id] = plugin
                fresh.add(id)
                current[id] = record
                todo[entity][id] = pending[entity][id] = (None, record)
                continue
            if record is known:
                seen.setdefault(id, known)
                continue
            if id not in seen:
                seen[id] = known
            elif seen[id] is not None and known is not None:
                record = _beside(seen[id], known, record)
            fields = () if known is None else changed_fields(known, record)
            if not fields and known is not None and _same(known, record):
                continue
            steps.append((plugin, entity, fields))
            if fields:
                _note_derived(work, record, known, fields, releases.get(plugin, plugin))
            own = work.original(entity, id)
            if own is None:
                derived[id] = plugin
            elif own[0] is None and known is not None and record.version == known.version:
                # Still new, only otherwise than it was.
                current[id] = record
                todo.setdefault(entity, {})[id] = pending[entity][id] = (None, record)
                continue
            session.stage(record, unseen.get(id))
            todo.setdefault(entity, {})[id] = pending[entity].get(id, (known, record))
        if not todo:
            return
    raise HookLoop([_step(*step) for step in steps[-4:]])


def _step(plugin: str, entity: str, fields: tuple[str, ...]) -> str:
    return f"{plugin}:{entity}.{','.join(fields)}" if fields else f"{plugin}:{entity}"


def _beside(seen: Part, known: Part, answer: Part) -> Part:
    """Return ``known``, which other hooks of the round have changed, with what ``answer`` changes of what all have seen."""
    values = {name: getattr(answer, name) for name in changed_fields(seen, answer)}
    if "custom" in values:
        own = {key: value for key, value in answer.custom.items() if seen.custom.get(key) != value}
        left = {key: value for key, value in known.custom.items() if key not in seen.custom or key in answer.custom}
        values["custom"] = {**left, **own}
    return change(known, **values)


def _derived(plugin: str, item: Any) -> Part:
    record = item.after if isinstance(item, Change) else item
    if not isinstance(record, Part):
        wrong = TypeError(f"a derive hook returns records or Change objects, not {record!r}")
        raise PluginError(plugin, "derive_records", wrong)
    return record


def _note_derived(work: UnitOfWork, record: Any, known: Any, fields: tuple[str, ...], release: str) -> None:
    """Remember who derived which field; the last one counts, custom fields each under their own name."""
    noted = work.notes.get((fields, release))
    if noted is None:
        noted = work.notes[fields, release] = {name: release for name in fields if name != "custom"}
    if "custom" in fields:
        old, new = known.custom, record.custom
        noted = {**noted, **{key: release for key in {*old, *new} if old.get(key) != new.get(key)}}
    earlier = work.fields_derived.get(record.id)
    work.fields_derived[record.id] = noted if earlier is None else {**earlier, **noted}


def _same(one: Any, other: Any) -> bool:
    try:
        return bool(one == other)
    except ArithmeticError:
        # A signalling NaN, which equals nothing; it can stand only in bookkeeping, which is about to be filled anew.
        return False


def _check_types(session: Session, entity: str, staged: dict[Any, Pair]) -> None:
    """Derive hooks may count on types; anything else wrong is reported after them.

    Records found right in every respect are noted as such: they need no second look.
    """
    validator, valid = session.database.validators[entity], session.work.valid
    quick = validator.quick
    errors: list[FieldError] = []
    for _, after in staged.values():
        if id(after) in valid:
            continue
        if quick(after):
            valid[id(after)] = after
        else:
            # With a wrong type nothing will be saved, so all that is wrong is said; what is missing, rules could fill in.
            errors += [error for error in validator.errors(after) if error.code != "required"]
    if any(error.code in _TYPES for error in errors):
        raise ValidationFailed(errors)


def _validate(session: Session, batches: dict[str, list[Pair]]) -> None:
    errors: list[FieldError] = []
    valid = session.work.valid
    for entity, pairs in batches.items():
        validator = session.database.validators[entity]
        quick = validator.quick
        for before, after in pairs:
            if id(after) not in valid and not quick(after):
                errors += [error for error in validator.errors(after) if not _left_behind(error, before, after)]
    if errors:
        raise ValidationFailed(errors)


def _left_behind(error: FieldError, before: Any, after: Any) -> bool:
    """Whether it is about a custom value that was there before, whose field went with a plugin or from the configuration."""
    if error.code != "unknown_field" or before is None or after.custom is None:
        return False
    name = error.path.rpartition(".")[2]
    return name in before.custom and bool(before.custom[name] == after.custom.get(name))


def _guard(session: Session, batches: dict[str, list[Pair]]) -> None:
    for entity, pairs in batches.items():
        caller = session.hooks.caller("guard_records", entity)
        if caller.has_impls:
            changes = tuple(starmap(Change, pairs))
            try:
                run_guard(caller, session.contexts, RecordBatch(entity, changes, session.cause))
            except Refused as error:
                error.entity, error.records = entity, tuple(change.after.id for change in changes)
                raise


def _stamp(session: Session, batches: dict[str, list[Pair]], now: datetime) -> None:
    """Fill the bookkeeping of records about to be written; until now they were nobody's but the session's."""
    by = session.actor.acting_id
    for pairs in batches.values():
        for before, after in pairs:
            if before is None:
                _set(after, "version", 1)
                _set(after, "created_at", now)
                _set(after, "created_by", by)
            else:
                _set(after, "version", before.version + 1)
                _set(after, "created_at", before.created_at)
                _set(after, "created_by", before.created_by)
            _set(after, "updated_at", now)
            _set(after, "updated_by", by)
