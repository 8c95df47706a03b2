"""The tables of the store itself: what is kept beside records.

They come in groups, each with what adds its tables to the metadata, so that an application has only those made that it asks
for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import sqlalchemy as sa

from crmkit.store.job_tables import JOB_TABLES, add_job_tables
from crmkit.store.search.tables import SEARCH_TABLES, add_search_tables
from crmkit.store.types import Id, Instant, text_type

Add = Callable[[sa.MetaData], None]


def _add_tenant_tables(metadata: sa.MetaData) -> None:
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


def _add_match_tables(metadata: sa.MetaData) -> None:
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


def _add_refusals(metadata: sa.MetaData) -> None:
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


def _add_erasure_tables(metadata: sa.MetaData) -> None:
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


def _add_audit_tables(metadata: sa.MetaData) -> None:
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


_GROUPS: Mapping[tuple[str, ...], Add] = {
    ("owned_tables", "filled_columns"): _add_ownership_tables,
    ("tenants", "rights_versions", "command_results"): _add_tenant_tables,
    ("event_cursors", "parked_events", "parked_ordering_keys", "event_deliveries"): _add_subscriber_tables,
    ("customer_match_keys", "customer_match_sets"): _add_match_tables,
    ("refusals",): _add_refusals,
    ("erased_keys", "erasure_secrets"): _add_erasure_tables,
    SEARCH_TABLES: add_search_tables,
    JOB_TABLES: add_job_tables,
    ("audit_links", "audit_seals"): _add_audit_tables,
}

OWN_TABLES: Mapping[str, Add] = {name: add for names, add in _GROUPS.items() for name in names}
"""What adds each table, along with the others of its group."""
