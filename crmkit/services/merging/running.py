"""Previewing and carrying out merges. All that a merge writes goes through the write path, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from crmkit.core.customer import Customer
from crmkit.core.entity import EntityInfo, Part
from crmkit.core.errors import AccessDenied, BadInput, CrmError, PluginError, Refused, StaleVersion
from crmkit.core.frozen import frozen
from crmkit.core.identity import NotTheSame
from crmkit.core.journal import MergeJournal
from crmkit.core.merging import (
    MergePlan,
    called,
    different_kinds,
    masked_plan,
    mergeable,
    merged_fields,
    merged_record,
)
from crmkit.core.messages import Message, msg
from crmkit.hooks.merging import Merging
from crmkit.hooks.records import Change
from crmkit.hooks.run import refusals, run_derive
from crmkit.services.access.required import require_right
from crmkit.services.append_only import rewriting
from crmkit.services.merging.followers import Followers
from crmkit.services.merging.images import Moved, images_of
from crmkit.services.merging.planning import Planning
from crmkit.services.merging.resolving import resolve_all
from crmkit.store.locking import locked
from crmkit.store.repointing import repoint, written_ids
from crmkit.store.savepoints import as_a_whole
from crmkit.store.session import Session

CORE = "crmkit"


@frozen
class MergeResult:
    """What became of one pair: ``journal`` of the merge, or the ``error`` that kept it from being merged.

    Both are None when the two were one record already.
    """

    kept_id: UUID
    lost_id: UUID
    journal: MergeJournal | None = None
    error: CrmError | None = None


def preview(
    session: Session,
    kept: Part | UUID,
    lost: Part | UUID,
    choices: Mapping[str, Any] | None = None,
    *,
    entity: type[Part] = Customer,
) -> MergePlan:
    """Return what merging ``lost`` into ``kept`` would do, and change nothing.

    Records may be given by id, then of ``entity``; ids of merged records lead to what they became. ``choices`` maps
    fields to ``"kept"``, ``"lost"`` or a value. All that refers to the lost record counts, also where the actor may not
    read it; what is in fields that he may not read is masked. Raises NotFound, AccessDenied without the right to merge
    both or for a choice on a field that the actor may not write, and BadInput for a record and itself, for an entity that
    is not merged and for an unknown field.
    """
    session.flush()
    cls = type(kept) if isinstance(kept, Part) else type(lost) if isinstance(lost, Part) else entity
    info = _mergeable(session, cls)
    ends = resolve_all(session, cls, [_id(kept), _id(lost)])
    if ends[_id(kept)] == ends[_id(lost)]:
        raise BadInput(msg("{id} is one record already", id=str(ends[_id(kept)])))
    one, other = _both(session, info, ends[_id(kept)], ends[_id(lost)])
    _require_choices(session, info, one, choices or {})
    hidden = session.hidden(cls)
    with session.acting_as(session.actor.elevated()):
        plan, _ = _planned(session, info, one, other, choices or {}, hidden)
    return masked_plan(info, plan, hidden)


def merge(session: Session, plan: MergePlan) -> MergeJournal:
    """Do what ``plan`` says and return the journal entry; it is written when the session is committed.

    What refers to the lost record is looked up anew, so nothing added since the preview is forgotten. A field that
    nobody chose survives by the rule, also where the actor may not read it. Raises AccessDenied as ``preview``, Refused
    with every reason against it, and StaleVersion when one of the two records was changed since the preview.
    """
    session.flush()
    info = session.database.registry.get(plan.entity)
    require_right(session, info, [plan.kept.id, plan.lost.id], "merge")
    versions = dict(zip((plan.kept.id, plan.lost.id), plan.versions, strict=True))
    _require_choices(session, info, plan.kept, plan.choices)
    return _carried_out(session, info, versions, plan.choices)


def merge_many(
    session: Session,
    pairs: Iterable[tuple[Part | UUID, Part | UUID]],
    choices: Mapping[str, Any] | None = None,
    *,
    entity: type[Part] = Customer,
) -> list[MergeResult]:
    """Merge the second of each pair into the first, in their order, and commit after each.

    In a transaction that others share (of a command that was submitted, or a hook after a commit) they are committed with it.
    A pair that cannot be merged is reported and the others go on. Pairs may overlap and form rings: each is taken as
    what its records are by then. What is pending in the session is committed first. For groups see ``pairs_of``. Raises
    AccessDenied for several pairs without the right to work in bulk.
    """
    session.commit()
    wanted = list(pairs)
    if len(wanted) > 1:
        first = wanted[0][0]
        merged = type(first) if isinstance(first, Part) else entity
        session.actor.require(session.database.registry.get(merged).name, "bulk")
    results: list[MergeResult] = []
    for kept, lost in wanted:
        cls = type(kept) if isinstance(kept, Part) else entity
        one, other = _id(kept), _id(lost)
        try:
            info = _mergeable(session, cls)
            ends = resolve_all(session, cls, [one, other])
            if ends[one] == ends[other]:
                results.append(MergeResult(one, other))
                continue
            first, second = _both(session, info, ends[one], ends[other])
            _require_choices(session, info, first, choices or {})
            versions = {first.id: first.version, second.id: second.version}
            journal = _carried_out(session, info, versions, choices or {})
            session.commit()
            results.append(MergeResult(first.id, second.id, journal))
        except CrmError as error:
            if error.code in ("database_unavailable", "storage_full") or (session.shared and session.broken):
                raise
            # A merge that failed has undone itself; of a transaction that others share no more may be undone.
            if not session.shared:
                session.rollback()
            results.append(MergeResult(one, other, error=error))
        else:
            # Others may change what this session saw before its next transaction.
            session.work.forget()
    return results


def _mergeable(session: Session, entity: type[Part]) -> EntityInfo:
    info = session.database.registry.get(entity)
    if not mergeable(info):
        raise BadInput(msg("records of {entity} are not merged", entity=info.label))
    return info


def _both(session: Session, info: EntityInfo, kept: UUID, lost: UUID) -> tuple[Any, Any]:
    """Return two records that the actor sees and may merge; raises NotFound and AccessDenied otherwise."""
    records = session.get(info.cls, kept), session.get(info.cls, lost)
    require_right(session, info, [kept, lost], "merge")
    return records


def _require_choices(session: Session, info: EntityInfo, kept: Any, choices: Mapping[str, Any]) -> None:
    """Raise AccessDenied for a choice on a field that the actor may not write: it would set it, or tell what it holds."""
    unwritten = session.actor.hidden(info, "update")
    wrong = sorted({name.removeprefix("custom.") for name in choices} & unwritten)
    if wrong:
        raise AccessDenied(
            msg(
                "{actor} may not choose what {field} of {entity} {record} will be",
                actor=session.actor.name,
                field=", ".join(wrong),
                entity=info.name,
                record=str(kept.id),
            )
        )


def _carried_out(
    session: Session, info: EntityInfo, versions: Mapping[UUID, int], choices: Mapping[str, Any]
) -> MergeJournal:
    """Merge two records that nobody has changed since they were read, as a whole or not at all.

    ``versions`` are those of the record that stays and of the one that is lost, in this order.
    """
    kept_id, lost_id = versions
    hidden = session.hidden(info.cls)
    with session.acting_as(session.actor.elevated()), as_a_whole(session):
        held = locked(session, info.name, list(versions))
        for id, version in versions.items():
            now = held.get(id)
            if now is None or now.version != version:
                raise StaleVersion(info.name, id, version)
        plan, planning = _planned(session, info, held[kept_id], held[lost_id], choices, hidden)
        if plan.blocked:
            raise Refused(CORE, plan.blocked[0], [(CORE, reason, lost_id) for reason in plan.blocked])
        _derive(session, plan, planning)
        # Whatever was stated of the lost record is stated of the kept one from now on.
        with rewriting(session):
            # What only follows goes first: hooks that look for it while the others are saved find it where it belongs.
            moved = [_followed(session, followers) for followers in planning.followers.values()]
            for before, after in planning.changes():
                session.add(after) if before is None else session.update(after)
            staged = session.work.pending
            session.flush()
        pairs = (pair for changed in staged.values() for pair in changed.values())
        images = images_of(session.database.registry, pairs, moved)
        journal = MergeJournal(entity=info.name, kept_id=kept_id, lost_id=lost_id, images=images)
        session.add(journal)
    return session.masked(journal)


def _followed(session: Session, followers: Followers) -> Moved:
    """Let records follow, and return what the journal keeps of it."""
    info, field, before, after = followers.info, followers.field, followers.before, followers.after
    ids = repoint(session, info, field, before, after, list(followers.ids))
    return Moved(info.name, field.name, str(before), str(after), written_ids(ids))


def _planned(
    session: Session, info: EntityInfo, kept: Any, lost: Any, choices: Mapping[str, Any], hidden: frozenset[str]
) -> tuple[MergePlan, Planning]:
    """Work out a merge, complete; what stands against it tells nothing of ``hidden`` fields."""
    fields = merged_fields(info, kept, lost, choices)
    planning = Planning(session, info, kept, lost, merged_record(kept, fields))
    result = planning.record(info.name, kept.id)
    blocked = [*_against(session, info, kept, lost, hidden), *planning.blocked]
    call = Merging(info.name, kept, lost, result, planning.references, tuple(planning.united), session.cause)
    caller = session.hooks.caller("guard_merge", info.name)
    if caller.has_impls:
        blocked += [
            msg("refused by {plugin}: {reason}", plugin=refusal.plugin, reason=refusal.reason)
            for refusal in refusals(caller, session.contexts, call)
        ]
    versions = kept.version, lost.version
    plan = MergePlan(info.name, kept, lost, result, fields, planning.references, tuple(blocked), choices, versions)
    return plan, planning


def _against(session: Session, info: EntityInfo, kept: Any, lost: Any, hidden: frozenset[str]) -> Iterable[Message]:
    """Yield what the core has against a merge, beside its references."""
    for record in (kept, lost):
        if record.deleted_at is not None:
            yield msg("{entity} {id} is deleted", entity=info.label, id=str(record.id))
    if (reason := different_kinds(info.name, kept, lost, hidden)) is not None:
        yield reason
    if info.name == "customer":
        first, second = sorted((kept.id, lost.id))
        if session.find(NotTheSame, first_id=first, second_id=second) is not None:
            yield msg(
                "{kept} and {lost} were found not to be the same; take that back first",
                kept=called(kept, hidden),
                lost=called(lost, hidden),
            )


def _derive(session: Session, plan: MergePlan, planning: Planning) -> None:
    """Add what plugins make of their own records."""
    caller = session.hooks.caller("derive_merge", plan.entity)
    call = Merging(
        plan.entity, plan.kept, plan.lost, plan.result, plan.references, tuple(planning.united), session.cause
    )
    for plugin, item in run_derive(caller, session.contexts, call):
        record = item.after if isinstance(item, Change) else item
        if not isinstance(record, Part):
            wrong = TypeError(f"it must return records or Change objects, not {record!r}")
            raise PluginError(plugin, "derive_merge", wrong)
        before = session.work.current.get(record.id) if record.version else None
        if before is None and record.version:
            before = session.get(type(record), record.id)
        planning.add(before, record)
        session.work.derived.setdefault(record.id, plugin)


def _id(record: Part | UUID) -> UUID:
    return record if isinstance(record, UUID) else record.id
