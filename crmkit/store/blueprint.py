"""What is generated from the entities of an application: tables, codecs, validators, statements.

It depends on nothing but the entities and the dialect and never changes, so applications with the same entities share it:
the second one in a process opens in milliseconds.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import attrs
import sqlalchemy as sa

from crmkit.core.domain_event import DOMAIN_EVENT
from crmkit.core.registry import EntityRegistry
from crmkit.core.validation import Validator
from crmkit.store.codec import Codec, make_codec
from crmkit.store.journal import DeltaWriter
from crmkit.store.plain_queries import PlainQuery
from crmkit.store.schema import Schema
from crmkit.store.sqlite_writing import SqliteWriter
from crmkit.store.writing import PostgresWriter, Writer

KEPT = 8
"""Blueprints remembered, the least recently used one forgotten first."""


T = TypeVar("T")


class WhenAsked(dict[str, T]):
    """What is made for an entity when it is first asked for; made twice by two threads, one of them is kept."""

    def __init__(self, make: Callable[[str], T]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, name: str) -> T:
        return self.setdefault(name, self._make(name))


@attrs.define(eq=False)
class Blueprint:
    """Everything by entity name. ``image`` is an empty SQLite database with the schema, once one was made in memory."""

    schema: Schema
    tables: Mapping[str, sa.Table]
    codecs: Mapping[str, Codec]
    validators: Mapping[str, Validator]
    deltas: Mapping[str, DeltaWriter]
    write_order: Mapping[str, int]
    writer: Writer
    statements: dict[tuple[type[Any], tuple[str, ...]], sa.Select[Any]] = attrs.field(factory=dict)
    plain: dict[tuple[str, ...], PlainQuery] = attrs.field(factory=dict)
    image: bytes | None = None


_made: OrderedDict[Any, Blueprint] = OrderedDict()
_lock = threading.Lock()


def blueprint_of(registry: EntityRegistry, dialect: str) -> Blueprint:
    """Return the blueprint of a registry's entities for a dialect ("sqlite" or "postgresql")."""
    custom = tuple((info.name, field) for info in registry for field in info.fields if field.custom)
    key = dialect, tuple(info.cls for info in registry), custom
    with _lock:
        found = _made.get(key)
        if found is None:
            found = _made[key] = _make(registry, dialect)
            while len(_made) > KEPT:
                _made.popitem(last=False)
        _made.move_to_end(key)
    return found


def _make(registry: EntityRegistry, dialect: str) -> Blueprint:
    # An application works with a few of its entities at first, and tables and code take their time to be made.
    schema = Schema(registry, (dialect,))
    tables = WhenAsked(schema.of_entity)
    codecs = WhenAsked(lambda name: make_codec(registry.get(name), dialect))
    return Blueprint(
        schema=schema,
        tables=tables,
        codecs=codecs,
        validators=WhenAsked(lambda name: Validator(registry.get(name))),
        deltas=WhenAsked(lambda name: DeltaWriter(registry.get(name))),
        write_order=_write_order(registry),
        writer=(PostgresWriter if dialect == "postgresql" else SqliteWriter)(codecs, tables),
    )


def _write_order(registry: EntityRegistry) -> dict[str, int]:
    """Return the place of each entity in what is written: what others refer to comes first.

    What plugins tell of changes comes last: where somebody else was quicker, the change itself says so.
    """
    names = [info.name for info in registry.in_reference_order()]
    return {name: place for place, name in enumerate(sorted(names, key=lambda name: name == DOMAIN_EVENT))}
