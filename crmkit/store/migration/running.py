"""Changing a schema: one real transaction for all of it, and Alembic for the migrations in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import sqlalchemy as sa

from crmkit.core.errors import CrmError, SchemaOutdated
from crmkit.core.messages import msg, shown
from crmkit.store.database import Database
from crmkit.store.faults import faults_translated, translate
from crmkit.store.migration.owners import Owner
from crmkit.store.tenant_wall import EVERY_TENANT

Direction = Literal["upgrade", "downgrade"]

_LOCK = 0x63726D6B6974
"""The number of PostgreSQL's advisory lock that lets one process at a time change the schema."""


@contextmanager
def changing(database: Database) -> Iterator[sa.Connection]:
    """Give a connection in a transaction that is committed at the end, or leaves everything as it was.

    On SQLite foreign keys are off meanwhile and checked before the commit: a batch alter makes tables anew, which would
    delete cascading children silently. Raises SchemaOutdated when references would be left that lead nowhere.
    """
    sqlite = database.dialect == "sqlite"
    with database.connection(tenant=EVERY_TENANT) as connection, faults_translated():
        if sqlite:
            connection.rollback()
            connection.connection.cursor().execute("PRAGMA foreign_keys = OFF")
        try:
            if not connection.in_transaction():
                connection.begin()
            if not sqlite:
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
            yield connection
            if sqlite:
                broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
                if broken:
                    raise SchemaOutdated(
                        msg(
                            "this would break {count} references of {tables}; nothing was changed",
                            count=len(broken),
                            tables=", ".join(sorted({str(row[0]) for row in broken})),
                        )
                    )
            connection.commit()
        finally:
            if sqlite:
                connection.rollback()
                connection.connection.cursor().execute("PRAGMA foreign_keys = ON")


def run_revision(connection: sa.Connection, owner: Owner, revision: str, direction: Direction = "upgrade") -> None:
    """Run one revision, whose turn it is, forwards or backwards, and note in the version table where the database is then.

    Raises SchemaOutdated when it fails; the caller's transaction is to be rolled back.
    """
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    config = alembic_config(owner)
    script = ScriptDirectory.from_config(config)

    def steps(current: Any, _: Any) -> Any:
        if direction == "upgrade":
            return script._upgrade_revs(revision, current)
        return script._downgrade_revs(_before(owner, revision), current)

    try:
        with EnvironmentContext(config, script, fn=steps) as context:
            context.configure(
                connection=connection,
                version_table=owner.version_table,
                render_as_batch=True,
                transaction_per_migration=False,
                transactional_ddl=True,
            )
            context.run_migrations()
    except CrmError:
        raise
    except Exception as error:
        raise _failed(owner, revision, error) from error


def stamp(connection: sa.Connection, owner: Owner, revision: str) -> None:
    """Note that the database is at a revision; empty: at none."""
    table = owner.version_table
    connection.exec_driver_sql(
        f'CREATE TABLE IF NOT EXISTS "{table}" '
        f'(version_num VARCHAR(32) NOT NULL, CONSTRAINT "{table}_pkc" PRIMARY KEY (version_num))'
    )
    connection.exec_driver_sql(f'DELETE FROM "{table}"')
    if revision:
        connection.execute(sa.text(f'INSERT INTO "{table}" (version_num) VALUES (:revision)'), {"revision": revision})


def prepare_functions(connection: sa.Connection) -> None:
    """Create the SQL functions that filters use on PostgreSQL."""
    if connection.dialect.name == "postgresql":
        from crmkit.store.filters import POSTGRES_FUNCTIONS

        cursor = connection.connection.cursor()
        for statement in POSTGRES_FUNCTIONS:
            # Without parameters, so that the driver leaves percent signs alone.
            cursor.execute(statement)


def alembic_config(owner: Owner) -> Any:
    """Return Alembic's configuration for the migrations of ``owner``."""
    from alembic.config import Config

    assert owner.folder is not None
    versions = owner.folder / "versions"
    config = Config()
    config.set_main_option("script_location", str(owner.folder).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(versions if versions.is_dir() else owner.folder).replace("%", "%%"))
    return config


def _before(owner: Owner, revision: str) -> str:
    follows = next(one.follows for one in owner.revisions if one.id == revision)
    return follows[0] if follows else "base"


def _failed(owner: Owner, revision: str, error: Exception) -> CrmError:
    fault = translate(error)
    if isinstance(fault, CrmError):
        return fault
    reason = shown(" ".join(str(fault).split()) or type(fault).__name__, 300)
    return SchemaOutdated(
        msg(
            "revision {revision} of {owner} failed: {reason}; nothing was changed",
            revision=revision,
            owner=owner.name,
            reason=reason,
        )
    )
