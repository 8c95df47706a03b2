"""The life of a plugin's tables: installed, upgraded, brought back, left behind, purged."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from crmkit.core.customer import Customer
from crmkit.core.errors import BadInput, ConfigError, CrmError, NotFound, Refused, SchemaOutdated
from crmkit.core.values.clock import FixedClock
from crmkit.hooks.kinds import hookimpl
from crmkit.runtime.crm import Crm
from crmkit.runtime.manifest import Manifest
from crmkit.store.migration import downgrade_schema, downgrade_steps, upgrade_schema
from crmkit.store.migration.leftovers import leftovers, purge_plugin
from crmkit.testing.migrations import created_and_migrated
from tests.store.marinas import Package
from tests.store.plugin_versions import Versions, fill, rows, write
from tests.store.schema_states import Failure, everything, failing_at

# -- written ----------------------------------------------------------------------------------------------------------


def test_migrations_are_written_from_entities_and_give_what_a_fresh_database_has(
    marina: Package, database_url: str
) -> None:
    created, migrated = created_and_migrated(database_url, plugins=[marina.second()])
    assert {"marina_boats", "marina_berths", "customers"} <= created.keys()
    assert created.keys() == migrated.keys()
    for name in created:
        assert created[name] == migrated[name], name


def test_nothing_is_written_when_nothing_changed_and_others_tables_are_not_seen(
    marina: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Package(tmp_path / "other", monkeypatch, "harbour")
    harbour = other.first()
    module = marina.second()
    assert write(marina, module, "Nothing", harbour) is None
    file = write(other, harbour, "Its own", module)
    assert file is not None
    text = file.read_text()
    assert "harbour_boats" in text
    assert "marina" not in text
    assert "'users.id'" in text
    assert "op.create_table('users'" not in text
    empty = write(marina, module, "Data alone", harbour, empty=True)
    assert empty is not None
    assert empty.name == "0003_data_alone.py"
    other.forget()


def test_a_new_required_field_without_a_default_is_refused(marina: Package) -> None:
    module = marina.second(berth="    number: int = field()\n")
    with pytest.raises(ConfigError, match=r"marina_berth\.number is required and new: give it a default"):
        write(marina, module, "Numbers")


def test_a_revision_that_is_there_is_refused(marina: Package) -> None:
    with pytest.raises(BadInput, match="marina has a revision 0002 already"):
        write(marina, marina.second(), "Again", revision="0002", empty=True)


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ('revision = "0002"\ndown_revision = "0001"\n', "two of them are 0002"),
        ('revision = "0003"\ndown_revision = "0001"\n', r"several ends \(0002, 0003\)"),
        ('revision = "0003"\ndown_revision = "0009"\n', "0003 follows 0009, which is not there"),
        ('revision = compute()\ndown_revision = "0002"\n', "says no revision that can be read"),
        ('revision = "0003"\ndown_revision = "0003"\n', "in a circle"),
    ],
    ids=["doubled", "two ends", "gap", "computed", "circle"],
)
def test_migrations_that_make_no_line_are_refused_by_name(
    marina: Package, wrong: str, problem: str, sqlite_url: str
) -> None:
    (marina.migrations / "x.py").write_text(wrong)
    with pytest.raises(ConfigError, match=f"migrations of marina.*{problem}"):
        Crm.open(sqlite_url, plugins=[marina.second()])


# -- a life -----------------------------------------------------------------------------------------------------------


def test_a_plugin_is_installed_upgraded_brought_back_removed_and_purged(
    marina: Package, database_url: str, clock: FixedClock, tmp_path: Path
) -> None:
    versions = Versions(marina)
    Crm.open(database_url, plugins=[]).close()

    # Installed: nothing is done at load, and the error says what to run.
    module = versions.first()
    with pytest.raises(SchemaOutdated, match=r"migrate marina to 0001: Boats and berths.*run: crmkit db upgrade"):
        Crm.open(database_url, plugins=[module])
    with Crm.open(database_url, plugins=[module], check=False) as crm:
        before = crm.upgrade_schema()
        assert [(step.owner, step.destructive) for step in before.plan] == [("marina", False)]
        assert "create table marina_boats" in before.plan[0].details
    with Crm.open(database_url, plugins=[module], clock=clock) as crm:
        keeper = fill(crm, module)
        assert "marina" in {row.owner for row in crm.schema_state().owners}

    # Upgraded: what is lost is marked, records stay, children too.
    module = versions.second()
    with pytest.raises(SchemaOutdated, match="migrate marina to 0002: More of boats"):
        Crm.open(database_url, plugins=[module])
    with Crm.open(database_url, plugins=[module], check=False) as crm:
        asked: list[Any] = []
        upgrade_schema(crm.database, crm.schema_owners, lambda state: bool(asked.append(state)))
        assert crm.schema_state().state == "outdated"
        (step,) = asked[0].destructive
        assert "drop column marina_boats.code" in step.details
        crm.upgrade_schema()
    with Crm.open(database_url, plugins=[module]) as crm, crm.session(reads=True) as session:
        ariel, bounty = session.list(module.Boat, order="name")
        assert (ariel.name, ariel.keeper_id, ariel.length, ariel.note) == (
            "Ariel",
            keeper.id,
            bounty.length,
            "100 % 'fine'",
        )
        assert (str(ariel.length), ariel.afloat, ariel.seen_at.year, ariel.tags, ariel.papers) == (
            "1.5",
            True,
            2020,
            (),
            {},
        )
        assert [berth.boat_id for berth in session.list(module.Berth)] == [ariel.id]

    # Brought back, by the version that knows the way.
    with Crm.open(database_url, plugins=[module], check=False) as crm:
        (step,) = downgrade_steps(crm.database, crm.schema_owners, "marina", "-1")
        assert step.destructive
        assert downgrade_schema(crm.database, crm.schema_owners, "marina", "0001") == (step,)
        assert downgrade_schema(crm.database, crm.schema_owners, "marina", "0001") == ()
    module = versions.first()
    with Crm.open(database_url, plugins=[module]) as crm, crm.session() as session:
        assert [(boat.name, boat.code) for boat in session.list(module.Boat, order="name")] == [
            ("Ariel", ""),
            ("Bounty", ""),
        ]
        assert len(session.list(module.Berth)) == 1
        session.add(module.Boat(name="Cutty", code="C"))
    with (
        pytest.raises(CrmError, match="a value that no other marina_boat has"),
        Crm.open(database_url, plugins=[module]) as crm,
        crm.session() as session,
    ):
        session.add(module.Boat(name="Copy", code="C"))

    # Removed: everything else works, and the tables are listed as kept.
    marina.forget()
    with Crm.open(database_url, plugins=[]) as crm:
        state = crm.schema_state()
        assert (state.state, state.plan) == ("current", ())
        (kept,) = state.kept
        assert (kept.owner, kept.revision, kept.version) == ("marina", "0001", "")
        assert [(owned.table, owned.entity) for owned in kept.tables] == [
            ("marina_berths", "marina_berth"),
            ("marina_boats", "marina_boat"),
        ]
        with crm.session() as session:
            session.add(Customer(name="Bo"))
            assert [one.name for one in session.list(Customer, order="name")] == ["Anna", "Bo"]

    # It comes back and finds its records.
    module = versions.first()
    with Crm.open(database_url, plugins=[module]) as crm, crm.session(reads=True) as session:
        assert session.count(module.Boat) == 3
        with pytest.raises(Refused, match="plugin marina is active; disable or uninstall it first"):
            purge_plugin(crm.database, crm.schema_owners, "marina", tmp_path / "no.jsonl")

    # Purged.
    marina.forget()
    file = tmp_path / "marina.jsonl"
    with Crm.open(database_url, plugins=[]) as crm:
        assert dict(leftovers(crm.database, (), "marina").tables) == {"marina_berths": 1, "marina_boats": 3}
        found = purge_plugin(crm.database, crm.schema_owners, "marina", file)
        assert found.places.get("event_cursors") == 1
        assert crm.schema_state().kept == ()
        with crm.database.connection(reads=True) as connection:
            names = set(sa.inspect(connection).get_table_names())
        assert not {name for name in names if "marina" in name}
        with pytest.raises(NotFound, match="nothing is kept of a plugin marina"):
            purge_plugin(crm.database, crm.schema_owners, "marina", tmp_path / "again.jsonl")
    head, *lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert head == {"plugin": "marina", "version": "", "revision": "0001"}
    boats = {line["record"]["name"]: line["record"] for line in lines if line["table"] == "marina_boats"}
    assert boats["Ariel"]["keeper_id"] == str(keeper.id)
    assert boats["Ariel"]["created_at"].startswith("2026-03-15T12:00:00")
    assert [line["record"]["boat_id"] for line in lines if line["table"] == "marina_berths"] == [boats["Ariel"]["id"]]

    # Installed again, it begins anew.
    with Crm.open(database_url, plugins=[versions.second()], check=False) as crm:
        assert [step.text for step in crm.upgrade_schema().plan] == [
            "migrate marina to 0001: Boats and berths",
            "migrate marina to 0002: More of boats",
        ]


def test_a_purge_that_fails_leaves_tables_and_no_file(marina: Package, database_url: str, tmp_path: Path) -> None:
    module = marina.second()
    with Crm.open(database_url, plugins=[module]) as crm:
        fill(crm, module)
    marina.forget()
    with Crm.open(database_url, plugins=[]) as crm:
        before = everything(crm.database)
        there = tmp_path / "there.jsonl"
        there.write_text("mine")
        with pytest.raises(BadInput, match="is there already; name another file"):
            purge_plugin(crm.database, (), "marina", there)
        assert there.read_text() == "mine"
        file = tmp_path / "out.jsonl"
        for number in range(1, 100):
            try:
                with failing_at(crm.database, number):
                    purge_plugin(crm.database, (), "marina", file)
                break
            except Failure:
                assert everything(crm.database) == before
                assert [path.name for path in tmp_path.glob("out*")] == []
        assert number > 5
        assert file.exists()
        assert "marina_boats" not in everything(crm.database)[0]


def test_tables_that_others_refer_to_are_not_purged(marina: Package, database_url: str, tmp_path: Path) -> None:
    Crm.open(database_url, plugins=[marina.second()]).close()
    marina.forget()
    with Crm.open(database_url, plugins=[]) as crm:
        kind = "uuid" if crm.database.dialect == "postgresql" else "BLOB"
        with crm.database.connection() as connection:
            connection.exec_driver_sql(f"CREATE TABLE moorings (boat_id {kind} REFERENCES marina_boats (id))")
            connection.commit()
        with pytest.raises(Refused, match="table moorings refers to tables of marina"):
            purge_plugin(crm.database, (), "marina", tmp_path / "out.jsonl")
        assert {owned.table for owned in crm.schema_state().kept[0].tables} == {"marina_boats", "marina_berths"}


def test_what_refers_to_customers_does_not_keep_them_from_being_changed_when_its_plugin_is_gone(
    marina: Package, database_url: str
) -> None:
    module = marina.second()
    with Crm.open(database_url, plugins=[module]) as crm:
        keeper = fill(crm, module)
    marina.forget()
    with Crm.open(database_url, plugins=[]) as crm:
        with crm.session() as session:
            other = Customer(name="Anna B.")
            session.add(other)
        with crm.session() as session:
            crm.services_for(session).merge_many([(other.id, keeper.id)])
        with crm.session() as session:
            crm.services_for(session).erase(other.id, "asked for")
        with crm.session(reads=True) as session:
            assert session.list(Customer) == []
        assert [row["name"] for row in rows(crm.database, "marina_boats")] == ["Ariel", "Bounty"]


def test_a_database_of_a_newer_version_is_told_by_the_plugins_name(marina: Package, database_url: str) -> None:
    versions = Versions(marina)
    Crm.open(database_url, plugins=[versions.second()]).close()
    with pytest.raises(
        SchemaOutdated,
        match=r"made by a newer version of plugin marina \(schema 0002\).*crmkit db downgrade marina 0001",
    ):
        Crm.open(database_url, plugins=[versions.first()])
    for file in marina.migrations.glob("*.py"):
        file.unlink()
    with pytest.raises(SchemaOutdated, match="at 0002 of plugin marina, whose migrations are missing"):
        Crm.open(database_url, plugins=[marina.second()])


def test_a_plugin_that_had_no_migrations_is_taken_over(marina: Package, database_url: str) -> None:
    aside = marina.folder / "aside"
    marina.migrations.rename(aside)
    module = marina.first()
    with Crm.open(database_url, plugins=[module]) as crm:
        assert [step.owner for step in crm.schema_state().owners] == ["core", "marina"]
        fill(crm, module)
    aside.rename(marina.migrations)
    module = Versions(marina).first()
    with Crm.open(database_url, plugins=[module], check=False) as crm:
        assert crm.upgrade_schema().steps == ("take the tables of marina as being at 0001",)
    with Crm.open(database_url, plugins=[module]) as crm, crm.session(reads=True) as session:
        assert session.count(module.Boat) == 2


def test_tables_of_another_plugin_with_the_same_names_are_not_touched(
    marina: Package, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Crm.open(database_url, plugins=[marina.second()]).close()
    marina.forget()
    with Crm.open(database_url, plugins=[]) as crm, crm.database.connection() as connection:
        connection.exec_driver_sql("UPDATE owned_tables SET owner = 'yard'")
        connection.exec_driver_sql("DROP TABLE crmkit_marina_version")
        connection.commit()
    with pytest.raises(SchemaOutdated, match=r"tables of other origin with our names: marina_berths \(yard\)"):
        Crm.open(database_url, plugins=[marina.second()])


def test_pairs_of_plugins_come_and_go_on_their_own(
    marina: Package, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Package(tmp_path / "other", monkeypatch, "harbour")
    assert write(other, other.first(), "Harbours") is not None
    marinas, harbours = marina.second(), other.first()
    with Crm.open(database_url, plugins=[marinas, harbours]) as crm:
        fill(crm, marinas), fill(crm, harbours)
    with Crm.open(database_url, plugins=[marinas]) as crm:
        assert [kept.owner for kept in crm.schema_state().kept] == ["harbour"]
    with Crm.open(database_url, plugins=[harbours], check=False) as crm:
        downgrade_schema(crm.database, crm.schema_owners, "harbour", "base")
        (state,) = [one for one in crm.schema_state().owners if one.owner == "harbour"]
        assert (state.state, state.revision) == ("empty", "")
        assert [kept.owner for kept in crm.schema_state().kept] == ["marina"]
    with Crm.open(database_url, plugins=[marinas]) as crm, crm.session(reads=True) as session:
        assert crm.schema_state().kept == ()
        assert session.count(marinas.Boat) == 2
    other.forget()


def test_a_plugin_that_was_renamed_takes_its_tables_over(
    marina: Package, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = marina.second()
    with Crm.open(database_url, plugins=[module]) as crm:
        fill(crm, module)
    marina.forget()
    haven = Package(tmp_path / "other", monkeypatch, "haven")
    haven.migrations.mkdir()
    for file in marina.migrations.glob("*.py"):
        (haven.migrations / file.name).write_text(file.read_text())
    (haven.migrations / "0003.py").write_text(
        '"""A new name."""\nfrom alembic import op\nrevision = "0003"\ndown_revision = "0002"\n\n\ndef upgrade():\n'
        '    op.rename_table("marina_boats", "haven_boats")\n    op.rename_table("marina_berths", "haven_berths")\n'
    )
    module = haven.second(manifest=', formerly=("marina",)')
    with Crm.open(database_url, plugins=[module], check=False) as crm:
        assert crm.schema_state().kept == ()
        assert crm.upgrade_schema().steps == ("take over what belonged to marina", "migrate haven to 0003: A new name")
        assert (crm.schema_state().state, crm.schema_state().steps) == ("current", ())
        with crm.session(reads=True) as session:
            assert session.count(module.Boat) == 2
    haven.forget()


def test_two_upgrades_at_once_are_one(marina: Package, database_url: str) -> None:
    Crm.open(database_url, plugins=[]).close()
    module = marina.second()
    crms = [Crm.open(database_url, plugins=[module], check=False) for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        states = list(pool.map(lambda crm: upgrade_schema(crm.database, crm.schema_owners), crms))
    assert sorted(len(state.plan) for state in states) == [0, 0, 2]
    for crm in crms:
        assert crm.schema_state().state == "current"
        crm.close()


@pytest.mark.parametrize("target", ["0009", "core", "--1", "-x"])
def test_a_downgrade_to_what_there_is_not_is_refused(marina: Package, sqlite_url: str, target: str) -> None:
    with Crm.open(sqlite_url, plugins=[marina.second()]) as crm:
        with pytest.raises(BadInput, match="marina is not past revision"):
            downgrade_schema(crm.database, crm.schema_owners, "marina", target)
        with pytest.raises(BadInput, match="no plugin marine is active; did you mean marina"):
            downgrade_schema(crm.database, crm.schema_owners, "marine", "base")
        assert crm.schema_state().state == "current"


def test_the_core_goes_back_and_forth(database_url: str) -> None:
    with Crm.open(database_url, plugins=[]) as crm:
        wanted = everything(crm.database)
        steps = downgrade_schema(crm.database, (), "core", "base")
        assert steps[0].destructive
        assert crm.schema_state().state == "empty"
        crm.create_schema()
        assert everything(crm.database) == wanted


def test_opening_a_current_database_needs_no_alembic(marina: Package, sqlite_url: str) -> None:
    Crm.open(sqlite_url, plugins=[marina.second()]).close()
    program = (
        "import sys\n"
        "from crmkit import Crm\n"
        "import marina\n"
        f"Crm.open({sqlite_url!r}, plugins=[marina]).close()\n"
        "Crm.open(plugins=[marina]).close()\n"
        "assert 'alembic' not in sys.modules\n"
    )
    path = [str(marina.folder.parent), *sys.path]
    subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {path!r}\n{program}"], check=True, capture_output=True
    )


class Listener:
    """A plugin without tables that hears of what happens."""

    manifest = Manifest(name="listener")

    @hookimpl(entities=("customer",))
    def after_records_saved_committed(self, ctx: Any, call: Any) -> None:
        """Hear of it."""


def test_of_a_plugin_without_tables_its_place_in_the_log_goes(database_url: str, tmp_path: Path) -> None:
    with Crm.open(database_url, plugins=[Listener()]) as crm, crm.session() as session:
        session.add(Customer(name="Anna"))
    with Crm.open(database_url, plugins=[]) as crm:
        found = purge_plugin(crm.database, crm.schema_owners, "listener", tmp_path / "listener.jsonl")
        assert (found.tables, found.places["event_cursors"]) == ({}, 1)
        with pytest.raises(NotFound, match="nothing is kept of a plugin listener"):
            leftovers(crm.database, crm.schema_owners, "listener")
