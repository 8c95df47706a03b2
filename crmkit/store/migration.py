"""Creating and upgrading the schema: Alembic for the core's tables, schema difference for those of plugins and installations.

Nothing migrates at load. A fresh database is created from the metadata and stamped; a test holds that equal to an upgrade
from the first migration on.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import attrs
import sqlalchemy as sa

from crmkit.core.entities import CORE_ENTITIES
from crmkit.core.entity import entity_info
from crmkit.core.errors import SchemaOutdated
from crmkit.core.fieldtypes import Kind
from crmkit.core.messages import msg
from crmkit.core.values.partial_date import PartialDate
from crmkit.store.database import Database
from crmkit.store.faults import faults_translated
from crmkit.store.planner_hints import advise_planner
from crmkit.store.search.tables import prepare_search
from crmkit.store.tenant_wall import EVERY_TENANT, raise_wall, standing, walled
from crmkit.store.types import StoredType

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
    with database.connection(reads=True, tenant=EVERY_TENANT) as connection:
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
    if database.in_memory and database.blueprint.image is not None:
        _restore(database, database.blueprint.image)
        return
    found = schema_state(database)
    if found.state == "foreign":
        raise SchemaOutdated(
            msg("the database has tables of other origin with our names: {names}", names=", ".join(found.steps))
        )
    if found.state != "empty":
        raise SchemaOutdated(msg("the database has a schema already; use crmkit db upgrade"))
    with database.connection(tenant=EVERY_TENANT) as connection, faults_translated():
        prepare_functions(connection)
        database.metadata.create_all(connection)
        prepare_search(connection)
        raise_wall(connection, walled(database.metadata))
        advise_planner(connection, database.metadata)
        _stamp(connection, found.head)
        connection.commit()
        if database.in_memory:
            driver: Any = connection.connection.driver_connection
            database.blueprint.image = driver.serialize()


def _restore(database: Database, image: bytes) -> None:
    """Make a database in memory a copy of one that was just created. Raises SchemaOutdated when it is not empty."""
    with database.connection(tenant=EVERY_TENANT) as connection, faults_translated():
        connection.rollback()
        driver: Any = connection.connection.driver_connection
        if driver.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise SchemaOutdated(msg("the database has a schema already; use crmkit db upgrade"))
        driver.deserialize(image)


def upgrade_schema(database: Database) -> SchemaState:
    """Bring the schema to what the application needs, in one transaction; returns the state before."""
    found = schema_state(database)
    if found.state == "empty":
        create_schema(database)
        return found
    if found.state in ("foreign", "newer"):
        raise SchemaOutdated(describe(found))
    with database.connection(tenant=EVERY_TENANT) as connection, faults_translated():
        if database.dialect == "sqlite":
            # Batch alter recreates tables; with foreign keys on that would delete cascading children silently.
            connection.rollback()
            connection.connection.cursor().execute("PRAGMA foreign_keys = OFF")
        try:
            _migrate(connection, found.head)
            for _, action in _differences(connection, database):
                action(connection)
            raise_wall(connection, walled(database.metadata))
            if database.dialect == "sqlite":
                broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
                if broken:
                    raise SchemaOutdated(
                        msg("the upgrade would break {count} references; nothing was changed", count=len(broken))
                    )
            advise_planner(connection, database.metadata)
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
    with database.connection(tenant=EVERY_TENANT) as connection, faults_translated():
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
        return msg(
            "the database was made by a newer crmkit (schema {revision}); upgrade this installation",
            revision=found.revision,
        )
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
        "rights_versions",
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
    if connection.dialect.name == "postgresql":
        open_ = walled(database.metadata).keys() & names - standing(connection)
        found += [(f"secure table {name}", lambda _: None) for name in sorted(open_)]
    for table in database.metadata.sorted_tables:
        if table.name in core:
            continue
        if table.name not in names:
            found.append((f"create table {table.name}", _creator(table)))
            continue
        known = {column["name"] for column in inspector.get_columns(table.name)}
        for column in table.columns:
            if column.name not in known:
                found.append((f"add column {table.name}.{column.name}", _adder(database, table, column)))
        indexes = {index["name"] for index in inspector.get_indexes(table.name)}
        for index in table.indexes:
            if index.name not in indexes:
                found.append((f"add index {index.name}", index.create))
    return found


def _creator(table: sa.Table) -> Any:
    return lambda connection: table.create(connection)


def _adder(database: Database, table: sa.Table, column: sa.Column[Any]) -> Any:
    def add(connection: sa.Connection) -> None:
        kind = column.type.compile(connection.dialect)
        filled = "" if column.nullable else f" NOT NULL DEFAULT {_filling(database, table, column, connection)}"
        # Without parameters, so that the driver leaves percent signs in a default alone.
        connection.connection.cursor().execute(
            f'ALTER TABLE "{table.name}" ADD COLUMN "{column.name}" {kind}{filled}{_reference(column)}'
        )

    return add


def _reference(column: sa.Column[Any]) -> str:
    for key in column.foreign_keys:
        late = " DEFERRABLE INITIALLY DEFERRED" if key.constraint is not None and key.constraint.deferrable else ""
        name = key.constraint.name if key.constraint is not None else ""
        return f' CONSTRAINT "{name}" REFERENCES "{key.column.table.name}" ("{key.column.name}"){late}'
    return ""


def _filling(database: Database, table: sa.Table, column: sa.Column[Any], connection: sa.Connection) -> str:
    """Return, as SQL, what existing records get in a new column. Raises SchemaOutdated when nobody can say."""
    info = next(info for info in database.registry if info.plural == table.name)
    field = info.field(column.name)
    if field.required and connection.scalar(sa.select(sa.literal(1)).select_from(table).limit(1)):
        raise SchemaOutdated(
            msg(
                "{entity}.{field} is required, and there are records without it: give it a default",
                entity=info.name,
                field=field.name,
            )
        )
    value = _FILLINGS[field.kind] if field.default is None else field.default
    convert = column.type.to_driver(database.dialect) if isinstance(column.type, StoredType) else None
    driven = value if convert is None else convert(value)
    if isinstance(driven, bytes):
        return f"X'{driven.hex()}'"
    if isinstance(driven, bool) and database.dialect == "sqlite":
        driven = int(driven)
    if isinstance(driven, bool | int | Decimal):
        return str(driven).lower()
    return "'" + str(driven).replace("'", "''") + "'"


_FILLINGS: dict[Kind, Any] = {
    Kind.TEXT: "",
    Kind.INTEGER: 0,
    Kind.BOOLEAN: False,
    Kind.DECIMAL: Decimal(0),
    Kind.DATE: date.min,
    Kind.PARTIAL_DATE: PartialDate(year=1),
    Kind.INSTANT: datetime(1970, 1, 1, tzinfo=UTC),
    Kind.ID: UUID(int=0),
    Kind.WORDS: (),
    Kind.JSON: {},
}


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
