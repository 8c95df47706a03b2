"""What differs between two branches: records, their fields, and the stages in which they stand in the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Set
from typing import Any, Literal
from uuid import UUID

import attrs

from crmkit.core.entity import STAMPED, EntityInfo
from crmkit.core.lifecycle import Lifecycle, StageTrack
from crmkit.runtime.simulating.branch import Branch
from crmkit.store.trail import records_now

Course = Literal["both", "as_is", "changed"]

OTHER = UUID(int=0)
"""Stands for a record that hooks or rules made in one branch alone: its id says nothing."""


@attrs.frozen
class FieldDifference:
    """What a field holds in the end, as things are and with the change."""

    name: str
    as_is: Any
    changed: Any


@attrs.frozen
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


@attrs.frozen
class StageCount:
    """How many records stand in a stage in the end."""

    lifecycle: str
    stage: str
    as_is: int
    changed: int


@attrs.frozen
class _Outcome:
    """The records of one entity in one branch: those of recorded history by id, and those that were made here."""

    recorded: Mapping[UUID, Mapping[str, Any]]
    made: tuple[Mapping[str, Any], ...]


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
        if info.name in touched and info.name in both:
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
            yield _difference(info, id, before, after)
    # The same records have ids of their own in each branch, so they are known by what is in them.
    here, there = ({repr(one): one for one in outcome.made} for outcome in (as_is, changed))
    counts = [Counter(repr(one) for one in outcome.made) for outcome in (as_is, changed)]
    for key, number in (counts[0] - counts[1]).items():
        yield from [_difference(info, None, here[key], None)] * number
    for key, number in (counts[1] - counts[0]).items():
        yield from [_difference(info, None, None, there[key])] * number


def _difference(
    info: EntityInfo, id: UUID | None, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> RecordDifference:
    course: Course = "both" if before is not None and after is not None else "as_is" if after is None else "changed"
    one, other = before or {}, after or {}
    fields = tuple(
        FieldDifference(name, one.get(name), other.get(name))
        for name in {**one, **other}
        if one.get(name) != other.get(name) and not (course != "both" and _empty(one.get(name) or other.get(name)))
    )
    title = (after or before or {}).get(info.title or "", "")
    return RecordDifference(info.name, id, str(title or ""), course, fields)


def _outcome(branch: Branch, entity: str, ids: set[UUID]) -> _Outcome:
    info = branch.crm.registry.get(entity)
    names = [field.name for field in info.stored if field.audited and field.name not in STAMPED]
    recorded, made = branch.recorded, branch.made()
    recorded_ids: dict[UUID, dict[str, Any]] = {}
    others: list[dict[str, Any]] = []
    with branch.crm.session(reads=True) as session:
        for id, record in records_now(session, info.cls, [branch.ids.get(id, id) for id in ids]).items():
            if record.deleted_at is not None:
                continue
            values = {name: _known(getattr(record, name), recorded, made) for name in names if name != "id"}
            if id in made:
                others.append(values)
            else:
                recorded_ids[recorded.get(id, id)] = values
    return _Outcome(recorded_ids, tuple(others))


def _known(value: Any, recorded: Mapping[UUID, UUID], made: Set[UUID]) -> Any:
    if not isinstance(value, UUID):
        return value
    return OTHER if value in made else recorded.get(value, value)


def _empty(value: Any) -> bool:
    return value is None or value in ("", (), {}) or value is False


def _stages(branch: Branch) -> Counter[tuple[str, str]]:
    with branch.crm.session(reads=True) as session:
        names = {one.id: one.name for one in session.list(Lifecycle)}
        return Counter((names[track.lifecycle_id], track.stage) for track in session.list(StageTrack))
