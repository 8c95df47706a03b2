"""Reports on a lifecycle. They count records that the reader may see, by the history as it is known now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from statistics import median
from typing import Any

import sqlalchemy as sa

from crmkit.core.frozen import frozen
from crmkit.core.lifecycle import Lifecycle, StageTrack, StageTransition
from crmkit.services.lifecycle.defining import active_lifecycle, definition_of
from crmkit.store.session import Session

MICROSECOND = timedelta(microseconds=1)


@frozen
class StageCount:
    """How many records stand in a stage. A stage that is gone has no category."""

    stage: str
    category: str
    count: int


@frozen
class Conversion:
    """Of ``entered`` stays in ``stage``, ``count`` led to ``to`` next (empty: they go on)."""

    stage: str
    to: str
    entered: int
    count: int

    @property
    def share(self) -> float:
        """The fraction of the stays that led there."""
        return self.count / self.entered


@frozen
class TimeInStage:
    """How long stays in a stage lasted that have ended: their number, median and mean; ``standing`` go on."""

    stage: str
    ended: int
    median: timedelta | None
    mean: timedelta | None
    standing: int


@frozen
class Reaction:
    """How long it took from when a rule came due until the record was moved."""

    rule: str
    stage: str
    count: int
    median: timedelta
    mean: timedelta


def stage_counts(session: Session, lifecycle: str, at: datetime | None = None) -> list[StageCount]:
    """Return how many records stood in each stage at an instant, by default now, in the order of the definition."""
    current = active_lifecycle(session, lifecycle)
    step = _steps(session, current)
    statement = sa.select(step)
    if at is not None:
        statement = statement.where(step.c.occurred_at <= at)
    known = statement.subquery()
    newest = sa.func.row_number().over(
        partition_by=known.c.track_id, order_by=(known.c.occurred_at.desc(), known.c.id.desc())
    )
    last = sa.select(known.c.to_stage, newest.label("place")).subquery()
    counted: sa.Select[Any] = (
        sa.select(last.c.to_stage, sa.func.count()).where(last.c.place == 1).group_by(last.c.to_stage)
    )
    rows: Iterable[Any] = session.execute(counted)
    found = {stage: int(count) for stage, count in rows}
    categories = {stage.name: stage.category for stage in definition_of(current).stages}
    return [StageCount(name, categories.get(name, ""), found.get(name, 0)) for name in _ordered(current, found)]


def conversions(
    session: Session, lifecycle: str, since: datetime | None = None, until: datetime | None = None
) -> list[Conversion]:
    """Return where records went next from each stage that they entered from ``since`` until before ``until``."""
    current = active_lifecycle(session, lifecycle)
    stay = _stays(session, current)
    following = sa.func.coalesce(stay.c.following, "", type_=stay.c.stage.type)
    statement: sa.Select[Any] = sa.select(stay.c.stage, following, sa.func.count()).where(*_within(stay, since, until))
    found: Iterable[Any] = session.execute(statement.group_by(stay.c.stage, following))
    rows = [(stage, to, int(count)) for stage, to, count in found]
    entered: dict[str, int] = {}
    for stage, _, count in rows:
        entered[stage] = entered.get(stage, 0) + count
    counts = {(stage, to): count for stage, to, count in rows}
    order = _ordered(current, {name for stage, to, _ in rows for name in (stage, to) if name})
    return [
        Conversion(stage, to, entered[stage], counts[stage, to])
        for stage in order
        for to in (*order, "")
        if (stage, to) in counts
    ]


def times_in_stage(
    session: Session, lifecycle: str, since: datetime | None = None, until: datetime | None = None
) -> list[TimeInStage]:
    """Return how long records stayed in each stage that they entered from ``since`` until before ``until``."""
    current = active_lifecycle(session, lifecycle)
    stay = _stays(session, current)
    statement = sa.select(stay.c.stage, stay.c.start, stay.c.ending).where(*_within(stay, since, until))
    ended: dict[str, list[timedelta]] = {}
    standing: dict[str, int] = {}
    rows: Iterable[Any] = session.execute(statement)
    for stage, start, ending in rows:
        lasted = ended.setdefault(stage, [])
        if ending is None:
            standing[stage] = standing.get(stage, 0) + 1
        else:
            lasted.append(ending - start)
    made = []
    for name in _ordered(current, ended):
        if name in ended:
            middle, mean = _middle(ended[name]) if ended[name] else (None, None)
            made.append(TimeInStage(name, len(ended[name]), middle, mean, standing.get(name, 0)))
    return made


def reactions(
    session: Session, lifecycle: str, since: datetime | None = None, until: datetime | None = None
) -> list[Reaction]:
    """Return how fast rules moved records, for steps that came due from ``since`` until before ``until``.

    A step is dated when its rule came due and recorded when the record was moved; the reaction lies between.
    """
    current = active_lifecycle(session, lifecycle)
    step = _steps(session, current)
    statement = sa.select(step.c.rule, step.c.to_stage, step.c.occurred_at, step.c.created_at).where(
        step.c.cause == "rule"
    )
    if since is not None:
        statement = statement.where(step.c.occurred_at >= since)
    if until is not None:
        statement = statement.where(step.c.occurred_at < until)
    found: dict[tuple[str, str], list[timedelta]] = {}
    rows: Iterable[Any] = session.execute(statement)
    for rule, stage, due, moved in rows:
        found.setdefault((rule, stage), []).append(moved - due)
    made = []
    for (rule, stage), taken in sorted(found.items()):
        made.append(Reaction(rule, stage, len(taken), *_middle(taken)))
    return made


def _steps(session: Session, current: Lifecycle) -> sa.Subquery:
    """The transitions of living records, in any revision of the lifecycle."""
    step, track, lifecycle = session.table(StageTransition), session.table(StageTrack), session.table(Lifecycle)
    record = session.table(current.entity)
    revisions = sa.select(lifecycle.c.id).where(lifecycle.c.name == current.name)
    return (
        sa.select(step)
        .join(track, track.c.id == step.c.track_id)
        .join(record, record.c.id == track.c.record_id)
        .where(track.c.entity == current.entity, track.c.lifecycle_id.in_(revisions))
        .subquery()
    )


def _stays(session: Session, current: Lifecycle) -> sa.Subquery:
    """The history as intervals, as ``fold`` makes it: stage, start, ending and the stage that followed."""
    step = _steps(session, current)
    order = (step.c.occurred_at, step.c.id)
    before = sa.func.lag(step.c.to_stage, type_=step.c.to_stage.type).over(partition_by=step.c.track_id, order_by=order)
    each = sa.select(step.c.track_id, step.c.id, step.c.to_stage, step.c.occurred_at, before.label("before")).subquery()
    moved = sa.select(each).where(sa.or_(each.c.before.is_(None), each.c.before != each.c.to_stage)).subquery()
    over: dict[str, Any] = {"partition_by": moved.c.track_id, "order_by": (moved.c.occurred_at, moved.c.id)}
    return sa.select(
        moved.c.to_stage.label("stage"),
        moved.c.occurred_at.label("start"),
        sa.func.lead(moved.c.occurred_at, type_=moved.c.occurred_at.type).over(**over).label("ending"),
        sa.func.lead(moved.c.to_stage, type_=moved.c.to_stage.type).over(**over).label("following"),
    ).subquery()


def _within(stay: sa.Subquery, since: datetime | None, until: datetime | None) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if since is not None:
        found.append(stay.c.start >= since)
    if until is not None:
        found.append(stay.c.start < until)
    return found


def _ordered(current: Lifecycle, names: Any) -> list[str]:
    """The stages of the definition in their order, then those of ``names`` that are gone."""
    defined = definition_of(current).names
    return [*defined, *sorted(set(names) - set(defined))]


def _middle(taken: Sequence[timedelta]) -> tuple[timedelta, timedelta]:
    """Median and mean, to the microsecond."""
    whole = [duration // MICROSECOND for duration in taken]
    return round(median(whole)) * MICROSECOND, sum(whole) // len(whole) * MICROSECOND
