"""The session: one transaction, one unit of work, seen by one actor."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self, TypeVar
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.access import Actor
from crmkit.core.entity import Part
from crmkit.core.errors import AccessDenied, ConfigError, CrmError, Refused
from crmkit.core.messages import msg
from crmkit.hooks.causation import ROOT, Cause
from crmkit.hooks.contexts import Contexts
from crmkit.store.after_commit import done_after_commit
from crmkit.store.application import Application
from crmkit.store.deferred import Deferred
from crmkit.store.faults import ReferenceViolation, translate
from crmkit.store.flush import flush
from crmkit.store.reading import Reader
from crmkit.store.references import missing_reference
from crmkit.store.session_rights import SessionRights
from crmkit.store.tenant_wall import ALONE
from crmkit.store.unit_of_work import Pair, UnitOfWork

P = TypeVar("P", bound=Part)
T = TypeVar("T")


class Session(SessionRights):
    """Used as ``with crm.session(actor) as s:``; commits at the end of the block, rolls back when it raises.

    Reads see pending changes. Every read is narrowed to the tenant, to living records and to the actor's rights.
    """

    def __init__(
        self,
        application: Application,
        actor: Actor,
        *,
        reads: bool = False,
        cause: Cause = ROOT,
        connection: sa.Connection | None = None,
        deferred: Deferred | None = None,
    ) -> None:
        self.application, self.actor, self.cause = application, actor, cause
        self.database, self.hooks, self.clock = application.database, application.hooks, application.clock
        self.plan, self.deltas = application.plan, application.deltas
        self.work = UnitOfWork()
        self.broken = False
        self.wrote = False
        self.read_only = reads
        self.brief = False
        """Whether it is over at once, so that rights are those of its beginning: a host has looked at them."""
        self.first_event: UUID | None = None
        self.told: set[str] = set()
        """The entities that this transaction has written events of."""
        to_driver = self.database.codecs["event"].to_driver["id"]
        self.driver_tenant = to_driver(actor.tenant_id) if to_driver else actor.tenant_id
        self._connection = connection
        self.deferred = deferred
        """Where new rows wait, in a transaction that others share and that nobody has to see before its end."""
        self._guest = connection is not None
        self._lent = False
        self._committing = False
        self._flushing = False
        self._beside = False
        self._refused = False
        self.refusals: list[Refused] = []
        """What was refused, where whoever shares the transaction sees to it."""
        self.puts_off_refusals = deferred is not None
        self._contexts: Contexts | None = None
        self._reader: Reader | None = None
        self._heeded = self.database.rights.changes
        self.on_commit: list[Callable[[], None]] = []

    # -- the transaction -----------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.commit()
            elif isinstance(error, Refused):
                self.note_refusal(error)
        finally:
            self.close()

    @property
    def connection(self) -> sa.Connection:
        """The connection, opened with the first statement; reads go through ``execute``, writes through the write path."""
        if self._connection is None:
            asks = self.actor.rights_version is not None
            self._connection = self.database.acquire(self.read_only, self.actor.tenant_id, rights=asks)
        elif self.deferred is not None:
            self.deferred.settle()
        return self._connection

    def connect_alone(self) -> None:
        """Open the connection for one statement that is a transaction by itself; see ``commits_alone``."""
        self._connection = self.database.acquire(tenant=self.actor.tenant_id, alone=True)

    def flush(self) -> None:
        """Send pending changes through the write path, within the transaction; what is read next, is read as of now.

        Within a hook of a flush it does nothing: what is pending there is on its way already.
        """
        if self._flushing:
            return
        if self.actor.rights_version is not None and not self.work.pending:
            self.heed_rights()
        self._flush()

    def _flush(self) -> None:
        if self.broken:
            raise CrmError(msg("this session failed while writing; its transaction is rolled back, open a new one"))
        if self.work.pending:
            if self.read_only:
                raise AccessDenied(msg("this session only reads"))
            if self.actor.rights_version is not None:
                self.heed_rights()
            self._flushing = True
            try:
                first = flush(self)
            except Refused as error:
                self.note_refusal(error)
                raise
            finally:
                self._flushing = False
            self.first_event = self.first_event or first

    def commit(self) -> None:
        """Write what is pending and commit; then the committed events are delivered.

        The session can go on: what it reads next, it reads anew. Where the transaction is another's (a command that was
        submitted, a hook after a commit), nothing is committed yet. Raises ConfigError within a hook of a flush; an error
        of what follows a commit, such as moving a file, comes last and says that the transaction is committed.
        """
        self._refuse_in_hooks()
        self._committing = not self.shared
        try:
            self._flush()
        finally:
            self._committing = False
        if self._connection is None or self.shared:
            return
        try:
            self._connection.commit()
        except Exception as error:
            # Nothing stands of what was written: what the session saw of it is forgotten.
            self.work, self.first_event, self.on_commit, self.broken = UnitOfWork(), None, [], True
            fault = translate(error)
            raise missing_reference(fault) if isinstance(fault, ReferenceViolation) else fault from error
        self._release()
        self.work.committed()
        self._beside = False
        first, self.first_event = self.first_event, None
        told, self.told = self.told, set()
        actions, self.on_commit = self.on_commit, []
        failed = done_after_commit(actions)
        # The transaction stands, so everybody else has to hear of it first.
        if first is not None:
            self.application.committed(first, told)
        if failed is not None:
            raise failed

    def rollback(self) -> None:
        """Undo everything since the last commit and forget what was seen.

        Raises ConfigError where the transaction is another's and within a hook of a flush: an error that leaves the
        command or hook undoes what it did.
        """
        self._refuse_in_hooks()
        if self.shared:
            raise ConfigError(
                msg("a command or hook does not roll back a transaction that others share: it raises an error")
            )
        self.work, self.first_event, self.broken = UnitOfWork(), None, False
        self.on_commit, self._beside = [], False
        self._release()

    def close(self) -> None:
        """Give the connection back; what is not committed is rolled back."""
        self.on_commit = []
        # Contexts know their session: without them, what it has seen goes with it, and is not left to the collector.
        self._contexts = None
        if not self._guest:
            self._release()
            if self._refused:
                self._refused = False
                self.application.refusals.write()

    def note_refusal(self, error: Refused) -> None:
        """Remember a refusal; it is kept when the session is closed, after whatever it undoes.

        Where all may be undone and done again, whoever shares the transaction sees to it: else it would be noted twice.
        """
        self._refused = True
        if self.puts_off_refusals:
            self.refusals.append(error)
        else:
            self.application.refusals.note(self, error)

    @property
    def flushing(self) -> bool:
        """Whether a flush is under way: what runs now is a hook of it."""
        return self._flushing

    def kept_in_flush(self, name: str, make: Callable[[], T]) -> T:
        """Return what hooks keep under ``name`` for the flush under way, made when it is first asked for.

        Outside of one nothing is kept: it is made anew each time.
        """
        if not self._flushing:
            return make()
        kept = self.work.kept
        if name not in kept:
            kept[name] = make()
        found: T = kept[name]
        return found

    @property
    def shared(self) -> bool:
        """Whether the transaction is another's, who alone ends it."""
        return self._guest or self._lent

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Within the block, the session works for somebody who does not end its transaction: see ``commit``."""
        self._lent = True
        try:
            yield
        finally:
            self._lent = False

    def commits_alone(self) -> bool:
        """Whether the flush under way is all there is to the transaction, and the database can do it in one statement."""
        return self._committing and self._connection is None and self.database.dialect == "postgresql"

    @property
    def connected(self) -> bool:
        """Whether a transaction has begun."""
        return self._connection is not None

    def written_beside(self) -> None:
        """Note that something was written to the transaction that is no record: it cannot be let go."""
        self._beside = True

    @property
    def has_written(self) -> bool:
        """Whether something was sent to the database, or was on its way when that failed; what is deferred is not."""
        return self._beside or self.broken or self.wrote

    def let_go(self) -> bool:
        """End a transaction that has only read, and forget what it saw; False, and nothing happens, when it has written."""
        if self._beside or self.first_event is not None or self.work.pending or self.on_commit:
            return False
        if not self._guest:
            self.work = UnitOfWork()
            self._release()
        return True

    def after_commit(self, action: Callable[[], None]) -> None:
        """Call ``action`` once the transaction is committed; never when it is rolled back."""
        self.on_commit.append(action)

    def join(self, inner: Session, *, kept: bool) -> None:
        """Take what another session did within this one's transaction as this one's; not ``kept``, it was undone."""
        self._refused = self._refused or inner._refused
        self.refusals += inner.refusals
        if kept:
            self.work.current.update(inner.work.current)
            self.first_event = self.first_event or inner.first_event
            self.told |= inner.told
            self.on_commit += inner.on_commit
            self._beside = self._beside or inner._beside
            self.wrote = self.wrote or inner.wrote

    def _release(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self.database.release(connection, self.read_only)

    def bulk_upsert(self, entity: type[P], records: Iterable[P], key: Sequence[str]) -> dict[str, int]:
        """Add or update records by a key of their own fields; returns how many were created, updated, unchanged.

        A record that exists keeps its id and takes every value that the given one fills or changes from its default.
        Raises AccessDenied without the right to work in bulk.
        """
        from crmkit.store.upsert import upsert

        return upsert(self, entity, list(records), tuple(key))

    def enqueue(self, job: str, payload: Mapping[str, Any] | None = None, **details: Any) -> UUID:
        """Have a job done by a worker once this transaction is committed; see :func:`crmkit.runtime.jobs.enqueueing.enqueue`.

        ``at`` (an instant) or ``delay`` (a timedelta) put it off; ``key`` names it, so that it is enqueued once. Returns
        its id.
        """
        return self.application.enqueue(self, job, payload, **details)

    # -- for the write path --------------------------------------------------------------------------------------

    @property
    def contexts(self) -> Contexts:
        """The contexts of hooks called from this session, one for each plugin."""
        if self._contexts is None:
            self._contexts = Contexts(lambda plugin: self.application.context(self, plugin))
        return self._contexts

    def undo_failed(self) -> None:
        """Roll back a write that failed, to look at what is in its way: a guest's savepoint, or everything."""
        connection = self.connection
        if not self._guest:
            connection.info[ALONE] = False
            connection.rollback()
        elif (savepoint := connection.get_nested_transaction()) is not None:
            savepoint.rollback()

    def taken_keys(self, entity: str, key: tuple[str, ...], pairs: Sequence[Pair]) -> set[tuple[Any, ...]]:
        """Return which unique keys of ``pairs`` other records have, once what failed is undone."""
        from crmkit.store.upsert import keys_in_use

        own = {after.id for _, after in pairs}
        self.undo_failed()
        return keys_in_use(self.connection, self.database, self.actor.tenant_id, entity, key, pairs, own)
