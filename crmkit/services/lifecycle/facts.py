"""What rules need to know of records, asked of the database for many at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.filter import children_of, parse
from crmkit.core.frozen import frozen
from crmkit.core.lifecycle import StageTrack, StageTransition
from crmkit.core.lifecycle_checks import subject_entity
from crmkit.core.lifecycle_definition import EventDefinition, LifecycleDefinition, RuleDefinition
from crmkit.core.lifecycle_history import fold
from crmkit.core.lifecycle_rules import Standing
from crmkit.store.session import Session

Condition = sa.ColumnElement[bool]


@frozen
class Facts:
    """What is known of one track at one moment."""

    track: StageTrack
    standing: Standing
    events: Mapping[str, Sequence[datetime]]
    holding: frozenset[str]


class RuleQueries:
    """The questions of one lifecycle's rules, for one session at one moment. Made anew for each session."""

    def __init__(self, session: Session, definition: LifecycleDefinition, lifecycle_id: UUID, now: datetime) -> None:
        self._session, self._definition, self._now = session, definition, now
        self._registry = session.database.registry
        self._rules = {rule.name: rule for rule in definition.rules}
        self._subject = subject_entity(definition, self._registry)
        self._children = children_of(self._registry, self._subject.name)
        self._track = session.table(StageTrack).alias("track")
        self._record = session.table(definition.entity).alias("tracked")
        joined = self._track.join(self._record, self._record.c.id == self._track.c.record_id)
        self._about: sa.FromClause = self._record
        if definition.subject:
            self._about = session.table(self._subject.name).alias("subject")
            joined = joined.join(self._about, self._about.c.id == self._record.c[definition.subject])
        self._from = joined
        self._sources: dict[str, tuple[sa.FromClause, sa.FromClause, sa.FromClause]] = {}
        self._mine: list[Condition] = [
            self._track.c.lifecycle_id == lifecycle_id,
            self._track.c.entity == definition.entity,
        ]

    def candidates(self) -> list[UUID]:
        """Return the tracks, in the order of ids, that a rule may move: all that one does move, and few others."""
        rules = [self._may_act(rule) for rule in self._definition.rules]
        if not rules:
            return []
        statement = sa.select(self._track.c.id).select_from(self._from).where(*self._mine, sa.or_(*rules))
        return [row[0] for row in self._session.execute(statement.order_by(self._track.c.id))]

    def missing(self, among: Sequence[UUID] = ()) -> list[UUID]:
        """Return the records of the entity, in the order of ids, that are not in this lifecycle yet."""
        record, track = self._record, self._track
        own: sa.Select[Any] = sa.select(track.c.record_id).where(*self._mine)
        statement = sa.select(record.c.id).where(record.c.id.not_in(own))
        if among:
            statement = statement.where(record.c.id.in_(list(among)))
        return [row[0] for row in self._session.execute(statement.order_by(record.c.id))]

    def facts(self, ids: Sequence[UUID]) -> list[Facts]:
        """Return what is known of tracks; those whose record or subject is gone are left out."""
        same = sorted({name for event in self._definition.events.values() for name in event.same})
        statement = (
            sa.select(self._track.c.id, self._about.c.id, *[self._record.c[name] for name in same])
            .select_from(self._from)
            .where(*self._mine, self._track.c.id.in_(list(ids)))
        )
        rows: dict[UUID, Any] = {row[0]: row for row in self._session.execute(statement)}
        tracks = {track.id: track for track in self._session.list(StageTrack, id=list(rows))} if rows else {}
        steps: dict[UUID, list[StageTransition]] = {}
        for step in self._session.list(StageTransition, track_id=list(tracks)) if tracks else []:
            steps.setdefault(step.track_id, []).append(step)
        holding = {rule.name: self._holding(rule, list(tracks)) for rule in self._definition.rules if rule.when}
        subjects = list({row[1] for row in rows.values()})
        times = {name: self._times(event, subjects) for name, event in self._definition.events.items()}
        found: list[Facts] = []
        for id, track in tracks.items():
            past = fold(steps.get(id, ()))
            if not past:
                continue
            last = past[-1]
            by = self._rules.get(last.transition.rule) if last.transition.cause == "rule" else None
            standing = Standing(last.stage, last.start, last.transition.cause != "rule", len(past) == 1, by)
            own: dict[str, Any] = dict(zip(same, rows[id][2:], strict=True))
            events = {
                name: times[name].get((rows[id][1], *(own[field] for field in event.same)), [])
                for name, event in self._definition.events.items()
            }
            held = frozenset(name for name, some in holding.items() if id in some)
            found.append(Facts(track, standing, events, held))
        return found

    # -- rules ---------------------------------------------------------------------------------------------------

    def _may_act(self, rule: RuleDefinition) -> Condition:
        conditions: list[Condition] = [self._track.c.stage.in_(rule.from_)]
        if rule.when:
            conditions.append(self._when(rule))
        ripe = self._now - rule.after
        entered = self._track.c.entered_at
        if rule.on:
            late = [one.after for one in self._definition.rules if one.without == rule.on and one.to in rule.from_]
            since = None if rule.past else self._earlier(entered, max(late, default=timedelta()))
            conditions.append(self._happened(self._definition.events[rule.on], since, ripe))
        elif rule.without:
            event = self._definition.events[rule.without]
            conditions.append(sa.not_(self._happened(event, sa.literal(ripe, entered.type), self._now)))
            conditions.append(sa.or_(entered <= ripe, self._happened(event, None, ripe)))
        else:
            conditions.append(entered <= ripe)
        return sa.and_(*conditions)

    def _when(self, rule: RuleDefinition) -> Condition:
        predicate = parse(rule.when, self._registry, self._subject.name)
        return self._session.reader.predicate(predicate, self._subject, self._about, self._session.connection)

    def _holding(self, rule: RuleDefinition, ids: Sequence[UUID]) -> set[UUID]:
        statement = (
            sa.select(self._track.c.id)
            .select_from(self._from)
            .where(*self._mine, self._track.c.id.in_(list(ids)), self._when(rule))
        )
        return {row[0] for row in self._session.execute(statement)}

    def _earlier(self, column: sa.ColumnElement[Any], duration: timedelta) -> sa.ColumnElement[Any]:
        """The instant ``duration`` before that of a column; on SQLite, both are counted in microseconds."""
        if self._session.database.dialect == "postgresql":
            return sa.type_coerce(column, sa.DateTime(timezone=True)) - sa.literal(duration, sa.Interval())
        return sa.type_coerce(column, sa.BigInteger()) - duration // timedelta(microseconds=1)

    # -- events --------------------------------------------------------------------------------------------------

    def _happened(self, event: EventDefinition, after: Any, until: datetime) -> Condition:
        """An event of the subject lies after one instant (None: any) and not after another."""
        child, source, subject, conditions = self._event(event)
        at = self._time(event, child)
        conditions += [subject == self._about.c.id, at <= until]
        if after is not None:
            # ``after`` may be in the database's own form of instants; then this side is compared in it, too.
            conditions.append(sa.type_coerce(at, after.type) > after)
        for name in event.same:
            conditions.append(self._agreed(name, child.c[name]) == self._record.c[name])
        found: sa.Select[Any] = sa.select(sa.literal_column("1")).select_from(source).where(*conditions)
        return sa.exists(found.correlate(self._track, self._record, self._about))

    def _times(self, event: EventDefinition, subjects: Sequence[UUID]) -> dict[tuple[Any, ...], list[datetime]]:
        """Return the instants of an event until now, ascending, by subject and the values that must agree."""
        child, source, subject, conditions = self._event(event)
        same = [self._agreed(name, child.c[name]).label(f"same_{name}") for name in event.same]
        # A child may be linked to its subject more than once.
        statement = (
            sa.select(subject, child.c.id, child.c[event.at], *same)
            .select_from(source)
            .where(*conditions, subject.in_(list(subjects)), self._time(event, child) <= self._now)
            .distinct()
            .order_by(child.c[event.at])
        )
        found: dict[tuple[Any, ...], list[datetime]] = {}
        rows: Iterable[Any] = self._session.execute(statement)
        for row in rows:
            found.setdefault((row[0], *row[3:]), []).append(row[2])
        return found

    def _event(self, event: EventDefinition) -> tuple[sa.FromClause, sa.FromClause, Any, list[Condition]]:
        """Return the events' own selectable, what to select from, the column of the subject, and conditions."""
        children = self._children[event.children]
        info = self._registry.get(children.entity)
        child, link, source = self._sources_of(event.children)
        conditions: list[Condition] = []
        if children.up.kind_field:
            conditions.append(link.c[children.up.kind_field] == self._subject.name)
        if event.where:
            predicate = parse(event.where, self._registry, info.name)
            conditions.append(self._session.reader.predicate(predicate, info, child, self._session.connection))
        return child, source, link.c[children.up.field], conditions

    def _sources_of(self, name: str) -> tuple[sa.FromClause, sa.FromClause, sa.FromClause]:
        """Return children, what links them to the subject, and both joined; those of one name are the same ones.

        Each event asks in a statement within the whole, so they may be. To name so many columns anew takes longer than
        the rest of a question.
        """
        if name not in self._sources:
            children = self._children[name]
            child = self._session.table(children.entity).alias()
            link = self._session.table(children.up.entity).alias() if children.down else child
            joined = child.join(link, link.c[children.down] == child.c.id) if children.down else child
            self._sources[name] = (child, link, joined)
        return self._sources[name]

    def _time(self, event: EventDefinition, child: sa.FromClause) -> sa.ColumnElement[Any]:
        """When an event was, to compare it: SQLite then finds events by their subject, not all that there are by time."""
        column: sa.ColumnElement[Any] = child.c[event.at]
        if self._session.database.dialect != "sqlite":
            return column
        return sa.type_coerce(sa.type_coerce(column, sa.BigInteger()) + 0, column.type)

    def _agreed(self, name: str, column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        """An event without a value in a field that must agree has the default of the tracked record's."""
        default = self._registry.get(self._definition.entity).field(name).default
        if default in (None, ""):
            return column
        filled = sa.func.nullif(column, "", type_=column.type) if isinstance(default, str) else column
        return sa.func.coalesce(filled, sa.literal(default, column.type), type_=column.type)
