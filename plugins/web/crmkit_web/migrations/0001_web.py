"""Web"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from crmkit import migrations as crm

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "web_logins",
        sa.Column("id", crm.Id(), nullable=False),
        sa.Column("tenant_id", crm.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", crm.Instant(), nullable=True),
        sa.Column("created_by", crm.Id(), nullable=True),
        sa.Column("updated_at", crm.Instant(), nullable=True),
        sa.Column("updated_by", crm.Id(), nullable=True),
        sa.Column("deleted_at", crm.Instant(), nullable=True),
        sa.Column("source", crm.text_type(100), nullable=False),
        sa.Column("custom", crm.Json(), nullable=False),
        sa.Column("owner_id", crm.Id(), nullable=True),
        sa.Column("team_id", crm.Id(), nullable=True),
        sa.Column("user_id", crm.Id(), nullable=True),
        sa.Column("method", crm.text_type(100), nullable=False),
        sa.Column("outcome", crm.text_type(200), nullable=False),
        sa.Column("address", crm.text_type(100), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_web_logins_owner_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_web_logins_team_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_web_logins_user_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("web_logins", schema=None) as batch_op:
        batch_op.create_index(
            "ix_web_logins_owner_id",
            ["owner_id"],
            unique=False,
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_web_logins_team_id",
            ["team_id"],
            unique=False,
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_web_logins_user_id",
            ["tenant_id", "user_id"],
            unique=False,
            sqlite_where=sa.text("user_id IS NOT NULL"),
            postgresql_where=sa.text("user_id IS NOT NULL"),
        )

    op.create_table(
        "web_oidc_flows",
        sa.Column("id", crm.Id(), nullable=False),
        sa.Column("tenant_id", crm.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", crm.Instant(), nullable=True),
        sa.Column("created_by", crm.Id(), nullable=True),
        sa.Column("updated_at", crm.Instant(), nullable=True),
        sa.Column("updated_by", crm.Id(), nullable=True),
        sa.Column("deleted_at", crm.Instant(), nullable=True),
        sa.Column("source", crm.text_type(100), nullable=False),
        sa.Column("custom", crm.Json(), nullable=False),
        sa.Column("owner_id", crm.Id(), nullable=True),
        sa.Column("team_id", crm.Id(), nullable=True),
        sa.Column("provider", crm.text_type(100), nullable=False),
        sa.Column("state", crm.text_type(64), nullable=False),
        sa.Column("browser", crm.text_type(64), nullable=False),
        sa.Column("nonce", crm.text_type(64), nullable=False),
        sa.Column("verifier", crm.text_type(200), nullable=False),
        sa.Column("next", crm.text_type(500), nullable=False),
        sa.Column("expires_at", crm.Instant(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_web_oidc_flows_owner_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_web_oidc_flows_team_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("web_oidc_flows", schema=None) as batch_op:
        batch_op.create_index(
            "ix_web_oidc_flows_owner_id",
            ["owner_id"],
            unique=False,
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_web_oidc_flows_team_id",
            ["team_id"],
            unique=False,
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.create_index(
            "uq_web_oidc_flows_state",
            ["tenant_id", "state"],
            unique=True,
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )

    op.create_table(
        "web_oidc_subjects",
        sa.Column("id", crm.Id(), nullable=False),
        sa.Column("tenant_id", crm.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", crm.Instant(), nullable=True),
        sa.Column("created_by", crm.Id(), nullable=True),
        sa.Column("updated_at", crm.Instant(), nullable=True),
        sa.Column("updated_by", crm.Id(), nullable=True),
        sa.Column("deleted_at", crm.Instant(), nullable=True),
        sa.Column("source", crm.text_type(100), nullable=False),
        sa.Column("custom", crm.Json(), nullable=False),
        sa.Column("owner_id", crm.Id(), nullable=True),
        sa.Column("team_id", crm.Id(), nullable=True),
        sa.Column("user_id", crm.Id(), nullable=False),
        sa.Column("provider", crm.text_type(100), nullable=False),
        sa.Column("issuer", crm.text_type(500), nullable=False),
        sa.Column("subject", crm.text_type(255), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_web_oidc_subjects_owner_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_web_oidc_subjects_team_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_web_oidc_subjects_user_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("web_oidc_subjects", schema=None) as batch_op:
        batch_op.create_index(
            "ix_web_oidc_subjects_owner_id",
            ["owner_id"],
            unique=False,
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_web_oidc_subjects_team_id",
            ["team_id"],
            unique=False,
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.create_index("ix_web_oidc_subjects_user_id", ["tenant_id", "user_id"], unique=False)
        batch_op.create_index(
            "uq_web_oidc_subjects_provider_issuer_subject",
            ["tenant_id", "provider", "issuer", "subject"],
            unique=True,
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )

    op.create_table(
        "web_passwords",
        sa.Column("id", crm.Id(), nullable=False),
        sa.Column("tenant_id", crm.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", crm.Instant(), nullable=True),
        sa.Column("created_by", crm.Id(), nullable=True),
        sa.Column("updated_at", crm.Instant(), nullable=True),
        sa.Column("updated_by", crm.Id(), nullable=True),
        sa.Column("deleted_at", crm.Instant(), nullable=True),
        sa.Column("source", crm.text_type(100), nullable=False),
        sa.Column("custom", crm.Json(), nullable=False),
        sa.Column("owner_id", crm.Id(), nullable=True),
        sa.Column("team_id", crm.Id(), nullable=True),
        sa.Column("user_id", crm.Id(), nullable=False),
        sa.Column("hash", crm.text_type(500), nullable=False),
        sa.Column("changed_at", crm.Instant(), nullable=True),
        sa.Column("totp_secret", crm.text_type(200), nullable=False),
        sa.Column("totp_confirmed_at", crm.Instant(), nullable=True),
        sa.Column("totp_step", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_web_passwords_owner_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_web_passwords_team_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_web_passwords_user_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("web_passwords", schema=None) as batch_op:
        batch_op.create_index(
            "ix_web_passwords_owner_id",
            ["owner_id"],
            unique=False,
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_web_passwords_team_id",
            ["team_id"],
            unique=False,
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.create_index(
            "uq_web_passwords_user_id",
            ["tenant_id", "user_id"],
            unique=True,
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )

    op.create_table(
        "web_recovery_codes",
        sa.Column("id", crm.Id(), nullable=False),
        sa.Column("tenant_id", crm.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", crm.Instant(), nullable=True),
        sa.Column("created_by", crm.Id(), nullable=True),
        sa.Column("updated_at", crm.Instant(), nullable=True),
        sa.Column("updated_by", crm.Id(), nullable=True),
        sa.Column("deleted_at", crm.Instant(), nullable=True),
        sa.Column("source", crm.text_type(100), nullable=False),
        sa.Column("custom", crm.Json(), nullable=False),
        sa.Column("owner_id", crm.Id(), nullable=True),
        sa.Column("team_id", crm.Id(), nullable=True),
        sa.Column("user_id", crm.Id(), nullable=False),
        sa.Column("digest", crm.text_type(64), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_web_recovery_codes_owner_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_web_recovery_codes_team_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_web_recovery_codes_user_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("web_recovery_codes", schema=None) as batch_op:
        batch_op.create_index(
            "ix_web_recovery_codes_owner_id",
            ["owner_id"],
            unique=False,
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_web_recovery_codes_team_id",
            ["team_id"],
            unique=False,
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.create_index("ix_web_recovery_codes_user_id", ["tenant_id", "user_id"], unique=False)

    op.create_table(
        "web_sessions",
        sa.Column("id", crm.Id(), nullable=False),
        sa.Column("tenant_id", crm.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", crm.Instant(), nullable=True),
        sa.Column("created_by", crm.Id(), nullable=True),
        sa.Column("updated_at", crm.Instant(), nullable=True),
        sa.Column("updated_by", crm.Id(), nullable=True),
        sa.Column("deleted_at", crm.Instant(), nullable=True),
        sa.Column("source", crm.text_type(100), nullable=False),
        sa.Column("custom", crm.Json(), nullable=False),
        sa.Column("owner_id", crm.Id(), nullable=True),
        sa.Column("team_id", crm.Id(), nullable=True),
        sa.Column("user_id", crm.Id(), nullable=False),
        sa.Column("digest", crm.text_type(64), nullable=False),
        sa.Column("method", crm.text_type(100), nullable=False),
        sa.Column("address", crm.text_type(100), nullable=False),
        sa.Column("agent", crm.text_type(200), nullable=False),
        sa.Column("expires_at", crm.Instant(), nullable=False),
        sa.Column("seen_at", crm.Instant(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_web_sessions_owner_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_web_sessions_team_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_web_sessions_user_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("web_sessions", schema=None) as batch_op:
        batch_op.create_index(
            "ix_web_sessions_owner_id",
            ["owner_id"],
            unique=False,
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_web_sessions_team_id",
            ["team_id"],
            unique=False,
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.create_index("ix_web_sessions_user_id", ["tenant_id", "user_id"], unique=False)
        batch_op.create_index(
            "uq_web_sessions_digest",
            ["tenant_id", "digest"],
            unique=True,
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )

    op.create_table(
        "web_signing_keys",
        sa.Column("id", crm.Id(), nullable=False),
        sa.Column("tenant_id", crm.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", crm.Instant(), nullable=True),
        sa.Column("created_by", crm.Id(), nullable=True),
        sa.Column("updated_at", crm.Instant(), nullable=True),
        sa.Column("updated_by", crm.Id(), nullable=True),
        sa.Column("deleted_at", crm.Instant(), nullable=True),
        sa.Column("source", crm.text_type(100), nullable=False),
        sa.Column("custom", crm.Json(), nullable=False),
        sa.Column("owner_id", crm.Id(), nullable=True),
        sa.Column("team_id", crm.Id(), nullable=True),
        sa.Column("purpose", crm.text_type(50), nullable=False),
        sa.Column("secret", crm.text_type(100), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_web_signing_keys_owner_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_web_signing_keys_team_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("web_signing_keys", schema=None) as batch_op:
        batch_op.create_index(
            "ix_web_signing_keys_owner_id",
            ["owner_id"],
            unique=False,
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_web_signing_keys_team_id",
            ["team_id"],
            unique=False,
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.create_index(
            "uq_web_signing_keys_purpose",
            ["tenant_id", "purpose"],
            unique=True,
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )

    op.create_table(
        "web_throttles",
        sa.Column("id", crm.Id(), nullable=False),
        sa.Column("tenant_id", crm.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", crm.Instant(), nullable=True),
        sa.Column("created_by", crm.Id(), nullable=True),
        sa.Column("updated_at", crm.Instant(), nullable=True),
        sa.Column("updated_by", crm.Id(), nullable=True),
        sa.Column("deleted_at", crm.Instant(), nullable=True),
        sa.Column("source", crm.text_type(100), nullable=False),
        sa.Column("custom", crm.Json(), nullable=False),
        sa.Column("owner_id", crm.Id(), nullable=True),
        sa.Column("team_id", crm.Id(), nullable=True),
        sa.Column("key", crm.text_type(64), nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("tried_at", crm.Instant(), nullable=True),
        sa.Column("closed_until", crm.Instant(), nullable=True),
        sa.Column("succeeded_at", crm.Instant(), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_web_throttles_owner_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_web_throttles_team_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("web_throttles", schema=None) as batch_op:
        batch_op.create_index(
            "ix_web_throttles_owner_id",
            ["owner_id"],
            unique=False,
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_web_throttles_team_id",
            ["team_id"],
            unique=False,
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.create_index(
            "uq_web_throttles_key",
            ["tenant_id", "key"],
            unique=True,
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )

    op.create_table(
        "web_tokens",
        sa.Column("id", crm.Id(), nullable=False),
        sa.Column("tenant_id", crm.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", crm.Instant(), nullable=True),
        sa.Column("created_by", crm.Id(), nullable=True),
        sa.Column("updated_at", crm.Instant(), nullable=True),
        sa.Column("updated_by", crm.Id(), nullable=True),
        sa.Column("deleted_at", crm.Instant(), nullable=True),
        sa.Column("source", crm.text_type(100), nullable=False),
        sa.Column("custom", crm.Json(), nullable=False),
        sa.Column("owner_id", crm.Id(), nullable=True),
        sa.Column("team_id", crm.Id(), nullable=True),
        sa.Column("user_id", crm.Id(), nullable=False),
        sa.Column("name", crm.text_type(100), nullable=False),
        sa.Column("prefix", crm.text_type(20), nullable=False),
        sa.Column("digest", crm.text_type(64), nullable=False),
        sa.Column("scopes", crm.Json(words=True), nullable=False),
        sa.Column("expires_at", crm.Instant(), nullable=True),
        sa.Column("last_used_on", crm.IsoDate(), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_web_tokens_owner_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_web_tokens_team_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_web_tokens_user_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("web_tokens", schema=None) as batch_op:
        batch_op.create_index(
            "ix_web_tokens_owner_id",
            ["owner_id"],
            unique=False,
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_web_tokens_team_id",
            ["team_id"],
            unique=False,
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.create_index("ix_web_tokens_user_id", ["tenant_id", "user_id"], unique=False)
        batch_op.create_index(
            "uq_web_tokens_digest",
            ["tenant_id", "digest"],
            unique=True,
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )

    op.create_table(
        "web_webhooks",
        sa.Column("id", crm.Id(), nullable=False),
        sa.Column("tenant_id", crm.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", crm.Instant(), nullable=True),
        sa.Column("created_by", crm.Id(), nullable=True),
        sa.Column("updated_at", crm.Instant(), nullable=True),
        sa.Column("updated_by", crm.Id(), nullable=True),
        sa.Column("deleted_at", crm.Instant(), nullable=True),
        sa.Column("source", crm.text_type(100), nullable=False),
        sa.Column("custom", crm.Json(), nullable=False),
        sa.Column("owner_id", crm.Id(), nullable=True),
        sa.Column("team_id", crm.Id(), nullable=True),
        sa.Column("url", crm.text_type(2000), nullable=False),
        sa.Column("description", crm.text_type(500), nullable=False),
        sa.Column("events", crm.Json(words=True), nullable=False),
        sa.Column("filter", crm.text_type(2000), nullable=False),
        sa.Column("payload", crm.text_type(200), nullable=False),
        sa.Column("state", crm.text_type(200), nullable=False),
        sa.Column("reason", crm.text_type(200), nullable=False),
        sa.Column("since", crm.Instant(), nullable=True),
        sa.Column("secret", crm.text_type(500), nullable=False),
        sa.Column("former_secret", crm.text_type(500), nullable=False),
        sa.Column("former_until", crm.Instant(), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_web_webhooks_owner_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_web_webhooks_team_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("web_webhooks", schema=None) as batch_op:
        batch_op.create_index(
            "ix_web_webhooks_owner_id",
            ["owner_id"],
            unique=False,
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_web_webhooks_team_id",
            ["team_id"],
            unique=False,
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )

    op.create_table(
        "web_deliveries",
        sa.Column("id", crm.Id(), nullable=False),
        sa.Column("tenant_id", crm.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", crm.Instant(), nullable=True),
        sa.Column("created_by", crm.Id(), nullable=True),
        sa.Column("updated_at", crm.Instant(), nullable=True),
        sa.Column("updated_by", crm.Id(), nullable=True),
        sa.Column("deleted_at", crm.Instant(), nullable=True),
        sa.Column("source", crm.text_type(100), nullable=False),
        sa.Column("custom", crm.Json(), nullable=False),
        sa.Column("webhook_id", crm.Id(), nullable=False),
        sa.Column("message_id", crm.text_type(100), nullable=False),
        sa.Column("event", crm.text_type(36), nullable=False),
        sa.Column("type", crm.text_type(100), nullable=False),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.Column("attempted_at", crm.Instant(), nullable=False),
        sa.Column("outcome", crm.text_type(200), nullable=False),
        sa.Column("status", sa.BigInteger(), nullable=True),
        sa.Column("error", crm.text_type(500), nullable=False),
        sa.Column("response", crm.text_type(500), nullable=False),
        sa.Column("milliseconds", sa.BigInteger(), nullable=False),
        sa.Column("next_attempt_at", crm.Instant(), nullable=True),
        sa.ForeignKeyConstraint(["webhook_id"], ["web_webhooks.id"], name="fk_web_deliveries_webhook_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("web_deliveries", schema=None) as batch_op:
        batch_op.create_index("ix_web_deliveries_attempted_at", ["tenant_id", "attempted_at"], unique=False)
        batch_op.create_index(
            "ix_web_deliveries_webhook_id_attempted_at", ["tenant_id", "webhook_id", "attempted_at"], unique=False
        )

    op.create_table(
        "web_works",
        sa.Column("id", crm.Id(), nullable=False),
        sa.Column("tenant_id", crm.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", crm.Instant(), nullable=True),
        sa.Column("created_by", crm.Id(), nullable=True),
        sa.Column("updated_at", crm.Instant(), nullable=True),
        sa.Column("updated_by", crm.Id(), nullable=True),
        sa.Column("deleted_at", crm.Instant(), nullable=True),
        sa.Column("source", crm.text_type(100), nullable=False),
        sa.Column("custom", crm.Json(), nullable=False),
        sa.Column("owner_id", crm.Id(), nullable=True),
        sa.Column("team_id", crm.Id(), nullable=True),
        sa.Column("user_id", crm.Id(), nullable=True),
        sa.Column("deputy_id", crm.Id(), nullable=True),
        sa.Column("kind", crm.text_type(200), nullable=False),
        sa.Column("name", crm.text_type(200), nullable=False),
        sa.Column("entity", crm.text_type(100), nullable=False),
        sa.Column("dry_run", crm.Flag(), nullable=False),
        sa.Column("state", crm.text_type(200), nullable=False),
        sa.Column("cancelling", crm.Flag(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("run_id", crm.Id(), nullable=True),
        sa.Column("counts", crm.Json(), nullable=False),
        sa.Column("problem", crm.Json(), nullable=False),
        sa.Column("ended_at", crm.Instant(), nullable=True),
        sa.Column("files_until", crm.Instant(), nullable=True),
        sa.ForeignKeyConstraint(["deputy_id"], ["users.id"], name="fk_web_works_deputy_id"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_web_works_owner_id"),
        sa.ForeignKeyConstraint(["run_id"], ["import_runs.id"], name="fk_web_works_run_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_web_works_team_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_web_works_user_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("web_works", schema=None) as batch_op:
        batch_op.create_index(
            "ix_web_works_deputy_id",
            ["deputy_id"],
            unique=False,
            sqlite_where=sa.text("deputy_id IS NOT NULL"),
            postgresql_where=sa.text("deputy_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_web_works_owner_id",
            ["owner_id"],
            unique=False,
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_web_works_run_id",
            ["run_id"],
            unique=False,
            sqlite_where=sa.text("run_id IS NOT NULL"),
            postgresql_where=sa.text("run_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_web_works_team_id",
            ["team_id"],
            unique=False,
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.create_index("ix_web_works_user_id", ["tenant_id", "user_id"], unique=False)
    crm.keep_tenants_apart(
        op.get_bind(),
        "web_deliveries",
        "web_logins",
        "web_oidc_flows",
        "web_oidc_subjects",
        "web_passwords",
        "web_recovery_codes",
        "web_sessions",
        "web_signing_keys",
        "web_throttles",
        "web_tokens",
        "web_webhooks",
        "web_works",
    )


def downgrade() -> None:
    with op.batch_alter_table("web_works", schema=None) as batch_op:
        batch_op.drop_index("ix_web_works_user_id")
        batch_op.drop_index(
            "ix_web_works_team_id",
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_web_works_run_id",
            sqlite_where=sa.text("run_id IS NOT NULL"),
            postgresql_where=sa.text("run_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_web_works_owner_id",
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_web_works_deputy_id",
            sqlite_where=sa.text("deputy_id IS NOT NULL"),
            postgresql_where=sa.text("deputy_id IS NOT NULL"),
        )

    op.drop_table("web_works")
    with op.batch_alter_table("web_deliveries", schema=None) as batch_op:
        batch_op.drop_index("ix_web_deliveries_webhook_id_attempted_at")
        batch_op.drop_index("ix_web_deliveries_attempted_at")

    op.drop_table("web_deliveries")
    with op.batch_alter_table("web_webhooks", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_web_webhooks_team_id",
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_web_webhooks_owner_id",
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )

    op.drop_table("web_webhooks")
    with op.batch_alter_table("web_tokens", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_web_tokens_digest",
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.drop_index("ix_web_tokens_user_id")
        batch_op.drop_index(
            "ix_web_tokens_team_id",
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_web_tokens_owner_id",
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )

    op.drop_table("web_tokens")
    with op.batch_alter_table("web_throttles", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_web_throttles_key",
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_web_throttles_team_id",
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_web_throttles_owner_id",
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )

    op.drop_table("web_throttles")
    with op.batch_alter_table("web_signing_keys", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_web_signing_keys_purpose",
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_web_signing_keys_team_id",
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_web_signing_keys_owner_id",
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )

    op.drop_table("web_signing_keys")
    with op.batch_alter_table("web_sessions", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_web_sessions_digest",
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.drop_index("ix_web_sessions_user_id")
        batch_op.drop_index(
            "ix_web_sessions_team_id",
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_web_sessions_owner_id",
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )

    op.drop_table("web_sessions")
    with op.batch_alter_table("web_recovery_codes", schema=None) as batch_op:
        batch_op.drop_index("ix_web_recovery_codes_user_id")
        batch_op.drop_index(
            "ix_web_recovery_codes_team_id",
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_web_recovery_codes_owner_id",
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )

    op.drop_table("web_recovery_codes")
    with op.batch_alter_table("web_passwords", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_web_passwords_user_id",
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_web_passwords_team_id",
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_web_passwords_owner_id",
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )

    op.drop_table("web_passwords")
    with op.batch_alter_table("web_oidc_subjects", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_web_oidc_subjects_provider_issuer_subject",
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.drop_index("ix_web_oidc_subjects_user_id")
        batch_op.drop_index(
            "ix_web_oidc_subjects_team_id",
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_web_oidc_subjects_owner_id",
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )

    op.drop_table("web_oidc_subjects")
    with op.batch_alter_table("web_oidc_flows", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_web_oidc_flows_state",
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_web_oidc_flows_team_id",
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_web_oidc_flows_owner_id",
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )

    op.drop_table("web_oidc_flows")
    with op.batch_alter_table("web_logins", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_web_logins_user_id",
            sqlite_where=sa.text("user_id IS NOT NULL"),
            postgresql_where=sa.text("user_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_web_logins_team_id",
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_web_logins_owner_id",
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )

    op.drop_table("web_logins")
