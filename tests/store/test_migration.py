"""The schema: created and migrated ones are equal, upgrades add what is missing, and a failed one changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from crmkit.core.customer import Customer
from crmkit.core.entities import CORE_ENTITIES
from crmkit.core.entity import Part, Record, Via, change, entity, field
from crmkit.core.errors import SchemaOutdated
from crmkit.core.messages import msg
from crmkit.core.registry import EntityRegistry
from crmkit.core.values.clock import FixedClock
from crmkit.hooks.kinds import hookimpl
from crmkit.runtime.crm import Crm
from crmkit.runtime.manifest import Manifest
from crmkit.store.database import Database
from crmkit.store.migration import (
    VERSION_TABLE,
    changes,
    create_schema,
    describe,
    run_revisions,
    schema_state,
    upgrade_schema,
)
from crmkit.store.migration.reflection import described
from crmkit.store.tenant_wall import EVERY_TENANT
from crmkit.testing.postgres import PostgresServer

STALE = (
    "the migrations do not give the schema that the entities need; write one with "
    '``python -m tools.migration REVISION "what it does"``, or, as long as nothing is released, delete '
    "versions/0001* and run ``python -m tools.migration 0001 Baseline``"
)


@contextmanager
def opened(address: str, *classes: type[Any]) -> Iterator[Database]:
    database = Database(address, EntityRegistry((*CORE_ENTITIES, *classes)))
    try:
        yield database
    finally:
        database.close()


reflected = described


# -- created and migrated ---------------------------------------------------------------------------------------------


@pytest.fixture(params=["sqlite", "postgresql"])
def two_urls(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str]]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'a.db'}", f"sqlite:///{tmp_path / 'b.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    with server.database() as first, server.database() as second:
        yield first, second


def test_a_created_database_equals_a_migrated_one(two_urls: tuple[str, str]) -> None:
    with opened(two_urls[0]) as created, opened(two_urls[1]) as migrated:
        create_schema(created)
        revision = run_revisions(migrated)
        wanted, found = reflected(created), reflected(migrated)
        assert found.keys() == wanted.keys(), STALE
        for table in wanted:
            assert found[table] == wanted[table], f"{table}: {STALE}"
        assert (schema_state(created).state, schema_state(migrated).state) == ("current", "current")
        assert schema_state(created).revision == schema_state(migrated).revision == revision


def test_the_comparison_sees_references_partial_indexes_and_collations(sqlite_url: str) -> None:
    with opened(sqlite_url) as database:
        create_schema(database)
        users = reflected(database)["users"]
        assert [name for name, *_ in users["references"] if "reports_to" in name] == ["fk_users_reports_to_id"]
        (reports_to,) = [k for k in users["references"] if k[0] == "fk_users_reports_to_id"]
        assert reports_to[4].get("initially") == "DEFERRED"
        (login,) = [i for i in users["indexes"] if i[0] == "uq_users_login"]
        assert login == ("uq_users_login", ["tenant_id", "login"], True, "deleted_at IS NULL")


# -- states -----------------------------------------------------------------------------------------------------------


def test_states_are_told_apart(database_url: str) -> None:
    with opened(database_url) as database:
        empty = schema_state(database)
        assert (empty.state, empty.revision, empty.steps) == ("empty", None, ("create all tables",))
        create_schema(database)
        current = schema_state(database)
        assert (current.state, current.revision, current.steps) == ("current", current.head, ())
        with pytest.raises(SchemaOutdated, match="has a schema already"):
            create_schema(database)
        with database.connection() as connection:
            connection.execute(sa.text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
            connection.commit()
        assert schema_state(database).state == "newer"
        with pytest.raises(SchemaOutdated, match="made by a newer crmkit"):
            upgrade_schema(database)
        with database.connection() as connection:
            connection.execute(sa.text(f"DROP TABLE {VERSION_TABLE}"))
            connection.commit()
        foreign = schema_state(database)
        assert foreign.state == "foreign"
        assert "customers" in foreign.occupied
        assert "customers" in str(describe(foreign))
        for attempt in (create_schema, upgrade_schema):
            with pytest.raises(SchemaOutdated, match="tables of other origin with our names"):
                attempt(database)


def test_tables_of_others_that_do_not_bear_our_names_are_left_alone(database_url: str) -> None:
    with opened(database_url) as database:
        with database.connection() as connection:
            connection.execute(sa.text("CREATE TABLE recipes (name text)"))
            connection.commit()
        assert schema_state(database).state == "empty"
        create_schema(database)
        assert "recipes" in reflected(database)
        assert schema_state(database).state == "current"


def test_a_crm_opens_what_is_current_creates_what_is_empty_and_says_what_to_do(sqlite_url: str) -> None:
    with pytest.raises(SchemaOutdated, match="the database is empty; create it with: crmkit db create"):
        Crm.open(sqlite_url, plugins=[], create=False)
    Crm.open(sqlite_url, plugins=[]).close()
    Crm.open(sqlite_url, plugins=[], create=False).close()


# -- upgrades ---------------------------------------------------------------------------------------------------------


@entity("boat", plural="boats", plugin="marina")
class Boat(Record):
    """A boat."""

    name: str = field()


@entity("boat", plural="boats", plugin="marina", unique=(("code",),))
class LongerBoat(Record):
    """A boat of which more is known."""

    name: str = field()
    code: str = field(default="", max_length=20)
    berth: int = field(default=7)
    afloat: bool = field(default=True)
    length: Decimal = field(default=Decimal("1.5"))
    note: str = field(default="100 % 'fine'")
    tags: tuple[str, ...] = field(default=())
    papers: Mapping[str, Any] = field(factory=dict)
    built: date | None = field(default=None, indexed=True)
    keeper_id: UUID | None = field(default=None, reference="customer", merge="repoint", erase="clear")


@entity("boat", plural="boats", plugin="marina")
class RegisteredBoat(Record):
    """A boat that must have a number."""

    name: str = field()
    number: int = field()


@entity("berth", plural="berths", plugin="marina", access=Via("boat_id"))
class Berth(Part):
    """Where a boat lies."""

    boat_id: UUID = field(reference="boat")


def store(database: Database, record: Any) -> None:
    """Write a record past all rules: here it is about tables alone."""
    tenant = UUID(int=1)
    with database.connection(tenant=tenant) as connection:
        entity = database.registry.of(record).name
        to_driver = database.codecs[entity].to_driver["id"]
        row = database.codecs[entity].to_row(record, tenant if to_driver is None else to_driver(tenant))
        database.writer.insert(connection.connection.cursor(), entity, [row])
        connection.commit()


def stored(database: Database, cls: type[Any]) -> Any:
    info = database.registry.get(cls)
    columns = [database.tables[info.name].c[name] for name in database.codecs[info.name].load_columns]
    with database.connection(reads=True, tenant=UUID(int=1)) as connection:
        return database.codecs[info.name].from_row(connection.execute(sa.select(*columns)).one())


def written(record: Any, at: datetime) -> Any:
    return change(record, version=1, created_at=at, updated_at=at)


def test_an_upgrade_adds_tables_columns_and_indexes(two_urls: tuple[str, str], clock: FixedClock) -> None:
    database_url, other_url = two_urls
    with opened(database_url) as database:
        create_schema(database)
    with opened(database_url, Boat) as database:
        before = upgrade_schema(database)
        assert (before.state, before.steps) == ("outdated", ("create table boats",))
        assert schema_state(database).state == "current"
        store(database, written(Boat(name="Ariel"), clock.now()))
    with opened(database_url, LongerBoat, Berth) as database:
        steps = set(upgrade_schema(database).steps)
        assert {"create table berths", "add column boats.code", "add index uq_boats_code"} <= steps
        assert schema_state(database).state == "current"
        boat = stored(database, LongerBoat)
        assert (boat.name, boat.code, boat.berth, boat.afloat, boat.length) == ("Ariel", "", 7, True, Decimal("1.5"))
        assert (boat.note, boat.tags, boat.papers, boat.built) == ("100 % 'fine'", (), {}, None)
        upgraded = reflected(database)
    with opened(other_url, LongerBoat, Berth) as fresh:
        create_schema(fresh)
        wanted = reflected(fresh)
    assert upgraded["berths"] == wanted["berths"]
    for aspect in ("indexes", "unique"):
        assert upgraded["boats"][aspect] == wanted["boats"][aspect]
    # SQLite tells no name of a reference that came with its column.
    targets = [[sorted(key[1:4] for key in found["boats"]["references"])] for found in (upgraded, wanted)]
    assert targets[0] == targets[1]
    assert sorted(upgraded["boats"]["columns"]) == sorted(wanted["boats"]["columns"])
    assert {name: upgraded[name] for name in upgraded if name != "boats"} == {
        name: wanted[name] for name in wanted if name != "boats"
    }


def test_a_required_column_needs_an_empty_table_or_a_default(database_url: str, clock: FixedClock) -> None:
    with opened(database_url, Boat) as database:
        create_schema(database)
        store(database, written(Boat(name="Ariel"), clock.now()))
        before = reflected(database)
    with opened(database_url, RegisteredBoat) as database:
        with pytest.raises(SchemaOutdated, match=r"boat\.number is required, and there are records without it"):
            upgrade_schema(database)
        assert reflected(database) == before
        with database.connection(tenant=EVERY_TENANT) as connection:
            connection.execute(database.tables["boat"].delete())
            connection.commit()
        upgrade_schema(database)
        assert schema_state(database).state == "current"


def test_an_upgrade_that_fails_in_the_middle_changes_nothing(
    database_url: str, monkeypatch: pytest.MonkeyPatch, clock: FixedClock
) -> None:
    with opened(database_url, Boat) as database:
        create_schema(database)
        store(database, written(Boat(name="Ariel"), clock.now()))
        before = reflected(database)

    def on_fire(*_: Any) -> None:
        raise SchemaOutdated(msg("the disk caught fire"))

    # The last thing before the commit.
    monkeypatch.setattr(changes, "advise_planner", on_fire)
    with opened(database_url, LongerBoat, Berth) as database:
        with pytest.raises(SchemaOutdated, match="the disk caught fire"):
            upgrade_schema(database)
        assert reflected(database) == before
        if database.dialect == "sqlite":
            with database.connection() as connection:
                assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        monkeypatch.undo()
        upgrade_schema(database)
        assert stored(database, LongerBoat).name == "Ariel"


def test_a_crm_whose_plugin_brought_new_tables_asks_for_an_upgrade(sqlite_url: str) -> None:
    class Marina:
        manifest = Manifest(name="marina")

        @hookimpl
        def register_entities(self, ctx: Any, call: Any) -> list[type]:
            return [Boat]

    Crm.open(sqlite_url, plugins=[]).close()
    with pytest.raises(SchemaOutdated, match=r"needs an upgrade \(create table boats\); run: crmkit db upgrade"):
        Crm.open(sqlite_url, plugins=[Marina()])
    with Crm.open(sqlite_url, plugins=[Marina()], check=False) as crm:
        assert crm.upgrade_schema().state == "outdated"
        with crm.session() as s:
            s.add(Boat(name="Ariel"), Customer(name="x"))
    with Crm.open(sqlite_url, plugins=[Marina()]) as crm, crm.session(reads=True) as s:
        assert [boat.name for boat in s.list(Boat)] == ["Ariel"]
