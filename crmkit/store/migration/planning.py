"""How a database stands to an installation, and everything that an upgrade would do to it, in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import attrs
import sqlalchemy as sa

from crmkit.core.messages import msg
from crmkit.store.database import Database
from crmkit.store.migration.columns import column_steps
from crmkit.store.migration.differences import table_steps
from crmkit.store.migration.facts import Facts, read_facts
from crmkit.store.migration.owners import CORE, CORE_NAME, Owner, owner_of_tables, version_table_of, with_core
from crmkit.store.migration.running import Direction, run_revision, stamp
from crmkit.store.migration.steps import KeptTables, OwnerState, SchemaState, State, Step
from crmkit.store.tenant_wall import EVERY_TENANT, standing, walled


def schema_state(database: Database, owners: Sequence[Owner] = ()) -> SchemaState:
    """Return how the database's schema stands to the application's entities and its plugins' migrations."""
    with database.connection(reads=True, tenant=EVERY_TENANT) as connection:
        return planned(connection, database, owners)


def planned(connection: sa.Connection, database: Database, owners: Sequence[Owner]) -> SchemaState:
    """The same as ``schema_state``, on a connection."""
    facts = read_facts(connection, database)
    states = [_owner_state(owner, facts) for owner in _with_tables(owners, database)]
    kept = tuple(kept_of(facts, database, owners))
    core = states[0]
    head, revision = core.head, core.revision or None
    if core.state == "empty":
        occupied = tuple(sorted(facts.tables & set(database.table_names)))
        if occupied:
            return SchemaState("foreign", None, head, owners=tuple(states), occupied=occupied)
        step = Step(CORE_NAME, "create all tables")
        return SchemaState("empty", None, head, (step,), tuple(states))
    for one in states:
        if one.state == "newer":
            return SchemaState("newer", revision, head, owners=tuple(states), kept=kept, behind=one.owner)
    occupied = tuple(sorted(_occupied(facts, database, owners)))
    if occupied:
        return SchemaState("foreign", revision, head, owners=tuple(states), kept=kept, occupied=occupied)
    plan = tuple(_steps(connection, database, facts, owners))
    outdated = {step.owner for step in plan if step.required}
    states = [
        attrs.evolve(one, state="outdated") if one.state == "current" and one.owner in outdated else one
        for one in states
    ]
    state: State = "outdated" if outdated else "current"
    return SchemaState(state, revision, head, plan, tuple(states), kept, filled=facts.filled)


def unwritten(database: Database, owners: Sequence[Owner] = ()) -> tuple[str, ...]:
    """Return what entities need and no migration gives, of owners whose migrations were all run; for their authors."""
    with database.connection(reads=True, tenant=EVERY_TENANT) as connection:
        facts = read_facts(connection, database)
        owned = owner_of_tables(database.registry, database.table_names)
        done = {owner.name for owner in with_core(owners) if owner.head and facts.revision(owner) == owner.head}
        return tuple(
            f"{owned[table.name]}: {step.text}"
            for table in database.metadata.sorted_tables
            if owned[table.name] in done
            for step in table_steps(connection, database, table, owned[table.name], table.name in facts.tables)
        )


def describe(found: SchemaState) -> Any:
    """Return what to tell a person who opens a database in this state."""
    if found.state == "empty":
        return msg("the database is empty; create it with: crmkit db create")
    if found.state == "newer":
        state = next(state for state in found.owners if state.owner == found.behind)
        if state.owner == CORE_NAME:
            return msg(
                "the database was made by a newer crmkit (schema {revision}); upgrade this installation",
                revision=state.revision,
            )
        if not state.head:
            return msg(
                "the database is at {revision} of plugin {plugin}, whose migrations are missing in this installation",
                plugin=state.owner,
                revision=state.revision,
            )
        return msg(
            "the database was made by a newer version of plugin {plugin} (schema {revision}); install that version, or run "
            "with it: crmkit db downgrade {plugin} {head}",
            plugin=state.owner,
            revision=state.revision,
            head=state.head,
        )
    if found.state == "foreign":
        return msg("the database has tables of other origin with our names: {names}", names=", ".join(found.occupied))
    steps = "; ".join(step.text for step in found.plan if step.required)
    return msg("the database needs an upgrade ({steps}); run: crmkit db upgrade", steps=steps)


def _with_tables(owners: Sequence[Owner], database: Database) -> Iterator[Owner]:
    """Yield the core, the plugins that have tables or migrations, and the configuration where it has tables."""
    having = set(owner_of_tables(database.registry, database.table_names).values())
    known = {owner.name for owner in owners}
    yield CORE
    yield from (owner for owner in owners if owner.folder is not None or owner.name in having)
    yield from (Owner(name) for name in sorted(having - known - {CORE_NAME}))


def _owner_state(owner: Owner, facts: Facts) -> OwnerState:
    current = facts.revision(owner)
    state: State
    if not owner.revisions:
        # Migrations that the database has seen and that are not to be found.
        state = "newer" if current else "current"
    elif not current:
        state = "empty"
    elif current == owner.head:
        state = "current"
    else:
        state = "outdated" if owner.done(current) else "newer"
    return OwnerState(owner.name, state, current, owner.head, owner.version)


def _occupied(facts: Facts, database: Database, owners: Sequence[Owner]) -> Iterator[str]:
    """Yield tables that somebody needs to make, while others have them already."""
    versions = {owner.name: owner.version_table for owner in owners}
    former = {owner.name: owner.formerly for owner in owners}
    for table, owner in owner_of_tables(database.registry, database.table_names).items():
        if owner == CORE_NAME or table not in facts.tables:
            continue
        recorded = facts.owned.get(table)
        if recorded is None or recorded.owner in (owner, *former.get(owner, ())):
            continue
        if versions.get(owner) not in facts.versions:
            yield f"{table} ({recorded.owner})"


def kept_of(facts: Facts, database: Database, owners: Sequence[Owner]) -> Iterator[KeptTables]:
    """Yield what is left of plugins that take part no more."""
    here = {name for owner in owners for name in (owner.name, *owner.formerly)}
    here |= set(owner_of_tables(database.registry, database.table_names).values())
    here_tables = frozenset(database.table_names)
    gone: dict[str, list[Any]] = {}
    for owned in facts.owned.values():
        if owned.table in facts.tables and owned.table not in here_tables:
            gone.setdefault(owned.owner, []).append(owned)
    known = {
        CORE.version_table,
        *(version_table_of(name) for owner in owners for name in (owner.name, *owner.formerly)),
    }
    tables = {version_table_of(name): name for name in gone}
    for version_table in facts.versions.keys() - known:
        name = tables.get(version_table, version_table.removeprefix("crmkit_").removesuffix("_version"))
        gone.setdefault(name, [])
    for name, found in sorted(gone.items()):
        # Of a plugin that is here, tables of entities that it has no more; its migrations say what becomes of them.
        migrated = any(name in (owner.name, *owner.formerly) and owner.revisions for owner in owners)
        if name in here and migrated:
            continue
        version = next((owned.version for owned in found if owned.version), "")
        ordered = tuple(sorted(found, key=lambda owned: str(owned.table)))
        yield KeptTables(name, facts.versions.get(version_table_of(name), ""), version, ordered)


def _steps(connection: sa.Connection, database: Database, facts: Facts, owners: Sequence[Owner]) -> Iterator[Step]:
    """Yield what is to be done: migrations of the core and of plugins, then differences, then columns and walls."""
    owned = owner_of_tables(database.registry, database.table_names)
    migrating = {owner.name for owner in with_core(owners) if owner.revisions}
    for owner in with_core(owners):
        if not owner.revisions:
            continue
        if former := facts.former_name(owner):
            yield _renaming(former, owner)
        mine = [name for name, whose in owned.items() if whose == owner.name]
        if not facts.revision(owner) and not facts.tables.isdisjoint(mine):
            yield from _adopting(connection, database, facts, owner)
            continue
        for revision in owner.missing(facts.revision(owner)):
            yield _migration(owner, revision.id)
    differing = [name for name, whose in owned.items() if whose not in migrating]
    for table in database.metadata.sorted_tables if differing else ():
        if table.name in differing:
            yield from table_steps(connection, database, table, owned[table.name], table.name in facts.tables)
    yield from column_steps(connection, database, facts, owned, migrating)
    if connection.dialect.name == "postgresql":
        for name in sorted(walled(database.metadata).keys() & facts.tables - standing(connection)):
            yield Step(owned[name], f"secure table {name}")


def _migration(owner: Owner, revision_id: str, direction: Direction = "upgrade") -> Step:
    from crmkit.store.migration.reading_code import effects

    revision = next(one for one in owner.revisions if one.id == revision_id)
    found = effects(revision.file, direction)
    whose = "" if owner.name == CORE_NAME else f"{owner.name} "
    word = "migrate" if direction == "upgrade" else "undo"
    text = f"{word} {whose}to {revision.id}" if direction == "upgrade" else f"{word} {whose}{revision.id}"
    return Step(
        owner.name,
        f"{text}: {revision.title}",
        found.details,
        found.destructive,
        run=partial(_run, owner=owner, revision=revision.id, direction=direction),
    )


def migration_step(owner: Owner, revision: str, direction: Direction) -> Step:
    """Return the step that runs a revision forwards or backwards."""
    return _migration(owner, revision, direction)


def _run(connection: sa.Connection, owner: Owner, revision: str, direction: Direction) -> None:
    run_revision(connection, owner, revision, direction)


def _renaming(former: str, owner: Owner) -> Step:
    """A plugin had another name when its tables were made."""

    def rename(connection: sa.Connection) -> None:
        if sa.inspect(connection).has_table(version_table_of(former)):
            connection.exec_driver_sql(f'ALTER TABLE "{version_table_of(former)}" RENAME TO "{owner.version_table}"')
        connection.execute(
            sa.text("UPDATE owned_tables SET owner = :name WHERE owner = :former"),
            {"name": owner.name, "former": former},
        )

    return Step(owner.name, f"take over what belonged to {former}", run=rename)


def _adopting(connection: sa.Connection, database: Database, facts: Facts, owner: Owner) -> Iterator[Step]:
    """A plugin had no migrations when its tables were made: bring them up to its entities, and note that they are."""
    owned = owner_of_tables(database.registry, database.table_names)
    for table in database.metadata.sorted_tables:
        if owned[table.name] == owner.name:
            yield from table_steps(connection, database, table, owner.name, table.name in facts.tables)
    text = f"take the tables of {owner.name} as being at {owner.head}"
    yield Step(owner.name, text, run=lambda connection: stamp(connection, owner, owner.head))
