"""Tables made from the metadata of entities, and the few tables of the store itself."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from crmkit.core.entity import EntityInfo, FieldInfo
from crmkit.core.fieldtypes import Kind
from crmkit.core.registry import EntityRegistry
from crmkit.store.custom_columns import custom_columns
from crmkit.store.job_tables import add_job_tables
from crmkit.store.names import short_name
from crmkit.store.search.tables import add_search_tables
from crmkit.store.types import Id, Instant, column_types, text_type


def build_tables(registry: EntityRegistry, metadata: sa.MetaData) -> Mapping[str, sa.Table]:
    """Add a table for every entity of ``registry``, and the store's own tables, to ``metadata``; return those of entities."""
    order = {info.name: place for place, info in enumerate(registry.in_reference_order())}
    tables = {info.name: _table(info, registry, order, metadata) for info in registry.in_reference_order()}
    _add_store_tables(metadata)
    return MappingProxyType(tables)


def _table(info: EntityInfo, registry: EntityRegistry, order: Mapping[str, int], metadata: sa.MetaData) -> sa.Table:
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
    return table


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
    options: dict[str, Any] = {} if where is None else {"sqlite_where": where, "postgresql_where": where}
    name = short_name("uq" if unique else "ix", table.name, *(name for name in names if name != "tenant_id"))
    sa.Index(name, *(table.c[name] for name in names), unique=unique, **options)


def _add_store_tables(metadata: sa.MetaData) -> None:
    _add_ownership_tables(metadata)
    sa.Table(
        "tenants",
        metadata,
        sa.Column("id", Id(), primary_key=True),
        sa.Column("name", text_type(100), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
    )
    # Counted up whenever rights change; see crmkit.store.rights_version.
    sa.Table(
        "rights_versions",
        metadata,
        sa.Column("tenant_id", Id(), primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
    )
    sa.Table(
        "command_results",
        metadata,
        sa.Column("tenant_id", Id(), primary_key=True),
        sa.Column("key", text_type(200), primary_key=True),
        sa.Column("fingerprint", text_type(64), nullable=False),
        sa.Column("result", sa.Text, nullable=False),
        # The ids of the records that the command saw, 16 bytes each; null: more than are kept.
        sa.Column("records", sa.LargeBinary),
        sa.Column("created_at", Instant(), nullable=False),
    )
    _add_subscriber_tables(metadata)
    # Not records but an index over customers, filled from the event log; see crmkit.store.match_index.
    sa.Table(
        "customer_match_keys",
        metadata,
        sa.Column("tenant_id", Id(), primary_key=True),
        sa.Column("match_key", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("customer_id", Id(), primary_key=True),
        sqlite_with_rowid=False,
    )
    # The keys that a customer has in it, eight bytes each: what to take out again, without an index of the index.
    sa.Table(
        "customer_match_sets",
        metadata,
        sa.Column("customer_id", Id(), primary_key=True),
        sa.Column("tenant_id", Id(), nullable=False, index=True),
        sa.Column("match_keys", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    # The newest refusals, where the configuration keeps any; see crmkit.store.refusals.
    sa.Table(
        "refusals",
        metadata,
        sa.Column("tenant_id", Id(), primary_key=True),
        sa.Column("id", Id(), primary_key=True),
        sa.Column("occurred_at", Instant(), nullable=False),
        sa.Column("actor_id", Id()),
        sa.Column("on_behalf_id", Id()),
        sa.Column("plugin", text_type(100), nullable=False),
        sa.Column("version", text_type(100), nullable=False),
        sa.Column("hook", text_type(100), nullable=False),
        sa.Column("entity", text_type(100), nullable=False),
        sa.Column("record_id", Id(), nullable=False),
        sa.Column("cause_id", Id()),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Index("ix_refusals_record_id", "tenant_id", "record_id"),
    )
    # By what an erased customer is known again, as keyed digests; see crmkit.store.erased_keys.
    sa.Table(
        "erased_keys",
        metadata,
        sa.Column("tenant_id", Id(), primary_key=True),
        sa.Column("digest", sa.LargeBinary(16), primary_key=True),
        sa.Column("erasure_id", Id(), primary_key=True),
        sqlite_with_rowid=False,
    )
    sa.Table(
        "erasure_secrets",
        metadata,
        sa.Column("tenant_id", Id(), primary_key=True),
        sa.Column("secret", sa.LargeBinary(32), nullable=False),
    )
    add_search_tables(metadata)
    add_job_tables(metadata)
    sa.Table(
        "audit_links",
        metadata,
        sa.Column("tenant_id", Id(), primary_key=True),
        sa.Column("sequence", sa.BigInteger, primary_key=True),
        sa.Column("entry_id", Id(), nullable=False),
        sa.Column("salt", sa.LargeBinary(16)),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("link", sa.LargeBinary(32), nullable=False),
        sa.Index("uq_audit_links_entry_id", "tenant_id", "entry_id", unique=True),
    )
    sa.Table(
        "audit_seals",
        metadata,
        sa.Column("tenant_id", Id(), primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True),
        sa.Column("length", sa.BigInteger, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("link", sa.LargeBinary(32), nullable=False),
        sa.Column("sealed_at", Instant(), nullable=False),
    )


def _add_subscriber_tables(metadata: sa.MetaData) -> None:
    """Where the subscribers of the event log are; see crmkit.store.subscribers, parked_events and event_deliveries."""
    sa.Table(
        "event_cursors",
        metadata,
        sa.Column("tenant_id", Id(), primary_key=True),
        sa.Column("subscriber", text_type(200), primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False),
        # It was given what stands behind this place; null for an index, which begins with the first event.
        sa.Column("start", sa.BigInteger),
        # During a replay: how far it had come before, and where the replay began.
        sa.Column("reached", sa.BigInteger),
        sa.Column("replayed_from", sa.BigInteger),
        sa.Column("moved_at", Instant()),
        # What it needs is away: since how many attempts, until when it rests, and what it said.
        sa.Column("failures", sa.Integer),
        sa.Column("resting_until", Instant()),
        sa.Column("error", sa.Text),
        # Which process delivers to it outside of transactions, so that no other one does.
        sa.Column("held_by", Id()),
        sa.Column("held_since", Instant()),
        sa.Column("held_until", Instant()),
    )
    sa.Table(
        "parked_events",
        metadata,
        sa.Column("tenant_id", Id(), primary_key=True),
        sa.Column("subscriber", text_type(200), primary_key=True),
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("event_id", Id(), nullable=False),
        sa.Column("state", text_type(20), nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("parked_at", Instant(), nullable=False),
        sa.Column("tried_at", Instant()),
        sa.Column("next_attempt_at", Instant()),
    )
    # What waits behind a parked event: whatever has one of its ordering keys.
    sa.Table(
        "parked_ordering_keys",
        metadata,
        sa.Column("tenant_id", Id(), primary_key=True),
        sa.Column("subscriber", text_type(200), primary_key=True),
        sa.Column("ordering_key", Id(), primary_key=True),
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Index("ix_parked_ordering_keys_position", "tenant_id", "subscriber", "position"),
    )
    sa.Table(
        "event_deliveries",
        metadata,
        sa.Column("tenant_id", Id(), primary_key=True),
        sa.Column("subscriber", text_type(200), primary_key=True),
        sa.Column("event_id", Id(), primary_key=True),
        sa.Column("done_at", Instant(), nullable=False),
    )


def _add_ownership_tables(metadata: sa.MetaData) -> None:
    """What the schema knows of itself; see crmkit.store.migration. It is of the whole database, not of one tenant."""
    # Whose the tables are that are not the core's, so that it can be told when the plugin is gone.
    sa.Table(
        "owned_tables",
        metadata,
        sa.Column("table_name", text_type(100), primary_key=True),
        sa.Column("owner", text_type(100), nullable=False),
        sa.Column("entity", text_type(100), nullable=False),
        sa.Column("version", text_type(100), nullable=False),
        sa.Column("kinds", sa.Text, nullable=False),
    )
    # How far the columns of custom fields are filled; ``place`` is the last record that was looked at.
    sa.Table(
        "filled_columns",
        metadata,
        sa.Column("table_name", text_type(100), primary_key=True),
        sa.Column("column_name", text_type(100), primary_key=True),
        sa.Column("entity", text_type(100), nullable=False),
        sa.Column("field", text_type(1_000), nullable=False),
        sa.Column("finished", sa.Boolean, nullable=False),
        sa.Column("place", Id()),
        sa.Column("done", sa.BigInteger, nullable=False),
        sa.Column("total", sa.BigInteger, nullable=False),
    )
