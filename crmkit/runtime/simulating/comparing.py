"""What differs between two branches: records, their fields, and the stages in which they stand in the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Set
from itertools import zip_longest
from typing import Any, Literal
from uuid import UUID

from crmkit.core.entity import STAMPED, EntityInfo
from crmkit.core.frozen import frozen
from crmkit.core.lifecycle import Lifecycle, StageTrack
from crmkit.runtime.simulating.branch import Branch
from crmkit.store.session import Session
from crmkit.store.trail import records_now

_WHOLES = ("track_id", "record_id", "customer_id")
"""References from a part to what it belongs to, the nearest first."""

Course = Literal["both", "as_is", "changed"]

OTHER = UUID(int=0)
"""Stands for a record that hooks or rules made in one branch alone: its id says nothing."""


@frozen
class FieldDifference:
    """What a field holds in the end, as things are and with the change."""

    name: str
    as_is: Any
    changed: Any


@frozen
class RecordDifference:
    """A record that ends differently. ``course`` says where it is: in both, or in one alone ("as_is", "changed").

    ``record_id`` is None where hooks or rules made the record. Of a record that is in one alone, ``fields`` hold what is
    in it.
    """

    entity: str
    record_id: UUID | None
    title: str
    course: Course
    fields: tuple[FieldDifference, ...]


@frozen
class StageCount:
    """How many records stand in a stage in the end."""

    lifecycle: str
    stage: str
    as_is: int
    changed: int


@frozen
class _Outcome:
    """The records of one entity in one branch: those of recorded history by id, and those that were made here."""

    recorded: Mapping[UUID, Mapping[str, Any]]
    titles: Mapping[UUID, str]
    made: tuple[tuple[str, Mapping[str, Any]], ...]


def record_differences(as_is: Branch, changed: Branch) -> list[RecordDifference]:
    """Return the records that differ, by entity."""
    touched: dict[str, set[UUID]] = {}
    for branch in (as_is, changed):
        recorded = branch.recorded
        for entity, ids in branch.touched().items():
            touched.setdefault(entity, set()).update(recorded.get(id, id) for id in ids)
    both = {info.name for info in changed.crm.registry}
    found: list[RecordDifference] = []
    for info in as_is.crm.registry:
        # That a lifecycle differs is the change itself.
        if info.name in touched and info.name in both and info.cls is not Lifecycle:
            outcomes = [_outcome(branch, info.name, touched[info.name]) for branch in (as_is, changed)]
            found += _of_entity(info, *outcomes)
    return found


def stage_counts(as_is: Branch, changed: Branch) -> list[StageCount]:
    """Return how many records stand where, in every stage that any stands in."""
    here, there = (_stages(branch) for branch in (as_is, changed))
    return [StageCount(*key, here[key], there[key]) for key in sorted({*here, *there})]


def _of_entity(info: EntityInfo, as_is: _Outcome, changed: _Outcome) -> Iterator[RecordDifference]:
    for id in sorted({*as_is.recorded, *changed.recorded}):
        before, after = as_is.recorded.get(id), changed.recorded.get(id)
        if before != after:
            title = (changed if after is not None else as_is).titles[id]
            yield _difference(info, id, title, before, after)
    # Records that were made here have ids of their own in each branch, so they are known by what is in them.
    here, there = (Counter((title, repr(one)) for title, one in outcome.made) for outcome in (as_is, changed))
    gone, new = (_by_title(outcome, left) for outcome, left in ((as_is, here - there), (changed, there - here)))
    for title in {**gone, **new}:
        for before, after in zip_longest(gone.get(title, ()), new.get(title, ())):
            yield _difference(info, None, title, before, after)


def _by_title(outcome: _Outcome, left: Counter[tuple[str, str]]) -> dict[str, list[Mapping[str, Any]]]:
    """Return the records that are ``left``, as often as that says."""
    contents = {(title, repr(one)): one for title, one in outcome.made}
    found: dict[str, list[Mapping[str, Any]]] = {}
    for key, number in left.items():
        found.setdefault(key[0], []).extend([contents[key]] * number)
    return found


def _difference(
    info: EntityInfo,
    id: UUID | None,
    title: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
) -> RecordDifference:
    course: Course = "both" if before is not None and after is not None else "as_is" if after is None else "changed"
    one, other = before or {}, after or {}
    fields = tuple(
        FieldDifference(name, one.get(name), other.get(name))
        for name in {**one, **other}
        if one.get(name) != other.get(name) and not (course != "both" and _empty(one.get(name) or other.get(name)))
    )
    return RecordDifference(info.name, id, title, course, fields)


def _outcome(branch: Branch, entity: str, ids: set[UUID]) -> _Outcome:
    info = branch.crm.registry.get(entity)
    names = [field.name for field in info.stored if field.audited and field.name not in STAMPED]
    recorded, made = branch.recorded, branch.made()
    found: dict[UUID, dict[str, Any]] = {}
    others: list[tuple[str, dict[str, Any]]] = []
    titles: dict[UUID, str] = {}
    with branch.crm.session(reads=True) as session:
        # A lifecycle is the same in both branches whatever its revision.
        known = {**recorded, **{one.id: one.name for one in session.list(Lifecycle)}}
        for id, record in records_now(session, info.cls, [branch.ids.get(id, id) for id in ids]).items():
            if record.deleted_at is not None:
                continue
            values = {name: _known(getattr(record, name), known, made) for name in names if name != "id"}
            title = _title(session, record)
            if id in made:
                others.append((title, values))
            else:
                found[recorded.get(id, id)], titles[recorded.get(id, id)] = values, title
    return _Outcome(found, titles, tuple(others))


def _title(session: Session, record: Any, steps: int = 4) -> str:
    """Return what people call a record; a part without a name of its own is called as what it belongs to."""
    info = session.database.registry.of(record)
    for name in _WHOLES:
        if name in info.by_name and steps and (id := getattr(record, name)) is not None:
            entity = record.entity if name == "record_id" else info.by_name[name].reference
            whole = session.find(session.database.registry.get(entity).cls, id=id) if entity else None
            if whole is not None:
                return _title(session, whole, steps - 1)
    return str(getattr(record, info.title or "id", "") or "")


def _known(value: Any, known: Mapping[UUID, Any], made: Set[UUID]) -> Any:
    """Return a value that means the same in both branches."""
    if not isinstance(value, UUID):
        return value
    return known.get(value, OTHER if value in made else value)


def _empty(value: Any) -> bool:
    return value is None or value in ("", (), {}) or value is False


def _stages(branch: Branch) -> Counter[tuple[str, str]]:
    with branch.crm.session(reads=True) as session:
        names = {one.id: one.name for one in session.list(Lifecycle)}
        return Counter((names[track.lifecycle_id], track.stage) for track in session.list(StageTrack))
