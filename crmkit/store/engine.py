"""Opening databases: SQLite with WAL and real transactions, PostgreSQL through psycopg."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import NullPool, StaticPool

from crmkit.core.errors import ConfigError
from crmkit.core.messages import msg, shown
from crmkit.store.aborted import refuse_aborted
from crmkit.store.tenant_wall import begin as begin_transaction

MEMORY = "sqlite://"
READ = "crmkit_read"
"""Execution option of connections that only read: on SQLite they do not take the write lock."""

BUSY_SECONDS = 30

WAL_PAGES = 4_000
"""Pages of 4 KiB that SQLite's write-ahead log grows to before it is copied into the database file: 16 MB."""


def make_engine(address: str, **options: Any) -> sa.Engine:
    """Return an engine for a database address.

    ``sqlite://`` is in memory, ``sqlite:///file.db`` a file, ``postgresql://...`` a server. Raises ConfigError for an
    address that cannot be read or another kind of database.
    """
    url = read_address(address)
    if url.get_backend_name() == "sqlite":
        return _sqlite_engine(url, options)
    return _postgres_engine(url, options)


def read_address(address: str) -> URL:
    """Return the parsed address with our drivers chosen; raises ConfigError naming what was expected."""
    expected = msg("expected sqlite:///FILE, sqlite:// (in memory) or postgresql://USER:PASSWORD@HOST/NAME")
    try:
        url = make_url(address)
    except (sa.exc.ArgumentError, ValueError):
        raise ConfigError(
            msg("database address {value}: {expected}", value=shown(address), expected=expected)
        ) from None
    backend = url.get_backend_name()
    if backend == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if backend == "sqlite":
        return url
    shown_url = url.render_as_string(hide_password=True)
    raise ConfigError(msg("database address {value}: {expected}", value=shown_url, expected=expected))


def is_memory(engine: sa.Engine) -> bool:
    """Whether the engine's database lives in this process alone."""
    return isinstance(engine.pool, StaticPool)


def _sqlite_engine(url: URL, options: dict[str, Any]) -> sa.Engine:
    in_memory = url.database in (None, "", ":memory:")
    # Of a file, ``Database`` itself keeps the connections that wait for work; a pool's limit would count those, too.
    options = {"poolclass": StaticPool if in_memory else NullPool, **options}
    engine = sa.create_engine(
        url,
        connect_args={"check_same_thread": False, "timeout": BUSY_SECONDS, "cached_statements": 256},
        **options,
    )

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        from crmkit.store.filters import register_functions

        # The driver must not open transactions of its own: it would do so late, and never immediately.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA foreign_keys = ON")
        # What is overwritten or deleted leaves no bytes behind; no slower in what was measured.
        cursor.execute("PRAGMA secure_delete = ON")
        if not in_memory:
            cursor.execute("PRAGMA journal_mode = WAL")
            cursor.execute("PRAGMA synchronous = NORMAL")
            # Pages that change often (index roots, the log's last page) are then copied back once for many commits.
            cursor.execute(f"PRAGMA wal_autocheckpoint = {WAL_PAGES}")
        cursor.close()
        register_functions(connection)

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        reads = connection.get_execution_options().get(READ)
        driver: Any = connection.connection.driver_connection
        driver.execute("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine


def _postgres_engine(url: URL, options: dict[str, Any]) -> sa.Engine:
    try:
        # As many as there are threads at work: a limit would let sessions that are begun within others wait for ever.
        engine = sa.create_engine(url, pool_pre_ping=False, pool_size=10, max_overflow=-1, **options)
    except ImportError as error:
        # Psycopg is not there at all, or finds no libpq, of which it tells in several lines.
        reason = shown(" ".join(str(error).split()), 200)
        raise ConfigError(
            msg("PostgreSQL needs the package psycopg ({reason}); install crmkit[postgres]", reason=reason)
        ) from error

    from psycopg.types.json import set_json_loads

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET TIME ZONE 'UTC'")
        connection.commit()
        connection.prepare_threshold = 2
        set_json_loads(_json, connection)

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        # In autocommit, which vacuuming needs, there is no transaction to begin.
        if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
            begin_transaction(connection)

    @sa.event.listens_for(engine, "commit")
    def commit(connection: sa.Connection) -> None:
        refuse_aborted(connection)

    return engine


def _json(text: str | bytes) -> Any:
    # Most records have no custom values.
    return {} if text == b"{}" else json.loads(text)
