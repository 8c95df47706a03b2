"""Creating and upgrading the schema: Alembic for the core's tables, schema difference for those of plugins and installations.

Nothing migrates at load. A fresh database is created from the metadata and stamped; a test holds that equal to an upgrade
from the first migration on.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import attrs
import sqlalchemy as sa

from crmkit.core.entities import CORE_ENTITIES
from crmkit.core.entity import entity_info
from crmkit.core.errors import SchemaOutdated
from crmkit.core.messages import msg
from crmkit.store.database import Database
from crmkit.store.faults import faults_translated

VERSION_TABLE = "crmkit_schema_version"
FOLDER = Path(__file__).parent / "migrations"

State = Literal["empty", "current", "outdated", "newer", "foreign"]


@attrs.frozen
class SchemaState:
    """How a database stands to this installation. ``steps`` says in words what an upgrade would do."""

    state: State
    revision: str | None
    head: str
    steps: tuple[str, ...] = ()


def schema_state(database: Database) -> SchemaState:
    """Return how the database's schema stands to the application's entities."""
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    script = ScriptDirectory.from_config(_config())
    head = script.get_current_head() or ""
    with database.connection(reads=True) as connection:
        names = set(sa.inspect(connection).get_table_names())
        options = {"version_table": VERSION_TABLE}
        revision = MigrationContext.configure(connection, opts=options).get_current_revision()
        if revision is None:
            occupied = sorted(names & set(database.metadata.tables))
            if occupied:
                return SchemaState("foreign", None, head, tuple(occupied))
            return SchemaState("empty", None, head, ("create all tables",))
        known = {item.revision for item in script.walk_revisions()}
        if revision not in known:
            return SchemaState("newer", revision, head)
        steps = [f"migrate to {item.revision}" for item in reversed(list(script.iterate_revisions(head, revision)))]
        steps += [description for description, _ in _differences(connection, database)]
    return SchemaState("outdated" if steps else "current", revision, head, tuple(steps))


def create_schema(database: Database) -> None:
    """Create every table in an empty database and stamp it as current. Raises SchemaOutdated when it is not empty."""
    found = schema_state(database)
    if found.state == "foreign":
        raise SchemaOutdated(
            msg("the database has tables of other origin with our names: {names}", names=", ".join(found.steps))
        )
    if found.state != "empty":
        raise SchemaOutdated(msg("the database has a schema already; use crmkit db upgrade"))
    with database.connection() as connection, faults_translated():
        prepare_functions(connection)
        database.metadata.create_all(connection)
        _stamp(connection, found.head)
        connection.commit()


def upgrade_schema(database: Database) -> SchemaState:
    """Bring the schema to what the application needs, in one transaction; returns the state before."""
    found = schema_state(database)
    if found.state == "empty":
        create_schema(database)
        return found
    if found.state in ("foreign", "newer"):
        raise SchemaOutdated(describe(found))
    with database.connection() as connection, faults_translated():
        if database.dialect == "sqlite":
            # Batch alter recreates tables; with foreign keys on that would delete cascading children silently.
            connection.rollback()
            connection.connection.cursor().execute("PRAGMA foreign_keys = OFF")
        try:
            _migrate(connection, found.head)
            for _, action in _differences(connection, database):
                action(connection)
            if database.dialect == "sqlite":
                broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
                if broken:
                    raise SchemaOutdated(msg("the upgrade would break {count} references; nothing was changed", count=len(broken)))
            connection.commit()
        finally:
            if database.dialect == "sqlite":
                connection.rollback()
                connection.connection.cursor().execute("PRAGMA foreign_keys = ON")
    return found


def run_revisions(database: Database) -> str | None:
    """Build the core's tables in an empty database by running every migration; returns the last revision, if any."""
    from alembic.script import ScriptDirectory

    head = ScriptDirectory.from_config(_config()).get_current_head()
    with database.connection() as connection, faults_translated():
        _migrate(connection, head)
        connection.commit()
    return head


def _migrate(connection: sa.Connection, head: str | None) -> None:
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    script = ScriptDirectory.from_config(_config())
    if head is None:
        return
    with EnvironmentContext(_config(), script, fn=lambda revision, _: script._upgrade_revs(head, revision)) as context:
        context.configure(
            connection=connection, version_table=VERSION_TABLE, render_as_batch=True, transaction_per_migration=False
        )
        context.run_migrations()


def describe(found: SchemaState) -> Any:
    """Return what to tell a person who opens a database in this state."""
    if found.state == "empty":
        return msg("the database is empty; create it with: crmkit db create")
    if found.state == "newer":
        return msg("the database was made by a newer crmkit (schema {revision}); upgrade this installation", revision=found.revision)
    if found.state == "foreign":
        return msg("the database has tables of other origin with our names: {names}", names=", ".join(found.steps))
    return msg("the database needs an upgrade ({steps}); run: crmkit db upgrade", steps="; ".join(found.steps))


def prepare_functions(connection: sa.Connection) -> None:
    """Create the SQL functions that filters use on PostgreSQL."""
    if connection.dialect.name == "postgresql":
        from crmkit.store.filters import POSTGRES_FUNCTIONS

        cursor = connection.connection.cursor()
        for statement in POSTGRES_FUNCTIONS:
            # Without parameters, so that the driver leaves percent signs alone.
            cursor.execute(statement)


def _core_tables() -> set[str]:
    return {entity_info(cls).plural for cls in CORE_ENTITIES} | {
        "tenants",
        "command_results",
        "event_cursors",
        "parked_events",
        "audit_links",
        "audit_seals",
    }


def _differences(connection: sa.Connection, database: Database) -> Sequence[tuple[str, Any]]:
    """Return what tables of plugins and installations lack: whole tables, columns, indexes. Nothing is ever dropped."""
    inspector = sa.inspect(connection)
    names = set(inspector.get_table_names())
    core = _core_tables()
    found: list[tuple[str, Any]] = []
    for table in database.metadata.sorted_tables:
        if table.name in core:
            continue
        if table.name not in names:
            found.append((f"create table {table.name}", _creator(table)))
            continue
        known = {column["name"] for column in inspector.get_columns(table.name)}
        for column in table.columns:
            if column.name not in known:
                found.append((f"add column {table.name}.{column.name}", _adder(table, column)))
        indexes = {index["name"] for index in inspector.get_indexes(table.name)}
        for index in table.indexes:
            if index.name not in indexes:
                found.append((f"add index {index.name}", index.create))
    return found


def _creator(table: sa.Table) -> Any:
    return lambda connection: table.create(connection)


def _adder(table: sa.Table, column: sa.Column[Any]) -> Any:
    def add(connection: sa.Connection) -> None:
        kind = column.type.compile(connection.dialect)
        filled = "" if column.nullable else f" NOT NULL DEFAULT {_empty(column)}"
        connection.exec_driver_sql(f'ALTER TABLE "{table.name}" ADD COLUMN "{column.name}" {kind}{filled}')

    return add


def _empty(column: sa.Column[Any]) -> str:
    affinity = column.type._type_affinity
    return "''" if affinity in (sa.String, sa.Text) else "0"


def _stamp(connection: sa.Connection, head: str) -> None:
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    context.stamp(ScriptDirectory.from_config(_config()), head)


def _config() -> Any:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("path_separator", "os")
    return config
