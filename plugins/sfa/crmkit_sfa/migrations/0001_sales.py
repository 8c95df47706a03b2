"""Sales"""

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
        "sfa_absences",
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
        sa.Column("starts_on", crm.IsoDate(), nullable=False),
        sa.Column("ends_on", crm.IsoDate(), nullable=False),
        sa.Column("note", crm.text_type(200), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_sfa_absences_owner_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_sfa_absences_team_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_sfa_absences_user_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_absences", schema=None) as batch_op:
        batch_op.create_index(
            "ix_sfa_absences_owner_id",
            ["owner_id"],
            unique=False,
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_absences_team_id",
            ["team_id"],
            unique=False,
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.create_index("ix_sfa_absences_user_id_ends_on", ["tenant_id", "user_id", "ends_on"], unique=False)

    op.create_table(
        "sfa_assignees",
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
        sa.Column("capacity", sa.BigInteger(), nullable=True),
        sa.Column("weight", sa.BigInteger(), nullable=False),
        sa.Column("skills", crm.Json(words=True), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_sfa_assignees_owner_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_sfa_assignees_team_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_sfa_assignees_user_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_assignees", schema=None) as batch_op:
        batch_op.create_index(
            "ix_sfa_assignees_owner_id",
            ["owner_id"],
            unique=False,
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_assignees_team_id",
            ["team_id"],
            unique=False,
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.create_index(
            "uq_sfa_assignees_user_id",
            ["tenant_id", "user_id"],
            unique=True,
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )

    op.create_table(
        "sfa_assignment_rules",
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
        sa.Column("name", crm.text_type(200), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("active", crm.Flag(), nullable=False),
        sa.Column("filter", crm.text_type(10000), nullable=False),
        sa.Column("method", crm.text_type(200), nullable=False),
        sa.Column("to_team_id", crm.Id(), nullable=True),
        sa.Column("by_territory", crm.Flag(), nullable=False),
        sa.Column("skills", crm.Json(words=True), nullable=False),
        sa.Column("skill_field", crm.text_type(100), nullable=False),
        sa.Column("valid_from", crm.IsoDate(), nullable=True),
        sa.Column("valid_until", crm.IsoDate(), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_sfa_assignment_rules_owner_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_sfa_assignment_rules_team_id"),
        sa.ForeignKeyConstraint(["to_team_id"], ["teams.id"], name="fk_sfa_assignment_rules_to_team_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_assignment_rules", schema=None) as batch_op:
        batch_op.create_index(
            "ix_sfa_assignment_rules_owner_id",
            ["owner_id"],
            unique=False,
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_assignment_rules_team_id",
            ["team_id"],
            unique=False,
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_assignment_rules_to_team_id",
            ["to_team_id"],
            unique=False,
            sqlite_where=sa.text("to_team_id IS NOT NULL"),
            postgresql_where=sa.text("to_team_id IS NOT NULL"),
        )
        batch_op.create_index(
            "uq_sfa_assignment_rules_name",
            ["tenant_id", "name"],
            unique=True,
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )

    op.create_table(
        "sfa_assignment_turns",
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
        sa.Column("name", crm.text_type(200), nullable=False),
        sa.Column("credits", crm.Json(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_sfa_assignment_turns_owner_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_sfa_assignment_turns_team_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_assignment_turns", schema=None) as batch_op:
        batch_op.create_index(
            "ix_sfa_assignment_turns_owner_id",
            ["owner_id"],
            unique=False,
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_assignment_turns_team_id",
            ["team_id"],
            unique=False,
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.create_index(
            "uq_sfa_assignment_turns_name",
            ["tenant_id", "name"],
            unique=True,
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )

    op.create_table(
        "sfa_calendar_feeds",
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
        sa.Column("name", crm.text_type(200), nullable=False),
        sa.Column("token_hash", crm.text_type(64), nullable=False),
        sa.Column("revoked_at", crm.Instant(), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_sfa_calendar_feeds_owner_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_sfa_calendar_feeds_team_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_sfa_calendar_feeds_user_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_calendar_feeds", schema=None) as batch_op:
        batch_op.create_index(
            "ix_sfa_calendar_feeds_owner_id",
            ["owner_id"],
            unique=False,
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_calendar_feeds_team_id",
            ["team_id"],
            unique=False,
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_calendar_feeds_user_id",
            ["user_id"],
            unique=False,
            sqlite_where=sa.text("user_id IS NOT NULL"),
            postgresql_where=sa.text("user_id IS NOT NULL"),
        )
        batch_op.create_index(
            "uq_sfa_calendar_feeds_token_hash",
            ["tenant_id", "token_hash"],
            unique=True,
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )

    op.create_table(
        "sfa_forecast_adjustments",
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
        sa.Column("for_team_id", crm.Id(), nullable=True),
        sa.Column("period_kind", crm.text_type(200), nullable=False),
        sa.Column("period_start", crm.IsoDate(), nullable=False),
        sa.Column("category", crm.text_type(200), nullable=False),
        sa.Column("amount_amount", crm.Exact(), nullable=True),
        sa.Column("amount_currency", crm.text_type(3), nullable=True),
        sa.Column("reason", crm.text_type(500), nullable=False),
        sa.Column("made_at", crm.Instant(), nullable=True),
        sa.ForeignKeyConstraint(["for_team_id"], ["teams.id"], name="fk_sfa_forecast_adjustments_for_team_id"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_sfa_forecast_adjustments_owner_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_sfa_forecast_adjustments_team_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_sfa_forecast_adjustments_user_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_forecast_adjustments", schema=None) as batch_op:
        batch_op.create_index(
            "ix_sfa_forecast_adjustments_for_team_id",
            ["for_team_id"],
            unique=False,
            sqlite_where=sa.text("for_team_id IS NOT NULL"),
            postgresql_where=sa.text("for_team_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_forecast_adjustments_owner_id",
            ["owner_id"],
            unique=False,
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_forecast_adjustments_period_start_period_kind",
            ["tenant_id", "period_start", "period_kind"],
            unique=False,
        )
        batch_op.create_index(
            "ix_sfa_forecast_adjustments_team_id",
            ["team_id"],
            unique=False,
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_forecast_adjustments_user_id",
            ["user_id"],
            unique=False,
            sqlite_where=sa.text("user_id IS NOT NULL"),
            postgresql_where=sa.text("user_id IS NOT NULL"),
        )

    op.create_table(
        "sfa_forecast_submissions",
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
        sa.Column("for_team_id", crm.Id(), nullable=True),
        sa.Column("period_kind", crm.text_type(200), nullable=False),
        sa.Column("period_start", crm.IsoDate(), nullable=False),
        sa.Column("commit_amount", crm.Exact(), nullable=True),
        sa.Column("commit_currency", crm.text_type(3), nullable=True),
        sa.Column("best_case_amount", crm.Exact(), nullable=True),
        sa.Column("best_case_currency", crm.text_type(3), nullable=True),
        sa.Column("note", crm.text_type(2000), nullable=False),
        sa.Column("submitted_at", crm.Instant(), nullable=True),
        sa.ForeignKeyConstraint(["for_team_id"], ["teams.id"], name="fk_sfa_forecast_submissions_for_team_id"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_sfa_forecast_submissions_owner_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_sfa_forecast_submissions_team_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_sfa_forecast_submissions_user_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_forecast_submissions", schema=None) as batch_op:
        batch_op.create_index(
            "ix_sfa_forecast_submissions_for_team_id",
            ["for_team_id"],
            unique=False,
            sqlite_where=sa.text("for_team_id IS NOT NULL"),
            postgresql_where=sa.text("for_team_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_forecast_submissions_owner_id",
            ["owner_id"],
            unique=False,
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_forecast_submissions_period_start_period_kind",
            ["tenant_id", "period_start", "period_kind"],
            unique=False,
        )
        batch_op.create_index(
            "ix_sfa_forecast_submissions_team_id",
            ["team_id"],
            unique=False,
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_forecast_submissions_user_id",
            ["user_id"],
            unique=False,
            sqlite_where=sa.text("user_id IS NOT NULL"),
            postgresql_where=sa.text("user_id IS NOT NULL"),
        )

    op.create_table(
        "sfa_scorecards",
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
        sa.Column("name", crm.text_type(100), nullable=False),
        sa.Column("relation", crm.text_type(100), nullable=False),
        sa.Column("scale", crm.Exact(), nullable=False),
        sa.Column("criteria", crm.Json(), nullable=False),
        sa.Column("note", crm.text_type(2000), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_sfa_scorecards_owner_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_sfa_scorecards_team_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_scorecards", schema=None) as batch_op:
        batch_op.create_index(
            "ix_sfa_scorecards_owner_id",
            ["owner_id"],
            unique=False,
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_scorecards_team_id",
            ["team_id"],
            unique=False,
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.create_index(
            "uq_sfa_scorecards_name",
            ["tenant_id", "name"],
            unique=True,
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )

    op.create_table(
        "sfa_stage_win_rates",
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
        sa.Column("pipeline", crm.text_type(100), nullable=False),
        sa.Column("stage", crm.text_type(100), nullable=False),
        sa.Column("since", crm.IsoDate(), nullable=False),
        sa.Column("until", crm.IsoDate(), nullable=False),
        sa.Column("won", sa.BigInteger(), nullable=False),
        sa.Column("lost", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_sfa_stage_win_rates_owner_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_sfa_stage_win_rates_team_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_stage_win_rates", schema=None) as batch_op:
        batch_op.create_index(
            "ix_sfa_stage_win_rates_owner_id",
            ["owner_id"],
            unique=False,
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_stage_win_rates_team_id",
            ["team_id"],
            unique=False,
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.create_index(
            "uq_sfa_stage_win_rates_pipeline_stage",
            ["tenant_id", "pipeline", "stage"],
            unique=True,
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )

    op.create_table(
        "sfa_tax_rates",
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
        sa.Column("country", crm.text_type(200), nullable=False),
        sa.Column("category", crm.text_type(100), nullable=False),
        sa.Column("rate", crm.Exact(), nullable=False),
        sa.Column("valid_from", crm.IsoDate(), nullable=True),
        sa.Column("name", crm.text_type(100), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_sfa_tax_rates_owner_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_sfa_tax_rates_team_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_tax_rates", schema=None) as batch_op:
        batch_op.create_index(
            "ix_sfa_tax_rates_owner_id",
            ["owner_id"],
            unique=False,
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_tax_rates_team_id",
            ["team_id"],
            unique=False,
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.create_index(
            "uq_sfa_tax_rates_country_category_valid_from",
            ["tenant_id", "country", "category", "valid_from"],
            unique=True,
            sqlite_where=sa.text("deleted_at IS NULL AND country != '' AND category != ''"),
            postgresql_where=sa.text("deleted_at IS NULL AND country != '' AND category != ''"),
        )

    op.create_table(
        "sfa_territories",
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
        sa.Column("name", crm.text_type(200), nullable=False),
        sa.Column("parent_id", crm.Id(), nullable=True),
        sa.Column("filter", crm.text_type(10000), nullable=False),
        sa.Column("priority", sa.BigInteger(), nullable=False),
        sa.Column("valid_from", crm.IsoDate(), nullable=True),
        sa.Column("valid_until", crm.IsoDate(), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_sfa_territories_owner_id"),
        sa.ForeignKeyConstraint(
            ["parent_id"],
            ["sfa_territories.id"],
            name="fk_sfa_territories_parent_id",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_sfa_territories_team_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_territories", schema=None) as batch_op:
        batch_op.create_index(
            "ix_sfa_territories_owner_id",
            ["owner_id"],
            unique=False,
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_territories_parent_id",
            ["parent_id"],
            unique=False,
            sqlite_where=sa.text("parent_id IS NOT NULL"),
            postgresql_where=sa.text("parent_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_territories_team_id",
            ["team_id"],
            unique=False,
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.create_index(
            "uq_sfa_territories_name",
            ["tenant_id", "name"],
            unique=True,
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )

    op.create_table(
        "sfa_account_members",
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
        sa.Column("customer_id", crm.Id(), nullable=False),
        sa.Column("user_id", crm.Id(), nullable=False),
        sa.Column("role", crm.text_type(200), nullable=False),
        sa.Column("starts_on", crm.IsoDate(), nullable=True),
        sa.Column("ends_on", crm.IsoDate(), nullable=True),
        sa.Column("may_change", crm.Flag(), nullable=False),
        sa.Column("note", crm.text_type(1000), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="fk_sfa_account_members_customer_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_sfa_account_members_user_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_account_members", schema=None) as batch_op:
        batch_op.create_index("ix_sfa_account_members_user_id", ["tenant_id", "user_id"], unique=False)
        batch_op.create_index(
            "uq_sfa_account_members_customer_id_user_id_role_starts_on",
            ["tenant_id", "customer_id", "user_id", "role", "starts_on"],
            unique=True,
            sqlite_where=sa.text("deleted_at IS NULL AND role != ''"),
            postgresql_where=sa.text("deleted_at IS NULL AND role != ''"),
        )

    op.create_table(
        "sfa_account_plans",
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
        sa.Column("customer_id", crm.Id(), nullable=False),
        sa.Column("name", crm.text_type(200), nullable=False),
        sa.Column("starts_on", crm.IsoDate(), nullable=False),
        sa.Column("ends_on", crm.IsoDate(), nullable=False),
        sa.Column("state", crm.text_type(200), nullable=False),
        sa.Column("strategy", crm.text_type(20000), nullable=False),
        sa.Column("service_level", crm.text_type(5000), nullable=False),
        sa.Column("response_hours", sa.BigInteger(), nullable=True),
        sa.Column("service_contract", crm.text_type(200), nullable=False),
        sa.Column("review_on", crm.IsoDate(), nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="fk_sfa_account_plans_customer_id"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_sfa_account_plans_owner_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_sfa_account_plans_team_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_account_plans", schema=None) as batch_op:
        batch_op.create_index(
            "ix_sfa_account_plans_customer_id_starts_on", ["tenant_id", "customer_id", "starts_on"], unique=False
        )
        batch_op.create_index(
            "ix_sfa_account_plans_owner_id",
            ["owner_id"],
            unique=False,
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.create_index("ix_sfa_account_plans_state_review_on", ["tenant_id", "state", "review_on"], unique=False)
        batch_op.create_index(
            "ix_sfa_account_plans_team_id",
            ["team_id"],
            unique=False,
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )

    op.create_table(
        "sfa_assignment_members",
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
        sa.Column("rule_id", crm.Id(), nullable=False),
        sa.Column("user_id", crm.Id(), nullable=False),
        sa.Column("weight", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["rule_id"], ["sfa_assignment_rules.id"], name="fk_sfa_assignment_members_rule_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_sfa_assignment_members_user_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_assignment_members", schema=None) as batch_op:
        batch_op.create_index("ix_sfa_assignment_members_rule_id", ["rule_id"], unique=False)
        batch_op.create_index("ix_sfa_assignment_members_user_id", ["user_id"], unique=False)

    op.create_table(
        "sfa_dealers",
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
        sa.Column("customer_id", crm.Id(), nullable=False),
        sa.Column("state", crm.text_type(200), nullable=False),
        sa.Column("manager_id", crm.Id(), nullable=True),
        sa.Column("since", crm.IsoDate(), nullable=True),
        sa.Column("ended_on", crm.IsoDate(), nullable=True),
        sa.Column("note", crm.text_type(2000), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="fk_sfa_dealers_customer_id"),
        sa.ForeignKeyConstraint(["manager_id"], ["users.id"], name="fk_sfa_dealers_manager_id"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_sfa_dealers_owner_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_sfa_dealers_team_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_dealers", schema=None) as batch_op:
        batch_op.create_index(
            "ix_sfa_dealers_manager_id",
            ["manager_id"],
            unique=False,
            sqlite_where=sa.text("manager_id IS NOT NULL"),
            postgresql_where=sa.text("manager_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_dealers_owner_id",
            ["owner_id"],
            unique=False,
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_dealers_team_id",
            ["team_id"],
            unique=False,
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.create_index(
            "uq_sfa_dealers_customer_id",
            ["tenant_id", "customer_id"],
            unique=True,
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )

    op.create_table(
        "sfa_opportunities",
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
        sa.Column("name", crm.text_type(200), nullable=False),
        sa.Column("customer_id", crm.Id(), nullable=True),
        sa.Column("pipeline", crm.text_type(100), nullable=False),
        sa.Column("stage", crm.text_type(100), nullable=False),
        sa.Column("category", crm.text_type(200), nullable=False),
        sa.Column("opening_stage", crm.text_type(100), nullable=False),
        sa.Column("opened_on", crm.IsoDate(), nullable=True),
        sa.Column("entered_at", crm.Instant(), nullable=True),
        sa.Column("close_on", crm.IsoDate(), nullable=True),
        sa.Column("closed_on", crm.IsoDate(), nullable=True),
        sa.Column("amount_amount", crm.Exact(), nullable=True),
        sa.Column("amount_currency", crm.text_type(3), nullable=True),
        sa.Column("product_id", crm.Id(), nullable=True),
        sa.Column("probability", crm.Exact(), nullable=True),
        sa.Column("probability_source", crm.text_type(200), nullable=True),
        sa.Column("forecast_category", crm.text_type(200), nullable=True),
        sa.Column("forecast_source", crm.text_type(200), nullable=True),
        sa.Column("reason", crm.text_type(200), nullable=False),
        sa.Column("next_step", crm.text_type(500), nullable=False),
        sa.Column("next_step_on", crm.IsoDate(), nullable=True),
        sa.Column("lead_source", crm.text_type(200), nullable=False),
        sa.Column("description", crm.text_type(20000), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="fk_sfa_opportunities_customer_id"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_sfa_opportunities_owner_id"),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name="fk_sfa_opportunities_product_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_sfa_opportunities_team_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_opportunities", schema=None) as batch_op:
        batch_op.create_index(
            "ix_sfa_opportunities_category_close_on", ["tenant_id", "category", "close_on"], unique=False
        )
        batch_op.create_index(
            "ix_sfa_opportunities_customer_id_category",
            ["tenant_id", "customer_id", "category"],
            unique=False,
            sqlite_where=sa.text("customer_id IS NOT NULL"),
            postgresql_where=sa.text("customer_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_opportunities_owner_id",
            ["owner_id"],
            unique=False,
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.create_index("ix_sfa_opportunities_pipeline_stage", ["tenant_id", "pipeline", "stage"], unique=False)
        batch_op.create_index(
            "ix_sfa_opportunities_product_id",
            ["product_id"],
            unique=False,
            sqlite_where=sa.text("product_id IS NOT NULL"),
            postgresql_where=sa.text("product_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_opportunities_team_id",
            ["team_id"],
            unique=False,
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )

    op.create_table(
        "sfa_price_lists",
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
        sa.Column("name", crm.text_type(100), nullable=False),
        sa.Column("currency", crm.text_type(3), nullable=False),
        sa.Column("valid_from", crm.IsoDate(), nullable=True),
        sa.Column("valid_until", crm.IsoDate(), nullable=True),
        sa.Column("segment_id", crm.Id(), nullable=True),
        sa.Column("tag", crm.text_type(100), nullable=False),
        sa.Column("country", crm.text_type(200), nullable=False),
        sa.Column("priority", sa.BigInteger(), nullable=False),
        sa.Column("tax_included", crm.Flag(), nullable=False),
        sa.Column("active", crm.Flag(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_sfa_price_lists_owner_id"),
        sa.ForeignKeyConstraint(["segment_id"], ["segments.id"], name="fk_sfa_price_lists_segment_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_sfa_price_lists_team_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_price_lists", schema=None) as batch_op:
        batch_op.create_index(
            "ix_sfa_price_lists_owner_id",
            ["owner_id"],
            unique=False,
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_price_lists_segment_id",
            ["segment_id"],
            unique=False,
            sqlite_where=sa.text("segment_id IS NOT NULL"),
            postgresql_where=sa.text("segment_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_price_lists_team_id",
            ["team_id"],
            unique=False,
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.create_index(
            "uq_sfa_price_lists_name_currency",
            ["tenant_id", "name", "currency"],
            unique=True,
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )

    op.create_table(
        "sfa_receipts",
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
        sa.Column("customer_id", crm.Id(), nullable=False),
        sa.Column("received_on", crm.IsoDate(), nullable=True),
        sa.Column("amount_amount", crm.Exact(), nullable=True),
        sa.Column("amount_currency", crm.text_type(3), nullable=True),
        sa.Column("method", crm.text_type(200), nullable=False),
        sa.Column("reference", crm.text_type(500), nullable=False),
        sa.Column("external_key", crm.text_type(200), nullable=False),
        sa.Column("allocated_amount", crm.Exact(), nullable=True),
        sa.Column("allocated_currency", crm.text_type(3), nullable=True),
        sa.Column("refunded_amount", crm.Exact(), nullable=True),
        sa.Column("refunded_currency", crm.text_type(3), nullable=True),
        sa.Column("credit_amount", crm.Exact(), nullable=True),
        sa.Column("credit_currency", crm.text_type(3), nullable=True),
        sa.Column("note", crm.text_type(10000), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="fk_sfa_receipts_customer_id"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_sfa_receipts_owner_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_sfa_receipts_team_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_receipts", schema=None) as batch_op:
        batch_op.create_index(
            "ix_sfa_receipts_customer_id_received_on", ["tenant_id", "customer_id", "received_on"], unique=False
        )
        batch_op.create_index(
            "ix_sfa_receipts_owner_id",
            ["owner_id"],
            unique=False,
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_receipts_received_on",
            ["tenant_id", "received_on"],
            unique=False,
            sqlite_where=sa.text("received_on IS NOT NULL"),
            postgresql_where=sa.text("received_on IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_receipts_team_id",
            ["team_id"],
            unique=False,
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.create_index(
            "uq_sfa_receipts_external_key",
            ["tenant_id", "external_key"],
            unique=True,
            sqlite_where=sa.text("deleted_at IS NULL AND external_key != ''"),
            postgresql_where=sa.text("deleted_at IS NULL AND external_key != ''"),
        )

    op.create_table(
        "sfa_scorecard_results",
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
        sa.Column("scorecard_id", crm.Id(), nullable=False),
        sa.Column("customer_id", crm.Id(), nullable=False),
        sa.Column("period", crm.text_type(50), nullable=False),
        sa.Column("starts_on", crm.IsoDate(), nullable=False),
        sa.Column("ends_on", crm.IsoDate(), nullable=False),
        sa.Column("values", crm.Json(), nullable=False),
        sa.Column("entered", crm.Json(), nullable=False),
        sa.Column("points", crm.Json(), nullable=False),
        sa.Column("total", crm.Exact(), nullable=True),
        sa.Column("covered", crm.Exact(), nullable=False),
        sa.Column("evaluated_at", crm.Instant(), nullable=True),
        sa.Column("note", crm.text_type(5000), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="fk_sfa_scorecard_results_customer_id"),
        sa.ForeignKeyConstraint(["scorecard_id"], ["sfa_scorecards.id"], name="fk_sfa_scorecard_results_scorecard_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_scorecard_results", schema=None) as batch_op:
        batch_op.create_index(
            "ix_sfa_scorecard_results_customer_id_starts_on", ["tenant_id", "customer_id", "starts_on"], unique=False
        )
        batch_op.create_index(
            "uq_sfa_scorecard_results_scorecard_id_customer_id_star_300a8ed2",
            ["tenant_id", "scorecard_id", "customer_id", "starts_on", "ends_on"],
            unique=True,
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )

    op.create_table(
        "sfa_targets",
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
        sa.Column("metric", crm.text_type(100), nullable=False),
        sa.Column("user_id", crm.Id(), nullable=True),
        sa.Column("for_team_id", crm.Id(), nullable=True),
        sa.Column("territory_id", crm.Id(), nullable=True),
        sa.Column("product_id", crm.Id(), nullable=True),
        sa.Column("period_kind", crm.text_type(200), nullable=False),
        sa.Column("period_start", crm.IsoDate(), nullable=False),
        sa.Column("amount_amount", crm.Exact(), nullable=True),
        sa.Column("amount_currency", crm.text_type(3), nullable=True),
        sa.Column("number", crm.Exact(), nullable=True),
        sa.Column("withdrawn", crm.Flag(), nullable=False),
        sa.Column("note", crm.text_type(500), nullable=False),
        sa.Column("set_at", crm.Instant(), nullable=True),
        sa.ForeignKeyConstraint(["for_team_id"], ["teams.id"], name="fk_sfa_targets_for_team_id"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_sfa_targets_owner_id"),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name="fk_sfa_targets_product_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_sfa_targets_team_id"),
        sa.ForeignKeyConstraint(["territory_id"], ["sfa_territories.id"], name="fk_sfa_targets_territory_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_sfa_targets_user_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_targets", schema=None) as batch_op:
        batch_op.create_index(
            "ix_sfa_targets_for_team_id",
            ["for_team_id"],
            unique=False,
            sqlite_where=sa.text("for_team_id IS NOT NULL"),
            postgresql_where=sa.text("for_team_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_targets_owner_id",
            ["owner_id"],
            unique=False,
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_targets_period_start_period_kind", ["tenant_id", "period_start", "period_kind"], unique=False
        )
        batch_op.create_index(
            "ix_sfa_targets_product_id",
            ["product_id"],
            unique=False,
            sqlite_where=sa.text("product_id IS NOT NULL"),
            postgresql_where=sa.text("product_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_targets_team_id",
            ["team_id"],
            unique=False,
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_targets_territory_id",
            ["territory_id"],
            unique=False,
            sqlite_where=sa.text("territory_id IS NOT NULL"),
            postgresql_where=sa.text("territory_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_targets_user_id",
            ["user_id"],
            unique=False,
            sqlite_where=sa.text("user_id IS NOT NULL"),
            postgresql_where=sa.text("user_id IS NOT NULL"),
        )

    op.create_table(
        "sfa_territory_members",
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
        sa.Column("territory_id", crm.Id(), nullable=False),
        sa.Column("user_id", crm.Id(), nullable=False),
        sa.Column("weight", sa.BigInteger(), nullable=False),
        sa.Column("valid_from", crm.IsoDate(), nullable=True),
        sa.Column("valid_until", crm.IsoDate(), nullable=True),
        sa.ForeignKeyConstraint(["territory_id"], ["sfa_territories.id"], name="fk_sfa_territory_members_territory_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_sfa_territory_members_user_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_territory_members", schema=None) as batch_op:
        batch_op.create_index("ix_sfa_territory_members_territory_id", ["territory_id"], unique=False)
        batch_op.create_index("ix_sfa_territory_members_user_id", ["user_id"], unique=False)

    op.create_table(
        "sfa_account_actions",
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
        sa.Column("plan_id", crm.Id(), nullable=False),
        sa.Column("name", crm.text_type(500), nullable=False),
        sa.Column("user_id", crm.Id(), nullable=True),
        sa.Column("due_on", crm.IsoDate(), nullable=True),
        sa.Column("done_on", crm.IsoDate(), nullable=True),
        sa.ForeignKeyConstraint(["plan_id"], ["sfa_account_plans.id"], name="fk_sfa_account_actions_plan_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_sfa_account_actions_user_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_account_actions", schema=None) as batch_op:
        batch_op.create_index("ix_sfa_account_actions_plan_id", ["plan_id"], unique=False)
        batch_op.create_index(
            "ix_sfa_account_actions_user_id_due_on",
            ["tenant_id", "user_id", "due_on"],
            unique=False,
            sqlite_where=sa.text("user_id IS NOT NULL"),
            postgresql_where=sa.text("user_id IS NOT NULL"),
        )

    op.create_table(
        "sfa_account_goals",
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
        sa.Column("plan_id", crm.Id(), nullable=False),
        sa.Column("name", crm.text_type(200), nullable=False),
        sa.Column("measure", crm.text_type(200), nullable=False),
        sa.Column("unit", crm.text_type(50), nullable=False),
        sa.Column("target", crm.Exact(), nullable=False),
        sa.Column("actual", crm.Exact(), nullable=True),
        sa.Column("due_on", crm.IsoDate(), nullable=True),
        sa.ForeignKeyConstraint(["plan_id"], ["sfa_account_plans.id"], name="fk_sfa_account_goals_plan_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_account_goals", schema=None) as batch_op:
        batch_op.create_index("ix_sfa_account_goals_plan_id", ["plan_id"], unique=False)

    op.create_table(
        "sfa_account_reviews",
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
        sa.Column("plan_id", crm.Id(), nullable=False),
        sa.Column("held_on", crm.IsoDate(), nullable=False),
        sa.Column("notes", crm.text_type(20000), nullable=False),
        sa.Column("review_on", crm.IsoDate(), nullable=True),
        sa.ForeignKeyConstraint(["plan_id"], ["sfa_account_plans.id"], name="fk_sfa_account_reviews_plan_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_account_reviews", schema=None) as batch_op:
        batch_op.create_index("ix_sfa_account_reviews_plan_id", ["plan_id"], unique=False)

    op.create_table(
        "sfa_big_deal_alerts",
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
        sa.Column("opportunity_id", crm.Id(), nullable=False),
        sa.Column("direction", crm.text_type(200), nullable=False),
        sa.Column("threshold_amount", crm.Exact(), nullable=True),
        sa.Column("threshold_currency", crm.text_type(3), nullable=True),
        sa.Column("team", crm.text_type(100), nullable=False),
        sa.Column("amount_amount", crm.Exact(), nullable=True),
        sa.Column("amount_currency", crm.text_type(3), nullable=True),
        sa.ForeignKeyConstraint(
            ["opportunity_id"], ["sfa_opportunities.id"], name="fk_sfa_big_deal_alerts_opportunity_id"
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_big_deal_alerts", schema=None) as batch_op:
        batch_op.create_index("ix_sfa_big_deal_alerts_opportunity_id", ["opportunity_id"], unique=False)

    op.create_table(
        "sfa_competitors",
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
        sa.Column("opportunity_id", crm.Id(), nullable=False),
        sa.Column("name", crm.text_type(200), nullable=False),
        sa.Column("customer_id", crm.Id(), nullable=True),
        sa.Column("threat", crm.text_type(200), nullable=False),
        sa.Column("price_amount", crm.Exact(), nullable=True),
        sa.Column("price_currency", crm.text_type(3), nullable=True),
        sa.Column("outcome", crm.text_type(200), nullable=False),
        sa.Column("note", crm.text_type(2000), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="fk_sfa_competitors_customer_id"),
        sa.ForeignKeyConstraint(["opportunity_id"], ["sfa_opportunities.id"], name="fk_sfa_competitors_opportunity_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_competitors", schema=None) as batch_op:
        batch_op.create_index(
            "ix_sfa_competitors_customer_id",
            ["customer_id"],
            unique=False,
            sqlite_where=sa.text("customer_id IS NOT NULL"),
            postgresql_where=sa.text("customer_id IS NOT NULL"),
        )
        batch_op.create_index(
            "uq_sfa_competitors_opportunity_id_name",
            ["tenant_id", "opportunity_id", "name"],
            unique=True,
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )

    op.create_table(
        "sfa_deal_registrations",
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
        sa.Column("dealer_id", crm.Id(), nullable=False),
        sa.Column("company", crm.text_type(200), nullable=False),
        sa.Column("domain", crm.text_type(200), nullable=False),
        sa.Column("contact", crm.text_type(200), nullable=False),
        sa.Column("email", crm.text_type(200), nullable=False),
        sa.Column("phone", crm.text_type(100), nullable=False),
        sa.Column("country", crm.text_type(200), nullable=False),
        sa.Column("product_id", crm.Id(), nullable=True),
        sa.Column("product", crm.text_type(200), nullable=False),
        sa.Column("amount_amount", crm.Exact(), nullable=True),
        sa.Column("amount_currency", crm.text_type(3), nullable=True),
        sa.Column("close_on", crm.IsoDate(), nullable=True),
        sa.Column("note", crm.text_type(5000), nullable=False),
        sa.Column("state", crm.text_type(200), nullable=False),
        sa.Column("decided_at", crm.Instant(), nullable=True),
        sa.Column("decided_by_id", crm.Id(), nullable=True),
        sa.Column("decision", crm.text_type(2000), nullable=False),
        sa.Column("protected_until", crm.IsoDate(), nullable=True),
        sa.Column("customer_id", crm.Id(), nullable=True),
        sa.Column("opportunity_id", crm.Id(), nullable=True),
        sa.Column("email_key", crm.text_type(320), nullable=False),
        sa.Column("phone_key", crm.text_type(50), nullable=False),
        sa.Column("company_key", crm.text_type(300), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="fk_sfa_deal_registrations_customer_id"),
        sa.ForeignKeyConstraint(["dealer_id"], ["customers.id"], name="fk_sfa_deal_registrations_dealer_id"),
        sa.ForeignKeyConstraint(["decided_by_id"], ["users.id"], name="fk_sfa_deal_registrations_decided_by_id"),
        sa.ForeignKeyConstraint(
            ["opportunity_id"], ["sfa_opportunities.id"], name="fk_sfa_deal_registrations_opportunity_id"
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_sfa_deal_registrations_owner_id"),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name="fk_sfa_deal_registrations_product_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_sfa_deal_registrations_team_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_deal_registrations", schema=None) as batch_op:
        batch_op.create_index("ix_sfa_deal_registrations_company_key", ["tenant_id", "company_key"], unique=False)
        batch_op.create_index(
            "ix_sfa_deal_registrations_customer_id",
            ["customer_id"],
            unique=False,
            sqlite_where=sa.text("customer_id IS NOT NULL"),
            postgresql_where=sa.text("customer_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_deal_registrations_dealer_id_state", ["tenant_id", "dealer_id", "state"], unique=False
        )
        batch_op.create_index(
            "ix_sfa_deal_registrations_decided_by_id",
            ["decided_by_id"],
            unique=False,
            sqlite_where=sa.text("decided_by_id IS NOT NULL"),
            postgresql_where=sa.text("decided_by_id IS NOT NULL"),
        )
        batch_op.create_index("ix_sfa_deal_registrations_domain", ["tenant_id", "domain"], unique=False)
        batch_op.create_index("ix_sfa_deal_registrations_email_key", ["tenant_id", "email_key"], unique=False)
        batch_op.create_index(
            "ix_sfa_deal_registrations_opportunity_id",
            ["opportunity_id"],
            unique=False,
            sqlite_where=sa.text("opportunity_id IS NOT NULL"),
            postgresql_where=sa.text("opportunity_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_deal_registrations_owner_id",
            ["owner_id"],
            unique=False,
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_deal_registrations_product_id",
            ["product_id"],
            unique=False,
            sqlite_where=sa.text("product_id IS NOT NULL"),
            postgresql_where=sa.text("product_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_deal_registrations_state_protected_until", ["tenant_id", "state", "protected_until"], unique=False
        )
        batch_op.create_index(
            "ix_sfa_deal_registrations_team_id",
            ["team_id"],
            unique=False,
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )

    op.create_table(
        "sfa_inquiries",
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
        sa.Column("number", crm.text_type(50), nullable=False),
        sa.Column("name", crm.text_type(200), nullable=False),
        sa.Column("customer_id", crm.Id(), nullable=True),
        sa.Column("opportunity_id", crm.Id(), nullable=True),
        sa.Column("status", crm.text_type(200), nullable=False),
        sa.Column("assignee_id", crm.Id(), nullable=True),
        sa.Column("engineering_team_id", crm.Id(), nullable=True),
        sa.Column("due_on", crm.IsoDate(), nullable=True),
        sa.Column("asked_at", crm.Instant(), nullable=True),
        sa.Column("answered_at", crm.Instant(), nullable=True),
        sa.Column("description", crm.text_type(20000), nullable=False),
        sa.ForeignKeyConstraint(["assignee_id"], ["users.id"], name="fk_sfa_inquiries_assignee_id"),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="fk_sfa_inquiries_customer_id"),
        sa.ForeignKeyConstraint(["engineering_team_id"], ["teams.id"], name="fk_sfa_inquiries_engineering_team_id"),
        sa.ForeignKeyConstraint(["opportunity_id"], ["sfa_opportunities.id"], name="fk_sfa_inquiries_opportunity_id"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_sfa_inquiries_owner_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_sfa_inquiries_team_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_inquiries", schema=None) as batch_op:
        batch_op.create_index(
            "ix_sfa_inquiries_assignee_id_status",
            ["tenant_id", "assignee_id", "status"],
            unique=False,
            sqlite_where=sa.text("assignee_id IS NOT NULL"),
            postgresql_where=sa.text("assignee_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_inquiries_customer_id",
            ["customer_id"],
            unique=False,
            sqlite_where=sa.text("customer_id IS NOT NULL"),
            postgresql_where=sa.text("customer_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_inquiries_engineering_team_id",
            ["engineering_team_id"],
            unique=False,
            sqlite_where=sa.text("engineering_team_id IS NOT NULL"),
            postgresql_where=sa.text("engineering_team_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_inquiries_opportunity_id",
            ["opportunity_id"],
            unique=False,
            sqlite_where=sa.text("opportunity_id IS NOT NULL"),
            postgresql_where=sa.text("opportunity_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_inquiries_owner_id",
            ["owner_id"],
            unique=False,
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.create_index("ix_sfa_inquiries_status_due_on", ["tenant_id", "status", "due_on"], unique=False)
        batch_op.create_index(
            "ix_sfa_inquiries_team_id",
            ["team_id"],
            unique=False,
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.create_index(
            "uq_sfa_inquiries_number",
            ["tenant_id", "number"],
            unique=True,
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )

    op.create_table(
        "sfa_leads",
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
        sa.Column("name", crm.text_type(200), nullable=False),
        sa.Column("status", crm.text_type(200), nullable=False),
        sa.Column("customer_id", crm.Id(), nullable=True),
        sa.Column("claim_id", crm.Id(), nullable=True),
        sa.Column("person", crm.text_type(200), nullable=False),
        sa.Column("job_title", crm.text_type(200), nullable=False),
        sa.Column("company", crm.text_type(200), nullable=False),
        sa.Column("email", crm.text_type(200), nullable=False),
        sa.Column("phone", crm.text_type(100), nullable=False),
        sa.Column("domain", crm.text_type(200), nullable=False),
        sa.Column("street", crm.text_type(500), nullable=False),
        sa.Column("city", crm.text_type(100), nullable=False),
        sa.Column("postal_code", crm.text_type(30), nullable=False),
        sa.Column("country", crm.text_type(200), nullable=False),
        sa.Column("language", crm.text_type(200), nullable=False),
        sa.Column("interest", crm.text_type(20000), nullable=False),
        sa.Column("product_id", crm.Id(), nullable=True),
        sa.Column("estimated_amount", crm.Exact(), nullable=True),
        sa.Column("estimated_currency", crm.text_type(3), nullable=True),
        sa.Column("lead_source", crm.text_type(200), nullable=False),
        sa.Column("first_channel", crm.text_type(100), nullable=False),
        sa.Column("first_touch_at", crm.Instant(), nullable=True),
        sa.Column("last_touch_at", crm.Instant(), nullable=True),
        sa.Column("touches", sa.BigInteger(), nullable=False),
        sa.Column("score", sa.BigInteger(), nullable=True),
        sa.Column("score_reasons", crm.Json(), nullable=False),
        sa.Column("answers", crm.Json(), nullable=False),
        sa.Column("reason", crm.text_type(500), nullable=False),
        sa.Column("recycle_on", crm.IsoDate(), nullable=True),
        sa.Column("waiting_since", crm.Instant(), nullable=True),
        sa.Column("assigned_at", crm.Instant(), nullable=True),
        sa.Column("worked_at", crm.Instant(), nullable=True),
        sa.Column("converted_at", crm.Instant(), nullable=True),
        sa.Column("opportunity_id", crm.Id(), nullable=True),
        sa.Column("duplicate_of_id", crm.Id(), nullable=True),
        sa.Column("email_key", crm.text_type(320), nullable=False),
        sa.Column("phone_key", crm.text_type(50), nullable=False),
        sa.ForeignKeyConstraint(["claim_id"], ["identity_claims.id"], name="fk_sfa_leads_claim_id"),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="fk_sfa_leads_customer_id"),
        sa.ForeignKeyConstraint(
            ["duplicate_of_id"],
            ["sfa_leads.id"],
            name="fk_sfa_leads_duplicate_of_id",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(["opportunity_id"], ["sfa_opportunities.id"], name="fk_sfa_leads_opportunity_id"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_sfa_leads_owner_id"),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name="fk_sfa_leads_product_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_sfa_leads_team_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_leads", schema=None) as batch_op:
        batch_op.create_index(
            "ix_sfa_leads_claim_id",
            ["tenant_id", "claim_id"],
            unique=False,
            sqlite_where=sa.text("claim_id IS NOT NULL"),
            postgresql_where=sa.text("claim_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_leads_customer_id",
            ["tenant_id", "customer_id"],
            unique=False,
            sqlite_where=sa.text("customer_id IS NOT NULL"),
            postgresql_where=sa.text("customer_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_leads_duplicate_of_id",
            ["duplicate_of_id"],
            unique=False,
            sqlite_where=sa.text("duplicate_of_id IS NOT NULL"),
            postgresql_where=sa.text("duplicate_of_id IS NOT NULL"),
        )
        batch_op.create_index("ix_sfa_leads_email_key", ["tenant_id", "email_key"], unique=False)
        batch_op.create_index(
            "ix_sfa_leads_opportunity_id",
            ["opportunity_id"],
            unique=False,
            sqlite_where=sa.text("opportunity_id IS NOT NULL"),
            postgresql_where=sa.text("opportunity_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_leads_owner_id",
            ["owner_id"],
            unique=False,
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.create_index("ix_sfa_leads_phone_key", ["tenant_id", "phone_key"], unique=False)
        batch_op.create_index(
            "ix_sfa_leads_product_id",
            ["product_id"],
            unique=False,
            sqlite_where=sa.text("product_id IS NOT NULL"),
            postgresql_where=sa.text("product_id IS NOT NULL"),
        )
        batch_op.create_index("ix_sfa_leads_status_owner_id", ["tenant_id", "status", "owner_id"], unique=False)
        batch_op.create_index(
            "ix_sfa_leads_team_id",
            ["team_id"],
            unique=False,
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )

    op.create_table(
        "sfa_opportunity_contacts",
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
        sa.Column("opportunity_id", crm.Id(), nullable=False),
        sa.Column("customer_id", crm.Id(), nullable=False),
        sa.Column("role", crm.text_type(200), nullable=False),
        sa.Column("note", crm.text_type(1000), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="fk_sfa_opportunity_contacts_customer_id"),
        sa.ForeignKeyConstraint(
            ["opportunity_id"], ["sfa_opportunities.id"], name="fk_sfa_opportunity_contacts_opportunity_id"
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_opportunity_contacts", schema=None) as batch_op:
        batch_op.create_index("ix_sfa_opportunity_contacts_customer_id", ["customer_id"], unique=False)
        batch_op.create_index(
            "uq_sfa_opportunity_contacts_opportunity_id_customer_id_role",
            ["tenant_id", "opportunity_id", "customer_id", "role"],
            unique=True,
            sqlite_where=sa.text("deleted_at IS NULL AND role != ''"),
            postgresql_where=sa.text("deleted_at IS NULL AND role != ''"),
        )

    op.create_table(
        "sfa_opportunity_histories",
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
        sa.Column("opportunity_id", crm.Id(), nullable=False),
        sa.Column("valid_from", crm.Instant(), nullable=False),
        sa.Column("valid_to", crm.Instant(), nullable=True),
        sa.Column("pipeline", crm.text_type(100), nullable=False),
        sa.Column("stage", crm.text_type(100), nullable=False),
        sa.Column("category", crm.text_type(200), nullable=False),
        sa.Column("amount_amount", crm.Exact(), nullable=True),
        sa.Column("amount_currency", crm.text_type(3), nullable=True),
        sa.Column("close_on", crm.IsoDate(), nullable=True),
        sa.Column("probability", crm.Exact(), nullable=True),
        sa.Column("forecast_category", crm.text_type(200), nullable=True),
        sa.Column("salesperson_id", crm.Id(), nullable=True),
        sa.Column("salesteam_id", crm.Id(), nullable=True),
        sa.ForeignKeyConstraint(
            ["opportunity_id"], ["sfa_opportunities.id"], name="fk_sfa_opportunity_histories_opportunity_id"
        ),
        sa.ForeignKeyConstraint(["salesperson_id"], ["users.id"], name="fk_sfa_opportunity_histories_salesperson_id"),
        sa.ForeignKeyConstraint(["salesteam_id"], ["teams.id"], name="fk_sfa_opportunity_histories_salesteam_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_opportunity_histories", schema=None) as batch_op:
        batch_op.create_index(
            "ix_sfa_opportunity_histories_opportunity_id_valid_from",
            ["tenant_id", "opportunity_id", "valid_from"],
            unique=False,
        )
        batch_op.create_index(
            "ix_sfa_opportunity_histories_salesperson_id",
            ["salesperson_id"],
            unique=False,
            sqlite_where=sa.text("salesperson_id IS NOT NULL"),
            postgresql_where=sa.text("salesperson_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_opportunity_histories_salesteam_id",
            ["salesteam_id"],
            unique=False,
            sqlite_where=sa.text("salesteam_id IS NOT NULL"),
            postgresql_where=sa.text("salesteam_id IS NOT NULL"),
        )
        batch_op.create_index("ix_sfa_opportunity_histories_valid_from", ["tenant_id", "valid_from"], unique=False)

    op.create_table(
        "sfa_opportunity_lines",
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
        sa.Column("opportunity_id", crm.Id(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("product_id", crm.Id(), nullable=True),
        sa.Column("description", crm.text_type(500), nullable=False),
        sa.Column("quantity", crm.Exact(), nullable=False),
        sa.Column("unit_price_amount", crm.Exact(), nullable=True),
        sa.Column("unit_price_currency", crm.text_type(3), nullable=True),
        sa.Column("discount", crm.Exact(), nullable=False),
        sa.ForeignKeyConstraint(
            ["opportunity_id"], ["sfa_opportunities.id"], name="fk_sfa_opportunity_lines_opportunity_id"
        ),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name="fk_sfa_opportunity_lines_product_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_opportunity_lines", schema=None) as batch_op:
        batch_op.create_index("ix_sfa_opportunity_lines_opportunity_id", ["opportunity_id"], unique=False)
        batch_op.create_index(
            "ix_sfa_opportunity_lines_product_id",
            ["product_id"],
            unique=False,
            sqlite_where=sa.text("product_id IS NOT NULL"),
            postgresql_where=sa.text("product_id IS NOT NULL"),
        )

    op.create_table(
        "sfa_price_list_customers",
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
        sa.Column("price_list_id", crm.Id(), nullable=False),
        sa.Column("customer_id", crm.Id(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="fk_sfa_price_list_customers_customer_id"),
        sa.ForeignKeyConstraint(
            ["price_list_id"], ["sfa_price_lists.id"], name="fk_sfa_price_list_customers_price_list_id"
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_price_list_customers", schema=None) as batch_op:
        batch_op.create_index("ix_sfa_price_list_customers_customer_id", ["tenant_id", "customer_id"], unique=False)
        batch_op.create_index(
            "uq_sfa_price_list_customers_price_list_id_customer_id",
            ["tenant_id", "price_list_id", "customer_id"],
            unique=True,
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )

    op.create_table(
        "sfa_prices",
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
        sa.Column("price_list_id", crm.Id(), nullable=False),
        sa.Column("product_id", crm.Id(), nullable=False),
        sa.Column("from_quantity", crm.Exact(), nullable=False),
        sa.Column("price_amount", crm.Exact(), nullable=True),
        sa.Column("price_currency", crm.text_type(3), nullable=True),
        sa.Column("valid_from", crm.IsoDate(), nullable=True),
        sa.Column("valid_until", crm.IsoDate(), nullable=True),
        sa.ForeignKeyConstraint(["price_list_id"], ["sfa_price_lists.id"], name="fk_sfa_prices_price_list_id"),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name="fk_sfa_prices_product_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_prices", schema=None) as batch_op:
        batch_op.create_index("ix_sfa_prices_price_list_id", ["price_list_id"], unique=False)
        batch_op.create_index(
            "uq_sfa_prices_product_id_price_list_id_from_quantity_valid_from",
            ["tenant_id", "product_id", "price_list_id", "from_quantity", "valid_from"],
            unique=True,
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )

    op.create_table(
        "sfa_quotes",
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
        sa.Column("number", crm.text_type(50), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("supersedes_id", crm.Id(), nullable=True),
        sa.Column("opportunity_id", crm.Id(), nullable=True),
        sa.Column("customer_id", crm.Id(), nullable=False),
        sa.Column("contact_id", crm.Id(), nullable=True),
        sa.Column("status", crm.text_type(200), nullable=False),
        sa.Column("currency", crm.text_type(3), nullable=False),
        sa.Column("price_list_id", crm.Id(), nullable=True),
        sa.Column("tax_included", crm.Flag(), nullable=False),
        sa.Column("discount", crm.Exact(), nullable=False),
        sa.Column("net_amount", crm.Exact(), nullable=True),
        sa.Column("net_currency", crm.text_type(3), nullable=True),
        sa.Column("tax_amount", crm.Exact(), nullable=True),
        sa.Column("tax_currency", crm.text_type(3), nullable=True),
        sa.Column("gross_amount", crm.Exact(), nullable=True),
        sa.Column("gross_currency", crm.text_type(3), nullable=True),
        sa.Column("quoted_on", crm.IsoDate(), nullable=True),
        sa.Column("valid_until", crm.IsoDate(), nullable=True),
        sa.Column("language", crm.text_type(200), nullable=False),
        sa.Column("recipient", crm.text_type(300), nullable=False),
        sa.Column("recipient_address", crm.text_type(1000), nullable=False),
        sa.Column("introduction", crm.text_type(5000), nullable=False),
        sa.Column("terms", crm.text_type(5000), nullable=False),
        sa.Column("sent_at", crm.Instant(), nullable=True),
        sa.Column("decided_at", crm.Instant(), nullable=True),
        sa.Column("decided_by", crm.text_type(200), nullable=False),
        sa.Column("decision_reason", crm.text_type(1000), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["customers.id"], name="fk_sfa_quotes_contact_id"),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="fk_sfa_quotes_customer_id"),
        sa.ForeignKeyConstraint(["opportunity_id"], ["sfa_opportunities.id"], name="fk_sfa_quotes_opportunity_id"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_sfa_quotes_owner_id"),
        sa.ForeignKeyConstraint(["price_list_id"], ["sfa_price_lists.id"], name="fk_sfa_quotes_price_list_id"),
        sa.ForeignKeyConstraint(
            ["supersedes_id"],
            ["sfa_quotes.id"],
            name="fk_sfa_quotes_supersedes_id",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_sfa_quotes_team_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_quotes", schema=None) as batch_op:
        batch_op.create_index(
            "ix_sfa_quotes_contact_id",
            ["contact_id"],
            unique=False,
            sqlite_where=sa.text("contact_id IS NOT NULL"),
            postgresql_where=sa.text("contact_id IS NOT NULL"),
        )
        batch_op.create_index("ix_sfa_quotes_customer_id", ["customer_id"], unique=False)
        batch_op.create_index(
            "ix_sfa_quotes_opportunity_id",
            ["opportunity_id"],
            unique=False,
            sqlite_where=sa.text("opportunity_id IS NOT NULL"),
            postgresql_where=sa.text("opportunity_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_quotes_owner_id",
            ["owner_id"],
            unique=False,
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_quotes_price_list_id",
            ["price_list_id"],
            unique=False,
            sqlite_where=sa.text("price_list_id IS NOT NULL"),
            postgresql_where=sa.text("price_list_id IS NOT NULL"),
        )
        batch_op.create_index("ix_sfa_quotes_status_valid_until", ["tenant_id", "status", "valid_until"], unique=False)
        batch_op.create_index(
            "ix_sfa_quotes_supersedes_id",
            ["supersedes_id"],
            unique=False,
            sqlite_where=sa.text("supersedes_id IS NOT NULL"),
            postgresql_where=sa.text("supersedes_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_quotes_team_id",
            ["team_id"],
            unique=False,
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.create_index(
            "uq_sfa_quotes_number_revision",
            ["tenant_id", "number", "revision"],
            unique=True,
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )

    op.create_table(
        "sfa_refunds",
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
        sa.Column("receipt_id", crm.Id(), nullable=False),
        sa.Column("amount_amount", crm.Exact(), nullable=True),
        sa.Column("amount_currency", crm.text_type(3), nullable=True),
        sa.Column("refunded_on", crm.IsoDate(), nullable=True),
        sa.Column("method", crm.text_type(200), nullable=False),
        sa.Column("reason", crm.text_type(500), nullable=False),
        sa.Column("external_key", crm.text_type(200), nullable=False),
        sa.ForeignKeyConstraint(["receipt_id"], ["sfa_receipts.id"], name="fk_sfa_refunds_receipt_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_refunds", schema=None) as batch_op:
        batch_op.create_index(
            "ix_sfa_refunds_receipt_id_refunded_on", ["tenant_id", "receipt_id", "refunded_on"], unique=False
        )
        batch_op.create_index(
            "uq_sfa_refunds_external_key",
            ["tenant_id", "external_key"],
            unique=True,
            sqlite_where=sa.text("deleted_at IS NULL AND external_key != ''"),
            postgresql_where=sa.text("deleted_at IS NULL AND external_key != ''"),
        )

    op.create_table(
        "sfa_activities",
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
        sa.Column("kind", crm.text_type(200), nullable=False),
        sa.Column("subject", crm.text_type(500), nullable=False),
        sa.Column("description", crm.text_type(20000), nullable=False),
        sa.Column("status", crm.text_type(200), nullable=False),
        sa.Column("priority", sa.BigInteger(), nullable=False),
        sa.Column("visibility", crm.text_type(200), nullable=False),
        sa.Column("starts_at", crm.Instant(), nullable=True),
        sa.Column("ends_at", crm.Instant(), nullable=True),
        sa.Column("starts_on", crm.IsoDate(), nullable=True),
        sa.Column("ends_on", crm.IsoDate(), nullable=True),
        sa.Column("due_on", crm.IsoDate(), nullable=True),
        sa.Column("due_at", crm.Instant(), nullable=True),
        sa.Column("timezone", crm.text_type(200), nullable=False),
        sa.Column("floating", crm.Flag(), nullable=False),
        sa.Column("zone_definition", crm.text_type(20000), nullable=False),
        sa.Column("rrule", crm.text_type(2000), nullable=False),
        sa.Column("rdates", crm.Json(words=True), nullable=False),
        sa.Column("exdates", crm.Json(words=True), nullable=False),
        sa.Column("recurring", crm.Flag(), nullable=False),
        sa.Column("recurs_until", crm.Instant(), nullable=True),
        sa.Column("series_id", crm.Id(), nullable=True),
        sa.Column("occurrence", crm.text_type(40), nullable=False),
        sa.Column("occurrence_at", crm.Instant(), nullable=True),
        sa.Column("own_participants", crm.Flag(), nullable=False),
        sa.Column("own_reminders", crm.Flag(), nullable=False),
        sa.Column("customer_id", crm.Id(), nullable=True),
        sa.Column("opportunity_id", crm.Id(), nullable=True),
        sa.Column("lead_id", crm.Id(), nullable=True),
        sa.Column("entity", crm.text_type(100), nullable=False),
        sa.Column("record_id", crm.Id(), nullable=True),
        sa.Column("location", crm.text_type(2000), nullable=False),
        sa.Column("postal_code", crm.text_type(30), nullable=False),
        sa.Column("city", crm.text_type(100), nullable=False),
        sa.Column("latitude", crm.Exact(), nullable=True),
        sa.Column("longitude", crm.Exact(), nullable=True),
        sa.Column("outcome", crm.text_type(200), nullable=False),
        sa.Column("completed_at", crm.Instant(), nullable=True),
        sa.Column("interaction_id", crm.Id(), nullable=True),
        sa.Column("follows_id", crm.Id(), nullable=True),
        sa.Column("uid", crm.text_type(1000), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("stamped_at", crm.Instant(), nullable=True),
        sa.Column("calendar_id", crm.Id(), nullable=True),
        sa.Column("ical_properties", crm.text_type(20000), nullable=False),
        sa.ForeignKeyConstraint(["calendar_id"], ["users.id"], name="fk_sfa_activities_calendar_id"),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="fk_sfa_activities_customer_id"),
        sa.ForeignKeyConstraint(
            ["follows_id"],
            ["sfa_activities.id"],
            name="fk_sfa_activities_follows_id",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(["interaction_id"], ["interactions.id"], name="fk_sfa_activities_interaction_id"),
        sa.ForeignKeyConstraint(["lead_id"], ["sfa_leads.id"], name="fk_sfa_activities_lead_id"),
        sa.ForeignKeyConstraint(["opportunity_id"], ["sfa_opportunities.id"], name="fk_sfa_activities_opportunity_id"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_sfa_activities_owner_id"),
        sa.ForeignKeyConstraint(
            ["series_id"],
            ["sfa_activities.id"],
            name="fk_sfa_activities_series_id",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_sfa_activities_team_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_activities", schema=None) as batch_op:
        batch_op.create_index(
            "ix_sfa_activities_customer_id",
            ["tenant_id", "customer_id"],
            unique=False,
            sqlite_where=sa.text("customer_id IS NOT NULL"),
            postgresql_where=sa.text("customer_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_activities_follows_id",
            ["follows_id"],
            unique=False,
            sqlite_where=sa.text("follows_id IS NOT NULL"),
            postgresql_where=sa.text("follows_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_activities_interaction_id",
            ["interaction_id"],
            unique=False,
            sqlite_where=sa.text("interaction_id IS NOT NULL"),
            postgresql_where=sa.text("interaction_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_activities_lead_id_status",
            ["tenant_id", "lead_id", "status"],
            unique=False,
            sqlite_where=sa.text("lead_id IS NOT NULL"),
            postgresql_where=sa.text("lead_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_activities_opportunity_id_status",
            ["tenant_id", "opportunity_id", "status"],
            unique=False,
            sqlite_where=sa.text("opportunity_id IS NOT NULL"),
            postgresql_where=sa.text("opportunity_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_activities_owner_id_status_starts_at",
            ["tenant_id", "owner_id", "status", "starts_at"],
            unique=False,
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_activities_record_id",
            ["tenant_id", "record_id"],
            unique=False,
            sqlite_where=sa.text("record_id IS NOT NULL"),
            postgresql_where=sa.text("record_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_activities_team_id",
            ["team_id"],
            unique=False,
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.create_index("ix_sfa_activities_uid", ["tenant_id", "uid"], unique=False)
        batch_op.create_index(
            "uq_sfa_activities_calendar_id_uid_occurrence",
            ["tenant_id", "calendar_id", "uid", "occurrence"],
            unique=True,
            sqlite_where=sa.text("deleted_at IS NULL AND uid != '' AND occurrence != ''"),
            postgresql_where=sa.text("deleted_at IS NULL AND uid != '' AND occurrence != ''"),
        )
        batch_op.create_index(
            "uq_sfa_activities_series_id_occurrence",
            ["tenant_id", "series_id", "occurrence"],
            unique=True,
            sqlite_where=sa.text("deleted_at IS NULL AND occurrence != ''"),
            postgresql_where=sa.text("deleted_at IS NULL AND occurrence != ''"),
        )

    op.create_table(
        "sfa_assignments",
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
        sa.Column("lead_id", crm.Id(), nullable=False),
        sa.Column("at", crm.Instant(), nullable=False),
        sa.Column("kind", crm.text_type(200), nullable=False),
        sa.Column("user_id", crm.Id(), nullable=True),
        sa.Column("before_id", crm.Id(), nullable=True),
        sa.Column("rule_id", crm.Id(), nullable=True),
        sa.Column("territory_id", crm.Id(), nullable=True),
        sa.Column("note", crm.text_type(500), nullable=False),
        sa.Column("reasons", crm.Json(), nullable=False),
        sa.ForeignKeyConstraint(["before_id"], ["users.id"], name="fk_sfa_assignments_before_id"),
        sa.ForeignKeyConstraint(["lead_id"], ["sfa_leads.id"], name="fk_sfa_assignments_lead_id"),
        sa.ForeignKeyConstraint(["rule_id"], ["sfa_assignment_rules.id"], name="fk_sfa_assignments_rule_id"),
        sa.ForeignKeyConstraint(["territory_id"], ["sfa_territories.id"], name="fk_sfa_assignments_territory_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_sfa_assignments_user_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_assignments", schema=None) as batch_op:
        batch_op.create_index(
            "ix_sfa_assignments_before_id",
            ["before_id"],
            unique=False,
            sqlite_where=sa.text("before_id IS NOT NULL"),
            postgresql_where=sa.text("before_id IS NOT NULL"),
        )
        batch_op.create_index("ix_sfa_assignments_lead_id_at", ["tenant_id", "lead_id", "at"], unique=False)
        batch_op.create_index(
            "ix_sfa_assignments_rule_id",
            ["rule_id"],
            unique=False,
            sqlite_where=sa.text("rule_id IS NOT NULL"),
            postgresql_where=sa.text("rule_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_assignments_territory_id",
            ["territory_id"],
            unique=False,
            sqlite_where=sa.text("territory_id IS NOT NULL"),
            postgresql_where=sa.text("territory_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_assignments_user_id",
            ["user_id"],
            unique=False,
            sqlite_where=sa.text("user_id IS NOT NULL"),
            postgresql_where=sa.text("user_id IS NOT NULL"),
        )

    op.create_table(
        "sfa_deal_conflicts",
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
        sa.Column("registration_id", crm.Id(), nullable=False),
        sa.Column("with_whom", crm.text_type(200), nullable=False),
        sa.Column("entity", crm.text_type(100), nullable=False),
        sa.Column("record_id", crm.Id(), nullable=False),
        sa.Column("matched", crm.Json(words=True), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_sfa_deal_conflicts_owner_id"),
        sa.ForeignKeyConstraint(
            ["registration_id"], ["sfa_deal_registrations.id"], name="fk_sfa_deal_conflicts_registration_id"
        ),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_sfa_deal_conflicts_team_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_deal_conflicts", schema=None) as batch_op:
        batch_op.create_index(
            "ix_sfa_deal_conflicts_owner_id",
            ["owner_id"],
            unique=False,
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.create_index("ix_sfa_deal_conflicts_record_id", ["tenant_id", "record_id"], unique=False)
        batch_op.create_index(
            "ix_sfa_deal_conflicts_team_id",
            ["team_id"],
            unique=False,
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.create_index(
            "uq_sfa_deal_conflicts_registration_id_entity_record_id",
            ["tenant_id", "registration_id", "entity", "record_id"],
            unique=True,
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )

    op.create_table(
        "sfa_dealer_offers",
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
        sa.Column("dealer_id", crm.Id(), nullable=False),
        sa.Column("lead_id", crm.Id(), nullable=True),
        sa.Column("opportunity_id", crm.Id(), nullable=True),
        sa.Column("region", crm.text_type(200), nullable=False),
        sa.Column("product", crm.text_type(200), nullable=False),
        sa.Column("interest", crm.text_type(20000), nullable=False),
        sa.Column("estimated_amount", crm.Exact(), nullable=True),
        sa.Column("estimated_currency", crm.text_type(3), nullable=True),
        sa.Column("message", crm.text_type(2000), nullable=False),
        sa.Column("state", crm.text_type(200), nullable=False),
        sa.Column("offered_at", crm.Instant(), nullable=False),
        sa.Column("expires_at", crm.Instant(), nullable=False),
        sa.Column("answered_at", crm.Instant(), nullable=True),
        sa.Column("answered_by_id", crm.Id(), nullable=True),
        sa.Column("answer", crm.text_type(2000), nullable=False),
        sa.Column("ended_at", crm.Instant(), nullable=True),
        sa.Column("sent_by_id", crm.Id(), nullable=True),
        sa.Column("open_key", crm.text_type(36), nullable=True),
        sa.ForeignKeyConstraint(["answered_by_id"], ["users.id"], name="fk_sfa_dealer_offers_answered_by_id"),
        sa.ForeignKeyConstraint(["dealer_id"], ["customers.id"], name="fk_sfa_dealer_offers_dealer_id"),
        sa.ForeignKeyConstraint(["lead_id"], ["sfa_leads.id"], name="fk_sfa_dealer_offers_lead_id"),
        sa.ForeignKeyConstraint(
            ["opportunity_id"], ["sfa_opportunities.id"], name="fk_sfa_dealer_offers_opportunity_id"
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_sfa_dealer_offers_owner_id"),
        sa.ForeignKeyConstraint(["sent_by_id"], ["users.id"], name="fk_sfa_dealer_offers_sent_by_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_sfa_dealer_offers_team_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_dealer_offers", schema=None) as batch_op:
        batch_op.create_index(
            "ix_sfa_dealer_offers_answered_by_id",
            ["answered_by_id"],
            unique=False,
            sqlite_where=sa.text("answered_by_id IS NOT NULL"),
            postgresql_where=sa.text("answered_by_id IS NOT NULL"),
        )
        batch_op.create_index("ix_sfa_dealer_offers_dealer_id_state", ["tenant_id", "dealer_id", "state"], unique=False)
        batch_op.create_index(
            "ix_sfa_dealer_offers_lead_id",
            ["tenant_id", "lead_id"],
            unique=False,
            sqlite_where=sa.text("lead_id IS NOT NULL"),
            postgresql_where=sa.text("lead_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_dealer_offers_opportunity_id",
            ["tenant_id", "opportunity_id"],
            unique=False,
            sqlite_where=sa.text("opportunity_id IS NOT NULL"),
            postgresql_where=sa.text("opportunity_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_dealer_offers_owner_id",
            ["owner_id"],
            unique=False,
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_dealer_offers_sent_by_id",
            ["sent_by_id"],
            unique=False,
            sqlite_where=sa.text("sent_by_id IS NOT NULL"),
            postgresql_where=sa.text("sent_by_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_dealer_offers_state_expires_at", ["tenant_id", "state", "expires_at"], unique=False
        )
        batch_op.create_index(
            "ix_sfa_dealer_offers_team_id",
            ["team_id"],
            unique=False,
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.create_index(
            "uq_sfa_dealer_offers_open_key",
            ["tenant_id", "open_key"],
            unique=True,
            sqlite_where=sa.text("deleted_at IS NULL AND open_key != ''"),
            postgresql_where=sa.text("deleted_at IS NULL AND open_key != ''"),
        )

    op.create_table(
        "sfa_lead_conversions",
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
        sa.Column("lead_id", crm.Id(), nullable=False),
        sa.Column("state", crm.text_type(200), nullable=False),
        sa.Column("converted_at", crm.Instant(), nullable=False),
        sa.Column("opportunity_id", crm.Id(), nullable=True),
        sa.Column("customer_id", crm.Id(), nullable=True),
        sa.Column("person_id", crm.Id(), nullable=True),
        sa.Column("before", crm.Json(), nullable=False),
        sa.Column("made", crm.Json(), nullable=False),
        sa.Column("undone_at", crm.Instant(), nullable=True),
        sa.Column("stayed", crm.Json(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="fk_sfa_lead_conversions_customer_id"),
        sa.ForeignKeyConstraint(["lead_id"], ["sfa_leads.id"], name="fk_sfa_lead_conversions_lead_id"),
        sa.ForeignKeyConstraint(
            ["opportunity_id"], ["sfa_opportunities.id"], name="fk_sfa_lead_conversions_opportunity_id"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["customers.id"], name="fk_sfa_lead_conversions_person_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_lead_conversions", schema=None) as batch_op:
        batch_op.create_index(
            "ix_sfa_lead_conversions_customer_id",
            ["customer_id"],
            unique=False,
            sqlite_where=sa.text("customer_id IS NOT NULL"),
            postgresql_where=sa.text("customer_id IS NOT NULL"),
        )
        batch_op.create_index("ix_sfa_lead_conversions_lead_id_state", ["tenant_id", "lead_id", "state"], unique=False)
        batch_op.create_index(
            "ix_sfa_lead_conversions_opportunity_id",
            ["opportunity_id"],
            unique=False,
            sqlite_where=sa.text("opportunity_id IS NOT NULL"),
            postgresql_where=sa.text("opportunity_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_lead_conversions_person_id",
            ["person_id"],
            unique=False,
            sqlite_where=sa.text("person_id IS NOT NULL"),
            postgresql_where=sa.text("person_id IS NOT NULL"),
        )

    op.create_table(
        "sfa_lead_escalations",
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
        sa.Column("lead_id", crm.Id(), nullable=False),
        sa.Column("waiting_since", crm.Instant(), nullable=False),
        sa.Column("level", sa.BigInteger(), nullable=False),
        sa.Column("why", crm.text_type(200), nullable=False),
        sa.Column("at", crm.Instant(), nullable=False),
        sa.Column("due_at", crm.Instant(), nullable=False),
        sa.Column("user_id", crm.Id(), nullable=True),
        sa.ForeignKeyConstraint(["lead_id"], ["sfa_leads.id"], name="fk_sfa_lead_escalations_lead_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_sfa_lead_escalations_user_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_lead_escalations", schema=None) as batch_op:
        batch_op.create_index(
            "ix_sfa_lead_escalations_user_id_at",
            ["tenant_id", "user_id", "at"],
            unique=False,
            sqlite_where=sa.text("user_id IS NOT NULL"),
            postgresql_where=sa.text("user_id IS NOT NULL"),
        )
        batch_op.create_index(
            "uq_sfa_lead_escalations_lead_id_waiting_since_level",
            ["tenant_id", "lead_id", "waiting_since", "level"],
            unique=True,
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )

    op.create_table(
        "sfa_lead_touches",
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
        sa.Column("lead_id", crm.Id(), nullable=False),
        sa.Column("at", crm.Instant(), nullable=False),
        sa.Column("channel", crm.text_type(100), nullable=False),
        sa.Column("external_key", crm.text_type(500), nullable=False),
        sa.Column("lead_source", crm.text_type(200), nullable=False),
        sa.Column("campaign", crm.text_type(200), nullable=False),
        sa.Column("text", crm.text_type(20000), nullable=False),
        sa.Column("raw", crm.Json(), nullable=False),
        sa.Column("interaction_id", crm.Id(), nullable=True),
        sa.ForeignKeyConstraint(["interaction_id"], ["interactions.id"], name="fk_sfa_lead_touches_interaction_id"),
        sa.ForeignKeyConstraint(["lead_id"], ["sfa_leads.id"], name="fk_sfa_lead_touches_lead_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_lead_touches", schema=None) as batch_op:
        batch_op.create_index(
            "ix_sfa_lead_touches_interaction_id",
            ["interaction_id"],
            unique=False,
            sqlite_where=sa.text("interaction_id IS NOT NULL"),
            postgresql_where=sa.text("interaction_id IS NOT NULL"),
        )
        batch_op.create_index("ix_sfa_lead_touches_lead_id_at", ["tenant_id", "lead_id", "at"], unique=False)
        batch_op.create_index(
            "uq_sfa_lead_touches_channel_external_key",
            ["tenant_id", "channel", "external_key"],
            unique=True,
            sqlite_where=sa.text("deleted_at IS NULL AND external_key != ''"),
            postgresql_where=sa.text("deleted_at IS NULL AND external_key != ''"),
        )

    op.create_table(
        "sfa_orders",
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
        sa.Column("number", crm.text_type(50), nullable=False),
        sa.Column("customer_id", crm.Id(), nullable=False),
        sa.Column("opportunity_id", crm.Id(), nullable=True),
        sa.Column("quote_id", crm.Id(), nullable=True),
        sa.Column("currency", crm.text_type(3), nullable=False),
        sa.Column("ordered_on", crm.IsoDate(), nullable=True),
        sa.Column("status", crm.text_type(200), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("reference", crm.text_type(200), nullable=False),
        sa.Column("tax_included", crm.Flag(), nullable=False),
        sa.Column("discount", crm.Exact(), nullable=False),
        sa.Column("sum_lines", crm.Flag(), nullable=False),
        sa.Column("net_amount", crm.Exact(), nullable=True),
        sa.Column("net_currency", crm.text_type(3), nullable=True),
        sa.Column("tax_amount", crm.Exact(), nullable=True),
        sa.Column("tax_currency", crm.text_type(3), nullable=True),
        sa.Column("gross_amount", crm.Exact(), nullable=True),
        sa.Column("gross_currency", crm.text_type(3), nullable=True),
        sa.Column("reason", crm.text_type(500), nullable=False),
        sa.Column("note", crm.text_type(10000), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="fk_sfa_orders_customer_id"),
        sa.ForeignKeyConstraint(["opportunity_id"], ["sfa_opportunities.id"], name="fk_sfa_orders_opportunity_id"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_sfa_orders_owner_id"),
        sa.ForeignKeyConstraint(["quote_id"], ["sfa_quotes.id"], name="fk_sfa_orders_quote_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_sfa_orders_team_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_orders", schema=None) as batch_op:
        batch_op.create_index(
            "ix_sfa_orders_customer_id_ordered_on", ["tenant_id", "customer_id", "ordered_on"], unique=False
        )
        batch_op.create_index(
            "ix_sfa_orders_opportunity_id",
            ["opportunity_id"],
            unique=False,
            sqlite_where=sa.text("opportunity_id IS NOT NULL"),
            postgresql_where=sa.text("opportunity_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_orders_owner_id",
            ["owner_id"],
            unique=False,
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_orders_quote_id",
            ["quote_id"],
            unique=False,
            sqlite_where=sa.text("quote_id IS NOT NULL"),
            postgresql_where=sa.text("quote_id IS NOT NULL"),
        )
        batch_op.create_index("ix_sfa_orders_status_ordered_on", ["tenant_id", "status", "ordered_on"], unique=False)
        batch_op.create_index(
            "ix_sfa_orders_team_id",
            ["team_id"],
            unique=False,
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.create_index(
            "uq_sfa_orders_number",
            ["tenant_id", "number"],
            unique=True,
            sqlite_where=sa.text("deleted_at IS NULL AND number != ''"),
            postgresql_where=sa.text("deleted_at IS NULL AND number != ''"),
        )

    op.create_table(
        "sfa_quote_approvals",
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
        sa.Column("quote_id", crm.Id(), nullable=False),
        sa.Column("status", crm.text_type(200), nullable=False),
        sa.Column("discount", crm.Exact(), nullable=False),
        sa.Column("needed", crm.text_type(100), nullable=False),
        sa.Column("requested_by", crm.Id(), nullable=True),
        sa.Column("requested_at", crm.Instant(), nullable=False),
        sa.Column("reason", crm.text_type(1000), nullable=False),
        sa.Column("decided_by", crm.Id(), nullable=True),
        sa.Column("decided_at", crm.Instant(), nullable=True),
        sa.Column("comment", crm.text_type(1000), nullable=False),
        sa.ForeignKeyConstraint(["decided_by"], ["users.id"], name="fk_sfa_quote_approvals_decided_by"),
        sa.ForeignKeyConstraint(["quote_id"], ["sfa_quotes.id"], name="fk_sfa_quote_approvals_quote_id"),
        sa.ForeignKeyConstraint(["requested_by"], ["users.id"], name="fk_sfa_quote_approvals_requested_by"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_quote_approvals", schema=None) as batch_op:
        batch_op.create_index(
            "ix_sfa_quote_approvals_decided_by",
            ["decided_by"],
            unique=False,
            sqlite_where=sa.text("decided_by IS NOT NULL"),
            postgresql_where=sa.text("decided_by IS NOT NULL"),
        )
        batch_op.create_index("ix_sfa_quote_approvals_quote_id", ["tenant_id", "quote_id"], unique=False)
        batch_op.create_index(
            "ix_sfa_quote_approvals_requested_by",
            ["requested_by"],
            unique=False,
            sqlite_where=sa.text("requested_by IS NOT NULL"),
            postgresql_where=sa.text("requested_by IS NOT NULL"),
        )
        batch_op.create_index("ix_sfa_quote_approvals_status", ["tenant_id", "status"], unique=False)

    op.create_table(
        "sfa_quote_lines",
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
        sa.Column("quote_id", crm.Id(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("product_id", crm.Id(), nullable=True),
        sa.Column("description", crm.text_type(500), nullable=False),
        sa.Column("detail", crm.text_type(5000), nullable=False),
        sa.Column("quantity", crm.Exact(), nullable=False),
        sa.Column("unit", crm.text_type(100), nullable=False),
        sa.Column("unit_price_amount", crm.Exact(), nullable=True),
        sa.Column("unit_price_currency", crm.text_type(3), nullable=True),
        sa.Column("list_price_amount", crm.Exact(), nullable=True),
        sa.Column("list_price_currency", crm.text_type(3), nullable=True),
        sa.Column("price_source", crm.text_type(200), nullable=False),
        sa.Column("price_list_id", crm.Id(), nullable=True),
        sa.Column("discount", crm.Exact(), nullable=False),
        sa.Column("tax_category", crm.text_type(100), nullable=False),
        sa.Column("tax_rate", crm.Exact(), nullable=True),
        sa.Column("amount_amount", crm.Exact(), nullable=True),
        sa.Column("amount_currency", crm.text_type(3), nullable=True),
        sa.Column("net_amount", crm.Exact(), nullable=True),
        sa.Column("net_currency", crm.text_type(3), nullable=True),
        sa.Column("tax_amount", crm.Exact(), nullable=True),
        sa.Column("tax_currency", crm.text_type(3), nullable=True),
        sa.Column("gross_amount", crm.Exact(), nullable=True),
        sa.Column("gross_currency", crm.text_type(3), nullable=True),
        sa.ForeignKeyConstraint(["price_list_id"], ["sfa_price_lists.id"], name="fk_sfa_quote_lines_price_list_id"),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name="fk_sfa_quote_lines_product_id"),
        sa.ForeignKeyConstraint(["quote_id"], ["sfa_quotes.id"], name="fk_sfa_quote_lines_quote_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_quote_lines", schema=None) as batch_op:
        batch_op.create_index(
            "ix_sfa_quote_lines_price_list_id",
            ["price_list_id"],
            unique=False,
            sqlite_where=sa.text("price_list_id IS NOT NULL"),
            postgresql_where=sa.text("price_list_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_quote_lines_product_id",
            ["product_id"],
            unique=False,
            sqlite_where=sa.text("product_id IS NOT NULL"),
            postgresql_where=sa.text("product_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_quote_lines_quote_id_position", ["tenant_id", "quote_id", "position"], unique=False
        )

    op.create_table(
        "sfa_transfers",
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
        sa.Column("entity", crm.text_type(100), nullable=False),
        sa.Column("record_id", crm.Id(), nullable=False),
        sa.Column("customer_id", crm.Id(), nullable=True),
        sa.Column("lead_id", crm.Id(), nullable=True),
        sa.Column("opportunity_id", crm.Id(), nullable=True),
        sa.Column("kind", crm.text_type(100), nullable=False),
        sa.Column("from_user_id", crm.Id(), nullable=True),
        sa.Column("from_team_id", crm.Id(), nullable=True),
        sa.Column("to_user_id", crm.Id(), nullable=True),
        sa.Column("to_team_id", crm.Id(), nullable=True),
        sa.Column("promised", crm.text_type(10000), nullable=False),
        sa.Column("note", crm.text_type(10000), nullable=False),
        sa.Column("checklist", crm.Json(words=True), nullable=False),
        sa.Column("checked", crm.Json(words=True), nullable=False),
        sa.Column("due_at", crm.Instant(), nullable=False),
        sa.Column("state", crm.text_type(200), nullable=False),
        sa.Column("answered_at", crm.Instant(), nullable=True),
        sa.Column("answered_by_id", crm.Id(), nullable=True),
        sa.Column("answer", crm.text_type(2000), nullable=False),
        sa.Column("escalated_at", crm.Instant(), nullable=True),
        sa.Column("escalated_to_id", crm.Id(), nullable=True),
        sa.Column("waiting_key", crm.text_type(36), nullable=True),
        sa.ForeignKeyConstraint(["answered_by_id"], ["users.id"], name="fk_sfa_transfers_answered_by_id"),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="fk_sfa_transfers_customer_id"),
        sa.ForeignKeyConstraint(["escalated_to_id"], ["users.id"], name="fk_sfa_transfers_escalated_to_id"),
        sa.ForeignKeyConstraint(["from_team_id"], ["teams.id"], name="fk_sfa_transfers_from_team_id"),
        sa.ForeignKeyConstraint(["from_user_id"], ["users.id"], name="fk_sfa_transfers_from_user_id"),
        sa.ForeignKeyConstraint(["lead_id"], ["sfa_leads.id"], name="fk_sfa_transfers_lead_id"),
        sa.ForeignKeyConstraint(["opportunity_id"], ["sfa_opportunities.id"], name="fk_sfa_transfers_opportunity_id"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_sfa_transfers_owner_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_sfa_transfers_team_id"),
        sa.ForeignKeyConstraint(["to_team_id"], ["teams.id"], name="fk_sfa_transfers_to_team_id"),
        sa.ForeignKeyConstraint(["to_user_id"], ["users.id"], name="fk_sfa_transfers_to_user_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_transfers", schema=None) as batch_op:
        batch_op.create_index(
            "ix_sfa_transfers_answered_by_id",
            ["answered_by_id"],
            unique=False,
            sqlite_where=sa.text("answered_by_id IS NOT NULL"),
            postgresql_where=sa.text("answered_by_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_transfers_customer_id",
            ["customer_id"],
            unique=False,
            sqlite_where=sa.text("customer_id IS NOT NULL"),
            postgresql_where=sa.text("customer_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_transfers_escalated_to_id",
            ["escalated_to_id"],
            unique=False,
            sqlite_where=sa.text("escalated_to_id IS NOT NULL"),
            postgresql_where=sa.text("escalated_to_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_transfers_from_team_id",
            ["from_team_id"],
            unique=False,
            sqlite_where=sa.text("from_team_id IS NOT NULL"),
            postgresql_where=sa.text("from_team_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_transfers_from_user_id",
            ["from_user_id"],
            unique=False,
            sqlite_where=sa.text("from_user_id IS NOT NULL"),
            postgresql_where=sa.text("from_user_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_transfers_lead_id",
            ["lead_id"],
            unique=False,
            sqlite_where=sa.text("lead_id IS NOT NULL"),
            postgresql_where=sa.text("lead_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_transfers_opportunity_id",
            ["opportunity_id"],
            unique=False,
            sqlite_where=sa.text("opportunity_id IS NOT NULL"),
            postgresql_where=sa.text("opportunity_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_transfers_owner_id",
            ["owner_id"],
            unique=False,
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.create_index("ix_sfa_transfers_record_id", ["tenant_id", "record_id"], unique=False)
        batch_op.create_index("ix_sfa_transfers_state_due_at", ["tenant_id", "state", "due_at"], unique=False)
        batch_op.create_index(
            "ix_sfa_transfers_team_id",
            ["team_id"],
            unique=False,
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_transfers_to_team_id",
            ["to_team_id"],
            unique=False,
            sqlite_where=sa.text("to_team_id IS NOT NULL"),
            postgresql_where=sa.text("to_team_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_transfers_to_user_id",
            ["to_user_id"],
            unique=False,
            sqlite_where=sa.text("to_user_id IS NOT NULL"),
            postgresql_where=sa.text("to_user_id IS NOT NULL"),
        )
        batch_op.create_index(
            "uq_sfa_transfers_waiting_key",
            ["tenant_id", "waiting_key"],
            unique=True,
            sqlite_where=sa.text("deleted_at IS NULL AND waiting_key != ''"),
            postgresql_where=sa.text("deleted_at IS NULL AND waiting_key != ''"),
        )

    op.create_table(
        "sfa_activity_participants",
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
        sa.Column("activity_id", crm.Id(), nullable=False),
        sa.Column("user_id", crm.Id(), nullable=True),
        sa.Column("customer_id", crm.Id(), nullable=True),
        sa.Column("address", crm.text_type(300), nullable=False),
        sa.Column("name", crm.text_type(300), nullable=False),
        sa.Column("role", crm.text_type(200), nullable=False),
        sa.Column("response", crm.text_type(200), nullable=False),
        sa.Column("ical_parameters", crm.text_type(2000), nullable=False),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["sfa_activities.id"], name="fk_sfa_activity_participants_activity_id"
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="fk_sfa_activity_participants_customer_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_sfa_activity_participants_user_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_activity_participants", schema=None) as batch_op:
        batch_op.create_index(
            "ix_sfa_activity_participants_customer_id",
            ["tenant_id", "customer_id"],
            unique=False,
            sqlite_where=sa.text("customer_id IS NOT NULL"),
            postgresql_where=sa.text("customer_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_activity_participants_user_id",
            ["tenant_id", "user_id"],
            unique=False,
            sqlite_where=sa.text("user_id IS NOT NULL"),
            postgresql_where=sa.text("user_id IS NOT NULL"),
        )
        batch_op.create_index(
            "uq_sfa_activity_participants_activity_id_customer_id",
            ["tenant_id", "activity_id", "customer_id"],
            unique=True,
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.create_index(
            "uq_sfa_activity_participants_activity_id_user_id",
            ["tenant_id", "activity_id", "user_id"],
            unique=True,
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )

    op.create_table(
        "sfa_activity_reminders",
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
        sa.Column("activity_id", crm.Id(), nullable=False),
        sa.Column("minutes_before", sa.BigInteger(), nullable=False),
        sa.Column("before_end", crm.Flag(), nullable=False),
        sa.Column("at", crm.Instant(), nullable=True),
        sa.Column("text", crm.text_type(2000), nullable=False),
        sa.Column("ical_alarm", crm.text_type(20000), nullable=False),
        sa.Column("settled_until", crm.Instant(), nullable=True),
        sa.Column("next_at", crm.Instant(), nullable=True),
        sa.ForeignKeyConstraint(["activity_id"], ["sfa_activities.id"], name="fk_sfa_activity_reminders_activity_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_activity_reminders", schema=None) as batch_op:
        batch_op.create_index("ix_sfa_activity_reminders_activity_id", ["tenant_id", "activity_id"], unique=False)
        batch_op.create_index(
            "ix_sfa_activity_reminders_next_at",
            ["tenant_id", "next_at"],
            unique=False,
            sqlite_where=sa.text("next_at IS NOT NULL"),
            postgresql_where=sa.text("next_at IS NOT NULL"),
        )

    op.create_table(
        "sfa_inquiry_lines",
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
        sa.Column("inquiry_id", crm.Id(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("requirement", crm.text_type(5000), nullable=False),
        sa.Column("options", crm.Json(words=True), nullable=False),
        sa.Column("product_id", crm.Id(), nullable=True),
        sa.Column("quantity", crm.Exact(), nullable=False),
        sa.Column("unit", crm.text_type(100), nullable=False),
        sa.Column("answer", crm.text_type(5000), nullable=False),
        sa.Column("cost_amount", crm.Exact(), nullable=True),
        sa.Column("cost_currency", crm.text_type(3), nullable=True),
        sa.Column("price_amount", crm.Exact(), nullable=True),
        sa.Column("price_currency", crm.text_type(3), nullable=True),
        sa.Column("lead_days", sa.BigInteger(), nullable=True),
        sa.Column("valid_until", crm.IsoDate(), nullable=True),
        sa.Column("feasible", crm.Flag(), nullable=True),
        sa.Column("answered_by", crm.Id(), nullable=True),
        sa.Column("answered_at", crm.Instant(), nullable=True),
        sa.Column("quote_line_id", crm.Id(), nullable=True),
        sa.ForeignKeyConstraint(["answered_by"], ["users.id"], name="fk_sfa_inquiry_lines_answered_by"),
        sa.ForeignKeyConstraint(["inquiry_id"], ["sfa_inquiries.id"], name="fk_sfa_inquiry_lines_inquiry_id"),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name="fk_sfa_inquiry_lines_product_id"),
        sa.ForeignKeyConstraint(["quote_line_id"], ["sfa_quote_lines.id"], name="fk_sfa_inquiry_lines_quote_line_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_inquiry_lines", schema=None) as batch_op:
        batch_op.create_index(
            "ix_sfa_inquiry_lines_answered_by",
            ["answered_by"],
            unique=False,
            sqlite_where=sa.text("answered_by IS NOT NULL"),
            postgresql_where=sa.text("answered_by IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_inquiry_lines_inquiry_id_position", ["tenant_id", "inquiry_id", "position"], unique=False
        )
        batch_op.create_index(
            "ix_sfa_inquiry_lines_product_id",
            ["product_id"],
            unique=False,
            sqlite_where=sa.text("product_id IS NOT NULL"),
            postgresql_where=sa.text("product_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_inquiry_lines_quote_line_id",
            ["quote_line_id"],
            unique=False,
            sqlite_where=sa.text("quote_line_id IS NOT NULL"),
            postgresql_where=sa.text("quote_line_id IS NOT NULL"),
        )

    op.create_table(
        "sfa_order_amendments",
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
        sa.Column("order_id", crm.Id(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("kind", crm.text_type(200), nullable=False),
        sa.Column("amended_on", crm.IsoDate(), nullable=True),
        sa.Column("reason", crm.text_type(500), nullable=False),
        sa.Column("changes", crm.Json(), nullable=False),
        sa.Column("gross_before_amount", crm.Exact(), nullable=True),
        sa.Column("gross_before_currency", crm.text_type(3), nullable=True),
        sa.Column("gross_after_amount", crm.Exact(), nullable=True),
        sa.Column("gross_after_currency", crm.text_type(3), nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["sfa_orders.id"], name="fk_sfa_order_amendments_order_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_order_amendments", schema=None) as batch_op:
        batch_op.create_index(
            "uq_sfa_order_amendments_order_id_revision",
            ["tenant_id", "order_id", "revision"],
            unique=True,
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )

    op.create_table(
        "sfa_order_lines",
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
        sa.Column("order_id", crm.Id(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("quote_line_id", crm.Id(), nullable=True),
        sa.Column("product_id", crm.Id(), nullable=True),
        sa.Column("description", crm.text_type(500), nullable=False),
        sa.Column("quantity", crm.Exact(), nullable=False),
        sa.Column("cancelled", crm.Exact(), nullable=False),
        sa.Column("delivered", crm.Exact(), nullable=False),
        sa.Column("unit", crm.text_type(100), nullable=False),
        sa.Column("unit_price_amount", crm.Exact(), nullable=True),
        sa.Column("unit_price_currency", crm.text_type(3), nullable=True),
        sa.Column("discount", crm.Exact(), nullable=False),
        sa.Column("tax_rate", crm.Exact(), nullable=True),
        sa.Column("net_amount", crm.Exact(), nullable=True),
        sa.Column("net_currency", crm.text_type(3), nullable=True),
        sa.Column("tax_amount", crm.Exact(), nullable=True),
        sa.Column("tax_currency", crm.text_type(3), nullable=True),
        sa.Column("gross_amount", crm.Exact(), nullable=True),
        sa.Column("gross_currency", crm.text_type(3), nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["sfa_orders.id"], name="fk_sfa_order_lines_order_id"),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name="fk_sfa_order_lines_product_id"),
        sa.ForeignKeyConstraint(["quote_line_id"], ["sfa_quote_lines.id"], name="fk_sfa_order_lines_quote_line_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_order_lines", schema=None) as batch_op:
        batch_op.create_index(
            "ix_sfa_order_lines_product_id",
            ["product_id"],
            unique=False,
            sqlite_where=sa.text("product_id IS NOT NULL"),
            postgresql_where=sa.text("product_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_order_lines_quote_line_id",
            ["tenant_id", "quote_line_id"],
            unique=False,
            sqlite_where=sa.text("quote_line_id IS NOT NULL"),
            postgresql_where=sa.text("quote_line_id IS NOT NULL"),
        )
        batch_op.create_index(
            "uq_sfa_order_lines_order_id_position",
            ["tenant_id", "order_id", "position"],
            unique=True,
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )

    op.create_table(
        "sfa_planned_receipts",
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
        sa.Column("order_id", crm.Id(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("due_on", crm.IsoDate(), nullable=False),
        sa.Column("amount_amount", crm.Exact(), nullable=True),
        sa.Column("amount_currency", crm.text_type(3), nullable=True),
        sa.Column("percent", crm.Exact(), nullable=True),
        sa.Column("description", crm.text_type(200), nullable=False),
        sa.Column("adjusted_amount", crm.Exact(), nullable=True),
        sa.Column("adjusted_currency", crm.text_type(3), nullable=True),
        sa.Column("settled_amount", crm.Exact(), nullable=True),
        sa.Column("settled_currency", crm.text_type(3), nullable=True),
        sa.Column("outstanding_amount", crm.Exact(), nullable=True),
        sa.Column("outstanding_currency", crm.text_type(3), nullable=True),
        sa.Column("reminded_on", crm.IsoDate(), nullable=True),
        sa.Column("planned_on", crm.IsoDate(), nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["sfa_orders.id"], name="fk_sfa_planned_receipts_order_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_planned_receipts", schema=None) as batch_op:
        batch_op.create_index("ix_sfa_planned_receipts_due_on", ["tenant_id", "due_on"], unique=False)
        batch_op.create_index(
            "uq_sfa_planned_receipts_order_id_position",
            ["tenant_id", "order_id", "position"],
            unique=True,
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )

    op.create_table(
        "sfa_adjustments",
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
        sa.Column("planned_id", crm.Id(), nullable=False),
        sa.Column("kind", crm.text_type(200), nullable=False),
        sa.Column("amount_amount", crm.Exact(), nullable=True),
        sa.Column("amount_currency", crm.text_type(3), nullable=True),
        sa.Column("adjusted_on", crm.IsoDate(), nullable=True),
        sa.Column("reason", crm.text_type(500), nullable=False),
        sa.ForeignKeyConstraint(["planned_id"], ["sfa_planned_receipts.id"], name="fk_sfa_adjustments_planned_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_adjustments", schema=None) as batch_op:
        batch_op.create_index(
            "ix_sfa_adjustments_planned_id_adjusted_on", ["tenant_id", "planned_id", "adjusted_on"], unique=False
        )

    op.create_table(
        "sfa_allocations",
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
        sa.Column("receipt_id", crm.Id(), nullable=False),
        sa.Column("planned_id", crm.Id(), nullable=False),
        sa.Column("amount_amount", crm.Exact(), nullable=True),
        sa.Column("amount_currency", crm.text_type(3), nullable=True),
        sa.Column("settled_amount", crm.Exact(), nullable=True),
        sa.Column("settled_currency", crm.text_type(3), nullable=True),
        sa.Column("rate", crm.Exact(), nullable=True),
        sa.Column("allocated_on", crm.IsoDate(), nullable=True),
        sa.Column("releases_id", crm.Id(), nullable=True),
        sa.Column("reason", crm.text_type(500), nullable=False),
        sa.ForeignKeyConstraint(["planned_id"], ["sfa_planned_receipts.id"], name="fk_sfa_allocations_planned_id"),
        sa.ForeignKeyConstraint(["receipt_id"], ["sfa_receipts.id"], name="fk_sfa_allocations_receipt_id"),
        sa.ForeignKeyConstraint(
            ["releases_id"],
            ["sfa_allocations.id"],
            name="fk_sfa_allocations_releases_id",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_allocations", schema=None) as batch_op:
        batch_op.create_index(
            "ix_sfa_allocations_planned_id_allocated_on", ["tenant_id", "planned_id", "allocated_on"], unique=False
        )
        batch_op.create_index(
            "ix_sfa_allocations_receipt_id_allocated_on", ["tenant_id", "receipt_id", "allocated_on"], unique=False
        )
        batch_op.create_index(
            "ix_sfa_allocations_releases_id",
            ["releases_id"],
            unique=False,
            sqlite_where=sa.text("releases_id IS NOT NULL"),
            postgresql_where=sa.text("releases_id IS NOT NULL"),
        )

    op.create_table(
        "sfa_inquiry_steps",
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
        sa.Column("inquiry_id", crm.Id(), nullable=False),
        sa.Column("kind", crm.text_type(200), nullable=False),
        sa.Column("at", crm.Instant(), nullable=False),
        sa.Column("by_id", crm.Id(), nullable=True),
        sa.Column("to_id", crm.Id(), nullable=True),
        sa.Column("due_on", crm.IsoDate(), nullable=True),
        sa.Column("line_id", crm.Id(), nullable=True),
        sa.Column("price_amount", crm.Exact(), nullable=True),
        sa.Column("price_currency", crm.text_type(3), nullable=True),
        sa.Column("note", crm.text_type(5000), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["users.id"], name="fk_sfa_inquiry_steps_by_id"),
        sa.ForeignKeyConstraint(["inquiry_id"], ["sfa_inquiries.id"], name="fk_sfa_inquiry_steps_inquiry_id"),
        sa.ForeignKeyConstraint(["line_id"], ["sfa_inquiry_lines.id"], name="fk_sfa_inquiry_steps_line_id"),
        sa.ForeignKeyConstraint(["to_id"], ["users.id"], name="fk_sfa_inquiry_steps_to_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_inquiry_steps", schema=None) as batch_op:
        batch_op.create_index(
            "ix_sfa_inquiry_steps_by_id",
            ["by_id"],
            unique=False,
            sqlite_where=sa.text("by_id IS NOT NULL"),
            postgresql_where=sa.text("by_id IS NOT NULL"),
        )
        batch_op.create_index("ix_sfa_inquiry_steps_inquiry_id_at", ["tenant_id", "inquiry_id", "at"], unique=False)
        batch_op.create_index(
            "ix_sfa_inquiry_steps_line_id",
            ["line_id"],
            unique=False,
            sqlite_where=sa.text("line_id IS NOT NULL"),
            postgresql_where=sa.text("line_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_inquiry_steps_to_id",
            ["to_id"],
            unique=False,
            sqlite_where=sa.text("to_id IS NOT NULL"),
            postgresql_where=sa.text("to_id IS NOT NULL"),
        )

    op.create_table(
        "sfa_reminder_notices",
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
        sa.Column("activity_id", crm.Id(), nullable=False),
        sa.Column("reminder_id", crm.Id(), nullable=False),
        sa.Column("occurrence_at", crm.Instant(), nullable=False),
        sa.Column("due_at", crm.Instant(), nullable=False),
        sa.Column("fired_at", crm.Instant(), nullable=False),
        sa.Column("late", crm.Flag(), nullable=False),
        sa.Column("subject", crm.text_type(500), nullable=False),
        sa.Column("seen_at", crm.Instant(), nullable=True),
        sa.Column("key", crm.text_type(200), nullable=False),
        sa.ForeignKeyConstraint(["activity_id"], ["sfa_activities.id"], name="fk_sfa_reminder_notices_activity_id"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_sfa_reminder_notices_owner_id"),
        sa.ForeignKeyConstraint(
            ["reminder_id"], ["sfa_activity_reminders.id"], name="fk_sfa_reminder_notices_reminder_id"
        ),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_sfa_reminder_notices_team_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sfa_reminder_notices", schema=None) as batch_op:
        batch_op.create_index("ix_sfa_reminder_notices_activity_id", ["activity_id"], unique=False)
        batch_op.create_index(
            "ix_sfa_reminder_notices_owner_id_seen_at",
            ["tenant_id", "owner_id", "seen_at"],
            unique=False,
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sfa_reminder_notices_reminder_id_occurrence_at",
            ["tenant_id", "reminder_id", "occurrence_at"],
            unique=False,
        )
        batch_op.create_index(
            "ix_sfa_reminder_notices_team_id",
            ["team_id"],
            unique=False,
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.create_index(
            "uq_sfa_reminder_notices_key",
            ["tenant_id", "key"],
            unique=True,
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
    crm.keep_tenants_apart(
        op.get_bind(),
        "sfa_absences",
        "sfa_account_actions",
        "sfa_account_goals",
        "sfa_account_members",
        "sfa_account_plans",
        "sfa_account_reviews",
        "sfa_activities",
        "sfa_activity_participants",
        "sfa_activity_reminders",
        "sfa_adjustments",
        "sfa_allocations",
        "sfa_assignees",
        "sfa_assignment_members",
        "sfa_assignment_rules",
        "sfa_assignment_turns",
        "sfa_assignments",
        "sfa_big_deal_alerts",
        "sfa_calendar_feeds",
        "sfa_competitors",
        "sfa_deal_conflicts",
        "sfa_deal_registrations",
        "sfa_dealer_offers",
        "sfa_dealers",
        "sfa_forecast_adjustments",
        "sfa_forecast_submissions",
        "sfa_inquiries",
        "sfa_inquiry_lines",
        "sfa_inquiry_steps",
        "sfa_lead_conversions",
        "sfa_lead_escalations",
        "sfa_lead_touches",
        "sfa_leads",
        "sfa_opportunities",
        "sfa_opportunity_contacts",
        "sfa_opportunity_histories",
        "sfa_opportunity_lines",
        "sfa_order_amendments",
        "sfa_order_lines",
        "sfa_orders",
        "sfa_planned_receipts",
        "sfa_price_list_customers",
        "sfa_price_lists",
        "sfa_prices",
        "sfa_quote_approvals",
        "sfa_quote_lines",
        "sfa_quotes",
        "sfa_receipts",
        "sfa_refunds",
        "sfa_reminder_notices",
        "sfa_scorecard_results",
        "sfa_scorecards",
        "sfa_stage_win_rates",
        "sfa_targets",
        "sfa_tax_rates",
        "sfa_territories",
        "sfa_territory_members",
        "sfa_transfers",
    )


def downgrade() -> None:
    with op.batch_alter_table("sfa_reminder_notices", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_sfa_reminder_notices_key",
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_reminder_notices_team_id",
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_sfa_reminder_notices_reminder_id_occurrence_at")
        batch_op.drop_index(
            "ix_sfa_reminder_notices_owner_id_seen_at",
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_sfa_reminder_notices_activity_id")

    op.drop_table("sfa_reminder_notices")
    with op.batch_alter_table("sfa_inquiry_steps", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_sfa_inquiry_steps_to_id",
            sqlite_where=sa.text("to_id IS NOT NULL"),
            postgresql_where=sa.text("to_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_inquiry_steps_line_id",
            sqlite_where=sa.text("line_id IS NOT NULL"),
            postgresql_where=sa.text("line_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_sfa_inquiry_steps_inquiry_id_at")
        batch_op.drop_index(
            "ix_sfa_inquiry_steps_by_id",
            sqlite_where=sa.text("by_id IS NOT NULL"),
            postgresql_where=sa.text("by_id IS NOT NULL"),
        )

    op.drop_table("sfa_inquiry_steps")
    with op.batch_alter_table("sfa_allocations", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_sfa_allocations_releases_id",
            sqlite_where=sa.text("releases_id IS NOT NULL"),
            postgresql_where=sa.text("releases_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_sfa_allocations_receipt_id_allocated_on")
        batch_op.drop_index("ix_sfa_allocations_planned_id_allocated_on")

    op.drop_table("sfa_allocations")
    with op.batch_alter_table("sfa_adjustments", schema=None) as batch_op:
        batch_op.drop_index("ix_sfa_adjustments_planned_id_adjusted_on")

    op.drop_table("sfa_adjustments")
    with op.batch_alter_table("sfa_planned_receipts", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_sfa_planned_receipts_order_id_position",
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.drop_index("ix_sfa_planned_receipts_due_on")

    op.drop_table("sfa_planned_receipts")
    with op.batch_alter_table("sfa_order_lines", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_sfa_order_lines_order_id_position",
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_order_lines_quote_line_id",
            sqlite_where=sa.text("quote_line_id IS NOT NULL"),
            postgresql_where=sa.text("quote_line_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_order_lines_product_id",
            sqlite_where=sa.text("product_id IS NOT NULL"),
            postgresql_where=sa.text("product_id IS NOT NULL"),
        )

    op.drop_table("sfa_order_lines")
    with op.batch_alter_table("sfa_order_amendments", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_sfa_order_amendments_order_id_revision",
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )

    op.drop_table("sfa_order_amendments")
    with op.batch_alter_table("sfa_inquiry_lines", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_sfa_inquiry_lines_quote_line_id",
            sqlite_where=sa.text("quote_line_id IS NOT NULL"),
            postgresql_where=sa.text("quote_line_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_inquiry_lines_product_id",
            sqlite_where=sa.text("product_id IS NOT NULL"),
            postgresql_where=sa.text("product_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_sfa_inquiry_lines_inquiry_id_position")
        batch_op.drop_index(
            "ix_sfa_inquiry_lines_answered_by",
            sqlite_where=sa.text("answered_by IS NOT NULL"),
            postgresql_where=sa.text("answered_by IS NOT NULL"),
        )

    op.drop_table("sfa_inquiry_lines")
    with op.batch_alter_table("sfa_activity_reminders", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_sfa_activity_reminders_next_at",
            sqlite_where=sa.text("next_at IS NOT NULL"),
            postgresql_where=sa.text("next_at IS NOT NULL"),
        )
        batch_op.drop_index("ix_sfa_activity_reminders_activity_id")

    op.drop_table("sfa_activity_reminders")
    with op.batch_alter_table("sfa_activity_participants", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_sfa_activity_participants_activity_id_user_id",
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.drop_index(
            "uq_sfa_activity_participants_activity_id_customer_id",
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_activity_participants_user_id",
            sqlite_where=sa.text("user_id IS NOT NULL"),
            postgresql_where=sa.text("user_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_activity_participants_customer_id",
            sqlite_where=sa.text("customer_id IS NOT NULL"),
            postgresql_where=sa.text("customer_id IS NOT NULL"),
        )

    op.drop_table("sfa_activity_participants")
    with op.batch_alter_table("sfa_transfers", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_sfa_transfers_waiting_key",
            sqlite_where=sa.text("deleted_at IS NULL AND waiting_key != ''"),
            postgresql_where=sa.text("deleted_at IS NULL AND waiting_key != ''"),
        )
        batch_op.drop_index(
            "ix_sfa_transfers_to_user_id",
            sqlite_where=sa.text("to_user_id IS NOT NULL"),
            postgresql_where=sa.text("to_user_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_transfers_to_team_id",
            sqlite_where=sa.text("to_team_id IS NOT NULL"),
            postgresql_where=sa.text("to_team_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_transfers_team_id",
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_sfa_transfers_state_due_at")
        batch_op.drop_index("ix_sfa_transfers_record_id")
        batch_op.drop_index(
            "ix_sfa_transfers_owner_id",
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_transfers_opportunity_id",
            sqlite_where=sa.text("opportunity_id IS NOT NULL"),
            postgresql_where=sa.text("opportunity_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_transfers_lead_id",
            sqlite_where=sa.text("lead_id IS NOT NULL"),
            postgresql_where=sa.text("lead_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_transfers_from_user_id",
            sqlite_where=sa.text("from_user_id IS NOT NULL"),
            postgresql_where=sa.text("from_user_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_transfers_from_team_id",
            sqlite_where=sa.text("from_team_id IS NOT NULL"),
            postgresql_where=sa.text("from_team_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_transfers_escalated_to_id",
            sqlite_where=sa.text("escalated_to_id IS NOT NULL"),
            postgresql_where=sa.text("escalated_to_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_transfers_customer_id",
            sqlite_where=sa.text("customer_id IS NOT NULL"),
            postgresql_where=sa.text("customer_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_transfers_answered_by_id",
            sqlite_where=sa.text("answered_by_id IS NOT NULL"),
            postgresql_where=sa.text("answered_by_id IS NOT NULL"),
        )

    op.drop_table("sfa_transfers")
    with op.batch_alter_table("sfa_quote_lines", schema=None) as batch_op:
        batch_op.drop_index("ix_sfa_quote_lines_quote_id_position")
        batch_op.drop_index(
            "ix_sfa_quote_lines_product_id",
            sqlite_where=sa.text("product_id IS NOT NULL"),
            postgresql_where=sa.text("product_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_quote_lines_price_list_id",
            sqlite_where=sa.text("price_list_id IS NOT NULL"),
            postgresql_where=sa.text("price_list_id IS NOT NULL"),
        )

    op.drop_table("sfa_quote_lines")
    with op.batch_alter_table("sfa_quote_approvals", schema=None) as batch_op:
        batch_op.drop_index("ix_sfa_quote_approvals_status")
        batch_op.drop_index(
            "ix_sfa_quote_approvals_requested_by",
            sqlite_where=sa.text("requested_by IS NOT NULL"),
            postgresql_where=sa.text("requested_by IS NOT NULL"),
        )
        batch_op.drop_index("ix_sfa_quote_approvals_quote_id")
        batch_op.drop_index(
            "ix_sfa_quote_approvals_decided_by",
            sqlite_where=sa.text("decided_by IS NOT NULL"),
            postgresql_where=sa.text("decided_by IS NOT NULL"),
        )

    op.drop_table("sfa_quote_approvals")
    with op.batch_alter_table("sfa_orders", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_sfa_orders_number",
            sqlite_where=sa.text("deleted_at IS NULL AND number != ''"),
            postgresql_where=sa.text("deleted_at IS NULL AND number != ''"),
        )
        batch_op.drop_index(
            "ix_sfa_orders_team_id",
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_sfa_orders_status_ordered_on")
        batch_op.drop_index(
            "ix_sfa_orders_quote_id",
            sqlite_where=sa.text("quote_id IS NOT NULL"),
            postgresql_where=sa.text("quote_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_orders_owner_id",
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_orders_opportunity_id",
            sqlite_where=sa.text("opportunity_id IS NOT NULL"),
            postgresql_where=sa.text("opportunity_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_sfa_orders_customer_id_ordered_on")

    op.drop_table("sfa_orders")
    with op.batch_alter_table("sfa_lead_touches", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_sfa_lead_touches_channel_external_key",
            sqlite_where=sa.text("deleted_at IS NULL AND external_key != ''"),
            postgresql_where=sa.text("deleted_at IS NULL AND external_key != ''"),
        )
        batch_op.drop_index("ix_sfa_lead_touches_lead_id_at")
        batch_op.drop_index(
            "ix_sfa_lead_touches_interaction_id",
            sqlite_where=sa.text("interaction_id IS NOT NULL"),
            postgresql_where=sa.text("interaction_id IS NOT NULL"),
        )

    op.drop_table("sfa_lead_touches")
    with op.batch_alter_table("sfa_lead_escalations", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_sfa_lead_escalations_lead_id_waiting_since_level",
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_lead_escalations_user_id_at",
            sqlite_where=sa.text("user_id IS NOT NULL"),
            postgresql_where=sa.text("user_id IS NOT NULL"),
        )

    op.drop_table("sfa_lead_escalations")
    with op.batch_alter_table("sfa_lead_conversions", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_sfa_lead_conversions_person_id",
            sqlite_where=sa.text("person_id IS NOT NULL"),
            postgresql_where=sa.text("person_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_lead_conversions_opportunity_id",
            sqlite_where=sa.text("opportunity_id IS NOT NULL"),
            postgresql_where=sa.text("opportunity_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_sfa_lead_conversions_lead_id_state")
        batch_op.drop_index(
            "ix_sfa_lead_conversions_customer_id",
            sqlite_where=sa.text("customer_id IS NOT NULL"),
            postgresql_where=sa.text("customer_id IS NOT NULL"),
        )

    op.drop_table("sfa_lead_conversions")
    with op.batch_alter_table("sfa_dealer_offers", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_sfa_dealer_offers_open_key",
            sqlite_where=sa.text("deleted_at IS NULL AND open_key != ''"),
            postgresql_where=sa.text("deleted_at IS NULL AND open_key != ''"),
        )
        batch_op.drop_index(
            "ix_sfa_dealer_offers_team_id",
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_sfa_dealer_offers_state_expires_at")
        batch_op.drop_index(
            "ix_sfa_dealer_offers_sent_by_id",
            sqlite_where=sa.text("sent_by_id IS NOT NULL"),
            postgresql_where=sa.text("sent_by_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_dealer_offers_owner_id",
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_dealer_offers_opportunity_id",
            sqlite_where=sa.text("opportunity_id IS NOT NULL"),
            postgresql_where=sa.text("opportunity_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_dealer_offers_lead_id",
            sqlite_where=sa.text("lead_id IS NOT NULL"),
            postgresql_where=sa.text("lead_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_sfa_dealer_offers_dealer_id_state")
        batch_op.drop_index(
            "ix_sfa_dealer_offers_answered_by_id",
            sqlite_where=sa.text("answered_by_id IS NOT NULL"),
            postgresql_where=sa.text("answered_by_id IS NOT NULL"),
        )

    op.drop_table("sfa_dealer_offers")
    with op.batch_alter_table("sfa_deal_conflicts", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_sfa_deal_conflicts_registration_id_entity_record_id",
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_deal_conflicts_team_id",
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_sfa_deal_conflicts_record_id")
        batch_op.drop_index(
            "ix_sfa_deal_conflicts_owner_id",
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )

    op.drop_table("sfa_deal_conflicts")
    with op.batch_alter_table("sfa_assignments", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_sfa_assignments_user_id",
            sqlite_where=sa.text("user_id IS NOT NULL"),
            postgresql_where=sa.text("user_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_assignments_territory_id",
            sqlite_where=sa.text("territory_id IS NOT NULL"),
            postgresql_where=sa.text("territory_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_assignments_rule_id",
            sqlite_where=sa.text("rule_id IS NOT NULL"),
            postgresql_where=sa.text("rule_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_sfa_assignments_lead_id_at")
        batch_op.drop_index(
            "ix_sfa_assignments_before_id",
            sqlite_where=sa.text("before_id IS NOT NULL"),
            postgresql_where=sa.text("before_id IS NOT NULL"),
        )

    op.drop_table("sfa_assignments")
    with op.batch_alter_table("sfa_activities", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_sfa_activities_series_id_occurrence",
            sqlite_where=sa.text("deleted_at IS NULL AND occurrence != ''"),
            postgresql_where=sa.text("deleted_at IS NULL AND occurrence != ''"),
        )
        batch_op.drop_index(
            "uq_sfa_activities_calendar_id_uid_occurrence",
            sqlite_where=sa.text("deleted_at IS NULL AND uid != '' AND occurrence != ''"),
            postgresql_where=sa.text("deleted_at IS NULL AND uid != '' AND occurrence != ''"),
        )
        batch_op.drop_index("ix_sfa_activities_uid")
        batch_op.drop_index(
            "ix_sfa_activities_team_id",
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_activities_record_id",
            sqlite_where=sa.text("record_id IS NOT NULL"),
            postgresql_where=sa.text("record_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_activities_owner_id_status_starts_at",
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_activities_opportunity_id_status",
            sqlite_where=sa.text("opportunity_id IS NOT NULL"),
            postgresql_where=sa.text("opportunity_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_activities_lead_id_status",
            sqlite_where=sa.text("lead_id IS NOT NULL"),
            postgresql_where=sa.text("lead_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_activities_interaction_id",
            sqlite_where=sa.text("interaction_id IS NOT NULL"),
            postgresql_where=sa.text("interaction_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_activities_follows_id",
            sqlite_where=sa.text("follows_id IS NOT NULL"),
            postgresql_where=sa.text("follows_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_activities_customer_id",
            sqlite_where=sa.text("customer_id IS NOT NULL"),
            postgresql_where=sa.text("customer_id IS NOT NULL"),
        )

    op.drop_table("sfa_activities")
    with op.batch_alter_table("sfa_refunds", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_sfa_refunds_external_key",
            sqlite_where=sa.text("deleted_at IS NULL AND external_key != ''"),
            postgresql_where=sa.text("deleted_at IS NULL AND external_key != ''"),
        )
        batch_op.drop_index("ix_sfa_refunds_receipt_id_refunded_on")

    op.drop_table("sfa_refunds")
    with op.batch_alter_table("sfa_quotes", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_sfa_quotes_number_revision",
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_quotes_team_id",
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_quotes_supersedes_id",
            sqlite_where=sa.text("supersedes_id IS NOT NULL"),
            postgresql_where=sa.text("supersedes_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_sfa_quotes_status_valid_until")
        batch_op.drop_index(
            "ix_sfa_quotes_price_list_id",
            sqlite_where=sa.text("price_list_id IS NOT NULL"),
            postgresql_where=sa.text("price_list_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_quotes_owner_id",
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_quotes_opportunity_id",
            sqlite_where=sa.text("opportunity_id IS NOT NULL"),
            postgresql_where=sa.text("opportunity_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_sfa_quotes_customer_id")
        batch_op.drop_index(
            "ix_sfa_quotes_contact_id",
            sqlite_where=sa.text("contact_id IS NOT NULL"),
            postgresql_where=sa.text("contact_id IS NOT NULL"),
        )

    op.drop_table("sfa_quotes")
    with op.batch_alter_table("sfa_prices", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_sfa_prices_product_id_price_list_id_from_quantity_valid_from",
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.drop_index("ix_sfa_prices_price_list_id")

    op.drop_table("sfa_prices")
    with op.batch_alter_table("sfa_price_list_customers", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_sfa_price_list_customers_price_list_id_customer_id",
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.drop_index("ix_sfa_price_list_customers_customer_id")

    op.drop_table("sfa_price_list_customers")
    with op.batch_alter_table("sfa_opportunity_lines", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_sfa_opportunity_lines_product_id",
            sqlite_where=sa.text("product_id IS NOT NULL"),
            postgresql_where=sa.text("product_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_sfa_opportunity_lines_opportunity_id")

    op.drop_table("sfa_opportunity_lines")
    with op.batch_alter_table("sfa_opportunity_histories", schema=None) as batch_op:
        batch_op.drop_index("ix_sfa_opportunity_histories_valid_from")
        batch_op.drop_index(
            "ix_sfa_opportunity_histories_salesteam_id",
            sqlite_where=sa.text("salesteam_id IS NOT NULL"),
            postgresql_where=sa.text("salesteam_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_opportunity_histories_salesperson_id",
            sqlite_where=sa.text("salesperson_id IS NOT NULL"),
            postgresql_where=sa.text("salesperson_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_sfa_opportunity_histories_opportunity_id_valid_from")

    op.drop_table("sfa_opportunity_histories")
    with op.batch_alter_table("sfa_opportunity_contacts", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_sfa_opportunity_contacts_opportunity_id_customer_id_role",
            sqlite_where=sa.text("deleted_at IS NULL AND role != ''"),
            postgresql_where=sa.text("deleted_at IS NULL AND role != ''"),
        )
        batch_op.drop_index("ix_sfa_opportunity_contacts_customer_id")

    op.drop_table("sfa_opportunity_contacts")
    with op.batch_alter_table("sfa_leads", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_sfa_leads_team_id",
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_sfa_leads_status_owner_id")
        batch_op.drop_index(
            "ix_sfa_leads_product_id",
            sqlite_where=sa.text("product_id IS NOT NULL"),
            postgresql_where=sa.text("product_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_sfa_leads_phone_key")
        batch_op.drop_index(
            "ix_sfa_leads_owner_id",
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_leads_opportunity_id",
            sqlite_where=sa.text("opportunity_id IS NOT NULL"),
            postgresql_where=sa.text("opportunity_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_sfa_leads_email_key")
        batch_op.drop_index(
            "ix_sfa_leads_duplicate_of_id",
            sqlite_where=sa.text("duplicate_of_id IS NOT NULL"),
            postgresql_where=sa.text("duplicate_of_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_leads_customer_id",
            sqlite_where=sa.text("customer_id IS NOT NULL"),
            postgresql_where=sa.text("customer_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_leads_claim_id",
            sqlite_where=sa.text("claim_id IS NOT NULL"),
            postgresql_where=sa.text("claim_id IS NOT NULL"),
        )

    op.drop_table("sfa_leads")
    with op.batch_alter_table("sfa_inquiries", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_sfa_inquiries_number",
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_inquiries_team_id",
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_sfa_inquiries_status_due_on")
        batch_op.drop_index(
            "ix_sfa_inquiries_owner_id",
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_inquiries_opportunity_id",
            sqlite_where=sa.text("opportunity_id IS NOT NULL"),
            postgresql_where=sa.text("opportunity_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_inquiries_engineering_team_id",
            sqlite_where=sa.text("engineering_team_id IS NOT NULL"),
            postgresql_where=sa.text("engineering_team_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_inquiries_customer_id",
            sqlite_where=sa.text("customer_id IS NOT NULL"),
            postgresql_where=sa.text("customer_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_inquiries_assignee_id_status",
            sqlite_where=sa.text("assignee_id IS NOT NULL"),
            postgresql_where=sa.text("assignee_id IS NOT NULL"),
        )

    op.drop_table("sfa_inquiries")
    with op.batch_alter_table("sfa_deal_registrations", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_sfa_deal_registrations_team_id",
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_sfa_deal_registrations_state_protected_until")
        batch_op.drop_index(
            "ix_sfa_deal_registrations_product_id",
            sqlite_where=sa.text("product_id IS NOT NULL"),
            postgresql_where=sa.text("product_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_deal_registrations_owner_id",
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_deal_registrations_opportunity_id",
            sqlite_where=sa.text("opportunity_id IS NOT NULL"),
            postgresql_where=sa.text("opportunity_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_sfa_deal_registrations_email_key")
        batch_op.drop_index("ix_sfa_deal_registrations_domain")
        batch_op.drop_index(
            "ix_sfa_deal_registrations_decided_by_id",
            sqlite_where=sa.text("decided_by_id IS NOT NULL"),
            postgresql_where=sa.text("decided_by_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_sfa_deal_registrations_dealer_id_state")
        batch_op.drop_index(
            "ix_sfa_deal_registrations_customer_id",
            sqlite_where=sa.text("customer_id IS NOT NULL"),
            postgresql_where=sa.text("customer_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_sfa_deal_registrations_company_key")

    op.drop_table("sfa_deal_registrations")
    with op.batch_alter_table("sfa_competitors", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_sfa_competitors_opportunity_id_name",
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_competitors_customer_id",
            sqlite_where=sa.text("customer_id IS NOT NULL"),
            postgresql_where=sa.text("customer_id IS NOT NULL"),
        )

    op.drop_table("sfa_competitors")
    with op.batch_alter_table("sfa_big_deal_alerts", schema=None) as batch_op:
        batch_op.drop_index("ix_sfa_big_deal_alerts_opportunity_id")

    op.drop_table("sfa_big_deal_alerts")
    with op.batch_alter_table("sfa_account_reviews", schema=None) as batch_op:
        batch_op.drop_index("ix_sfa_account_reviews_plan_id")

    op.drop_table("sfa_account_reviews")
    with op.batch_alter_table("sfa_account_goals", schema=None) as batch_op:
        batch_op.drop_index("ix_sfa_account_goals_plan_id")

    op.drop_table("sfa_account_goals")
    with op.batch_alter_table("sfa_account_actions", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_sfa_account_actions_user_id_due_on",
            sqlite_where=sa.text("user_id IS NOT NULL"),
            postgresql_where=sa.text("user_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_sfa_account_actions_plan_id")

    op.drop_table("sfa_account_actions")
    with op.batch_alter_table("sfa_territory_members", schema=None) as batch_op:
        batch_op.drop_index("ix_sfa_territory_members_user_id")
        batch_op.drop_index("ix_sfa_territory_members_territory_id")

    op.drop_table("sfa_territory_members")
    with op.batch_alter_table("sfa_targets", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_sfa_targets_user_id",
            sqlite_where=sa.text("user_id IS NOT NULL"),
            postgresql_where=sa.text("user_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_targets_territory_id",
            sqlite_where=sa.text("territory_id IS NOT NULL"),
            postgresql_where=sa.text("territory_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_targets_team_id",
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_targets_product_id",
            sqlite_where=sa.text("product_id IS NOT NULL"),
            postgresql_where=sa.text("product_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_sfa_targets_period_start_period_kind")
        batch_op.drop_index(
            "ix_sfa_targets_owner_id",
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_targets_for_team_id",
            sqlite_where=sa.text("for_team_id IS NOT NULL"),
            postgresql_where=sa.text("for_team_id IS NOT NULL"),
        )

    op.drop_table("sfa_targets")
    with op.batch_alter_table("sfa_scorecard_results", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_sfa_scorecard_results_scorecard_id_customer_id_star_300a8ed2",
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.drop_index("ix_sfa_scorecard_results_customer_id_starts_on")

    op.drop_table("sfa_scorecard_results")
    with op.batch_alter_table("sfa_receipts", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_sfa_receipts_external_key",
            sqlite_where=sa.text("deleted_at IS NULL AND external_key != ''"),
            postgresql_where=sa.text("deleted_at IS NULL AND external_key != ''"),
        )
        batch_op.drop_index(
            "ix_sfa_receipts_team_id",
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_receipts_received_on",
            sqlite_where=sa.text("received_on IS NOT NULL"),
            postgresql_where=sa.text("received_on IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_receipts_owner_id",
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_sfa_receipts_customer_id_received_on")

    op.drop_table("sfa_receipts")
    with op.batch_alter_table("sfa_price_lists", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_sfa_price_lists_name_currency",
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_price_lists_team_id",
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_price_lists_segment_id",
            sqlite_where=sa.text("segment_id IS NOT NULL"),
            postgresql_where=sa.text("segment_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_price_lists_owner_id",
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )

    op.drop_table("sfa_price_lists")
    with op.batch_alter_table("sfa_opportunities", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_sfa_opportunities_team_id",
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_opportunities_product_id",
            sqlite_where=sa.text("product_id IS NOT NULL"),
            postgresql_where=sa.text("product_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_sfa_opportunities_pipeline_stage")
        batch_op.drop_index(
            "ix_sfa_opportunities_owner_id",
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_opportunities_customer_id_category",
            sqlite_where=sa.text("customer_id IS NOT NULL"),
            postgresql_where=sa.text("customer_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_sfa_opportunities_category_close_on")

    op.drop_table("sfa_opportunities")
    with op.batch_alter_table("sfa_dealers", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_sfa_dealers_customer_id",
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_dealers_team_id",
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_dealers_owner_id",
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_dealers_manager_id",
            sqlite_where=sa.text("manager_id IS NOT NULL"),
            postgresql_where=sa.text("manager_id IS NOT NULL"),
        )

    op.drop_table("sfa_dealers")
    with op.batch_alter_table("sfa_assignment_members", schema=None) as batch_op:
        batch_op.drop_index("ix_sfa_assignment_members_user_id")
        batch_op.drop_index("ix_sfa_assignment_members_rule_id")

    op.drop_table("sfa_assignment_members")
    with op.batch_alter_table("sfa_account_plans", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_sfa_account_plans_team_id",
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_sfa_account_plans_state_review_on")
        batch_op.drop_index(
            "ix_sfa_account_plans_owner_id",
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_sfa_account_plans_customer_id_starts_on")

    op.drop_table("sfa_account_plans")
    with op.batch_alter_table("sfa_account_members", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_sfa_account_members_customer_id_user_id_role_starts_on",
            sqlite_where=sa.text("deleted_at IS NULL AND role != ''"),
            postgresql_where=sa.text("deleted_at IS NULL AND role != ''"),
        )
        batch_op.drop_index("ix_sfa_account_members_user_id")

    op.drop_table("sfa_account_members")
    with op.batch_alter_table("sfa_territories", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_sfa_territories_name",
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_territories_team_id",
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_territories_parent_id",
            sqlite_where=sa.text("parent_id IS NOT NULL"),
            postgresql_where=sa.text("parent_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_territories_owner_id",
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )

    op.drop_table("sfa_territories")
    with op.batch_alter_table("sfa_tax_rates", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_sfa_tax_rates_country_category_valid_from",
            sqlite_where=sa.text("deleted_at IS NULL AND country != '' AND category != ''"),
            postgresql_where=sa.text("deleted_at IS NULL AND country != '' AND category != ''"),
        )
        batch_op.drop_index(
            "ix_sfa_tax_rates_team_id",
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_tax_rates_owner_id",
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )

    op.drop_table("sfa_tax_rates")
    with op.batch_alter_table("sfa_stage_win_rates", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_sfa_stage_win_rates_pipeline_stage",
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_stage_win_rates_team_id",
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_stage_win_rates_owner_id",
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )

    op.drop_table("sfa_stage_win_rates")
    with op.batch_alter_table("sfa_scorecards", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_sfa_scorecards_name",
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_scorecards_team_id",
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_scorecards_owner_id",
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )

    op.drop_table("sfa_scorecards")
    with op.batch_alter_table("sfa_forecast_submissions", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_sfa_forecast_submissions_user_id",
            sqlite_where=sa.text("user_id IS NOT NULL"),
            postgresql_where=sa.text("user_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_forecast_submissions_team_id",
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_sfa_forecast_submissions_period_start_period_kind")
        batch_op.drop_index(
            "ix_sfa_forecast_submissions_owner_id",
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_forecast_submissions_for_team_id",
            sqlite_where=sa.text("for_team_id IS NOT NULL"),
            postgresql_where=sa.text("for_team_id IS NOT NULL"),
        )

    op.drop_table("sfa_forecast_submissions")
    with op.batch_alter_table("sfa_forecast_adjustments", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_sfa_forecast_adjustments_user_id",
            sqlite_where=sa.text("user_id IS NOT NULL"),
            postgresql_where=sa.text("user_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_forecast_adjustments_team_id",
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_sfa_forecast_adjustments_period_start_period_kind")
        batch_op.drop_index(
            "ix_sfa_forecast_adjustments_owner_id",
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_forecast_adjustments_for_team_id",
            sqlite_where=sa.text("for_team_id IS NOT NULL"),
            postgresql_where=sa.text("for_team_id IS NOT NULL"),
        )

    op.drop_table("sfa_forecast_adjustments")
    with op.batch_alter_table("sfa_calendar_feeds", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_sfa_calendar_feeds_token_hash",
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_calendar_feeds_user_id",
            sqlite_where=sa.text("user_id IS NOT NULL"),
            postgresql_where=sa.text("user_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_calendar_feeds_team_id",
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_calendar_feeds_owner_id",
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )

    op.drop_table("sfa_calendar_feeds")
    with op.batch_alter_table("sfa_assignment_turns", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_sfa_assignment_turns_name",
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_assignment_turns_team_id",
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_assignment_turns_owner_id",
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )

    op.drop_table("sfa_assignment_turns")
    with op.batch_alter_table("sfa_assignment_rules", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_sfa_assignment_rules_name",
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_assignment_rules_to_team_id",
            sqlite_where=sa.text("to_team_id IS NOT NULL"),
            postgresql_where=sa.text("to_team_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_assignment_rules_team_id",
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_assignment_rules_owner_id",
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )

    op.drop_table("sfa_assignment_rules")
    with op.batch_alter_table("sfa_assignees", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_sfa_assignees_user_id",
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_assignees_team_id",
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_assignees_owner_id",
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )

    op.drop_table("sfa_assignees")
    with op.batch_alter_table("sfa_absences", schema=None) as batch_op:
        batch_op.drop_index("ix_sfa_absences_user_id_ends_on")
        batch_op.drop_index(
            "ix_sfa_absences_team_id",
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_sfa_absences_owner_id",
            sqlite_where=sa.text("owner_id IS NOT NULL"),
            postgresql_where=sa.text("owner_id IS NOT NULL"),
        )

    op.drop_table("sfa_absences")
