"""A plugin in a package, in two versions, with the migrations of both: for tests of what happens in its life."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

_MODULE = '''
from collections.abc import Mapping
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

from crmkit.plugin import Manifest, Part, Record, Via, entity, field, hookimpl

manifest = Manifest(name="{name}", version="{version}.0"{manifest})


@entity("{name}_boat", plural="{name}_boats", plugin="{name}"{unique})
class Boat(Record):
    """A boat."""

    name: str = field(searchable=True)
{fields}    keeper_id: UUID | None = field(default=None, reference="customer", merge="repoint", erase="clear")


@entity("{name}_berth", plural="{name}_berths", plugin="{name}", access=Via("boat_id"))
class Berth(Part):
    """Where a boat lies."""

    boat_id: UUID = field(reference="{name}_boat")
    pier: str = field(default="")
{berth}


@hookimpl
def register_entities(ctx, call):
    return [Boat, Berth]


@hookimpl
def after_records_saved_committed(ctx, call):
    """Hears of records, so that it has a place in the event log."""
'''

_FIRST_FIELDS = """    code: str = field(default="", max_length=20)
"""

_SECOND_FIELDS = """    length: Decimal = field(default=Decimal("1.5"))
    note: str = field(default="100 % 'fine'")
    afloat: bool = field(default=True)
    seen_at: datetime = field(default=datetime(2020, 1, 1, tzinfo=timezone.utc))
    tags: tuple[str, ...] = field(default=())
    papers: Mapping[str, Any] = field(factory=dict)
    built: date | None = field(default=None, indexed=True)
    seller_id: UUID | None = field(default=None, reference="customer", merge="repoint", erase="clear")
"""


class Package:
    """A plugin called ``name``; its first version has a code, its second a length and more instead."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, name: str = "marina") -> None:
        self.name, self.folder = name, folder / name
        self.folder.mkdir(parents=True)
        monkeypatch.syspath_prepend(str(folder))

    @property
    def migrations(self) -> Path:
        return self.folder / "migrations"

    def first(self) -> Any:
        """Have the first version imported."""
        return self._written(1, _FIRST_FIELDS, ', unique=(("code",),)')

    def second(self, berth: str = "", manifest: str = "") -> Any:
        """Have the second version imported, with more fields of berths and more in its manifest where a test wants it."""
        return self._written(2, _SECOND_FIELDS, "", berth, manifest)

    def forget(self) -> None:
        """Take it out of the modules that are imported."""
        for name in [name for name in sys.modules if name.partition(".")[0] == self.name]:
            del sys.modules[name]

    def _written(self, version: int, fields: str, unique: str, berth: str = "", manifest: str = "") -> Any:
        source = _MODULE.format(
            name=self.name, version=version, fields=fields, unique=unique, berth=berth, manifest=manifest
        )
        (self.folder / "__init__.py").write_text(dedent(source), encoding="utf-8")
        self.forget()
        importlib.invalidate_caches()
        # Two versions written within one second look alike to the cache of byte code.
        sys.dont_write_bytecode, before = True, sys.dont_write_bytecode
        try:
            return importlib.import_module(self.name)
        finally:
            sys.dont_write_bytecode = before
