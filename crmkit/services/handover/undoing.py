"""Taking a hand-over back: whatever nobody has re-assigned since is the former owner's again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID, uuid5

import attrs

from crmkit.core.access import Actor
from crmkit.core.entity import change
from crmkit.core.errors import Conflict
from crmkit.core.frozen import frozen
from crmkit.core.handover import HandOver, HandOverBatch
from crmkit.core.journal import AuditEntry
from crmkit.core.messages import msg
from crmkit.core.staff import User
from crmkit.hooks.causation import Cause
from crmkit.services.handover.batches import Move, read_moves
from crmkit.services.handover.passing import Left, Passed, held, pass_on, read_left, title_of
from crmkit.services.handover.planning import require_change
from crmkit.services.handover.running import OnProgress, given
from crmkit.services.merging.images import RecordImage, read_images, taken_back
from crmkit.store.application import Application
from crmkit.store.session import Session
from crmkit.store.trail import entries_where


@frozen
class HandOverUndone:
    """How many records the user has back, and what stayed with its new owner, or as it is, and why."""

    handover: HandOver
    user: User
    restored: int
    left: tuple[Left, ...]


def undo(
    application: Application, actor: Actor, handover_id: UUID, on_progress: OnProgress | None = None
) -> HandOverUndone:
    """Take a hand-over back, finished or not, and go on with an undoing that was interrupted.

    The user gets back what nobody has re-assigned since, the state from before, shares, delegations and reports. Raises
    NotFound, AccessDenied, and Conflict when it was undone before or the user has handed over again since.
    """
    undoer = _Undoer(application, actor, handover_id)
    undoer.begin()
    undoer.run(on_progress)
    return undoer.report()


class _Undoer:
    def __init__(self, application: Application, actor: Actor, handover_id: UUID) -> None:
        self._application, self._actor, self._id = application, actor, handover_id
        # A cause of its own, the same for each attempt, tells the undoing from what was done.
        self._cause = uuid5(handover_id, "undo")
        self._left: list[Left] = []

    def begin(self) -> None:
        """Note that the hand-over is being undone, so that nobody goes on with it."""
        with self._session() as session:
            with session.acting_as(session.actor.elevated()):
                handover = session.get(HandOver, self._id)
                user = session.get(User, handover.user_id)
            require_change(session, user)
            with session.acting_as(session.actor.elevated()):
                handover = held(session, "handover", [self._id])[self._id]
                if handover.state == "undone":
                    raise Conflict(msg("the hand-over of {login} was undone before", login=user.login))
                later = [h for h in session.list(HandOver, user_id=user.id) if h.id > self._id and h.state != "undone"]
                if later:
                    raise Conflict(msg("{login} has handed over again since; undo that first", login=user.login))
                if handover.state != "undoing":
                    session.update(change(handover, state="undoing"))
                    session.flush()
        self._handover, self._user = handover, user

    def run(self, on_progress: OnProgress | None) -> None:
        """Move records back, batch by batch, then restore what ended."""
        with self._session(reads=True) as session, session.acting_as(session.actor.elevated()):
            batches = session.list(HandOverBatch, handover_id=self._id, order="position")
        total, done = sum(batch.size for batch in batches), 0
        for batch in batches:
            if batch.state in ("waiting", "done"):
                self._back(batch)
            done += batch.size
            if on_progress is not None:
                on_progress(done, total)
        self._end()

    def report(self) -> HandOverUndone:
        """Return what was done, by this attempt and earlier ones."""
        with self._session(reads=True) as session, session.acting_as(session.actor.elevated()):
            batches = session.list(HandOverBatch, handover_id=self._id, state="undone", order="position")
            left = [left for batch in batches for left in read_left(batch.left)]
            return HandOverUndone(
                handover=session.get(HandOver, self._id),
                user=session.get(User, self._user.id),
                restored=sum(batch.size for batch in batches),
                left=(*left, *self._left),
            )

    def _session(self, *, reads: bool = False) -> Session:
        return Session(self._application, self._actor, cause=Cause(event_id=self._cause), reads=reads)

    def _back(self, batch: HandOverBatch) -> None:
        waiting = batch.state == "waiting"

        def ready(session: Session) -> bool:
            return bool(held(session, "handover_batch", [batch.id])[batch.id].state == batch.state)

        def mark(session: Session, passed: Passed) -> None:
            with session.acting_as(session.actor.elevated()):
                back = change(
                    held(session, "handover_batch", [batch.id])[batch.id],
                    state="cancelled" if waiting else "undone",
                    size=sum(len(move.ids) for move in passed.moves),
                    left=tuple(left.plain() for left in passed.left),
                )
                session.update(back)
                session.flush()

        pass_on(self._session, () if waiting else read_moves(batch.moves), self._decide, ready, mark)

    def _decide(self, session: Session, move: Move, records: dict[UUID, Any]) -> Passed:
        passed, ids = Passed(), []
        touched = self._touched_since(session, move, records)
        for id in move.ids:
            record = records.get(id)
            if record is None:
                passed.left.append(Left(move.entity, id, "", msg("it is gone")))
                continue
            now = getattr(record, move.field)
            if now == self._user.id:
                ids.append(id)
            elif now == move.heir_id and id not in touched:
                ids.append(id)
                passed.changed.append(given(move, record, self._user.id, move.team_after, move.team_before))
            else:
                reason = msg("somebody re-assigned it since")
                passed.left.append(Left(move.entity, id, title_of(session, record), reason))
        if ids:
            passed.moves.append(attrs.evolve(move, ids=tuple(ids)))
        return passed

    def _touched_since(self, session: Session, move: Move, ids: Iterable[UUID]) -> set[UUID]:
        """Return the records that somebody gave away after the hand-over did, though they may have come back."""
        since = self._handover.created_at
        assert since is not None
        entries = entries_where(session, ids, lambda table: [table.c.occurred_at >= since, table.c.action == "updated"])
        # Newest first, by record: whoever changed it last is met first.
        last: dict[UUID, AuditEntry] = {}
        for entry in entries:
            if move.field in entry.delta:
                last.setdefault(entry.record_id, entry)
        return {id for id, entry in last.items() if entry.cause_id not in (self._id, self._cause)}

    def _end(self) -> None:
        with self._session() as session, session.acting_as(session.actor.elevated()):
            handover = held(session, "handover", [self._id])[self._id]
            if handover.state == "undone":
                return
            for image in read_images(handover.ended):
                self._restore(session, image)
            user = session.get(User, self._user.id)
            if user.state != handover.user_state and user.state == "frozen":
                session.update(change(user, state=handover.user_state))
            session.update(change(handover, state="undone", undone_at=session.clock.now()))
            session.flush()

    def _restore(self, session: Session, image: RecordImage) -> None:
        info = session.database.registry.get(image.entity)
        record = held(session, image.entity, [image.id]).get(image.id)
        if record is None:
            self._left.append(Left(image.entity, image.id, "", msg("it is gone")))
            return
        before, left = taken_back(info, image, record)
        if before is not record:
            session.update(before)
        if left:
            self._left.append(Left(image.entity, image.id, title_of(session, record), msg("changed since")))
