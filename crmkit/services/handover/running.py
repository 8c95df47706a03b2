"""Carrying out a hand-over: the user is frozen, records pass batch by batch, then the user has departed.

Each batch is one transaction and remembers what moved, so a hand-over that was killed is gone on with by running it
again, and undone from any point.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

import attrs

from crmkit.core.access import Actor
from crmkit.core.entity import change
from crmkit.core.errors import Conflict, Refused
from crmkit.core.frozen import frozen
from crmkit.core.handover import HandOver, HandOverBatch
from crmkit.core.messages import msg
from crmkit.core.staff import User
from crmkit.hooks.causation import Cause
from crmkit.services.handover.assigning import Assigning, Values
from crmkit.services.handover.batches import Move, batches_of, read_moves
from crmkit.services.handover.committed import moved
from crmkit.services.handover.ending import end_all
from crmkit.services.handover.finding import find_user
from crmkit.services.handover.holdings import anything_left
from crmkit.services.handover.passing import Left, Passed, held, pass_on, read_left
from crmkit.services.handover.planning import no_values, preview, require_change
from crmkit.services.handover.rules import HandOverRules, plain_rules, read_rules
from crmkit.store.application import Application
from crmkit.store.session import Session

CORE = "crmkit"
ROUNDS = 5
"""How often what others gave the user meanwhile is passed on too."""

OnProgress = Callable[[int, int], None]
"""Told how many records have passed, of how many."""


@frozen
class HandOverReport:
    """What a hand-over did: ``moved`` counts, by heir and entity, the records that have a new owner.

    ``left`` could not be moved, ``remaining`` counts what still names the user: as long as there is anything, the user is
    frozen, not departed. ``resumed``: it was begun earlier.
    """

    handover: HandOver
    user: User
    moved: Mapping[UUID, Mapping[str, int]]
    left: tuple[Left, ...]
    remaining: int
    resumed: bool


def run(
    application: Application,
    actor: Actor,
    user: str | UUID,
    rules: HandOverRules | None = None,
    *,
    note: str = "",
    values: Values = no_values,
    on_progress: OnProgress | None = None,
) -> HandOverReport:
    """Hand over everything that ``user`` (a login or id) owns, and go on with a hand-over that was interrupted.

    Raises NotFound, AccessDenied, BadInput, Refused with everything that speaks against it before anything is written,
    and Conflict when a hand-over by other rules, or its undoing, is under way.
    """
    handover, resumed = _begun(application, actor, user, rules, note, values)
    runner = _Runner(application, actor, handover, values)
    runner.run(on_progress)
    return runner.report(resumed)


def _begun(
    application: Application, actor: Actor, needle: str | UUID, rules: HandOverRules | None, note: str, values: Values
) -> tuple[HandOver, bool]:
    with Session(application, actor) as session:
        user = find_user(session, needle)
        require_change(session, user)
        user = held(session, "user", [user.id])[user.id]
        with session.acting_as(session.actor.elevated()):
            known = session.list(HandOver, "state in (running, undoing)", user_id=user.id)
        if known:
            return _resumed(known[0], user, rules), True
        plan = preview(session, user, rules or HandOverRules(), values)
        if plan.blocked:
            raise Refused(CORE, plan.blocked[0], [(CORE, reason, user.id) for reason in plan.blocked])
        with session.acting_as(session.actor.elevated()):
            made = HandOver(user_id=user.id, user_state=user.state, rules=plain_rules(plan.rules), note=note)
            users = {one.id: one for one in session.list(User)}
            session.add(made, *batches_of(made.id, plan.items, user, users, 1))
            session.update(change(user, state="frozen"))
            session.flush()
    return made, False


def _resumed(handover: HandOver, user: User, rules: HandOverRules | None) -> HandOver:
    if handover.state == "undoing":
        raise Conflict(msg("the hand-over of {login} is being undone; undo it to the end", login=user.login))
    if rules is not None and rules != read_rules(handover.rules):
        raise Conflict(
            msg(
                "a hand-over of {login} by other rules is under way; run it without rules to go on, or undo it",
                login=user.login,
            )
        )
    return handover


class _Runner:
    def __init__(self, application: Application, actor: Actor, handover: HandOver, values: Values) -> None:
        self._application, self._actor, self._values = application, actor, values
        self._id, self._user_id, self._rules = handover.id, handover.user_id, read_rules(handover.rules)
        self._remaining = 0

    def run(self, on_progress: OnProgress | None) -> None:
        for _ in range(ROUNDS):
            with self._session(reads=True) as session, session.acting_as(session.actor.elevated()):
                batches = session.list(HandOverBatch, handover_id=self._id, order="position")
            total, done = sum(b.size for b in batches), sum(b.size for b in batches if b.state == "done")
            for batch in batches:
                if batch.state == "waiting":
                    self._pass(batch)
                    done += batch.size
                    if on_progress is not None:
                        on_progress(done, total)
            if self._end():
                return

    def report(self, resumed: bool) -> HandOverReport:
        with self._session(reads=True) as session, session.acting_as(session.actor.elevated()):
            return HandOverReport(
                handover=session.get(HandOver, self._id),
                user=session.get(User, self._user_id),
                moved=moved(session, self._id),
                left=tuple(left for batch in self._batches(session) for left in read_left(batch.left)),
                remaining=self._remaining,
                resumed=resumed,
            )

    def _session(self, *, reads: bool = False) -> Session:
        return Session(self._application, self._actor, cause=Cause(event_id=self._id), reads=reads)

    def _batches(self, session: Session) -> list[HandOverBatch]:
        return session.list(HandOverBatch, handover_id=self._id, order="position")

    def _pass(self, batch: HandOverBatch) -> None:
        def ready(session: Session) -> bool:
            handover = held(session, "handover", [self._id])[self._id]
            if handover.state != "running":
                raise Conflict(msg("the hand-over was ended elsewhere; it is {state}", state=handover.state))
            return bool(held(session, "handover_batch", [batch.id])[batch.id].state == "waiting")

        def mark(session: Session, passed: Passed) -> None:
            with session.acting_as(session.actor.elevated()):
                done = change(
                    held(session, "handover_batch", [batch.id])[batch.id],
                    state="done",
                    size=sum(len(move.ids) for move in passed.moves),
                    moves=tuple(move.plain() for move in passed.moves),
                    left=tuple(left.plain() for left in passed.left),
                )
                session.update(done)
                session.flush()

        moves = read_moves(batch.moves)
        self._require_active(moves)
        pass_on(self._session, moves, self._decide, ready, mark)

    def _require_active(self, moves: list[Move]) -> None:
        with self._session(reads=True) as session, session.acting_as(session.actor.elevated()):
            heirs = session.list(User, id=sorted({move.heir_id for move in moves})) if moves else []
        for heir in heirs:
            if heir.state != "active":
                raise Conflict(
                    msg("{login} is {state} by now; activate this heir, or undo", login=heir.login, state=heir.state)
                )

    def _decide(self, session: Session, move: Move, records: dict[UUID, Any]) -> Passed:
        """Pass on what still names the user; what was given to somebody else meanwhile stays there."""
        passed, ids = Passed(), []
        for id in move.ids:
            record = records.get(id)
            now = None if record is None else getattr(record, move.field)
            if record is not None and now in (self._user_id, move.heir_id):
                ids.append(id)
                # The owner of a track, for one, follows that of its relationship by itself.
                if now != move.heir_id:
                    passed.changed.append(given(move, record, move.heir_id, move.team_before, move.team_after))
        if ids:
            passed.moves.append(attrs.evolve(move, ids=tuple(ids)))
        return passed

    def _end(self) -> bool:
        """End the hand-over; False when others gave the user something meanwhile, which is planned to pass then."""
        with self._session() as session:
            handover = held(session, "handover", [self._id])[self._id]
            user = held(session, "user", [self._user_id])[self._user_id]
            if handover.state != "running":
                return True
            with session.acting_as(session.actor.elevated()):
                batches = self._batches(session)
                stuck = {left.record_id for batch in batches for left in read_left(batch.left)}
                made = Assigning(session, user, self._rules, self._values) if anything_left(session, user) else None
                items = list(made.items) if made is not None else []
                fresh = [item for item in items if item.heir_id is not None and item.id not in stuck]
                if made is not None and fresh:
                    last = max((batch.position for batch in batches), default=0)
                    session.add(*batches_of(self._id, fresh, user, made.users, last + 1))
                else:
                    self._remaining = len(items)
                    end_all(session, handover, user, self._rules, departed=not items)
                session.flush()
        return not fresh


def given(move: Move, record: Any, to: UUID, team: UUID | None, new_team: UUID | None) -> Any:
    """Return a record in the hands of ``to``; where it belongs to ``team``, that changes too."""
    values: dict[str, Any] = {move.field: to}
    if move.field == "owner_id" and record.team_id == team:
        values["team_id"] = new_team
    return change(record, **values)
