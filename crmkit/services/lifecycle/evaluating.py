"""Rules at work: start what has no stage yet, move what is due. In batches, each in a transaction of its own.

It may be stopped and run again at any time, and run twice at once: a step is taken once, because it follows from where
the record stands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from uuid import UUID

import attrs

from crmkit.core.access import Actor
from crmkit.core.errors import BadInput, Refused, StaleVersion, ValidationFailed
from crmkit.core.frozen import frozen
from crmkit.core.lifecycle import Lifecycle, StageTrack, StageTransition
from crmkit.core.lifecycle_definition import LifecycleDefinition
from crmkit.core.lifecycle_rules import RuleLoop, steps_due
from crmkit.core.messages import Message, msg
from crmkit.services.lifecycle.defining import active_lifecycle, active_lifecycles, definition_of, ensure_lifecycles
from crmkit.services.lifecycle.facts import RuleQueries
from crmkit.services.lifecycle.moving import first_step
from crmkit.services.lifecycle.rules import beginning
from crmkit.store.application import Application
from crmkit.store.session import Session

BATCH = 500
ATTEMPTS = 5


@frozen
class RefusedStep:
    """A guard stopped a step that was due; the record stands where it stood and is tried again next time."""

    record_id: UUID | None
    plugin: str
    reason: Message


@frozen
class LoopingRecord:
    """Rules would lead a record in a circle without any time passing, so none of them moved it."""

    record_id: UUID
    rules: tuple[str, ...]


@attrs.define
class Evaluation:
    """What one evaluation of a lifecycle did. ``moved`` counts steps by rule."""

    lifecycle: str
    started: int = 0
    moved: Counter[str] = attrs.field(factory=Counter)
    refused: list[RefusedStep] = attrs.field(factory=list)
    loops: list[LoopingRecord] = attrs.field(factory=list)


def evaluate_rules(
    application: Application,
    actor: Actor,
    now: datetime | None = None,
    *,
    lifecycle: str = "",
    registered: Iterable[LifecycleDefinition] = (),
    size: int = BATCH,
) -> list[Evaluation]:
    """Take every step that is due at ``now`` (an instant that has come; by default the present one).

    ``registered`` are definitions to bring into force first. Raises NotFound for an unknown ``lifecycle`` and BadInput
    for a future ``now``. Steps that guards refuse are reported, and the others are taken.
    """
    moment = now or application.clock.now()
    if moment > application.clock.now():
        raise BadInput(msg("rules cannot be evaluated for the future: {at}", at=moment.isoformat()))
    with Session(application, actor) as session:
        ensure_lifecycles(session, registered)
        chosen = [active_lifecycle(session, lifecycle)] if lifecycle else active_lifecycles(session)
    return [_Run(lambda: Session(application, actor), one, moment, size).run() for one in chosen]


class _Run:
    """One evaluation of one lifecycle."""

    def __init__(self, sessions: Callable[[], Session], lifecycle: Lifecycle, now: datetime, size: int) -> None:
        self._sessions, self._lifecycle, self._now, self._size = sessions, lifecycle, now, size
        self._definition = definition_of(lifecycle)
        self._done = Evaluation(lifecycle.name)

    def run(self) -> Evaluation:
        self._in_batches(RuleQueries.missing, self._begin)
        self._in_batches(RuleQueries.candidates, self._advance)
        return self._done

    def _in_batches(self, find: Callable[[RuleQueries], Sequence[UUID]], stage: Stage) -> None:
        with self._sessions() as session:
            found = find(self._queries(session))
        for place in range(0, len(found), self._size):
            self._write(found[place : place + self._size], stage)

    def _queries(self, session: Session) -> RuleQueries:
        return RuleQueries(session, self._definition, self._lifecycle.id, self._now)

    def _write(self, ids: Sequence[UUID], stage: Stage) -> None:
        """Write what ``stage`` makes of a batch. What guards refuse is left out and the rest tried again."""
        left_out: dict[UUID, RefusedStep] = {}
        for attempt in range(ATTEMPTS + len(ids)):
            plan = _Plan()
            try:
                with self._sessions() as session:
                    stage(session, [id for id in ids if id not in left_out], plan)
            except Refused as error:
                refused = plan.refused(error)
                if not refused and len(ids) > 1:
                    # The whole batch is meant; each record alone tells which of them it is about.
                    for id in ids:
                        self._write([id], stage)
                    return
                left_out.update(refused or {ids[0]: RefusedStep(plan.record, error.plugin, error.reason)})
            except (StaleVersion, ValidationFailed) as error:
                # Somebody moved or started one of them meanwhile; it is looked at again, as it stands now.
                if attempt >= ATTEMPTS or not _overtaken(error):
                    raise
            else:
                self._done.started += plan.started
                self._done.moved += plan.moved
                self._done.loops += plan.loops
                break
        self._done.refused += left_out.values()

    def _begin(self, session: Session, ids: Sequence[UUID], plan: _Plan) -> None:
        """Start records that are not in the lifecycle yet."""
        registry = session.database.registry
        ids = self._queries(session).missing(ids) if ids else ids
        for record in session.list(registry.get(self._definition.entity).cls, id=list(ids)) if ids else []:
            at = beginning(record, self._now)
            track, step = first_step(
                self._lifecycle, self._definition, self._definition.entity, record, at, cause="plugin"
            )
            session.add(track, step)
            plan.note(record.id, track, step)
            plan.started += 1

    def _advance(self, session: Session, ids: Sequence[UUID], plan: _Plan) -> None:
        """Take the steps that are due for tracks."""
        for facts in self._queries(session).facts(ids) if ids else []:
            try:
                steps = steps_due(self._definition, facts.standing, facts.events, facts.holding, self._now)
            except RuleLoop as loop:
                plan.loops.append(LoopingRecord(facts.track.record_id, loop.rules))
                continue
            for step in steps:
                transition = StageTransition(
                    track_id=facts.track.id,
                    to_stage=step.stage,
                    occurred_at=step.at,
                    reason=step.rule.reason,
                    rule=step.rule.name,
                    cause="rule",
                )
                session.add(transition)
                plan.note(facts.track.id, facts.track, transition)
                plan.moved[step.rule.name] += 1


@attrs.define
class _Plan:
    """What one attempt at a batch is about to do."""

    known: dict[object, tuple[UUID, UUID]] = attrs.field(factory=dict)
    record: UUID | None = None
    started: int = 0
    moved: Counter[str] = attrs.field(factory=Counter)
    loops: list[LoopingRecord] = attrs.field(factory=list)

    def note(self, item: UUID, track: StageTrack, step: StageTransition) -> None:
        """Remember to which item of the batch, and to which record, a track and its step belong."""
        self.known[track.id] = self.known[step.id] = (item, track.record_id)
        self.record = track.record_id

    def refused(self, error: Refused) -> dict[UUID, RefusedStep]:
        """Return what is refused, by the item of the batch; nothing when no item can be told from the refusals."""
        found: dict[UUID, RefusedStep] = {}
        for plugin, reason, id in error.refusals:
            if id in self.known:
                item, record = self.known[id]
                found[item] = RefusedStep(record, plugin, reason)
        return found


Stage = Callable[[Session, Sequence[UUID], _Plan], None]


def _overtaken(error: StaleVersion | ValidationFailed) -> bool:
    return isinstance(error, StaleVersion) or all(fault.code == "duplicate" for fault in error.errors)
