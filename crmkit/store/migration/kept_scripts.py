"""The statements that make the schema in an empty SQLite database, kept: running them takes a tenth of working them out.

They are kept in memory and in the user's cache folder, under a key of all that they follow from: the entities, the owners
of tables, the code that makes tables, and the versions of SQLAlchemy and SQLite. Whatever is wrong with what is kept, they
are worked out anew.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from hashlib import blake2b
from pathlib import Path
from threading import Lock
from typing import Any

import sqlalchemy as sa

from crmkit.core import entity
from crmkit.core.entities import CORE_ENTITIES
from crmkit.core.entity import EntityInfo
from crmkit.store.database import Database
from crmkit.store.migration.owners import Owner

KEPT = 8
"""Scripts in memory, and in the folder; the least recently used one goes first."""

_WRITING = ("CREATE", "INSERT", "DELETE", "ANALYZE")
_CODE = (Path(__file__).parents[1], Path(entity.__file__).parent)

_scripts: OrderedDict[str, tuple[str, ...]] = OrderedDict()
_lock = Lock()
_written: list[str] = []


def kept_script(database: Database, owners: Sequence[Owner]) -> tuple[str, tuple[str, ...]]:
    """Return the key of a schema and its statements; none of them when they are not kept."""
    key = _key(database, owners)
    with _lock:
        if key in _scripts:
            _scripts.move_to_end(key)
            return key, _scripts[key]
    found = _read(key)
    if found:
        _keep_in_memory(key, found)
    return key, found


def run(connection: sa.Connection, statements: Sequence[str]) -> bool:
    """Run kept statements; return whether they did their work. Otherwise nothing is done."""
    if not statements:
        return False
    connection.exec_driver_sql("SAVEPOINT kept")
    try:
        for statement in statements:
            connection.exec_driver_sql(statement)
    except sa.exc.DBAPIError:
        connection.exec_driver_sql("ROLLBACK TO kept")
        return False
    finally:
        connection.exec_driver_sql("RELEASE kept")
    return True


@contextmanager
def noted(connection: sa.Connection) -> Iterator[list[str]]:
    """Note the statements that write, as SQLite runs them, within the block."""
    statements: list[str] = []
    driver: Any = connection.connection.driver_connection

    def note(text: str) -> None:
        # Those that a virtual table runs in turn are told as comments.
        if text.lstrip().startswith(_WRITING):
            statements.append(text)

    driver.set_trace_callback(note)
    try:
        yield statements
    finally:
        driver.set_trace_callback(None)


def keep(key: str, statements: Sequence[str]) -> None:
    """Keep the statements of a schema.

    A process writes the first ones to the folder: those of the application that it is about. Tests that make many
    schemas do not push out what others keep there.
    """
    _keep_in_memory(key, tuple(statements))
    with _lock:
        if _written:
            return
        _written.append(key)
    with suppress(OSError):
        _write(key, json.dumps(statements))


def _keep_in_memory(key: str, statements: tuple[str, ...]) -> None:
    with _lock:
        _scripts[key] = statements
        while len(_scripts) > KEPT:
            _scripts.popitem(last=False)


def _key(database: Database, owners: Sequence[Owner]) -> str:
    """Return a digest of all that the statements follow from."""
    core = frozenset(CORE_ENTITIES)
    parts = (
        sa.__version__,
        sqlite3.sqlite_version,
        _code(),
        [(owner.name, owner.head, owner.version, owner.formerly) for owner in owners],
        [(info.cls in core, *_of_entity(info)) for info in database.registry],
    )
    return blake2b(repr(parts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _of_entity(info: EntityInfo) -> tuple[Any, ...]:
    fields = [
        (
            field.name,
            field.kind.value,
            field.nullable,
            field.required,
            field.max_length,
            field.reference,
            field.indexed,
            field.custom and field.filterable,
        )
        for field in info.fields
    ]
    return info.name, info.plural, info.plugin, info.sequence, info.unique, info.indexes, fields


@cache
def _code() -> tuple[int, int, int]:
    """Return what tells the code that makes tables from any other state of it: how many files, how large, how new."""
    files = [Path(folder, name) for top in _CODE for folder, _, names in os.walk(top) for name in names]
    found = [path.stat() for path in files if path.suffix == ".py"]
    return len(found), sum(one.st_size for one in found), max(one.st_mtime_ns for one in found)


# -- the folder ----------------------------------------------------------------------------------------------------


def _folder() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or os.path.expanduser("~/.cache")
    return Path(home, "crmkit", "schemas")


def _read(key: str) -> tuple[str, ...]:
    try:
        digest, _, text = (_folder() / key).read_text("utf-8").partition("\n")
        return tuple(json.loads(text)) if digest == _digest(text) else ()
    except (OSError, ValueError):
        return ()


def _write(key: str, text: str) -> None:
    folder = _folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Whole or not at all: others may be reading.
    temporary = folder / f"{key}.{os.getpid()}"
    temporary.write_text(f"{_digest(text)}\n{text}", "utf-8")
    temporary.replace(folder / key)
    for old in sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns, reverse=True)[KEPT:]:
        old.unlink(missing_ok=True)


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
