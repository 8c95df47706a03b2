"""Who owns tables: the core, plugins with migrations of their own, plugins without any, and the configuration.

Migrations are read from the text of their files, so that whether a database is current can be told without Alembic.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path

import attrs

from crmkit.core.entities import CORE_ENTITIES
from crmkit.core.errors import ConfigError
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg
from crmkit.core.registry import EntityRegistry
from crmkit.store.names import short_name

CORE_NAME = "core"
CONFIGURATION = "configuration"
VERSION_TABLE = "crmkit_schema_version"
"""The version table of the core."""

FOLDER = Path(__file__).parent.parent / "migrations"
"""The folder of the core's migrations."""

_HEAD = 6_000
"""Bytes at the start of a migration that hold its title, its revision and the one before it."""

_SETTING = re.compile(r"^(revision|down_revision)\s*(?::[^=\n]+)?=\s*(.+)$", re.MULTILINE)
_TITLE = re.compile(r'^(?:\s*#.*\n)*\s*[rR]?"""\s*(.+?)\s*(?:"""|$)', re.MULTILINE)


@frozen
class Revision:
    """One migration: its id, the ids that it follows, what it says of itself, and its file."""

    id: str
    follows: tuple[str, ...]
    title: str
    file: Path


@attrs.frozen(slots=False)
class Owner:
    """Somebody with tables. ``folder`` holds its migrations; None: its tables follow its entities by difference.

    ``formerly`` are names that it had before: what belonged to them is its own.
    """

    name: str
    folder: Path | None = None
    version: str = ""
    formerly: tuple[str, ...] = ()

    @property
    def version_table(self) -> str:
        """The table that says which revision the database is at."""
        return VERSION_TABLE if self.name == CORE_NAME else version_table_of(self.name)

    @cached_property
    def revisions(self) -> tuple[Revision, ...]:
        """All revisions, the first one first. Raises ConfigError when they make no line."""
        return () if self.folder is None else _in_order(self.name, _read(self.name, self.folder))

    @property
    def head(self) -> str:
        """The last revision; empty without any."""
        return self.revisions[-1].id if self.revisions else ""

    def missing(self, current: str) -> tuple[Revision, ...]:
        """Return the revisions that a database at ``current``, empty for none, still needs."""
        done = self.done(current)
        return tuple(revision for revision in self.revisions if revision.id not in done)

    def done(self, current: str) -> set[str]:
        """Return the ids of ``current`` and of every revision before it. Empty for one that is not known."""
        by_id = {revision.id: revision for revision in self.revisions}
        found: set[str] = set()
        todo = [current] if current in by_id else []
        while todo:
            id = todo.pop()
            if id not in found:
                found.add(id)
                todo.extend(by_id[id].follows)
        return found


CORE = Owner(CORE_NAME, FOLDER)


def version_table_of(plugin: str) -> str:
    """Return the name of a plugin's version table."""
    return short_name("crmkit", plugin, "version") if len(plugin) > 48 else f"crmkit_{plugin}_version"


def owner_of_tables(registry: EntityRegistry, tables: Iterable[str]) -> dict[str, str]:
    """Return who owns each of the tables that are named."""
    core = frozenset(CORE_ENTITIES)
    others = {info.plural: info.plugin for info in registry if info.cls not in core}
    return {table: others.get(table, CORE_NAME) for table in tables}


def with_core(owners: Sequence[Owner]) -> tuple[Owner, ...]:
    """Return the owners in the order of their migrations: the core, then plugins, required ones first."""
    return (CORE, *owners)


def _read(owner: str, folder: Path) -> Iterable[Revision]:
    places = [path for path in (folder / "versions", folder) if path.is_dir()]
    for file in sorted(places[0].glob("*.py")) if places else ():
        with file.open(encoding="utf-8") as opened:
            text = opened.read(_HEAD)
        found = dict(_SETTING.findall(text))
        if "revision" not in found:
            continue
        try:
            id, down = (ast.literal_eval(found.get(name, "None").strip()) for name in ("revision", "down_revision"))
        except (ValueError, SyntaxError):
            raise ConfigError(
                msg("migrations of {owner}: {file} says no revision that can be read", owner=owner, file=file.name)
            ) from None
        follows = () if down is None else (down,) if isinstance(down, str) else tuple(down)
        title = _TITLE.match(text)
        yield Revision(str(id), follows, title.group(1).rstrip(".") if title else file.stem, file)


def _in_order(owner: str, revisions: Iterable[Revision]) -> tuple[Revision, ...]:
    by_id: dict[str, Revision] = {}
    for revision in revisions:
        if revision.id in by_id:
            raise ConfigError(
                msg("migrations of {owner}: two of them are {revision}", owner=owner, revision=revision.id)
            )
        by_id[revision.id] = revision
    for revision in by_id.values():
        for id in revision.follows:
            if id not in by_id:
                raise ConfigError(
                    msg(
                        "migrations of {owner}: {revision} follows {other}, which is not there",
                        owner=owner,
                        revision=revision.id,
                        other=id,
                    )
                )
    order: dict[str, Revision] = {}
    while len(order) < len(by_id):
        ready = [r for r in by_id.values() if r.id not in order and all(id in order for id in r.follows)]
        if not ready:
            raise ConfigError(msg("migrations of {owner} follow one another in a circle", owner=owner))
        order.update((revision.id, revision) for revision in ready)
    followed = {id for revision in by_id.values() for id in revision.follows}
    ends = sorted(by_id.keys() - followed)
    if len(ends) > 1:
        raise ConfigError(
            msg(
                "migrations of {owner} have several ends ({ends}): let one follow the other",
                owner=owner,
                ends=", ".join(ends),
            )
        )
    return tuple(order.values())
