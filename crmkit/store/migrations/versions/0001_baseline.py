"""Baseline"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from crmkit.store import types

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    from crmkit.store.migration import prepare_functions

    prepare_functions(op.get_bind())
    op.create_table(
        "audit_entries",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("occurred_at", types.Instant(), nullable=False),
        sa.Column("actor_id", types.Id(), nullable=True),
        sa.Column("on_behalf_id", types.Id(), nullable=True),
        sa.Column("plugin", types.text_type(100), nullable=False),
        sa.Column("entity", types.text_type(100), nullable=False),
        sa.Column("record_id", types.Id(), nullable=False),
        sa.Column("action", types.text_type(200), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("cause_id", types.Id(), nullable=True),
        sa.Column("delta", types.Json(), nullable=False),
        sa.Column("origin", types.Json(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_audit_entries_cause_id",
        "audit_entries",
        ["tenant_id", "cause_id"],
        unique=False,
        sqlite_where=sa.text("cause_id IS NOT NULL"),
        postgresql_where=sa.text("cause_id IS NOT NULL"),
    )
    op.create_index(
        "ix_audit_entries_record_id_occurred_at",
        "audit_entries",
        ["tenant_id", "record_id", "occurred_at"],
        unique=False,
    )
    op.create_table(
        "audit_links",
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", types.Id(), nullable=False),
        sa.Column("salt", sa.LargeBinary(length=16), nullable=True),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("link", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "sequence"),
    )
    op.create_index("uq_audit_links_entry_id", "audit_links", ["tenant_id", "entry_id"], unique=True)
    op.create_table(
        "audit_seals",
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("link", sa.LargeBinary(length=32), nullable=False),
        sa.Column("sealed_at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "number"),
    )
    op.create_table(
        "background_jobs",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("plugin", types.text_type(100), nullable=False),
        sa.Column("name", types.text_type(200), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("key", types.text_type(300), nullable=True),
        sa.Column("state", types.text_type(20), nullable=False),
        sa.Column("run_at", types.Instant(), nullable=False),
        sa.Column("due_at", types.Instant(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("starts", sa.Integer(), nullable=False),
        sa.Column("losses", sa.Integer(), nullable=False),
        sa.Column("dispatch", sa.Integer(), nullable=False),
        sa.Column("worker", types.text_type(200), nullable=False),
        sa.Column("enqueued_at", types.Instant(), nullable=False),
        sa.Column("moved_at", types.Instant(), nullable=True),
        sa.Column("started_at", types.Instant(), nullable=True),
        sa.Column("ended_at", types.Instant(), nullable=True),
        sa.Column("actor", types.text_type(200), nullable=False),
        sa.Column("user_id", types.Id(), nullable=True),
        sa.Column("deputy_id", types.Id(), nullable=True),
        sa.Column("ceiling", sa.Text(), nullable=True),
        sa.Column("enqueued_by", types.text_type(100), nullable=False),
        sa.Column("cause_id", types.Id(), nullable=True),
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("progress_done", sa.BigInteger(), nullable=True),
        sa.Column("progress_total", sa.BigInteger(), nullable=True),
        sa.Column("progress_note", types.text_type(500), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_background_jobs_open",
        "background_jobs",
        ["tenant_id", "state", "run_at"],
        unique=False,
        sqlite_where=sa.text("state IN ('waiting', 'queued', 'running')"),
        postgresql_where=sa.text("state IN ('waiting', 'queued', 'running')"),
    )
    op.create_index("ix_background_jobs_state", "background_jobs", ["tenant_id", "state", "ended_at"], unique=False)
    op.create_index(
        "uq_background_jobs_key",
        "background_jobs",
        ["tenant_id", "key"],
        unique=True,
        sqlite_where=sa.text('"key" IS NOT NULL'),
        postgresql_where=sa.text('"key" IS NOT NULL'),
    )
    op.create_table(
        "background_schedules",
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("name", types.text_type(200), nullable=False),
        sa.Column("looked_at", types.Instant(), nullable=False),
        sa.Column("last_due", types.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "name"),
    )
    op.create_table(
        "background_steps",
        sa.Column("job_id", types.Id(), nullable=False),
        sa.Column("name", types.text_type(200), nullable=False),
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("done_at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "name"),
    )
    op.create_table(
        "background_workers",
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("id", types.text_type(200), nullable=False),
        sa.Column("host", types.text_type(200), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("state", types.text_type(20), nullable=False),
        sa.Column("slots", sa.Integer(), nullable=False),
        sa.Column("hanging", sa.Integer(), nullable=False),
        sa.Column("started_at", types.Instant(), nullable=False),
        sa.Column("seen_at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )
    op.create_table(
        "command_results",
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("key", types.text_type(200), nullable=False),
        sa.Column("fingerprint", types.text_type(64), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("records", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "key"),
    )
    op.create_table(
        "customer_match_keys",
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("match_key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("customer_id", types.Id(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "match_key", "customer_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "customer_match_sets",
        sa.Column("customer_id", types.Id(), nullable=False),
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("match_keys", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id"),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_customer_match_sets_tenant_id"), "customer_match_sets", ["tenant_id"], unique=False)
    op.create_table(
        "domain_events",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=True),
        sa.Column("created_by", types.Id(), nullable=True),
        sa.Column("updated_at", types.Instant(), nullable=True),
        sa.Column("updated_by", types.Id(), nullable=True),
        sa.Column("deleted_at", types.Instant(), nullable=True),
        sa.Column("source", types.text_type(100), nullable=False),
        sa.Column("custom", types.Json(), nullable=False),
        sa.Column("name", types.text_type(100), nullable=False),
        sa.Column("schema_version", sa.BigInteger(), nullable=False),
        sa.Column("entity", types.text_type(100), nullable=False),
        sa.Column("record_id", types.Id(), nullable=False),
        sa.Column("data", types.Json(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_domain_events_record_id", "domain_events", ["tenant_id", "record_id"], unique=False)
    op.create_table(
        "erased_keys",
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=16), nullable=False),
        sa.Column("erasure_id", types.Id(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "digest", "erasure_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "erasure_secrets",
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("secret", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id"),
    )
    op.create_table(
        "event_cursors",
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("subscriber", types.text_type(200), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=True),
        sa.Column("reached", sa.BigInteger(), nullable=True),
        sa.Column("replayed_from", sa.BigInteger(), nullable=True),
        sa.Column("moved_at", types.Instant(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=True),
        sa.Column("resting_until", types.Instant(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("held_by", types.Id(), nullable=True),
        sa.Column("held_since", types.Instant(), nullable=True),
        sa.Column("held_until", types.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "subscriber"),
    )
    op.create_table(
        "event_deliveries",
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("subscriber", types.text_type(200), nullable=False),
        sa.Column("event_id", types.Id(), nullable=False),
        sa.Column("done_at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "subscriber", "event_id"),
    )
    op.create_table(
        "events",
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("type", types.text_type(100), nullable=False),
        sa.Column("entity", types.text_type(100), nullable=False),
        sa.Column("record_id", types.Id(), nullable=False),
        sa.Column("occurred_at", types.Instant(), nullable=False),
        sa.Column("actor_id", types.Id(), nullable=True),
        sa.Column("plugin", types.text_type(100), nullable=False),
        sa.Column("cause_id", types.Id(), nullable=True),
        sa.Column("depth", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("position"),
    )
    op.create_table(
        "external_identities",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=True),
        sa.Column("created_by", types.Id(), nullable=True),
        sa.Column("updated_at", types.Instant(), nullable=True),
        sa.Column("updated_by", types.Id(), nullable=True),
        sa.Column("deleted_at", types.Instant(), nullable=True),
        sa.Column("source", types.text_type(100), nullable=False),
        sa.Column("custom", types.Json(), nullable=False),
        sa.Column("system", types.text_type(100), nullable=False),
        sa.Column("external_id", types.text_type(300), nullable=False),
        sa.Column("entity", types.text_type(100), nullable=False),
        sa.Column("record_id", types.Id(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_external_identities_record_id", "external_identities", ["tenant_id", "record_id"], unique=False)
    op.create_index(
        "uq_external_identities_system_external_id_entity",
        "external_identities",
        ["tenant_id", "system", "external_id", "entity"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "filled_columns",
        sa.Column("table_name", types.text_type(100), nullable=False),
        sa.Column("column_name", types.text_type(100), nullable=False),
        sa.Column("entity", types.text_type(100), nullable=False),
        sa.Column("field", types.text_type(1000), nullable=False),
        sa.Column("finished", sa.Boolean(), nullable=False),
        sa.Column("place", types.Id(), nullable=True),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("table_name", "column_name"),
    )
    op.create_table(
        "merge_journals",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=True),
        sa.Column("created_by", types.Id(), nullable=True),
        sa.Column("updated_at", types.Instant(), nullable=True),
        sa.Column("updated_by", types.Id(), nullable=True),
        sa.Column("deleted_at", types.Instant(), nullable=True),
        sa.Column("source", types.text_type(100), nullable=False),
        sa.Column("custom", types.Json(), nullable=False),
        sa.Column("entity", types.text_type(100), nullable=False),
        sa.Column("kept_id", types.Id(), nullable=False),
        sa.Column("lost_id", types.Id(), nullable=False),
        sa.Column("images", types.Json(), nullable=False),
        sa.Column("undone_at", types.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_merge_journals_kept_id", "merge_journals", ["tenant_id", "kept_id"], unique=False)
    op.create_index("ix_merge_journals_lost_id", "merge_journals", ["tenant_id", "lost_id"], unique=False)
    op.create_table(
        "owned_tables",
        sa.Column("table_name", types.text_type(100), nullable=False),
        sa.Column("owner", types.text_type(100), nullable=False),
        sa.Column("entity", types.text_type(100), nullable=False),
        sa.Column("version", types.text_type(100), nullable=False),
        sa.Column("kinds", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("table_name"),
    )
    op.create_table(
        "parked_events",
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("subscriber", types.text_type(200), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event_id", types.Id(), nullable=False),
        sa.Column("state", types.text_type(20), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("parked_at", types.Instant(), nullable=False),
        sa.Column("tried_at", types.Instant(), nullable=True),
        sa.Column("next_attempt_at", types.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "subscriber", "position"),
    )
    op.create_table(
        "parked_ordering_keys",
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("subscriber", types.text_type(200), nullable=False),
        sa.Column("ordering_key", types.Id(), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "subscriber", "ordering_key", "position"),
    )
    op.create_index(
        "ix_parked_ordering_keys_position",
        "parked_ordering_keys",
        ["tenant_id", "subscriber", "position"],
        unique=False,
    )
    op.create_table(
        "refusals",
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("occurred_at", types.Instant(), nullable=False),
        sa.Column("actor_id", types.Id(), nullable=True),
        sa.Column("on_behalf_id", types.Id(), nullable=True),
        sa.Column("plugin", types.text_type(100), nullable=False),
        sa.Column("version", types.text_type(100), nullable=False),
        sa.Column("hook", types.text_type(100), nullable=False),
        sa.Column("entity", types.text_type(100), nullable=False),
        sa.Column("record_id", types.Id(), nullable=False),
        sa.Column("cause_id", types.Id(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )
    op.create_index("ix_refusals_record_id", "refusals", ["tenant_id", "record_id"], unique=False)
    op.create_table(
        "rights_versions",
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id"),
    )
    op.create_table(
        "search_documents",
        sa.Column("document", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("entity", types.text_type(100), nullable=False),
        sa.Column("record_id", types.Id(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=8), nullable=False),
        sa.Column("headwords", sa.LargeBinary(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("tokens", types.Tokens(), nullable=False),
        sa.PrimaryKeyConstraint("document"),
        info={"crmkit_open_reads": True},
    )
    op.create_index("ix_search_documents_document", "search_documents", ["tenant_id", "document"], unique=False)
    op.create_index(
        "uq_search_documents_record_id", "search_documents", ["tenant_id", "entity", "record_id"], unique=True
    )
    op.create_table(
        "search_headwords",
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("headword", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("place", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "headword", "place"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "search_near_words",
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("near", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("word", types.text_type(40), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "near", "word"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tenants",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("name", types.text_type(100), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "users",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=True),
        sa.Column("created_by", types.Id(), nullable=True),
        sa.Column("updated_at", types.Instant(), nullable=True),
        sa.Column("updated_by", types.Id(), nullable=True),
        sa.Column("deleted_at", types.Instant(), nullable=True),
        sa.Column("source", types.text_type(100), nullable=False),
        sa.Column("custom", types.Json(), nullable=False),
        sa.Column("owner_id", types.Id(), nullable=True),
        sa.Column("team_id", types.Id(), nullable=True),
        sa.Column("login", types.text_type(100), nullable=False),
        sa.Column("name", types.text_type(200), nullable=False),
        sa.Column("email", types.text_type(200), nullable=False),
        sa.Column("title", types.text_type(200), nullable=False),
        sa.Column("state", types.text_type(200), nullable=False),
        sa.Column("reports_to_id", types.Id(), nullable=True),
        sa.Column("language", types.text_type(200), nullable=False),
        sa.Column("timezone", types.text_type(200), nullable=False),
        sa.Column("customer_id", types.Id(), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
            name="fk_users_customer_id",
            initially="DEFERRED",
            deferrable=True,
            use_alter=True,
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name="fk_users_owner_id", initially="DEFERRED", deferrable=True
        ),
        sa.ForeignKeyConstraint(
            ["reports_to_id"], ["users.id"], name="fk_users_reports_to_id", initially="DEFERRED", deferrable=True
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["teams.id"], name="fk_users_team_id", initially="DEFERRED", deferrable=True, use_alter=True
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_users_customer_id",
        "users",
        ["customer_id"],
        unique=False,
        sqlite_where=sa.text("customer_id IS NOT NULL"),
        postgresql_where=sa.text("customer_id IS NOT NULL"),
    )
    op.create_index(
        "ix_users_owner_id",
        "users",
        ["owner_id"],
        unique=False,
        sqlite_where=sa.text("owner_id IS NOT NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.create_index(
        "ix_users_reports_to_id",
        "users",
        ["reports_to_id"],
        unique=False,
        sqlite_where=sa.text("reports_to_id IS NOT NULL"),
        postgresql_where=sa.text("reports_to_id IS NOT NULL"),
    )
    op.create_index(
        "ix_users_team_id",
        "users",
        ["team_id"],
        unique=False,
        sqlite_where=sa.text("team_id IS NOT NULL"),
        postgresql_where=sa.text("team_id IS NOT NULL"),
    )
    op.create_index(
        "uq_users_login",
        "users",
        ["tenant_id", "login"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "value_confirmations",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=True),
        sa.Column("created_by", types.Id(), nullable=True),
        sa.Column("updated_at", types.Instant(), nullable=True),
        sa.Column("updated_by", types.Id(), nullable=True),
        sa.Column("deleted_at", types.Instant(), nullable=True),
        sa.Column("source", types.text_type(100), nullable=False),
        sa.Column("custom", types.Json(), nullable=False),
        sa.Column("entity", types.text_type(100), nullable=False),
        sa.Column("record_id", types.Id(), nullable=False),
        sa.Column("name", types.text_type(100), nullable=False),
        sa.Column("confirmed_at", types.Instant(), nullable=False),
        sa.Column("given_for", types.Id(), nullable=False),
        sa.Column("note", types.text_type(500), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "uq_value_confirmations_record_id_entity_name",
        "value_confirmations",
        ["tenant_id", "record_id", "entity", "name"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "teams",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=True),
        sa.Column("created_by", types.Id(), nullable=True),
        sa.Column("updated_at", types.Instant(), nullable=True),
        sa.Column("updated_by", types.Id(), nullable=True),
        sa.Column("deleted_at", types.Instant(), nullable=True),
        sa.Column("source", types.text_type(100), nullable=False),
        sa.Column("custom", types.Json(), nullable=False),
        sa.Column("owner_id", types.Id(), nullable=True),
        sa.Column("team_id", types.Id(), nullable=True),
        sa.Column("name", types.text_type(100), nullable=False),
        sa.Column("parent_id", types.Id(), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_teams_owner_id"),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["teams.id"], name="fk_teams_parent_id", initially="DEFERRED", deferrable=True
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["teams.id"], name="fk_teams_team_id", initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_teams_owner_id",
        "teams",
        ["owner_id"],
        unique=False,
        sqlite_where=sa.text("owner_id IS NOT NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.create_index(
        "ix_teams_parent_id",
        "teams",
        ["parent_id"],
        unique=False,
        sqlite_where=sa.text("parent_id IS NOT NULL"),
        postgresql_where=sa.text("parent_id IS NOT NULL"),
    )
    op.create_index(
        "ix_teams_team_id",
        "teams",
        ["team_id"],
        unique=False,
        sqlite_where=sa.text("team_id IS NOT NULL"),
        postgresql_where=sa.text("team_id IS NOT NULL"),
    )
    op.create_index(
        "uq_teams_name",
        "teams",
        ["tenant_id", "name"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "customers",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=True),
        sa.Column("created_by", types.Id(), nullable=True),
        sa.Column("updated_at", types.Instant(), nullable=True),
        sa.Column("updated_by", types.Id(), nullable=True),
        sa.Column("deleted_at", types.Instant(), nullable=True),
        sa.Column("source", types.text_type(100), nullable=False),
        sa.Column("custom", types.Json(), nullable=False),
        sa.Column("owner_id", types.Id(), nullable=True),
        sa.Column("team_id", types.Id(), nullable=True),
        sa.Column("kind", types.text_type(200), nullable=False),
        sa.Column("name", types.text_type(200), nullable=False),
        sa.Column("prefix", types.text_type(50), nullable=False),
        sa.Column("given_name", types.text_type(100), nullable=False),
        sa.Column("additional_names", types.text_type(100), nullable=False),
        sa.Column("family_name", types.text_type(100), nullable=False),
        sa.Column("suffix", types.text_type(50), nullable=False),
        sa.Column("nickname", types.text_type(100), nullable=False),
        sa.Column("birth_date", types.PartialDateText(), nullable=True),
        sa.Column("gender", types.text_type(30), nullable=False),
        sa.Column("legal_name", types.text_type(200), nullable=False),
        sa.Column("domain", types.text_type(200), nullable=False),
        sa.Column("industry", types.text_type(100), nullable=False),
        sa.Column("employees", sa.BigInteger(), nullable=True),
        sa.Column("annual_revenue_amount", types.Exact(), nullable=True),
        sa.Column("annual_revenue_currency", types.text_type(3), nullable=True),
        sa.Column("founded", sa.BigInteger(), nullable=True),
        sa.Column("country", types.text_type(200), nullable=False),
        sa.Column("language", types.text_type(200), nullable=False),
        sa.Column("timezone", types.text_type(200), nullable=False),
        sa.Column("description", types.text_type(20000), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_customers_owner_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_customers_team_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_customers_domain", "customers", ["tenant_id", "domain"], unique=False)
    op.create_index("ix_customers_name", "customers", ["tenant_id", "name"], unique=False)
    op.create_index(
        "ix_customers_owner_id",
        "customers",
        ["owner_id"],
        unique=False,
        sqlite_where=sa.text("owner_id IS NOT NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.create_index(
        "ix_customers_team_id",
        "customers",
        ["team_id"],
        unique=False,
        sqlite_where=sa.text("team_id IS NOT NULL"),
        postgresql_where=sa.text("team_id IS NOT NULL"),
    )
    op.create_table(
        "delegations",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=True),
        sa.Column("created_by", types.Id(), nullable=True),
        sa.Column("updated_at", types.Instant(), nullable=True),
        sa.Column("updated_by", types.Id(), nullable=True),
        sa.Column("deleted_at", types.Instant(), nullable=True),
        sa.Column("source", types.text_type(100), nullable=False),
        sa.Column("custom", types.Json(), nullable=False),
        sa.Column("owner_id", types.Id(), nullable=True),
        sa.Column("team_id", types.Id(), nullable=True),
        sa.Column("user_id", types.Id(), nullable=False),
        sa.Column("deputy_id", types.Id(), nullable=False),
        sa.Column("starts_at", types.Instant(), nullable=False),
        sa.Column("ends_at", types.Instant(), nullable=False),
        sa.Column("entity", types.text_type(100), nullable=False),
        sa.Column("record_id", types.Id(), nullable=True),
        sa.Column("passes_on", types.Flag(), nullable=False),
        sa.Column("reason", types.text_type(500), nullable=False),
        sa.ForeignKeyConstraint(["deputy_id"], ["users.id"], name="fk_delegations_deputy_id"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_delegations_owner_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_delegations_team_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_delegations_user_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_delegations_deputy_id_ends_at", "delegations", ["tenant_id", "deputy_id", "ends_at"], unique=False
    )
    op.create_index(
        "ix_delegations_owner_id",
        "delegations",
        ["owner_id"],
        unique=False,
        sqlite_where=sa.text("owner_id IS NOT NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.create_index(
        "ix_delegations_team_id",
        "delegations",
        ["team_id"],
        unique=False,
        sqlite_where=sa.text("team_id IS NOT NULL"),
        postgresql_where=sa.text("team_id IS NOT NULL"),
    )
    op.create_index("ix_delegations_user_id", "delegations", ["user_id"], unique=False)
    op.create_table(
        "erasures",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=True),
        sa.Column("created_by", types.Id(), nullable=True),
        sa.Column("updated_at", types.Instant(), nullable=True),
        sa.Column("updated_by", types.Id(), nullable=True),
        sa.Column("deleted_at", types.Instant(), nullable=True),
        sa.Column("source", types.text_type(100), nullable=False),
        sa.Column("custom", types.Json(), nullable=False),
        sa.Column("owner_id", types.Id(), nullable=True),
        sa.Column("team_id", types.Id(), nullable=True),
        sa.Column("customer_id", types.Id(), nullable=False),
        sa.Column("predecessors", types.Json(words=True), nullable=False),
        sa.Column("reason", types.text_type(500), nullable=False),
        sa.Column("counts", types.Json(), nullable=False),
        sa.Column("kept_until", types.Instant(), nullable=True),
        sa.Column("readmitted_at", types.Instant(), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_erasures_owner_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_erasures_team_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_erasures_customer_id", "erasures", ["tenant_id", "customer_id"], unique=False)
    op.create_index(
        "ix_erasures_kept_until",
        "erasures",
        ["tenant_id", "kept_until"],
        unique=False,
        sqlite_where=sa.text("kept_until IS NOT NULL"),
        postgresql_where=sa.text("kept_until IS NOT NULL"),
    )
    op.create_index(
        "ix_erasures_owner_id",
        "erasures",
        ["owner_id"],
        unique=False,
        sqlite_where=sa.text("owner_id IS NOT NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.create_index(
        "ix_erasures_team_id",
        "erasures",
        ["team_id"],
        unique=False,
        sqlite_where=sa.text("team_id IS NOT NULL"),
        postgresql_where=sa.text("team_id IS NOT NULL"),
    )
    op.create_table(
        "exchange_rates",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=True),
        sa.Column("created_by", types.Id(), nullable=True),
        sa.Column("updated_at", types.Instant(), nullable=True),
        sa.Column("updated_by", types.Id(), nullable=True),
        sa.Column("deleted_at", types.Instant(), nullable=True),
        sa.Column("source", types.text_type(100), nullable=False),
        sa.Column("custom", types.Json(), nullable=False),
        sa.Column("owner_id", types.Id(), nullable=True),
        sa.Column("team_id", types.Id(), nullable=True),
        sa.Column("base", types.text_type(3), nullable=False),
        sa.Column("quote", types.text_type(3), nullable=False),
        sa.Column("valid_from", types.IsoDate(), nullable=False),
        sa.Column("rate", types.Exact(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_exchange_rates_owner_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_exchange_rates_team_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_exchange_rates_owner_id",
        "exchange_rates",
        ["owner_id"],
        unique=False,
        sqlite_where=sa.text("owner_id IS NOT NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.create_index(
        "ix_exchange_rates_team_id",
        "exchange_rates",
        ["team_id"],
        unique=False,
        sqlite_where=sa.text("team_id IS NOT NULL"),
        postgresql_where=sa.text("team_id IS NOT NULL"),
    )
    op.create_index(
        "uq_exchange_rates_base_quote_valid_from",
        "exchange_rates",
        ["tenant_id", "base", "quote", "valid_from"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "handovers",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=True),
        sa.Column("created_by", types.Id(), nullable=True),
        sa.Column("updated_at", types.Instant(), nullable=True),
        sa.Column("updated_by", types.Id(), nullable=True),
        sa.Column("deleted_at", types.Instant(), nullable=True),
        sa.Column("source", types.text_type(100), nullable=False),
        sa.Column("custom", types.Json(), nullable=False),
        sa.Column("owner_id", types.Id(), nullable=True),
        sa.Column("team_id", types.Id(), nullable=True),
        sa.Column("user_id", types.Id(), nullable=False),
        sa.Column("state", types.text_type(200), nullable=False),
        sa.Column("user_state", types.text_type(200), nullable=False),
        sa.Column("rules", types.Json(), nullable=False),
        sa.Column("note", types.text_type(2000), nullable=False),
        sa.Column("ended", types.Json(), nullable=False),
        sa.Column("finished_at", types.Instant(), nullable=True),
        sa.Column("undone_at", types.Instant(), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_handovers_owner_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_handovers_team_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_handovers_user_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_handovers_owner_id",
        "handovers",
        ["owner_id"],
        unique=False,
        sqlite_where=sa.text("owner_id IS NOT NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.create_index(
        "ix_handovers_team_id",
        "handovers",
        ["team_id"],
        unique=False,
        sqlite_where=sa.text("team_id IS NOT NULL"),
        postgresql_where=sa.text("team_id IS NOT NULL"),
    )
    op.create_index("ix_handovers_user_id", "handovers", ["tenant_id", "user_id"], unique=False)
    op.create_table(
        "import_aliases",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=True),
        sa.Column("created_by", types.Id(), nullable=True),
        sa.Column("updated_at", types.Instant(), nullable=True),
        sa.Column("updated_by", types.Id(), nullable=True),
        sa.Column("deleted_at", types.Instant(), nullable=True),
        sa.Column("source", types.text_type(100), nullable=False),
        sa.Column("custom", types.Json(), nullable=False),
        sa.Column("owner_id", types.Id(), nullable=True),
        sa.Column("team_id", types.Id(), nullable=True),
        sa.Column("system", types.text_type(200), nullable=False),
        sa.Column("entity", types.text_type(100), nullable=False),
        sa.Column("name", types.text_type(100), nullable=False),
        sa.Column("value", types.text_type(500), nullable=False),
        sa.Column("meaning", types.text_type(500), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_import_aliases_owner_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_import_aliases_team_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_import_aliases_owner_id",
        "import_aliases",
        ["owner_id"],
        unique=False,
        sqlite_where=sa.text("owner_id IS NOT NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.create_index(
        "ix_import_aliases_team_id",
        "import_aliases",
        ["team_id"],
        unique=False,
        sqlite_where=sa.text("team_id IS NOT NULL"),
        postgresql_where=sa.text("team_id IS NOT NULL"),
    )
    op.create_index(
        "uq_import_aliases_system_entity_name_value",
        "import_aliases",
        ["tenant_id", "system", "entity", "name", "value"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "import_runs",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=True),
        sa.Column("created_by", types.Id(), nullable=True),
        sa.Column("updated_at", types.Instant(), nullable=True),
        sa.Column("updated_by", types.Id(), nullable=True),
        sa.Column("deleted_at", types.Instant(), nullable=True),
        sa.Column("source", types.text_type(100), nullable=False),
        sa.Column("custom", types.Json(), nullable=False),
        sa.Column("owner_id", types.Id(), nullable=True),
        sa.Column("team_id", types.Id(), nullable=True),
        sa.Column("name", types.text_type(200), nullable=False),
        sa.Column("path", types.text_type(1000), nullable=False),
        sa.Column("fingerprint", types.text_type(64), nullable=False),
        sa.Column("state", types.text_type(200), nullable=False),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("counts", types.Json(), nullable=False),
        sa.Column("finished_at", types.Instant(), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_import_runs_owner_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_import_runs_team_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_import_runs_fingerprint", "import_runs", ["tenant_id", "fingerprint"], unique=False)
    op.create_index(
        "ix_import_runs_owner_id",
        "import_runs",
        ["owner_id"],
        unique=False,
        sqlite_where=sa.text("owner_id IS NOT NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.create_index(
        "ix_import_runs_team_id",
        "import_runs",
        ["team_id"],
        unique=False,
        sqlite_where=sa.text("team_id IS NOT NULL"),
        postgresql_where=sa.text("team_id IS NOT NULL"),
    )
    op.create_table(
        "interactions",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=True),
        sa.Column("created_by", types.Id(), nullable=True),
        sa.Column("updated_at", types.Instant(), nullable=True),
        sa.Column("updated_by", types.Id(), nullable=True),
        sa.Column("deleted_at", types.Instant(), nullable=True),
        sa.Column("source", types.text_type(100), nullable=False),
        sa.Column("custom", types.Json(), nullable=False),
        sa.Column("owner_id", types.Id(), nullable=True),
        sa.Column("team_id", types.Id(), nullable=True),
        sa.Column("kind", types.text_type(50), nullable=False),
        sa.Column("direction", types.text_type(200), nullable=False),
        sa.Column("status", types.text_type(200), nullable=False),
        sa.Column("subject", types.text_type(500), nullable=False),
        sa.Column("body", types.text_type(20000), nullable=False),
        sa.Column("occurred_at", types.Instant(), nullable=False),
        sa.Column("ended_at", types.Instant(), nullable=True),
        sa.Column("channel", types.text_type(100), nullable=False),
        sa.Column("external_key", types.text_type(500), nullable=False),
        sa.Column("thread_id", types.Id(), nullable=True),
        sa.Column("outcome", types.text_type(200), nullable=False),
        sa.Column("visibility", types.text_type(200), nullable=False),
        sa.Column("money_amount", types.Exact(), nullable=True),
        sa.Column("money_currency", types.text_type(3), nullable=True),
        sa.Column("sum_lines", types.Flag(), nullable=False),
        sa.Column("line_of_business", types.text_type(100), nullable=False),
        sa.Column("supersedes_id", types.Id(), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_interactions_owner_id"),
        sa.ForeignKeyConstraint(
            ["supersedes_id"],
            ["interactions.id"],
            name="fk_interactions_supersedes_id",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_interactions_team_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_interactions_kind", "interactions", ["tenant_id", "kind"], unique=False)
    op.create_index("ix_interactions_occurred_at", "interactions", ["tenant_id", "occurred_at"], unique=False)
    op.create_index(
        "ix_interactions_owner_id",
        "interactions",
        ["owner_id"],
        unique=False,
        sqlite_where=sa.text("owner_id IS NOT NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.create_index(
        "ix_interactions_supersedes_id",
        "interactions",
        ["supersedes_id"],
        unique=False,
        sqlite_where=sa.text("supersedes_id IS NOT NULL"),
        postgresql_where=sa.text("supersedes_id IS NOT NULL"),
    )
    op.create_index(
        "ix_interactions_team_id",
        "interactions",
        ["team_id"],
        unique=False,
        sqlite_where=sa.text("team_id IS NOT NULL"),
        postgresql_where=sa.text("team_id IS NOT NULL"),
    )
    op.create_index(
        "ix_interactions_thread_id",
        "interactions",
        ["tenant_id", "thread_id"],
        unique=False,
        sqlite_where=sa.text("thread_id IS NOT NULL"),
        postgresql_where=sa.text("thread_id IS NOT NULL"),
    )
    op.create_index(
        "uq_interactions_channel_external_key",
        "interactions",
        ["tenant_id", "channel", "external_key"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL AND channel != '' AND external_key != ''"),
        postgresql_where=sa.text("deleted_at IS NULL AND channel != '' AND external_key != ''"),
    )
    op.create_table(
        "legal_holds",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=True),
        sa.Column("created_by", types.Id(), nullable=True),
        sa.Column("updated_at", types.Instant(), nullable=True),
        sa.Column("updated_by", types.Id(), nullable=True),
        sa.Column("deleted_at", types.Instant(), nullable=True),
        sa.Column("source", types.text_type(100), nullable=False),
        sa.Column("custom", types.Json(), nullable=False),
        sa.Column("owner_id", types.Id(), nullable=True),
        sa.Column("team_id", types.Id(), nullable=True),
        sa.Column("entity", types.text_type(100), nullable=False),
        sa.Column("record_id", types.Id(), nullable=False),
        sa.Column("reason", types.text_type(500), nullable=False),
        sa.Column("until", types.Instant(), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_legal_holds_owner_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_legal_holds_team_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_legal_holds_owner_id",
        "legal_holds",
        ["owner_id"],
        unique=False,
        sqlite_where=sa.text("owner_id IS NOT NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.create_index("ix_legal_holds_record_id", "legal_holds", ["tenant_id", "record_id"], unique=False)
    op.create_index(
        "ix_legal_holds_team_id",
        "legal_holds",
        ["team_id"],
        unique=False,
        sqlite_where=sa.text("team_id IS NOT NULL"),
        postgresql_where=sa.text("team_id IS NOT NULL"),
    )
    op.create_table(
        "lifecycles",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=True),
        sa.Column("created_by", types.Id(), nullable=True),
        sa.Column("updated_at", types.Instant(), nullable=True),
        sa.Column("updated_by", types.Id(), nullable=True),
        sa.Column("deleted_at", types.Instant(), nullable=True),
        sa.Column("source", types.text_type(100), nullable=False),
        sa.Column("custom", types.Json(), nullable=False),
        sa.Column("owner_id", types.Id(), nullable=True),
        sa.Column("team_id", types.Id(), nullable=True),
        sa.Column("name", types.text_type(100), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("label", types.text_type(200), nullable=False),
        sa.Column("entity", types.text_type(100), nullable=False),
        sa.Column("definition", types.Json(), nullable=False),
        sa.Column("active", types.Flag(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_lifecycles_owner_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_lifecycles_team_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_lifecycles_owner_id",
        "lifecycles",
        ["owner_id"],
        unique=False,
        sqlite_where=sa.text("owner_id IS NOT NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.create_index(
        "ix_lifecycles_team_id",
        "lifecycles",
        ["team_id"],
        unique=False,
        sqlite_where=sa.text("team_id IS NOT NULL"),
        postgresql_where=sa.text("team_id IS NOT NULL"),
    )
    op.create_index(
        "uq_lifecycles_name_revision",
        "lifecycles",
        ["tenant_id", "name", "revision"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "mail_folders",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=True),
        sa.Column("created_by", types.Id(), nullable=True),
        sa.Column("updated_at", types.Instant(), nullable=True),
        sa.Column("updated_by", types.Id(), nullable=True),
        sa.Column("deleted_at", types.Instant(), nullable=True),
        sa.Column("source", types.text_type(100), nullable=False),
        sa.Column("custom", types.Json(), nullable=False),
        sa.Column("owner_id", types.Id(), nullable=True),
        sa.Column("team_id", types.Id(), nullable=True),
        sa.Column("mailbox", types.text_type(100), nullable=False),
        sa.Column("folder", types.text_type(500), nullable=False),
        sa.Column("uid_validity", sa.BigInteger(), nullable=False),
        sa.Column("last_uid", sa.BigInteger(), nullable=False),
        sa.Column("fetched_at", types.Instant(), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_mail_folders_owner_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_mail_folders_team_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_mail_folders_owner_id",
        "mail_folders",
        ["owner_id"],
        unique=False,
        sqlite_where=sa.text("owner_id IS NOT NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.create_index(
        "ix_mail_folders_team_id",
        "mail_folders",
        ["team_id"],
        unique=False,
        sqlite_where=sa.text("team_id IS NOT NULL"),
        postgresql_where=sa.text("team_id IS NOT NULL"),
    )
    op.create_index(
        "uq_mail_folders_mailbox_folder",
        "mail_folders",
        ["tenant_id", "mailbox", "folder"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "products",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=True),
        sa.Column("created_by", types.Id(), nullable=True),
        sa.Column("updated_at", types.Instant(), nullable=True),
        sa.Column("updated_by", types.Id(), nullable=True),
        sa.Column("deleted_at", types.Instant(), nullable=True),
        sa.Column("source", types.text_type(100), nullable=False),
        sa.Column("custom", types.Json(), nullable=False),
        sa.Column("owner_id", types.Id(), nullable=True),
        sa.Column("team_id", types.Id(), nullable=True),
        sa.Column("sku", types.text_type(100), nullable=False),
        sa.Column("name", types.text_type(200), nullable=False),
        sa.Column("category", types.text_type(100), nullable=False),
        sa.Column("unit", types.text_type(100), nullable=False),
        sa.Column("price_amount", types.Exact(), nullable=True),
        sa.Column("price_currency", types.text_type(3), nullable=True),
        sa.Column("cost_amount", types.Exact(), nullable=True),
        sa.Column("cost_currency", types.text_type(3), nullable=True),
        sa.Column("active", types.Flag(), nullable=False),
        sa.Column("introduced", types.IsoDate(), nullable=True),
        sa.Column("description", types.text_type(20000), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_products_owner_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_products_team_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_products_name", "products", ["tenant_id", "name"], unique=False)
    op.create_index(
        "ix_products_owner_id",
        "products",
        ["owner_id"],
        unique=False,
        sqlite_where=sa.text("owner_id IS NOT NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.create_index(
        "ix_products_team_id",
        "products",
        ["team_id"],
        unique=False,
        sqlite_where=sa.text("team_id IS NOT NULL"),
        postgresql_where=sa.text("team_id IS NOT NULL"),
    )
    op.create_index(
        "uq_products_sku",
        "products",
        ["tenant_id", "sku"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "record_shares",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=True),
        sa.Column("created_by", types.Id(), nullable=True),
        sa.Column("updated_at", types.Instant(), nullable=True),
        sa.Column("updated_by", types.Id(), nullable=True),
        sa.Column("deleted_at", types.Instant(), nullable=True),
        sa.Column("source", types.text_type(100), nullable=False),
        sa.Column("custom", types.Json(), nullable=False),
        sa.Column("owner_id", types.Id(), nullable=True),
        sa.Column("team_id", types.Id(), nullable=True),
        sa.Column("entity", types.text_type(100), nullable=False),
        sa.Column("record_id", types.Id(), nullable=False),
        sa.Column("user_id", types.Id(), nullable=True),
        sa.Column("to_team_id", types.Id(), nullable=True),
        sa.Column("action", types.text_type(200), nullable=False),
        sa.Column("reason", types.text_type(500), nullable=False),
        sa.Column("expires_at", types.Instant(), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_record_shares_owner_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_record_shares_team_id"),
        sa.ForeignKeyConstraint(["to_team_id"], ["teams.id"], name="fk_record_shares_to_team_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_record_shares_user_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_record_shares_owner_id",
        "record_shares",
        ["owner_id"],
        unique=False,
        sqlite_where=sa.text("owner_id IS NOT NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.create_index("ix_record_shares_record_id", "record_shares", ["tenant_id", "record_id"], unique=False)
    op.create_index(
        "ix_record_shares_team_id",
        "record_shares",
        ["team_id"],
        unique=False,
        sqlite_where=sa.text("team_id IS NOT NULL"),
        postgresql_where=sa.text("team_id IS NOT NULL"),
    )
    op.create_index(
        "ix_record_shares_to_team_id",
        "record_shares",
        ["to_team_id"],
        unique=False,
        sqlite_where=sa.text("to_team_id IS NOT NULL"),
        postgresql_where=sa.text("to_team_id IS NOT NULL"),
    )
    op.create_index(
        "ix_record_shares_user_id",
        "record_shares",
        ["user_id"],
        unique=False,
        sqlite_where=sa.text("user_id IS NOT NULL"),
        postgresql_where=sa.text("user_id IS NOT NULL"),
    )
    op.create_table(
        "relation_types",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=True),
        sa.Column("created_by", types.Id(), nullable=True),
        sa.Column("updated_at", types.Instant(), nullable=True),
        sa.Column("updated_by", types.Id(), nullable=True),
        sa.Column("deleted_at", types.Instant(), nullable=True),
        sa.Column("source", types.text_type(100), nullable=False),
        sa.Column("custom", types.Json(), nullable=False),
        sa.Column("owner_id", types.Id(), nullable=True),
        sa.Column("team_id", types.Id(), nullable=True),
        sa.Column("name", types.text_type(100), nullable=False),
        sa.Column("inverse", types.text_type(100), nullable=False),
        sa.Column("from_kinds", types.Json(words=True), nullable=False),
        sa.Column("to_kinds", types.Json(words=True), nullable=False),
        sa.Column("symmetric", types.Flag(), nullable=False),
        sa.Column("acyclic", types.Flag(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_relation_types_owner_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_relation_types_team_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_relation_types_owner_id",
        "relation_types",
        ["owner_id"],
        unique=False,
        sqlite_where=sa.text("owner_id IS NOT NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.create_index(
        "ix_relation_types_team_id",
        "relation_types",
        ["team_id"],
        unique=False,
        sqlite_where=sa.text("team_id IS NOT NULL"),
        postgresql_where=sa.text("team_id IS NOT NULL"),
    )
    op.create_index(
        "uq_relation_types_name",
        "relation_types",
        ["tenant_id", "name"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "roles",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=True),
        sa.Column("created_by", types.Id(), nullable=True),
        sa.Column("updated_at", types.Instant(), nullable=True),
        sa.Column("updated_by", types.Id(), nullable=True),
        sa.Column("deleted_at", types.Instant(), nullable=True),
        sa.Column("source", types.text_type(100), nullable=False),
        sa.Column("custom", types.Json(), nullable=False),
        sa.Column("owner_id", types.Id(), nullable=True),
        sa.Column("team_id", types.Id(), nullable=True),
        sa.Column("name", types.text_type(100), nullable=False),
        sa.Column("grants", types.Json(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_roles_owner_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_roles_team_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_roles_owner_id",
        "roles",
        ["owner_id"],
        unique=False,
        sqlite_where=sa.text("owner_id IS NOT NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.create_index(
        "ix_roles_team_id",
        "roles",
        ["team_id"],
        unique=False,
        sqlite_where=sa.text("team_id IS NOT NULL"),
        postgresql_where=sa.text("team_id IS NOT NULL"),
    )
    op.create_index(
        "uq_roles_name",
        "roles",
        ["tenant_id", "name"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "segments",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=True),
        sa.Column("created_by", types.Id(), nullable=True),
        sa.Column("updated_at", types.Instant(), nullable=True),
        sa.Column("updated_by", types.Id(), nullable=True),
        sa.Column("deleted_at", types.Instant(), nullable=True),
        sa.Column("source", types.text_type(100), nullable=False),
        sa.Column("custom", types.Json(), nullable=False),
        sa.Column("owner_id", types.Id(), nullable=True),
        sa.Column("team_id", types.Id(), nullable=True),
        sa.Column("name", types.text_type(200), nullable=False),
        sa.Column("entity", types.text_type(100), nullable=False),
        sa.Column("kind", types.text_type(200), nullable=False),
        sa.Column("filter", types.text_type(10000), nullable=False),
        sa.Column("watched", types.Flag(), nullable=False),
        sa.Column("timezone", types.text_type(200), nullable=False),
        sa.Column("description", types.text_type(2000), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_segments_owner_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_segments_team_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_segments_owner_id",
        "segments",
        ["owner_id"],
        unique=False,
        sqlite_where=sa.text("owner_id IS NOT NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.create_index(
        "ix_segments_team_id",
        "segments",
        ["team_id"],
        unique=False,
        sqlite_where=sa.text("team_id IS NOT NULL"),
        postgresql_where=sa.text("team_id IS NOT NULL"),
    )
    op.create_index(
        "uq_segments_name",
        "segments",
        ["tenant_id", "name"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "survey_questions",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=True),
        sa.Column("created_by", types.Id(), nullable=True),
        sa.Column("updated_at", types.Instant(), nullable=True),
        sa.Column("updated_by", types.Id(), nullable=True),
        sa.Column("deleted_at", types.Instant(), nullable=True),
        sa.Column("source", types.text_type(100), nullable=False),
        sa.Column("custom", types.Json(), nullable=False),
        sa.Column("owner_id", types.Id(), nullable=True),
        sa.Column("team_id", types.Id(), nullable=True),
        sa.Column("name", types.text_type(100), nullable=False),
        sa.Column("text", types.text_type(2000), nullable=False),
        sa.Column("survey", types.text_type(100), nullable=False),
        sa.Column("side", types.text_type(200), nullable=False),
        sa.Column("measure", types.text_type(200), nullable=False),
        sa.Column("weight", types.Exact(), nullable=False),
        sa.Column("lowest", sa.BigInteger(), nullable=False),
        sa.Column("highest", sa.BigInteger(), nullable=False),
        sa.Column("active", types.Flag(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_survey_questions_owner_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_survey_questions_team_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_survey_questions_owner_id",
        "survey_questions",
        ["owner_id"],
        unique=False,
        sqlite_where=sa.text("owner_id IS NOT NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.create_index("ix_survey_questions_survey", "survey_questions", ["tenant_id", "survey"], unique=False)
    op.create_index(
        "ix_survey_questions_team_id",
        "survey_questions",
        ["team_id"],
        unique=False,
        sqlite_where=sa.text("team_id IS NOT NULL"),
        postgresql_where=sa.text("team_id IS NOT NULL"),
    )
    op.create_index(
        "uq_survey_questions_name",
        "survey_questions",
        ["tenant_id", "name"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "tags",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=True),
        sa.Column("created_by", types.Id(), nullable=True),
        sa.Column("updated_at", types.Instant(), nullable=True),
        sa.Column("updated_by", types.Id(), nullable=True),
        sa.Column("deleted_at", types.Instant(), nullable=True),
        sa.Column("source", types.text_type(100), nullable=False),
        sa.Column("custom", types.Json(), nullable=False),
        sa.Column("owner_id", types.Id(), nullable=True),
        sa.Column("team_id", types.Id(), nullable=True),
        sa.Column("name", types.text_type(100), nullable=False),
        sa.Column("colour", types.text_type(20), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_tags_owner_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_tags_team_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_tags_owner_id",
        "tags",
        ["owner_id"],
        unique=False,
        sqlite_where=sa.text("owner_id IS NOT NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.create_index(
        "ix_tags_team_id",
        "tags",
        ["team_id"],
        unique=False,
        sqlite_where=sa.text("team_id IS NOT NULL"),
        postgresql_where=sa.text("team_id IS NOT NULL"),
    )
    op.create_index(
        "uq_tags_name",
        "tags",
        ["tenant_id", "name"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "working_calendars",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=True),
        sa.Column("created_by", types.Id(), nullable=True),
        sa.Column("updated_at", types.Instant(), nullable=True),
        sa.Column("updated_by", types.Id(), nullable=True),
        sa.Column("deleted_at", types.Instant(), nullable=True),
        sa.Column("source", types.text_type(100), nullable=False),
        sa.Column("custom", types.Json(), nullable=False),
        sa.Column("owner_id", types.Id(), nullable=True),
        sa.Column("team_id", types.Id(), nullable=True),
        sa.Column("name", types.text_type(100), nullable=False),
        sa.Column("timezone", types.text_type(200), nullable=False),
        sa.Column("hours", types.Json(), nullable=False),
        sa.Column("holidays", types.text_type(10), nullable=False),
        sa.Column("exceptions", types.Json(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_working_calendars_owner_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_working_calendars_team_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_working_calendars_owner_id",
        "working_calendars",
        ["owner_id"],
        unique=False,
        sqlite_where=sa.text("owner_id IS NOT NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.create_index(
        "ix_working_calendars_team_id",
        "working_calendars",
        ["team_id"],
        unique=False,
        sqlite_where=sa.text("team_id IS NOT NULL"),
        postgresql_where=sa.text("team_id IS NOT NULL"),
    )
    op.create_index(
        "uq_working_calendars_name",
        "working_calendars",
        ["tenant_id", "name"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "assets",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=True),
        sa.Column("created_by", types.Id(), nullable=True),
        sa.Column("updated_at", types.Instant(), nullable=True),
        sa.Column("updated_by", types.Id(), nullable=True),
        sa.Column("deleted_at", types.Instant(), nullable=True),
        sa.Column("source", types.text_type(100), nullable=False),
        sa.Column("custom", types.Json(), nullable=False),
        sa.Column("owner_id", types.Id(), nullable=True),
        sa.Column("team_id", types.Id(), nullable=True),
        sa.Column("customer_id", types.Id(), nullable=False),
        sa.Column("product_id", types.Id(), nullable=True),
        sa.Column("name", types.text_type(200), nullable=False),
        sa.Column("serial_number", types.text_type(100), nullable=False),
        sa.Column("status", types.text_type(200), nullable=False),
        sa.Column("purchased", types.IsoDate(), nullable=True),
        sa.Column("installed", types.IsoDate(), nullable=True),
        sa.Column("warranty_until", types.IsoDate(), nullable=True),
        sa.Column("location", types.text_type(300), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="fk_assets_customer_id"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_assets_owner_id"),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name="fk_assets_product_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_assets_team_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_assets_customer_id", "assets", ["customer_id"], unique=False)
    op.create_index(
        "ix_assets_owner_id",
        "assets",
        ["owner_id"],
        unique=False,
        sqlite_where=sa.text("owner_id IS NOT NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.create_index("ix_assets_serial_number", "assets", ["tenant_id", "serial_number"], unique=False)
    op.create_index(
        "ix_assets_team_id",
        "assets",
        ["team_id"],
        unique=False,
        sqlite_where=sa.text("team_id IS NOT NULL"),
        postgresql_where=sa.text("team_id IS NOT NULL"),
    )
    op.create_index(
        "uq_assets_product_id_serial_number",
        "assets",
        ["tenant_id", "product_id", "serial_number"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL AND serial_number != ''"),
        postgresql_where=sa.text("deleted_at IS NULL AND serial_number != ''"),
    )
    op.create_table(
        "attachments",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=True),
        sa.Column("created_by", types.Id(), nullable=True),
        sa.Column("updated_at", types.Instant(), nullable=True),
        sa.Column("updated_by", types.Id(), nullable=True),
        sa.Column("deleted_at", types.Instant(), nullable=True),
        sa.Column("source", types.text_type(100), nullable=False),
        sa.Column("custom", types.Json(), nullable=False),
        sa.Column("interaction_id", types.Id(), nullable=False),
        sa.Column("filename", types.text_type(300), nullable=False),
        sa.Column("media_type", types.text_type(100), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", types.text_type(64), nullable=False),
        sa.ForeignKeyConstraint(["interaction_id"], ["interactions.id"], name="fk_attachments_interaction_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_attachments_interaction_id", "attachments", ["interaction_id"], unique=False)
    op.create_index("ix_attachments_sha256", "attachments", ["tenant_id", "sha256"], unique=False)
    op.create_table(
        "contact_points",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=True),
        sa.Column("created_by", types.Id(), nullable=True),
        sa.Column("updated_at", types.Instant(), nullable=True),
        sa.Column("updated_by", types.Id(), nullable=True),
        sa.Column("deleted_at", types.Instant(), nullable=True),
        sa.Column("source", types.text_type(100), nullable=False),
        sa.Column("custom", types.Json(), nullable=False),
        sa.Column("customer_id", types.Id(), nullable=False),
        sa.Column("kind", types.text_type(200), nullable=False),
        sa.Column("value", types.text_type(1000), nullable=False),
        sa.Column("normalized", types.text_type(1000), nullable=False),
        sa.Column("label", types.text_type(50), nullable=False),
        sa.Column("country", types.text_type(200), nullable=False),
        sa.Column("street", types.text_type(500), nullable=False),
        sa.Column("city", types.text_type(100), nullable=False),
        sa.Column("region", types.text_type(100), nullable=False),
        sa.Column("postal_code", types.text_type(30), nullable=False),
        sa.Column("preferred", types.Flag(), nullable=False),
        sa.Column("valid_from", types.IsoDate(), nullable=True),
        sa.Column("valid_until", types.IsoDate(), nullable=True),
        sa.Column("verified", types.Flag(), nullable=False),
        sa.Column("deliverability", types.text_type(200), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="fk_contact_points_customer_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_contact_points_customer_id", "contact_points", ["tenant_id", "customer_id"], unique=False)
    op.create_index(
        "uq_contact_points_kind_normalized_customer_id",
        "contact_points",
        ["tenant_id", "kind", "normalized", "customer_id"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "customer_relations",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=True),
        sa.Column("created_by", types.Id(), nullable=True),
        sa.Column("updated_at", types.Instant(), nullable=True),
        sa.Column("updated_by", types.Id(), nullable=True),
        sa.Column("deleted_at", types.Instant(), nullable=True),
        sa.Column("source", types.text_type(100), nullable=False),
        sa.Column("custom", types.Json(), nullable=False),
        sa.Column("from_id", types.Id(), nullable=False),
        sa.Column("to_id", types.Id(), nullable=False),
        sa.Column("type", types.text_type(100), nullable=False),
        sa.Column("title", types.text_type(200), nullable=False),
        sa.Column("valid_from", types.IsoDate(), nullable=True),
        sa.Column("valid_until", types.IsoDate(), nullable=True),
        sa.ForeignKeyConstraint(["from_id"], ["customers.id"], name="fk_customer_relations_from_id"),
        sa.ForeignKeyConstraint(["to_id"], ["customers.id"], name="fk_customer_relations_to_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_customer_relations_to_id", "customer_relations", ["to_id"], unique=False)
    op.create_index(
        "uq_customer_relations_from_id_to_id_type",
        "customer_relations",
        ["tenant_id", "from_id", "to_id", "type"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "handover_batches",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=True),
        sa.Column("created_by", types.Id(), nullable=True),
        sa.Column("updated_at", types.Instant(), nullable=True),
        sa.Column("updated_by", types.Id(), nullable=True),
        sa.Column("deleted_at", types.Instant(), nullable=True),
        sa.Column("source", types.text_type(100), nullable=False),
        sa.Column("custom", types.Json(), nullable=False),
        sa.Column("handover_id", types.Id(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("state", types.text_type(200), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("moves", types.Json(), nullable=False),
        sa.Column("left", types.Json(), nullable=False),
        sa.ForeignKeyConstraint(["handover_id"], ["handovers.id"], name="fk_handover_batches_handover_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "uq_handover_batches_handover_id_position",
        "handover_batches",
        ["tenant_id", "handover_id", "position"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "identity_claims",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=True),
        sa.Column("created_by", types.Id(), nullable=True),
        sa.Column("updated_at", types.Instant(), nullable=True),
        sa.Column("updated_by", types.Id(), nullable=True),
        sa.Column("deleted_at", types.Instant(), nullable=True),
        sa.Column("source", types.text_type(100), nullable=False),
        sa.Column("custom", types.Json(), nullable=False),
        sa.Column("owner_id", types.Id(), nullable=True),
        sa.Column("team_id", types.Id(), nullable=True),
        sa.Column("channel", types.text_type(50), nullable=False),
        sa.Column("raw", types.Json(), nullable=False),
        sa.Column("candidates", types.Json(), nullable=False),
        sa.Column("state", types.text_type(200), nullable=False),
        sa.Column("customer_id", types.Id(), nullable=True),
        sa.Column("fingerprint", types.text_type(64), nullable=False),
        sa.Column("rejected", types.Json(words=True), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="fk_identity_claims_customer_id"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_identity_claims_owner_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_identity_claims_team_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_identity_claims_customer_id",
        "identity_claims",
        ["customer_id"],
        unique=False,
        sqlite_where=sa.text("customer_id IS NOT NULL"),
        postgresql_where=sa.text("customer_id IS NOT NULL"),
    )
    op.create_index("ix_identity_claims_fingerprint", "identity_claims", ["tenant_id", "fingerprint"], unique=False)
    op.create_index(
        "ix_identity_claims_owner_id",
        "identity_claims",
        ["owner_id"],
        unique=False,
        sqlite_where=sa.text("owner_id IS NOT NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.create_index("ix_identity_claims_state", "identity_claims", ["tenant_id", "state"], unique=False)
    op.create_index(
        "ix_identity_claims_team_id",
        "identity_claims",
        ["team_id"],
        unique=False,
        sqlite_where=sa.text("team_id IS NOT NULL"),
        postgresql_where=sa.text("team_id IS NOT NULL"),
    )
    op.create_table(
        "interaction_lines",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=True),
        sa.Column("created_by", types.Id(), nullable=True),
        sa.Column("updated_at", types.Instant(), nullable=True),
        sa.Column("updated_by", types.Id(), nullable=True),
        sa.Column("deleted_at", types.Instant(), nullable=True),
        sa.Column("source", types.text_type(100), nullable=False),
        sa.Column("custom", types.Json(), nullable=False),
        sa.Column("interaction_id", types.Id(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("product_id", types.Id(), nullable=True),
        sa.Column("description", types.text_type(500), nullable=False),
        sa.Column("quantity", types.Exact(), nullable=False),
        sa.Column("unit", types.text_type(50), nullable=False),
        sa.Column("unit_price", types.Exact(), nullable=True),
        sa.Column("discount", types.Exact(), nullable=False),
        sa.Column("amount", types.Exact(), nullable=True),
        sa.ForeignKeyConstraint(["interaction_id"], ["interactions.id"], name="fk_interaction_lines_interaction_id"),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name="fk_interaction_lines_product_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_interaction_lines_product_id",
        "interaction_lines",
        ["product_id"],
        unique=False,
        sqlite_where=sa.text("product_id IS NOT NULL"),
        postgresql_where=sa.text("product_id IS NOT NULL"),
    )
    op.create_index(
        "uq_interaction_lines_interaction_id_position",
        "interaction_lines",
        ["tenant_id", "interaction_id", "position"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "interaction_links",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=True),
        sa.Column("created_by", types.Id(), nullable=True),
        sa.Column("updated_at", types.Instant(), nullable=True),
        sa.Column("updated_by", types.Id(), nullable=True),
        sa.Column("deleted_at", types.Instant(), nullable=True),
        sa.Column("source", types.text_type(100), nullable=False),
        sa.Column("custom", types.Json(), nullable=False),
        sa.Column("interaction_id", types.Id(), nullable=False),
        sa.Column("entity", types.text_type(100), nullable=False),
        sa.Column("record_id", types.Id(), nullable=False),
        sa.Column("role", types.text_type(50), nullable=False),
        sa.ForeignKeyConstraint(["interaction_id"], ["interactions.id"], name="fk_interaction_links_interaction_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_interaction_links_record_id", "interaction_links", ["tenant_id", "record_id"], unique=False)
    op.create_index(
        "uq_interaction_links_interaction_id_entity_record_id_role",
        "interaction_links",
        ["tenant_id", "interaction_id", "entity", "record_id", "role"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "not_the_same",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=True),
        sa.Column("created_by", types.Id(), nullable=True),
        sa.Column("updated_at", types.Instant(), nullable=True),
        sa.Column("updated_by", types.Id(), nullable=True),
        sa.Column("deleted_at", types.Instant(), nullable=True),
        sa.Column("source", types.text_type(100), nullable=False),
        sa.Column("custom", types.Json(), nullable=False),
        sa.Column("first_id", types.Id(), nullable=False),
        sa.Column("second_id", types.Id(), nullable=False),
        sa.Column("note", types.text_type(500), nullable=False),
        sa.ForeignKeyConstraint(["first_id"], ["customers.id"], name="fk_not_the_same_first_id"),
        sa.ForeignKeyConstraint(["second_id"], ["customers.id"], name="fk_not_the_same_second_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_not_the_same_second_id", "not_the_same", ["second_id"], unique=False)
    op.create_index(
        "uq_not_the_same_first_id_second_id",
        "not_the_same",
        ["tenant_id", "first_id", "second_id"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "relationships",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=True),
        sa.Column("created_by", types.Id(), nullable=True),
        sa.Column("updated_at", types.Instant(), nullable=True),
        sa.Column("updated_by", types.Id(), nullable=True),
        sa.Column("deleted_at", types.Instant(), nullable=True),
        sa.Column("source", types.text_type(100), nullable=False),
        sa.Column("custom", types.Json(), nullable=False),
        sa.Column("owner_id", types.Id(), nullable=True),
        sa.Column("team_id", types.Id(), nullable=True),
        sa.Column("customer_id", types.Id(), nullable=False),
        sa.Column("line_of_business", types.text_type(100), nullable=False),
        sa.Column("since", types.IsoDate(), nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="fk_relationships_customer_id"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_relationships_owner_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_relationships_team_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_relationships_owner_id",
        "relationships",
        ["owner_id"],
        unique=False,
        sqlite_where=sa.text("owner_id IS NOT NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.create_index(
        "ix_relationships_team_id",
        "relationships",
        ["team_id"],
        unique=False,
        sqlite_where=sa.text("team_id IS NOT NULL"),
        postgresql_where=sa.text("team_id IS NOT NULL"),
    )
    op.create_index(
        "uq_relationships_customer_id_line_of_business",
        "relationships",
        ["tenant_id", "customer_id", "line_of_business"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL AND line_of_business != ''"),
        postgresql_where=sa.text("deleted_at IS NULL AND line_of_business != ''"),
    )
    op.create_table(
        "role_assignments",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=True),
        sa.Column("created_by", types.Id(), nullable=True),
        sa.Column("updated_at", types.Instant(), nullable=True),
        sa.Column("updated_by", types.Id(), nullable=True),
        sa.Column("deleted_at", types.Instant(), nullable=True),
        sa.Column("source", types.text_type(100), nullable=False),
        sa.Column("custom", types.Json(), nullable=False),
        sa.Column("user_id", types.Id(), nullable=False),
        sa.Column("role_id", types.Id(), nullable=False),
        sa.ForeignKeyConstraint(["role_id"], ["roles.id"], name="fk_role_assignments_role_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_role_assignments_user_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_role_assignments_role_id", "role_assignments", ["role_id"], unique=False)
    op.create_index(
        "uq_role_assignments_user_id_role_id",
        "role_assignments",
        ["tenant_id", "user_id", "role_id"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "segment_members",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=True),
        sa.Column("created_by", types.Id(), nullable=True),
        sa.Column("updated_at", types.Instant(), nullable=True),
        sa.Column("updated_by", types.Id(), nullable=True),
        sa.Column("deleted_at", types.Instant(), nullable=True),
        sa.Column("source", types.text_type(100), nullable=False),
        sa.Column("custom", types.Json(), nullable=False),
        sa.Column("segment_id", types.Id(), nullable=False),
        sa.Column("entity", types.text_type(100), nullable=False),
        sa.Column("record_id", types.Id(), nullable=False),
        sa.ForeignKeyConstraint(["segment_id"], ["segments.id"], name="fk_segment_members_segment_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_segment_members_record_id", "segment_members", ["tenant_id", "record_id"], unique=False)
    op.create_index(
        "uq_segment_members_segment_id_record_id",
        "segment_members",
        ["tenant_id", "segment_id", "record_id"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "stage_tracks",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=True),
        sa.Column("created_by", types.Id(), nullable=True),
        sa.Column("updated_at", types.Instant(), nullable=True),
        sa.Column("updated_by", types.Id(), nullable=True),
        sa.Column("deleted_at", types.Instant(), nullable=True),
        sa.Column("source", types.text_type(100), nullable=False),
        sa.Column("custom", types.Json(), nullable=False),
        sa.Column("owner_id", types.Id(), nullable=True),
        sa.Column("team_id", types.Id(), nullable=True),
        sa.Column("lifecycle_id", types.Id(), nullable=False),
        sa.Column("entity", types.text_type(100), nullable=False),
        sa.Column("record_id", types.Id(), nullable=False),
        sa.Column("stage", types.text_type(100), nullable=False),
        sa.Column("category", types.text_type(50), nullable=False),
        sa.Column("entered_at", types.Instant(), nullable=False),
        sa.ForeignKeyConstraint(["lifecycle_id"], ["lifecycles.id"], name="fk_stage_tracks_lifecycle_id"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_stage_tracks_owner_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_stage_tracks_team_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_stage_tracks_owner_id",
        "stage_tracks",
        ["owner_id"],
        unique=False,
        sqlite_where=sa.text("owner_id IS NOT NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.create_index("ix_stage_tracks_record_id", "stage_tracks", ["tenant_id", "record_id"], unique=False)
    op.create_index(
        "ix_stage_tracks_team_id",
        "stage_tracks",
        ["team_id"],
        unique=False,
        sqlite_where=sa.text("team_id IS NOT NULL"),
        postgresql_where=sa.text("team_id IS NOT NULL"),
    )
    op.create_index(
        "uq_stage_tracks_lifecycle_id_entity_record_id",
        "stage_tracks",
        ["tenant_id", "lifecycle_id", "entity", "record_id"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "survey_answers",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=True),
        sa.Column("created_by", types.Id(), nullable=True),
        sa.Column("updated_at", types.Instant(), nullable=True),
        sa.Column("updated_by", types.Id(), nullable=True),
        sa.Column("deleted_at", types.Instant(), nullable=True),
        sa.Column("source", types.text_type(100), nullable=False),
        sa.Column("custom", types.Json(), nullable=False),
        sa.Column("interaction_id", types.Id(), nullable=False),
        sa.Column("question_id", types.Id(), nullable=False),
        sa.Column("expected", types.Exact(), nullable=True),
        sa.Column("experienced", types.Exact(), nullable=True),
        sa.Column("score", types.Exact(), nullable=True),
        sa.Column("comment", types.text_type(10000), nullable=False),
        sa.ForeignKeyConstraint(["interaction_id"], ["interactions.id"], name="fk_survey_answers_interaction_id"),
        sa.ForeignKeyConstraint(["question_id"], ["survey_questions.id"], name="fk_survey_answers_question_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_survey_answers_question_id", "survey_answers", ["question_id"], unique=False)
    op.create_index(
        "uq_survey_answers_interaction_id_question_id",
        "survey_answers",
        ["tenant_id", "interaction_id", "question_id"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "taggings",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=True),
        sa.Column("created_by", types.Id(), nullable=True),
        sa.Column("updated_at", types.Instant(), nullable=True),
        sa.Column("updated_by", types.Id(), nullable=True),
        sa.Column("deleted_at", types.Instant(), nullable=True),
        sa.Column("source", types.text_type(100), nullable=False),
        sa.Column("custom", types.Json(), nullable=False),
        sa.Column("tag_id", types.Id(), nullable=False),
        sa.Column("entity", types.text_type(100), nullable=False),
        sa.Column("record_id", types.Id(), nullable=False),
        sa.ForeignKeyConstraint(["tag_id"], ["tags.id"], name="fk_taggings_tag_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_taggings_record_id", "taggings", ["tenant_id", "record_id"], unique=False)
    op.create_index(
        "uq_taggings_tag_id_entity_record_id",
        "taggings",
        ["tenant_id", "tag_id", "entity", "record_id"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "consents",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=True),
        sa.Column("created_by", types.Id(), nullable=True),
        sa.Column("updated_at", types.Instant(), nullable=True),
        sa.Column("updated_by", types.Id(), nullable=True),
        sa.Column("deleted_at", types.Instant(), nullable=True),
        sa.Column("source", types.text_type(100), nullable=False),
        sa.Column("custom", types.Json(), nullable=False),
        sa.Column("customer_id", types.Id(), nullable=False),
        sa.Column("purpose", types.text_type(100), nullable=False),
        sa.Column("channel", types.text_type(50), nullable=False),
        sa.Column("contact_point_id", types.Id(), nullable=True),
        sa.Column("decision", types.text_type(200), nullable=False),
        sa.Column("legal_basis", types.text_type(100), nullable=False),
        sa.Column("evidence", types.text_type(10000), nullable=False),
        sa.Column("effective_at", types.Instant(), nullable=False),
        sa.ForeignKeyConstraint(["contact_point_id"], ["contact_points.id"], name="fk_consents_contact_point_id"),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="fk_consents_customer_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_consents_contact_point_id",
        "consents",
        ["contact_point_id"],
        unique=False,
        sqlite_where=sa.text("contact_point_id IS NOT NULL"),
        postgresql_where=sa.text("contact_point_id IS NOT NULL"),
    )
    op.create_index(
        "ix_consents_customer_id_effective_at", "consents", ["tenant_id", "customer_id", "effective_at"], unique=False
    )
    op.create_table(
        "interaction_participants",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=True),
        sa.Column("created_by", types.Id(), nullable=True),
        sa.Column("updated_at", types.Instant(), nullable=True),
        sa.Column("updated_by", types.Id(), nullable=True),
        sa.Column("deleted_at", types.Instant(), nullable=True),
        sa.Column("source", types.text_type(100), nullable=False),
        sa.Column("custom", types.Json(), nullable=False),
        sa.Column("interaction_id", types.Id(), nullable=False),
        sa.Column("customer_id", types.Id(), nullable=True),
        sa.Column("claim_id", types.Id(), nullable=True),
        sa.Column("user_id", types.Id(), nullable=True),
        sa.Column("role", types.text_type(50), nullable=False),
        sa.Column("address", types.text_type(300), nullable=False),
        sa.Column("occurred_at", types.Instant(), nullable=True),
        sa.ForeignKeyConstraint(["claim_id"], ["identity_claims.id"], name="fk_interaction_participants_claim_id"),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="fk_interaction_participants_customer_id"),
        sa.ForeignKeyConstraint(
            ["interaction_id"], ["interactions.id"], name="fk_interaction_participants_interaction_id"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_interaction_participants_user_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_interaction_participants_claim_id",
        "interaction_participants",
        ["claim_id"],
        unique=False,
        sqlite_where=sa.text("claim_id IS NOT NULL"),
        postgresql_where=sa.text("claim_id IS NOT NULL"),
    )
    op.create_index(
        "ix_interaction_participants_customer_id_occurred_at_in_1c7f4014",
        "interaction_participants",
        ["tenant_id", "customer_id", "occurred_at", "interaction_id"],
        unique=False,
        sqlite_where=sa.text("customer_id IS NOT NULL"),
        postgresql_where=sa.text("customer_id IS NOT NULL"),
    )
    op.create_index(
        "ix_interaction_participants_user_id",
        "interaction_participants",
        ["user_id"],
        unique=False,
        sqlite_where=sa.text("user_id IS NOT NULL"),
        postgresql_where=sa.text("user_id IS NOT NULL"),
    )
    op.create_index(
        "uq_interaction_participants_interaction_id_customer_id_role",
        "interaction_participants",
        ["tenant_id", "interaction_id", "customer_id", "role"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "stage_transitions",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("tenant_id", types.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=True),
        sa.Column("created_by", types.Id(), nullable=True),
        sa.Column("updated_at", types.Instant(), nullable=True),
        sa.Column("updated_by", types.Id(), nullable=True),
        sa.Column("deleted_at", types.Instant(), nullable=True),
        sa.Column("source", types.text_type(100), nullable=False),
        sa.Column("custom", types.Json(), nullable=False),
        sa.Column("track_id", types.Id(), nullable=False),
        sa.Column("from_stage", types.text_type(100), nullable=False),
        sa.Column("to_stage", types.text_type(100), nullable=False),
        sa.Column("occurred_at", types.Instant(), nullable=False),
        sa.Column("reason", types.text_type(1000), nullable=False),
        sa.Column("rule", types.text_type(100), nullable=False),
        sa.Column("cause", types.text_type(200), nullable=False),
        sa.ForeignKeyConstraint(["track_id"], ["stage_tracks.id"], name="fk_stage_transitions_track_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_stage_transitions_track_id_occurred_at",
        "stage_transitions",
        ["tenant_id", "track_id", "occurred_at"],
        unique=False,
    )
    if op.get_bind().dialect.name != "sqlite":
        op.create_foreign_key(
            "fk_users_customer_id", "users", "customers", ["customer_id"], ["id"], deferrable=True, initially="DEFERRED"
        )
        op.create_foreign_key(
            "fk_users_team_id", "users", "teams", ["team_id"], ["id"], deferrable=True, initially="DEFERRED"
        )

    from crmkit.store.search.tables import prepare_search

    prepare_search(op.get_bind())

    from crmkit.store.tenant_wall import raise_wall

    raise_wall(
        op.get_bind(),
        {
            "assets": False,
            "attachments": False,
            "audit_entries": False,
            "audit_links": False,
            "audit_seals": False,
            "background_jobs": False,
            "background_schedules": False,
            "background_steps": False,
            "background_workers": False,
            "command_results": False,
            "consents": False,
            "contact_points": False,
            "customer_match_keys": False,
            "customer_match_sets": False,
            "customer_relations": False,
            "customers": False,
            "delegations": False,
            "domain_events": False,
            "erased_keys": False,
            "erasure_secrets": False,
            "erasures": False,
            "event_cursors": False,
            "event_deliveries": False,
            "events": False,
            "exchange_rates": False,
            "external_identities": False,
            "handover_batches": False,
            "handovers": False,
            "identity_claims": False,
            "import_aliases": False,
            "import_runs": False,
            "interaction_lines": False,
            "interaction_links": False,
            "interaction_participants": False,
            "interactions": False,
            "legal_holds": False,
            "lifecycles": False,
            "mail_folders": False,
            "merge_journals": False,
            "not_the_same": False,
            "parked_events": False,
            "parked_ordering_keys": False,
            "products": False,
            "record_shares": False,
            "refusals": False,
            "relation_types": False,
            "relationships": False,
            "rights_versions": False,
            "role_assignments": False,
            "roles": False,
            "search_documents": True,
            "search_headwords": False,
            "search_near_words": False,
            "segment_members": False,
            "segments": False,
            "stage_tracks": False,
            "stage_transitions": False,
            "survey_answers": False,
            "survey_questions": False,
            "taggings": False,
            "tags": False,
            "teams": False,
            "users": False,
            "value_confirmations": False,
            "working_calendars": False,
        },
    )


def downgrade() -> None:
    from crmkit.store.search.tables import forget_search

    forget_search(op.get_bind())
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint("fk_users_customer_id", "users", type_="foreignkey")
        op.drop_constraint("fk_users_team_id", "users", type_="foreignkey")
    op.drop_index("ix_stage_transitions_track_id_occurred_at", table_name="stage_transitions")
    op.drop_table("stage_transitions")
    op.drop_index(
        "uq_interaction_participants_interaction_id_customer_id_role",
        table_name="interaction_participants",
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.drop_index(
        "ix_interaction_participants_user_id",
        table_name="interaction_participants",
        sqlite_where=sa.text("user_id IS NOT NULL"),
        postgresql_where=sa.text("user_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_interaction_participants_customer_id_occurred_at_in_1c7f4014",
        table_name="interaction_participants",
        sqlite_where=sa.text("customer_id IS NOT NULL"),
        postgresql_where=sa.text("customer_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_interaction_participants_claim_id",
        table_name="interaction_participants",
        sqlite_where=sa.text("claim_id IS NOT NULL"),
        postgresql_where=sa.text("claim_id IS NOT NULL"),
    )
    op.drop_table("interaction_participants")
    op.drop_index("ix_consents_customer_id_effective_at", table_name="consents")
    op.drop_index(
        "ix_consents_contact_point_id",
        table_name="consents",
        sqlite_where=sa.text("contact_point_id IS NOT NULL"),
        postgresql_where=sa.text("contact_point_id IS NOT NULL"),
    )
    op.drop_table("consents")
    op.drop_index(
        "uq_taggings_tag_id_entity_record_id",
        table_name="taggings",
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.drop_index("ix_taggings_record_id", table_name="taggings")
    op.drop_table("taggings")
    op.drop_index(
        "uq_survey_answers_interaction_id_question_id",
        table_name="survey_answers",
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.drop_index("ix_survey_answers_question_id", table_name="survey_answers")
    op.drop_table("survey_answers")
    op.drop_index(
        "uq_stage_tracks_lifecycle_id_entity_record_id",
        table_name="stage_tracks",
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.drop_index(
        "ix_stage_tracks_team_id",
        table_name="stage_tracks",
        sqlite_where=sa.text("team_id IS NOT NULL"),
        postgresql_where=sa.text("team_id IS NOT NULL"),
    )
    op.drop_index("ix_stage_tracks_record_id", table_name="stage_tracks")
    op.drop_index(
        "ix_stage_tracks_owner_id",
        table_name="stage_tracks",
        sqlite_where=sa.text("owner_id IS NOT NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.drop_table("stage_tracks")
    op.drop_index(
        "uq_segment_members_segment_id_record_id",
        table_name="segment_members",
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.drop_index("ix_segment_members_record_id", table_name="segment_members")
    op.drop_table("segment_members")
    op.drop_index(
        "uq_role_assignments_user_id_role_id",
        table_name="role_assignments",
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.drop_index("ix_role_assignments_role_id", table_name="role_assignments")
    op.drop_table("role_assignments")
    op.drop_index(
        "uq_relationships_customer_id_line_of_business",
        table_name="relationships",
        sqlite_where=sa.text("deleted_at IS NULL AND line_of_business != ''"),
        postgresql_where=sa.text("deleted_at IS NULL AND line_of_business != ''"),
    )
    op.drop_index(
        "ix_relationships_team_id",
        table_name="relationships",
        sqlite_where=sa.text("team_id IS NOT NULL"),
        postgresql_where=sa.text("team_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_relationships_owner_id",
        table_name="relationships",
        sqlite_where=sa.text("owner_id IS NOT NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.drop_table("relationships")
    op.drop_index(
        "uq_not_the_same_first_id_second_id",
        table_name="not_the_same",
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.drop_index("ix_not_the_same_second_id", table_name="not_the_same")
    op.drop_table("not_the_same")
    op.drop_index(
        "uq_interaction_links_interaction_id_entity_record_id_role",
        table_name="interaction_links",
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.drop_index("ix_interaction_links_record_id", table_name="interaction_links")
    op.drop_table("interaction_links")
    op.drop_index(
        "uq_interaction_lines_interaction_id_position",
        table_name="interaction_lines",
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.drop_index(
        "ix_interaction_lines_product_id",
        table_name="interaction_lines",
        sqlite_where=sa.text("product_id IS NOT NULL"),
        postgresql_where=sa.text("product_id IS NOT NULL"),
    )
    op.drop_table("interaction_lines")
    op.drop_index(
        "ix_identity_claims_team_id",
        table_name="identity_claims",
        sqlite_where=sa.text("team_id IS NOT NULL"),
        postgresql_where=sa.text("team_id IS NOT NULL"),
    )
    op.drop_index("ix_identity_claims_state", table_name="identity_claims")
    op.drop_index(
        "ix_identity_claims_owner_id",
        table_name="identity_claims",
        sqlite_where=sa.text("owner_id IS NOT NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.drop_index("ix_identity_claims_fingerprint", table_name="identity_claims")
    op.drop_index(
        "ix_identity_claims_customer_id",
        table_name="identity_claims",
        sqlite_where=sa.text("customer_id IS NOT NULL"),
        postgresql_where=sa.text("customer_id IS NOT NULL"),
    )
    op.drop_table("identity_claims")
    op.drop_index(
        "uq_handover_batches_handover_id_position",
        table_name="handover_batches",
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.drop_table("handover_batches")
    op.drop_index(
        "uq_customer_relations_from_id_to_id_type",
        table_name="customer_relations",
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.drop_index("ix_customer_relations_to_id", table_name="customer_relations")
    op.drop_table("customer_relations")
    op.drop_index(
        "uq_contact_points_kind_normalized_customer_id",
        table_name="contact_points",
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.drop_index("ix_contact_points_customer_id", table_name="contact_points")
    op.drop_table("contact_points")
    op.drop_index("ix_attachments_sha256", table_name="attachments")
    op.drop_index("ix_attachments_interaction_id", table_name="attachments")
    op.drop_table("attachments")
    op.drop_index(
        "uq_assets_product_id_serial_number",
        table_name="assets",
        sqlite_where=sa.text("deleted_at IS NULL AND serial_number != ''"),
        postgresql_where=sa.text("deleted_at IS NULL AND serial_number != ''"),
    )
    op.drop_index(
        "ix_assets_team_id",
        table_name="assets",
        sqlite_where=sa.text("team_id IS NOT NULL"),
        postgresql_where=sa.text("team_id IS NOT NULL"),
    )
    op.drop_index("ix_assets_serial_number", table_name="assets")
    op.drop_index(
        "ix_assets_owner_id",
        table_name="assets",
        sqlite_where=sa.text("owner_id IS NOT NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.drop_index("ix_assets_customer_id", table_name="assets")
    op.drop_table("assets")
    op.drop_index(
        "uq_working_calendars_name",
        table_name="working_calendars",
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.drop_index(
        "ix_working_calendars_team_id",
        table_name="working_calendars",
        sqlite_where=sa.text("team_id IS NOT NULL"),
        postgresql_where=sa.text("team_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_working_calendars_owner_id",
        table_name="working_calendars",
        sqlite_where=sa.text("owner_id IS NOT NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.drop_table("working_calendars")
    op.drop_index(
        "uq_tags_name",
        table_name="tags",
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.drop_index(
        "ix_tags_team_id",
        table_name="tags",
        sqlite_where=sa.text("team_id IS NOT NULL"),
        postgresql_where=sa.text("team_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_tags_owner_id",
        table_name="tags",
        sqlite_where=sa.text("owner_id IS NOT NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.drop_table("tags")
    op.drop_index(
        "uq_survey_questions_name",
        table_name="survey_questions",
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.drop_index(
        "ix_survey_questions_team_id",
        table_name="survey_questions",
        sqlite_where=sa.text("team_id IS NOT NULL"),
        postgresql_where=sa.text("team_id IS NOT NULL"),
    )
    op.drop_index("ix_survey_questions_survey", table_name="survey_questions")
    op.drop_index(
        "ix_survey_questions_owner_id",
        table_name="survey_questions",
        sqlite_where=sa.text("owner_id IS NOT NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.drop_table("survey_questions")
    op.drop_index(
        "uq_segments_name",
        table_name="segments",
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.drop_index(
        "ix_segments_team_id",
        table_name="segments",
        sqlite_where=sa.text("team_id IS NOT NULL"),
        postgresql_where=sa.text("team_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_segments_owner_id",
        table_name="segments",
        sqlite_where=sa.text("owner_id IS NOT NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.drop_table("segments")
    op.drop_index(
        "uq_roles_name",
        table_name="roles",
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.drop_index(
        "ix_roles_team_id",
        table_name="roles",
        sqlite_where=sa.text("team_id IS NOT NULL"),
        postgresql_where=sa.text("team_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_roles_owner_id",
        table_name="roles",
        sqlite_where=sa.text("owner_id IS NOT NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.drop_table("roles")
    op.drop_index(
        "uq_relation_types_name",
        table_name="relation_types",
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.drop_index(
        "ix_relation_types_team_id",
        table_name="relation_types",
        sqlite_where=sa.text("team_id IS NOT NULL"),
        postgresql_where=sa.text("team_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_relation_types_owner_id",
        table_name="relation_types",
        sqlite_where=sa.text("owner_id IS NOT NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.drop_table("relation_types")
    op.drop_index(
        "ix_record_shares_user_id",
        table_name="record_shares",
        sqlite_where=sa.text("user_id IS NOT NULL"),
        postgresql_where=sa.text("user_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_record_shares_to_team_id",
        table_name="record_shares",
        sqlite_where=sa.text("to_team_id IS NOT NULL"),
        postgresql_where=sa.text("to_team_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_record_shares_team_id",
        table_name="record_shares",
        sqlite_where=sa.text("team_id IS NOT NULL"),
        postgresql_where=sa.text("team_id IS NOT NULL"),
    )
    op.drop_index("ix_record_shares_record_id", table_name="record_shares")
    op.drop_index(
        "ix_record_shares_owner_id",
        table_name="record_shares",
        sqlite_where=sa.text("owner_id IS NOT NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.drop_table("record_shares")
    op.drop_index(
        "uq_products_sku",
        table_name="products",
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.drop_index(
        "ix_products_team_id",
        table_name="products",
        sqlite_where=sa.text("team_id IS NOT NULL"),
        postgresql_where=sa.text("team_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_products_owner_id",
        table_name="products",
        sqlite_where=sa.text("owner_id IS NOT NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.drop_index("ix_products_name", table_name="products")
    op.drop_table("products")
    op.drop_index(
        "uq_mail_folders_mailbox_folder",
        table_name="mail_folders",
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.drop_index(
        "ix_mail_folders_team_id",
        table_name="mail_folders",
        sqlite_where=sa.text("team_id IS NOT NULL"),
        postgresql_where=sa.text("team_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_mail_folders_owner_id",
        table_name="mail_folders",
        sqlite_where=sa.text("owner_id IS NOT NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.drop_table("mail_folders")
    op.drop_index(
        "uq_lifecycles_name_revision",
        table_name="lifecycles",
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.drop_index(
        "ix_lifecycles_team_id",
        table_name="lifecycles",
        sqlite_where=sa.text("team_id IS NOT NULL"),
        postgresql_where=sa.text("team_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_lifecycles_owner_id",
        table_name="lifecycles",
        sqlite_where=sa.text("owner_id IS NOT NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.drop_table("lifecycles")
    op.drop_index(
        "ix_legal_holds_team_id",
        table_name="legal_holds",
        sqlite_where=sa.text("team_id IS NOT NULL"),
        postgresql_where=sa.text("team_id IS NOT NULL"),
    )
    op.drop_index("ix_legal_holds_record_id", table_name="legal_holds")
    op.drop_index(
        "ix_legal_holds_owner_id",
        table_name="legal_holds",
        sqlite_where=sa.text("owner_id IS NOT NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.drop_table("legal_holds")
    op.drop_index(
        "uq_interactions_channel_external_key",
        table_name="interactions",
        sqlite_where=sa.text("deleted_at IS NULL AND channel != '' AND external_key != ''"),
        postgresql_where=sa.text("deleted_at IS NULL AND channel != '' AND external_key != ''"),
    )
    op.drop_index(
        "ix_interactions_thread_id",
        table_name="interactions",
        sqlite_where=sa.text("thread_id IS NOT NULL"),
        postgresql_where=sa.text("thread_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_interactions_team_id",
        table_name="interactions",
        sqlite_where=sa.text("team_id IS NOT NULL"),
        postgresql_where=sa.text("team_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_interactions_supersedes_id",
        table_name="interactions",
        sqlite_where=sa.text("supersedes_id IS NOT NULL"),
        postgresql_where=sa.text("supersedes_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_interactions_owner_id",
        table_name="interactions",
        sqlite_where=sa.text("owner_id IS NOT NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.drop_index("ix_interactions_occurred_at", table_name="interactions")
    op.drop_index("ix_interactions_kind", table_name="interactions")
    op.drop_table("interactions")
    op.drop_index(
        "ix_import_runs_team_id",
        table_name="import_runs",
        sqlite_where=sa.text("team_id IS NOT NULL"),
        postgresql_where=sa.text("team_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_import_runs_owner_id",
        table_name="import_runs",
        sqlite_where=sa.text("owner_id IS NOT NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.drop_index("ix_import_runs_fingerprint", table_name="import_runs")
    op.drop_table("import_runs")
    op.drop_index(
        "uq_import_aliases_system_entity_name_value",
        table_name="import_aliases",
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.drop_index(
        "ix_import_aliases_team_id",
        table_name="import_aliases",
        sqlite_where=sa.text("team_id IS NOT NULL"),
        postgresql_where=sa.text("team_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_import_aliases_owner_id",
        table_name="import_aliases",
        sqlite_where=sa.text("owner_id IS NOT NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.drop_table("import_aliases")
    op.drop_index("ix_handovers_user_id", table_name="handovers")
    op.drop_index(
        "ix_handovers_team_id",
        table_name="handovers",
        sqlite_where=sa.text("team_id IS NOT NULL"),
        postgresql_where=sa.text("team_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_handovers_owner_id",
        table_name="handovers",
        sqlite_where=sa.text("owner_id IS NOT NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.drop_table("handovers")
    op.drop_index(
        "uq_exchange_rates_base_quote_valid_from",
        table_name="exchange_rates",
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.drop_index(
        "ix_exchange_rates_team_id",
        table_name="exchange_rates",
        sqlite_where=sa.text("team_id IS NOT NULL"),
        postgresql_where=sa.text("team_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_exchange_rates_owner_id",
        table_name="exchange_rates",
        sqlite_where=sa.text("owner_id IS NOT NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.drop_table("exchange_rates")
    op.drop_index(
        "ix_erasures_team_id",
        table_name="erasures",
        sqlite_where=sa.text("team_id IS NOT NULL"),
        postgresql_where=sa.text("team_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_erasures_owner_id",
        table_name="erasures",
        sqlite_where=sa.text("owner_id IS NOT NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_erasures_kept_until",
        table_name="erasures",
        sqlite_where=sa.text("kept_until IS NOT NULL"),
        postgresql_where=sa.text("kept_until IS NOT NULL"),
    )
    op.drop_index("ix_erasures_customer_id", table_name="erasures")
    op.drop_table("erasures")
    op.drop_index("ix_delegations_user_id", table_name="delegations")
    op.drop_index(
        "ix_delegations_team_id",
        table_name="delegations",
        sqlite_where=sa.text("team_id IS NOT NULL"),
        postgresql_where=sa.text("team_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_delegations_owner_id",
        table_name="delegations",
        sqlite_where=sa.text("owner_id IS NOT NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.drop_index("ix_delegations_deputy_id_ends_at", table_name="delegations")
    op.drop_table("delegations")
    op.drop_index(
        "ix_customers_team_id",
        table_name="customers",
        sqlite_where=sa.text("team_id IS NOT NULL"),
        postgresql_where=sa.text("team_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_customers_owner_id",
        table_name="customers",
        sqlite_where=sa.text("owner_id IS NOT NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.drop_index("ix_customers_name", table_name="customers")
    op.drop_index("ix_customers_domain", table_name="customers")
    op.drop_table("customers")
    op.drop_index(
        "uq_teams_name",
        table_name="teams",
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.drop_index(
        "ix_teams_team_id",
        table_name="teams",
        sqlite_where=sa.text("team_id IS NOT NULL"),
        postgresql_where=sa.text("team_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_teams_parent_id",
        table_name="teams",
        sqlite_where=sa.text("parent_id IS NOT NULL"),
        postgresql_where=sa.text("parent_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_teams_owner_id",
        table_name="teams",
        sqlite_where=sa.text("owner_id IS NOT NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.drop_table("teams")
    op.drop_index(
        "uq_value_confirmations_record_id_entity_name",
        table_name="value_confirmations",
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.drop_table("value_confirmations")
    op.drop_index(
        "uq_users_login",
        table_name="users",
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.drop_index(
        "ix_users_team_id",
        table_name="users",
        sqlite_where=sa.text("team_id IS NOT NULL"),
        postgresql_where=sa.text("team_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_users_reports_to_id",
        table_name="users",
        sqlite_where=sa.text("reports_to_id IS NOT NULL"),
        postgresql_where=sa.text("reports_to_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_users_owner_id",
        table_name="users",
        sqlite_where=sa.text("owner_id IS NOT NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_users_customer_id",
        table_name="users",
        sqlite_where=sa.text("customer_id IS NOT NULL"),
        postgresql_where=sa.text("customer_id IS NOT NULL"),
    )
    op.drop_table("users")
    op.drop_table("tenants")
    op.drop_table("search_near_words")
    op.drop_table("search_headwords")
    op.drop_index("uq_search_documents_record_id", table_name="search_documents")
    op.drop_index("ix_search_documents_document", table_name="search_documents")
    op.drop_table("search_documents")
    op.drop_table("rights_versions")
    op.drop_index("ix_refusals_record_id", table_name="refusals")
    op.drop_table("refusals")
    op.drop_index("ix_parked_ordering_keys_position", table_name="parked_ordering_keys")
    op.drop_table("parked_ordering_keys")
    op.drop_table("parked_events")
    op.drop_table("owned_tables")
    op.drop_index("ix_merge_journals_lost_id", table_name="merge_journals")
    op.drop_index("ix_merge_journals_kept_id", table_name="merge_journals")
    op.drop_table("merge_journals")
    op.drop_table("filled_columns")
    op.drop_index(
        "uq_external_identities_system_external_id_entity",
        table_name="external_identities",
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.drop_index("ix_external_identities_record_id", table_name="external_identities")
    op.drop_table("external_identities")
    op.drop_table("events")
    op.drop_table("event_deliveries")
    op.drop_table("event_cursors")
    op.drop_table("erasure_secrets")
    op.drop_table("erased_keys")
    op.drop_index("ix_domain_events_record_id", table_name="domain_events")
    op.drop_table("domain_events")
    op.drop_index(op.f("ix_customer_match_sets_tenant_id"), table_name="customer_match_sets")
    op.drop_table("customer_match_sets")
    op.drop_table("customer_match_keys")
    op.drop_table("command_results")
    op.drop_table("background_workers")
    op.drop_table("background_steps")
    op.drop_table("background_schedules")
    op.drop_index(
        "uq_background_jobs_key",
        table_name="background_jobs",
        sqlite_where=sa.text('"key" IS NOT NULL'),
        postgresql_where=sa.text('"key" IS NOT NULL'),
    )
    op.drop_index("ix_background_jobs_state", table_name="background_jobs")
    op.drop_index(
        "ix_background_jobs_open",
        table_name="background_jobs",
        sqlite_where=sa.text("state IN ('waiting', 'queued', 'running')"),
        postgresql_where=sa.text("state IN ('waiting', 'queued', 'running')"),
    )
    op.drop_table("background_jobs")
    op.drop_table("audit_seals")
    op.drop_index("uq_audit_links_entry_id", table_name="audit_links")
    op.drop_table("audit_links")
    op.drop_index("ix_audit_entries_record_id_occurred_at", table_name="audit_entries")
    op.drop_index(
        "ix_audit_entries_cause_id",
        table_name="audit_entries",
        sqlite_where=sa.text("cause_id IS NOT NULL"),
        postgresql_where=sa.text("cause_id IS NOT NULL"),
    )
    op.drop_table("audit_entries")
