"""Creating, upgrading and downgrading the schema. Nothing migrates when a database is opened.

A fresh database is created from the metadata and stamped; a test holds that equal to an upgrade from the first
migration on. An upgrade or downgrade is one transaction: it is done, or everything is as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

from crmkit.core.errors import BadInput, SchemaOutdated, did_you_mean
from crmkit.core.messages import msg, shown
from crmkit.store.database import Database
from crmkit.store.faults import faults_translated
from crmkit.store.migration.columns import record_columns
from crmkit.store.migration.facts import read_facts, record_tables
from crmkit.store.migration.kept_scripts import keep, kept_script, noted, run
from crmkit.store.migration.owners import CORE, Owner, with_core
from crmkit.store.migration.planning import describe, migration_step, planned, schema_state
from crmkit.store.migration.running import changing, prepare_functions, run_revision, stamp
from crmkit.store.migration.steps import SchemaState, Step
from crmkit.store.planner_hints import advise_planner
from crmkit.store.search.tables import prepare_search
from crmkit.store.tenant_wall import EVERY_TENANT, raise_wall, walled

Confirm = Callable[[SchemaState], bool]
"""Asked before anything is done; False leaves everything as it is."""


def create_schema(database: Database, owners: Sequence[Owner] = ()) -> None:
    """Create every table in an empty database and stamp it as current. Raises SchemaOutdated when it is not empty."""
    if database.in_memory and database.blueprint.image is not None:
        _restore(database, database.blueprint.image)
        return
    found = schema_state(database, owners)
    if found.state == "foreign":
        raise SchemaOutdated(describe(found))
    if found.state != "empty":
        raise SchemaOutdated(msg("the database has a schema already; use crmkit db upgrade"))
    key, script = kept_script(database, owners) if database.dialect == "sqlite" else ("", ())
    with database.connection(tenant=EVERY_TENANT) as connection, faults_translated():
        if not key:
            _create(connection, database, owners)
        elif not run(connection, script):
            with noted(connection) as statements:
                _create(connection, database, owners)
            keep(key, statements)
        connection.commit()
        if database.in_memory:
            driver: Any = connection.connection.driver_connection
            database.blueprint.image = driver.serialize()


def _create(connection: sa.Connection, database: Database, owners: Sequence[Owner]) -> None:
    prepare_functions(connection)
    # None of them is there: somebody has looked.
    database.metadata.create_all(connection, checkfirst=False)
    prepare_search(connection)
    raise_wall(connection, walled(database.metadata))
    advise_planner(connection, database.metadata)
    for owner in with_core(owners):
        if owner.revisions:
            stamp(connection, owner, owner.head)
    record_tables(connection, database, owners)
    record_columns(connection, database)


def upgrade_schema(database: Database, owners: Sequence[Owner] = (), confirm: Confirm | None = None) -> SchemaState:
    """Bring the schema to what the application needs, in one transaction; returns the state before.

    Columns of custom fields are added empty; ``fill_columns`` fills them. Raises SchemaOutdated when the database is of
    other origin or newer, or a step fails, and Refused when ``confirm`` says no.
    """
    found = schema_state(database, owners)
    if found.state == "empty":
        create_schema(database, owners)
        return found
    if found.state in ("foreign", "newer"):
        raise SchemaOutdated(describe(found))
    if confirm is not None and not confirm(found):
        return found
    with changing(database) as connection:
        # Somebody else may have been first, while this one waited for the lock.
        found = planned(connection, database, owners)
        if found.state in ("foreign", "newer"):
            raise SchemaOutdated(describe(found))
        for step in found.plan:
            if step.run is not None:
                step.run(connection)
        raise_wall(connection, walled(database.metadata))
        _forget_missing(connection, database)
        record_tables(connection, database, owners)
        advise_planner(connection, database.metadata)
    return found


def downgrade_steps(database: Database, owners: Sequence[Owner], name: str, revision: str) -> tuple[Step, ...]:
    """Return what it would do to bring the core or a plugin back to a revision: ``base``, an id, or ``-1`` for one back.

    Raises BadInput for a name or revision that there is not.
    """
    owner = _owner(owners, name)
    with database.connection(reads=True, tenant=EVERY_TENANT) as connection:
        current = read_facts(connection, database).revision(owner)
    return tuple(migration_step(owner, one, "downgrade") for one in _back_to(owner, current, revision))


def downgrade_schema(database: Database, owners: Sequence[Owner], name: str, revision: str) -> tuple[Step, ...]:
    """Bring the core or a plugin back to a revision, in one transaction; returns what was done.

    Raises BadInput as ``downgrade_steps`` and SchemaOutdated when a step fails.
    """
    owner = _owner(owners, name)
    with changing(database) as connection:
        current = read_facts(connection, database).revision(owner)
        steps = tuple(migration_step(owner, one, "downgrade") for one in _back_to(owner, current, revision))
        for step in steps:
            if step.run is not None:
                step.run(connection)
        _forget_missing(connection, database)
        _forget_version(connection, database, name)
    return steps


def run_revisions(database: Database, owners: Sequence[Owner] = ()) -> str | None:
    """Build the tables in an empty database by running every migration; returns the core's last revision, if any.

    Tables of owners without migrations are not made.
    """
    with changing(database) as connection:
        for owner in with_core(owners):
            for revision in owner.revisions:
                run_revision(connection, owner, revision.id)
        raise_wall(
            connection, {name: open_ for name, open_ in walled(database.metadata).items() if _there(connection, name)}
        )
    return CORE.head or None


def _there(connection: sa.Connection, table: str) -> bool:
    return sa.inspect(connection).has_table(table)


def _owner(owners: Sequence[Owner], name: str) -> Owner:
    known = {owner.name: owner for owner in with_core(owners)}
    owner = known.get(name)
    if owner is None:
        raise BadInput(msg("no plugin {name} is active; {hint}", name=shown(name), hint=did_you_mean(name, known)))
    if not owner.revisions:
        raise BadInput(msg("plugin {name} has no migrations", name=name))
    return owner


def _back_to(owner: Owner, current: str, revision: str) -> list[str]:
    """Return the revisions to undo, the newest first."""
    done = owner.done(current)
    if current and not done:
        raise BadInput(
            msg(
                "the database is at {revision} of {owner}, which this version does not know: its migrations are needed",
                revision=current,
                owner=owner.name,
            )
        )
    line = [one.id for one in owner.revisions if one.id in done]
    if revision == "base":
        kept: set[str] = set()
    elif revision.startswith("-") and revision[1:].isdigit():
        kept = set(line[: max(len(line) - int(revision[1:]), 0)])
    elif revision in line:
        kept = owner.done(revision)
    else:
        hint = did_you_mean(revision, [*line, "base"])
        raise BadInput(
            msg(
                "{owner} is not past revision {revision}; {hint}", owner=owner.name, revision=shown(revision), hint=hint
            )
        )
    return [id for id in reversed(line) if id not in kept]


def _forget_version(connection: sa.Connection, database: Database, owner: str) -> None:
    """Which version the tables are for now is not known before the next upgrade."""
    table = database.table("owned_tables")
    if table.name in read_facts(connection, database).tables:
        connection.execute(table.update().where(table.c.owner == owner).values(version=""))


def _forget_missing(connection: sa.Connection, database: Database) -> None:
    """Tables that were dropped or renamed belong to nobody under that name."""
    facts = read_facts(connection, database)
    table = database.table("owned_tables")
    if table.name in facts.tables:
        gone = [name for name in facts.owned if name not in facts.tables]
        if gone:
            connection.execute(table.delete().where(table.c.table_name.in_(gone)))
    columns = database.table("filled_columns")
    if columns.name in facts.tables:
        for name, _ in [key for key in facts.filled if key[0] not in facts.tables]:
            connection.execute(columns.delete().where(columns.c.table_name == name))


def _restore(database: Database, image: bytes) -> None:
    """Make a database in memory a copy of one that was just created. Raises SchemaOutdated when it is not empty."""
    with database.connection(tenant=EVERY_TENANT) as connection, faults_translated():
        connection.rollback()
        driver: Any = connection.connection.driver_connection
        if driver.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise SchemaOutdated(msg("the database has a schema already; use crmkit db upgrade"))
        driver.deserialize(image)
