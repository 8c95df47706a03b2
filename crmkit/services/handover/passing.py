"""Passing records on, batch by batch: together in one transaction; where that is refused, one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any
from uuid import UUID

import attrs

from crmkit.core.entity import Part
from crmkit.core.errors import AccessDenied, Conflict, CrmError, DatabaseUnavailable, StorageFull
from crmkit.core.frozen import frozen
from crmkit.core.messages import Message, msg
from crmkit.services.handover.batches import Move
from crmkit.store.chunks import distinct_chunks
from crmkit.store.locking import locked
from crmkit.store.session import Session

_STOP = (AccessDenied, Conflict, DatabaseUnavailable, StorageFull)
"""Errors that are not about single records."""


@frozen
class Left:
    """A record that stayed as it is, and why."""

    entity: str
    record_id: UUID
    title: str
    reason: Message

    def plain(self) -> dict[str, Any]:
        """Return it as a batch keeps it."""
        return {"entity": self.entity, "id": str(self.record_id), "title": self.title, "reason": self.reason.render()}


def read_left(rows: Iterable[Any]) -> list[Left]:
    """Return what a batch kept of records that stayed."""
    return [Left(row["entity"], UUID(row["id"]), row["title"], msg("{reason}", reason=row["reason"])) for row in rows]


@attrs.define
class Passed:
    """What became of some moves: records to write, ids that passed, and records that stayed."""

    changed: list[Part] = attrs.field(factory=list)
    moves: list[Move] = attrs.field(factory=list)
    left: list[Left] = attrs.field(factory=list)

    def add(self, other: Passed) -> None:
        """Take over what became of others."""
        self.moves += other.moves
        self.left += other.left


Decide = Callable[[Session, Move, dict[UUID, Any]], Passed]
"""Says what becomes of the records of a move, given as they are now and held."""


def pass_on(
    open_session: Callable[[], Session],
    moves: Sequence[Move],
    decide: Decide,
    ready: Callable[[Session], bool],
    mark: Callable[[Session, Passed], None],
) -> Passed | None:
    """Carry out moves in one transaction and ``mark`` what became of them in the same; return that.

    None when ``ready`` says, within the transaction, that there is nothing to do. When a record cannot be written, each
    is written by itself, so that one cannot hold up the others. Errors that are not about records are raised.
    """
    try:
        with open_session() as session:
            if not ready(session):
                return None
            passed = _written(session, moves, decide)
            mark(session, passed)
        return passed
    except _STOP:
        raise
    except CrmError:
        pass
    passed = Passed()
    for move in moves:
        for id in move.ids:
            one = attrs.evolve(move, ids=(id,))
            try:
                with open_session() as session:
                    if not ready(session):
                        return None
                    written = _written(session, [one], decide)
                passed.add(written)
            except _STOP:
                raise
            except CrmError as error:
                passed.left.append(Left(move.entity, id, "", error.message))
    with open_session() as session:
        if not ready(session):
            return None
        mark(session, passed)
    return passed


def _written(session: Session, moves: Iterable[Move], decide: Decide) -> Passed:
    passed = Passed()
    for move in moves:
        found = decide(session, move, held(session, move.entity, move.ids))
        session.update(*found.changed)
        passed.add(found)
    session.flush()
    return passed


def held(session: Session, entity: str, ids: Iterable[UUID]) -> dict[UUID, Any]:
    """Hold records until the end of the transaction and return them as they are now."""
    found: dict[UUID, Any] = {}
    for chunk in distinct_chunks(sorted(ids)):
        found.update(locked(session, entity, chunk))
    return found


def title_of(session: Session, record: Any) -> str:
    """Return what people know a record by."""
    return str(getattr(record, session.database.registry.of(record).title, ""))
