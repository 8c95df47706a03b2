"""One opened database: its engine, the tables of one application's entities and everything generated from them once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.errors import CrmError, DatabaseUnavailable
from crmkit.core.messages import msg
from crmkit.core.registry import EntityRegistry
from crmkit.store import engine
from crmkit.store.blueprint import blueprint_of
from crmkit.store.engine import READ, is_memory, make_engine
from crmkit.store.faults import faults_translated, translate
from crmkit.store.growth import Growth
from crmkit.store.rights_version import RightsVersions
from crmkit.store.tenant_wall import ALONE, LOCK_WAIT, RIGHTS_VERSION, TENANT

KEPT = 16
"""Idle connections kept for writing, and as many for reading."""


class Database:
    """Owns the engine. ``codecs``, ``validators`` and ``tables`` are by entity name and made when they are asked for."""

    def __init__(self, address: str, registry: EntityRegistry) -> None:
        self.registry = registry
        self.engine = make_engine(address)
        self.dialect = self.engine.dialect.name
        self.blueprint = made = blueprint_of(registry, self.dialect)
        self.tables, self.codecs, self.validators = made.tables, made.codecs, made.validators
        self.write_order, self.writer, self.statements = made.write_order, made.writer, made.statements
        self.writing = self.engine.execution_options()
        self.reading = self.engine.execution_options(**{READ: True})
        self.rights = RightsVersions(self.engine, is_memory(self.engine))
        # SQLite's planner has its figures from the start (``planner_hints``).
        self.growth = Growth() if self.dialect == "postgresql" else None
        self._closed = False
        # SQLite's connections that read are others than those that write; PostgreSQL's are alike.
        idle: list[sa.Connection] = []
        self._idle: dict[bool, list[sa.Connection]] = {False: idle, True: idle if self.dialect == "postgresql" else []}
        # A database in memory has one connection, which one unit of work at a time may use.
        self._alone = threading.Lock() if is_memory(self.engine) else None
        self._holder = 0

    @property
    def metadata(self) -> sa.MetaData:
        """All tables, made by now."""
        return self.blueprint.schema.metadata

    @property
    def table_names(self) -> tuple[str, ...]:
        """The names of all tables: those that others refer to come first."""
        return self.blueprint.schema.names

    @property
    def in_memory(self) -> bool:
        """Whether the database is gone when the process ends."""
        return self._alone is not None

    def acquire(
        self,
        reads: bool = False,
        tenant: UUID | str | None = None,
        alone: bool = False,
        rights: bool = False,
        lock_wait: int = 0,
    ) -> sa.Connection:
        """Return a connection with a transaction begun; give it back with ``release``.

        Where a server holds several tenants, the transaction sees the rows of ``tenant`` alone: none without one, all
        with ``EVERY_TENANT``. ``alone``: its one statement is a transaction by itself and says the tenant itself.
        ``rights``: on PostgreSQL, its ``info`` then holds the version of the tenant's rights as ``RIGHTS_VERSION``.
        ``lock_wait``: there, it waits so many milliseconds for a lock; 0: as long as the server allows.

        Connections are kept between units of work as they are: taking one from SQLAlchemy's pool and having it reset
        costs as much as an insert. Raises CrmError when the database is closed.
        """
        if self._closed:
            raise CrmError(msg("this application is closed: open it again"))
        if self._alone is not None:
            if self._holder == threading.get_ident():
                # Two transactions cannot share the connection, and waiting for oneself would take for ever.
                raise CrmError(msg("a database in memory has one connection: end the session that is open first"))
            if not self._alone.acquire(timeout=engine.BUSY_SECONDS):
                raise DatabaseUnavailable(msg("the database is busy with conflicting work; try again"))
            self._holder = threading.get_ident()
        try:
            connection = self._begun(reads, tenant, alone, rights, lock_wait)
        except BaseException as error:
            if self._alone is not None:
                self._holder = 0
                self._alone.release()
            if isinstance(error, Exception):
                raise translate(error) from error
            raise
        return connection

    def _begun(
        self, reads: bool, tenant: UUID | str | None, alone: bool, rights: bool, lock_wait: int
    ) -> sa.Connection:
        """Return a connection with a transaction begun: an idle one, or a new one where the server hung up on the idle."""
        while True:
            kept = bool(self._idle[reads])
            try:
                connection = self._idle[reads].pop()
            except IndexError:
                connection = (self.reading if reads and self.dialect == "sqlite" else self.writing).connect()
            try:
                connection.info.update({TENANT: tenant, ALONE: alone, LOCK_WAIT: lock_wait})
                if rights:
                    connection.info[RIGHTS_VERSION] = None
                else:
                    connection.info.pop(RIGHTS_VERSION, None)
                connection.begin()
                return connection
            except BaseException as error:
                dead = hung_up(connection)
                connection.invalidate()
                connection.close()
                if not (kept and dead and isinstance(error, Exception)):
                    raise
            # Nothing was asked of it yet, so nothing is lost by asking another one.
            self._forget_idle()

    def release(self, connection: sa.Connection, reads: bool = False) -> None:
        """Take a connection back; what is not committed is rolled back."""
        lost = hung_up(connection)
        try:
            transaction = None if lost else connection.get_transaction()
            if transaction is not None:
                failed = not transaction.is_active
                connection.rollback()
                if failed:
                    # After a commit that failed it is over for SQLAlchemy alone: SQLite would go on holding its locks.
                    connection.connection.rollback()
        except Exception:
            lost = True
        try:
            if lost:
                self._forget_idle()
                connection.invalidate()
                connection.close()
            elif len(self._idle[reads]) < KEPT and not self._closed:
                self._idle[reads].append(connection)
            else:
                connection.close()
        finally:
            if self._alone is not None:
                self._holder = 0
                self._alone.release()

    @contextmanager
    def connection(self, reads: bool = False, tenant: UUID | str | None = None) -> Iterator[sa.Connection]:
        """Give a connection within a transaction that the caller commits; anything else rolls it back.

        It sees the rows of ``tenant`` alone: none without one, all with ``EVERY_TENANT``.
        """
        connection = self.acquire(reads, tenant)
        try:
            with faults_translated():
                yield connection
        finally:
            self.release(connection, reads)

    def close(self) -> None:
        """Give back every connection."""
        self._closed = True
        self.rights.close()
        for idle in self._idle.values():
            while idle:
                idle.pop().close()
        self.engine.dispose()

    def _forget_idle(self) -> None:
        """When the server has hung up on one connection, the idle ones are most likely dead too."""
        for idle in self._idle.values():
            while idle:
                connection = idle.pop()
                connection.invalidate()
                connection.close()

    def table(self, name: str) -> sa.Table:
        """Return a table of the store itself, such as ``command_results``."""
        return self.blueprint.schema.table(name)


def hung_up(connection: sa.Connection) -> bool:
    """Whether the server has ended the connection, as far as the driver has noticed. A file ends none."""
    if connection.dialect.name == "sqlite":
        return False
    return connection.invalidated or bool(getattr(connection.connection.driver_connection, "closed", False))
