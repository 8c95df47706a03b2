"""The core's Alembic migrations."""
