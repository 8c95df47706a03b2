"""Tables made from the metadata of entities, and the few tables of the store itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from threading import Lock
from typing import Any

import sqlalchemy as sa

from crmkit.core.entity import EntityInfo, FieldInfo
from crmkit.core.fieldtypes import Kind
from crmkit.core.registry import EntityRegistry
from crmkit.store.custom_columns import custom_columns
from crmkit.store.names import short_name
from crmkit.store.own_tables import OWN_TABLES
from crmkit.store.partial_indexes import DIALECTS, only_where
from crmkit.store.types import Id, column_types


class Schema:
    """The tables of an application, each made when it is first asked for: a program uses a few of the hundred.

    ``dialects`` are those that the tables are for.
    """

    def __init__(self, registry: EntityRegistry, dialects: Collection[str]) -> None:
        self._registry = registry
        self._order = {info.name: place for place, info in enumerate(registry.in_reference_order())}
        self._entities = {registry.get(name).plural: name for name in self._order}
        self._metadata = sa.MetaData(info={DIALECTS: tuple(dialects)})
        self._made: dict[str, sa.Table] = {}
        self._making = Lock()
        self.names: tuple[str, ...] = (*self._entities, *OWN_TABLES)
        """The names of all tables: referenced ones come first."""

    def table(self, name: str) -> sa.Table:
        """Return a table by its name. Raises KeyError when there is none."""
        if name not in self._made:
            with self._making:
                if name not in self._metadata.tables:
                    self._make(name)
                # Only now: SQLAlchemy lists a table before it has its columns.
                self._made[name] = self._metadata.tables[name]
        return self._made[name]

    def of_entity(self, entity: str) -> sa.Table:
        """Return the table of an entity."""
        return self.table(self._registry.get(entity).plural)

    def _make(self, name: str) -> None:
        if name in self._entities:
            _make_table(self._registry.get(self._entities[name]), self._registry, self._order, self._metadata)
        else:
            OWN_TABLES[name](self._metadata)

    @cached_property
    def metadata(self) -> sa.MetaData:
        """All tables."""
        for name in self.names:
            self.table(name)
        return self._metadata


def _make_table(info: EntityInfo, registry: EntityRegistry, order: Mapping[str, int], metadata: sa.MetaData) -> None:
    columns: list[sa.Column[object]] = []
    for field in info.stored:
        for name, type_ in column_types(field):
            columns.append(sa.Column(name, type_, nullable=field.nullable or field.kind is Kind.MONEY))
        if field.name == info.sequence:
            columns[-1] = sa.Column(
                field.name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True
            )
        elif field.name == "id" and not info.sequence:
            columns[-1].primary_key = True
    columns.insert(1, sa.Column("tenant_id", Id(), nullable=False))
    for custom in custom_columns(info):
        # A default, so that whoever does not know of the column can still insert.
        default = None if custom.nullable else ""
        options: dict[str, Any] = {"nullable": custom.nullable, "server_default": default, "info": {"custom": True}}
        columns.append(sa.Column(custom.name, custom.type, **options))
    table = sa.Table(info.plural, metadata, *columns)
    _add_references(info, table, registry, order)
    _add_indexes(info, table)


def _add_references(info: EntityInfo, table: sa.Table, registry: EntityRegistry, order: Mapping[str, int]) -> None:
    for field in info.stored:
        if field.reference:
            # A reference to a table written later, or to the table itself, is part of a cycle: checked at commit.
            late = order[field.reference] >= order[info.name]
            table.append_constraint(
                sa.ForeignKeyConstraint(
                    [field.name],
                    [f"{registry.get(field.reference).plural}.id"],
                    name=short_name("fk", info.plural, field.name),
                    deferrable=True if late else None,
                    initially="DEFERRED" if late else None,
                    use_alter=late and field.reference != info.name,
                )
            )


def _add_indexes(info: EntityInfo, table: sa.Table) -> None:
    alive = [table.c.deleted_at.is_(None)] if "deleted_at" in table.c else []
    seen: set[tuple[str, ...]] = set()
    for key in info.unique:
        filled = [table.c[name] != "" for name in key if optional_text(info.by_name[name])]
        where: sa.ColumnElement[bool] | None = sa.and_(*alive, *filled)
        _index(table, ("tenant_id", *key), unique=True, where=where)
        seen.add(key)
    for key in info.indexes:
        if key not in seen:
            # An index that a rarely filled field leads serves look-ups of filled values alone.
            rare = info.by_name[key[0]].nullable
            _index(table, ("tenant_id", *key), where=table.c[key[0]].is_not(None) if rare else None)
            seen.add(key)
    for field in info.stored:
        leading = {key[0] for key in seen}
        if field.name in leading:
            continue
        if field.indexed:
            _index(table, ("tenant_id", field.name))
        elif field.reference:
            where = table.c[field.name].is_not(None) if field.nullable else None
            _index(table, (field.name,), where=where)
    for custom in custom_columns(info):
        _index(table, ("tenant_id", custom.name))


def optional_text(field: FieldInfo) -> bool:
    """Whether a text may be left empty; unique keys hold among filled ones only."""
    return field.kind is Kind.TEXT and not field.required


def _index(
    table: sa.Table, names: tuple[str, ...], unique: bool = False, where: sa.ColumnElement[bool] | None = None
) -> None:
    options = {} if where is None else only_where(table.metadata, where)
    name = short_name("uq" if unique else "ix", table.name, *(name for name in names if name != "tenant_id"))
    sa.Index(name, *(table.c[name] for name in names), unique=unique, **options)
