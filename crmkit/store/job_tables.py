"""Tables of background work: jobs and their done steps, how far schedules have come, and the workers that live."""

from __future__ import annotations

import sqlalchemy as sa

from crmkit.store.partial_indexes import only_where
from crmkit.store.types import Id, Instant, text_type

JOB_TABLES = ("background_jobs", "background_steps", "background_schedules", "background_workers")


def add_job_tables(metadata: sa.MetaData) -> None:
    """Add the tables of background work to ``metadata``."""
    jobs = sa.Table(
        "background_jobs",
        metadata,
        # Of a time, so that their order is that of enqueueing.
        sa.Column("id", Id(), primary_key=True),
        sa.Column("tenant_id", Id(), nullable=False),
        sa.Column("plugin", text_type(100), nullable=False),
        sa.Column("name", text_type(200), nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("key", text_type(300)),
        sa.Column("state", text_type(20), nullable=False),
        sa.Column("run_at", Instant(), nullable=False),
        sa.Column("due_at", Instant()),
        # Attempts that failed; starts, by which a start that was given up is known; times that its worker died.
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("starts", sa.Integer, nullable=False),
        sa.Column("losses", sa.Integer, nullable=False),
        # How often it was handed to the engine: part of the name it has there.
        sa.Column("dispatch", sa.Integer, nullable=False),
        sa.Column("worker", text_type(200), nullable=False),
        sa.Column("enqueued_at", Instant(), nullable=False),
        sa.Column("moved_at", Instant()),
        sa.Column("started_at", Instant()),
        sa.Column("ended_at", Instant()),
        # Who enqueued it, on whose behalf, by which plugin, and what event caused it.
        sa.Column("actor", text_type(200), nullable=False),
        sa.Column("user_id", Id()),
        sa.Column("deputy_id", Id()),
        # What its rights end at beside the roles, as JSON; null: nothing.
        sa.Column("ceiling", sa.Text),
        sa.Column("enqueued_by", text_type(100), nullable=False),
        sa.Column("cause_id", Id()),
        sa.Column("chain", sa.Text, nullable=False),
        sa.Column("progress_done", sa.BigInteger),
        sa.Column("progress_total", sa.BigInteger),
        sa.Column("progress_note", text_type(500), nullable=False),
        sa.Column("error", sa.Text, nullable=False),
    )
    keyed, open_ = jobs.c.key.is_not(None), jobs.c.state.in_(("waiting", "queued", "running"))
    sa.Index("uq_background_jobs_key", jobs.c.tenant_id, jobs.c.key, unique=True, **only_where(metadata, keyed))
    # What is done is many times what is not.
    sa.Index(
        "ix_background_jobs_open",
        jobs.c.tenant_id,
        jobs.c.state,
        jobs.c.run_at,
        **only_where(metadata, open_),
    )
    sa.Index("ix_background_jobs_state", jobs.c.tenant_id, jobs.c.state, jobs.c.ended_at)
    sa.Table(
        "background_steps",
        metadata,
        sa.Column("job_id", Id(), primary_key=True),
        sa.Column("name", text_type(200), primary_key=True),
        sa.Column("tenant_id", Id(), nullable=False),
        sa.Column("result", sa.Text, nullable=False),
        sa.Column("done_at", Instant(), nullable=False),
    )
    sa.Table(
        "background_schedules",
        metadata,
        sa.Column("tenant_id", Id(), primary_key=True),
        sa.Column("name", text_type(200), primary_key=True),
        # Up to when everything that was due has been enqueued, and when that was last.
        sa.Column("looked_at", Instant(), nullable=False),
        sa.Column("last_due", Instant()),
    )
    sa.Table(
        "background_workers",
        metadata,
        sa.Column("tenant_id", Id(), primary_key=True),
        sa.Column("id", text_type(200), primary_key=True),
        sa.Column("host", text_type(200), nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("state", text_type(20), nullable=False),
        sa.Column("slots", sa.Integer, nullable=False),
        sa.Column("hanging", sa.Integer, nullable=False),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("seen_at", Instant(), nullable=False),
    )
