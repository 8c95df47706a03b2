"""Writing several things as a whole within a session's transaction: all of them, or none and the session goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from crmkit.store.session import Session


@contextmanager
def as_a_whole(session: Session) -> Iterator[None]:
    """Undo whatever was written and staged within the block when it raises; what was written before stays.

    Where the write path fails within its SQL, the session itself has ended as it always does.
    """
    session.flush()
    first, actions = session.first_event, list(session.on_commit)
    savepoint = session.connection.begin_nested()
    made = 0 if session.deferred is None else session.deferred.made
    try:
        yield
        session.flush()
    except BaseException:
        session.work.pending, session.work.derived = {}, {}
        session.work.forget()
        session.first_event, session.on_commit = first, actions
        if session.deferred is not None:
            session.deferred.take_back(made)
        if savepoint.is_active:
            # What led here is what matters, not that a server which hung up cannot take anything back.
            with suppress(sa.exc.SQLAlchemyError):
                savepoint.rollback()
        raise
    savepoint.commit()


@contextmanager
def attempt(session: Session) -> Iterator[Session]:
    """Give a session of its own within the transaction; what it writes stands when the block ends, unless that raises.

    Unlike after ``as_a_whole``, the outer session goes on whatever has failed, within the SQL too.
    """
    session.flush()
    savepoint = session.connection.begin_nested()
    inner = type(session)(session.application, session.actor, cause=session.cause, connection=session.connection)
    inner.puts_off_refusals = session.puts_off_refusals
    try:
        yield inner
        inner.flush()
    except BaseException:
        session.join(inner, kept=False)
        if savepoint.is_active:
            # What led here is what matters, not that a server which hung up cannot take anything back.
            with suppress(sa.exc.SQLAlchemyError):
                savepoint.rollback()
        raise
    savepoint.commit()
    session.join(inner, kept=True)
