"""One transaction that several sessions share: each is undone by itself when it fails, one commit is for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.access import Actor
from crmkit.core.errors import Refused
from crmkit.store.aborted import is_over
from crmkit.store.after_commit import done_after_commit
from crmkit.store.deferred import Deferred
from crmkit.store.faults import faults_translated
from crmkit.store.locking import turns_that_are_free
from crmkit.store.session import Session
from crmkit.store.tenant_wall import RIGHTS_VERSION, enter

if TYPE_CHECKING:
    from crmkit.runtime.crm import Crm
    from crmkit.store.responses import StoredResponse


LOCK_WAIT = 500
"""Milliseconds for which sessions that hope wait for a lock, on PostgreSQL: it is better one waits alone than all with it."""


class AllUndone(Exception):
    """One session has failed while writing and nothing of the others stands; each can be repeated by itself."""


class SharedTransaction:
    """Used as ``with SharedTransaction(crm, tenant) as shared:`` with ``shared.session(actor)`` for one after the other.

    What the sessions do is committed at the end of the block, and nothing of it when the block or the commit raises. Then
    ``follow`` does what is to follow the commit, once for all of them.

    ``hopeful``: sessions rarely fail once they write, so none has a savepoint, and new records are inserted at the end,
    all in one go. Where one fails all the same, everything is undone: the end of the block raises AllUndone.
    ``reads``: the sessions only read.
    """

    def __init__(self, crm: Crm, tenant: UUID, *, hopeful: bool = False, reads: bool = False) -> None:
        self._crm, self._tenant, self._hopeful, self._reads = crm, tenant, hopeful, reads
        self._deferred: Deferred | None = None
        self._connection: sa.Connection | None = None
        self._lost = False
        self._first: UUID | None = None
        self._told: set[str] = set()
        self._actions: list[Callable[[], None]] = []
        self._refusals: list[tuple[Session, Refused]] = []

    def __enter__(self) -> Self:
        self._connection = self._crm.database.acquire(
            self._reads, self._tenant, rights=self._hopeful, lock_wait=LOCK_WAIT if self._hopeful else 0
        )
        if self._hopeful:
            self._deferred = Deferred(self._crm.database, self._connection)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        connection, self._connection = self._connection, None
        assert connection is not None
        undone = kind is not None
        try:
            if not undone:
                self._commit(connection)
        except AllUndone:
            undone = True
            raise
        finally:
            self._crm.database.release(connection, self._reads)
            # Where nothing stands, whoever was refused will be again.
            for session, error in () if undone else self._refusals:
                self._crm.refusals.note(session, error)

    def _commit(self, connection: sa.Connection) -> None:
        deferred = self._deferred
        if deferred is not None:
            # Whoever has swallowed an error of the database has not told of it.
            if self.lost or is_over(connection):
                raise AllUndone
            try:
                deferred.commit()
            except Exception as error:
                if deferred.failed:
                    raise AllUndone from error
                raise
        with faults_translated():
            connection.commit()

    @property
    def lost(self) -> bool:
        """Whether nothing can be committed any more."""
        return self._lost or (self._deferred is not None and self._deferred.failed)

    def rights_version(self) -> int:
        """Return the tenant's rights version as the transaction begins; asked once, before the first session."""
        assert self._connection is not None
        begun = self._connection.info.pop(RIGHTS_VERSION, None)
        # SQLite is asked beside the transaction: this is no reason to wait for those who write.
        return self._crm.database.rights.current(self._tenant, None) if begun is None else int(begun)

    def responses(self, *turn: str, keys: Sequence[str]) -> dict[str, StoredResponse | None]:
        """Return what is stored under idempotency keys, None for one that is new; nobody else stores one until the end.

        ``turn`` are the words that go before a key where others take turns (``ctx.services.take_turns``). A key that
        somebody else is at is not among them. To be asked before the first session. Raises AllUndone when it fails.
        """
        from crmkit.store.responses import stored_responses

        connection = self._connection
        assert connection is not None
        enter(connection, self._tenant)
        try:
            free = turns_that_are_free(connection, self._tenant, [(*turn, key) for key in keys])
            held = [key for key, is_free in zip(keys, free, strict=True) if is_free]
            found = stored_responses(self._crm.database, connection, self._tenant, held) if held else {}
        except Exception as error:
            # Those without a key have nothing to do with it, and one with a key can wait alone.
            raise AllUndone from error
        return {key: found.get(key) for key in held}

    @contextmanager
    def session(self, actor: Actor) -> Iterator[Session]:
        """Give a session of ``actor`` within the transaction; what it has written is undone when the block raises."""
        connection = self._connection
        assert connection is not None
        enter(connection, actor.tenant_id)
        session = self._crm.session_type(
            self._crm, actor, reads=self._reads, connection=connection, deferred=self._deferred
        )
        try:
            with self._undone_in_hope(session) if self._hopeful else _savepoint(connection), faults_translated():
                yield session
                session.flush()
        except Refused as error:
            session.note_refusal(error)
            raise
        finally:
            self._refusals += [(session, error) for error in session.refusals]
        self._first = self._first or session.first_event
        self._told |= session.told
        self._actions += session.on_commit

    @contextmanager
    def _undone_in_hope(self, session: Session) -> Iterator[None]:
        """Within, a session that raises takes its own rows back where they are not sent; else the transaction is lost."""
        deferred, connection = self._deferred, self._connection
        assert deferred is not None
        assert connection is not None
        made = deferred.made
        try:
            yield
        except BaseException:
            deferred.take_back(made)
            self._lost = self._lost or session.has_written or deferred.failed or is_over(connection)
            raise

    def follow(self) -> None:
        """Do what is to follow the commit: what sessions have put off, the noting of refusals, the delivery of events.

        Raises the first error of what was put off, when all else is done.
        """
        failed = done_after_commit(self._actions)
        self._crm.refusals.write()
        if self._first is not None:
            self._crm.committed(self._first, self._told)
        if failed is not None:
            raise failed


@contextmanager
def _savepoint(connection: sa.Connection) -> Iterator[None]:
    """Within, what is written is undone when the block raises."""
    savepoint = connection.begin_nested()
    try:
        yield
    except BaseException:
        if savepoint.is_active:
            savepoint.rollback()
        raise
    savepoint.commit()
