"""What the doctor finds: in a sound installation nothing, in a broken one what is broken and what to do."""

from __future__ import annotations

import os
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from crmkit.core.customer import Customer
from crmkit.core.values.clock import FixedClock, SystemClock
from crmkit.hooks.kinds import hookimpl
from crmkit.runtime.crm import Crm
from crmkit.runtime.health import Health, Level, health
from crmkit.runtime.health import database as database_looks
from crmkit.runtime.health.database import tenants_are_apart
from crmkit.runtime.manifest import Manifest
from crmkit.testing.postgres import PostgresServer


def codes(found: Health, level: Level | None = None) -> set[str]:
    return {one.code for one in found.findings if level is None or one.level is level}


def opened(url: str, plugins: list[Any] | None = None, **options: Any) -> Crm:
    return Crm.open(url, plugins=plugins or [], clock=SystemClock(), **options)


def test_a_sound_installation_has_no_errors(database_url: str, tmp_path: Path) -> None:
    config = {"attachments": {"folder": str(tmp_path / "attached")}}
    with opened(database_url, config=config) as crm:
        with crm.session() as session:
            session.add(Customer(name="Acme", kind="organization"))
        found = health(crm)
        assert codes(found, Level.ERROR) == set()
        assert {"reachable", "writable", "schema_current", "plausible", "delivered", "index_complete"} <= codes(found)
        # The core's own schedules want a worker, which nobody has started here.
        assert codes(found, Level.WARNING) >= {"no_worker"}
        assert found.healthy
        with crm.session(reads=True) as session:
            assert session.count(Customer) == 1
        assert all(one.advice is not None for one in found.findings if one.level is not Level.OK)


def test_looking_leaves_nothing_behind(database_url: str) -> None:
    with opened(database_url) as crm:
        health(crm)
        with crm.database.connection(reads=True, tenant=crm.system.tenant_id) as connection:
            assert connection.scalar(sa.select(sa.func.count()).select_from(crm.database.table("command_results"))) == 0


def test_quick_looks_at_the_database_alone(database_url: str) -> None:
    with opened(database_url) as crm:
        assert codes(health(crm, quick=True)) == {"reachable", "schema_current"}


def test_an_empty_database_is_told(database_url: str) -> None:
    with opened(database_url, create=False, check=False) as crm:
        found = health(crm)
    assert codes(found, Level.ERROR) == {"schema_empty"}
    assert "writable" not in codes(found)


def test_a_database_that_is_away_is_told() -> None:
    with Crm.open("postgresql://nobody@127.0.0.1:1/none", plugins=[], check=False) as crm:
        found = health(crm)
    assert codes(found, Level.ERROR) == {"unreachable"}
    assert not found.healthy
    assert found.level.word == "error"


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "crm.db"
    with opened(f"sqlite:///{path}") as crm, crm.session() as session:
        session.add(*[Customer(name=f"Customer {number}", kind="organization") for number in range(300)])
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA writable_schema = ON")
        raw.execute("UPDATE sqlite_master SET rootpage = 3 WHERE name = 'customers'")
    with opened(f"sqlite:///{path}", check=False) as crm:
        (found,) = database_looks.settings_are_right(crm)
    assert (found.code, found.level) == ("damaged", Level.ERROR)
    assert found.advice is not None


def test_a_file_that_may_not_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "crm.db"
    opened(f"sqlite:///{path}").close()
    with opened(f"sqlite:///{path}", check=False) as crm:
        with crm.database.connection() as connection:
            connection.exec_driver_sql("PRAGMA query_only = ON")
        found = list(database_looks.writable(crm))
    assert [one.code for one in found] == ["not_writable"]


def test_a_server_that_only_reads_is_told(postgres_url: str) -> None:
    with opened(postgres_url) as crm:
        own = sa.engine.make_url(postgres_url).database
        with crm.database.engine.begin() as connection:
            connection.exec_driver_sql(f'ALTER DATABASE "{own}" SET default_transaction_read_only = on')
    with opened(postgres_url, check=False) as crm:
        found = health(crm)
    assert "not_writable" in codes(found, Level.ERROR)


@pytest.mark.skipif(os.name == "nt", reason="other permissions")
def test_files_open_to_everybody_are_told(tmp_path: Path) -> None:
    folder = tmp_path / "plugins"
    folder.mkdir()
    (folder / "own.py").write_text("", "utf-8")
    path = tmp_path / "crm.db"
    with opened(f"sqlite:///{path}", config={"plugin_folder": str(folder)}) as crm:
        path.chmod(0o600)
        (folder / "own.py").chmod(0o644)
        folder.chmod(0o755)
        assert codes(health(crm)) & {"database_open", "plugin_folder_open"} == set()
        path.chmod(0o644)
        (folder / "own.py").chmod(0o646)
        found = health(crm)
    assert "database_open" in codes(found, Level.WARNING)
    assert "plugin_folder_open" in codes(found, Level.ERROR)


def test_broken_and_old_plugins_are_told() -> None:
    class Old:
        manifest = Manifest(name="old", version="1", hook_api=0)

        @hookimpl
        def guard_records(self) -> None: ...

    class Wrong:
        manifest = Manifest(name="wrong", version="1")

        @hookimpl
        def guard_records(self, batch: Any) -> None: ...

    with Crm.open(plugins=[Old(), Wrong()], config={"quarantine": True}) as crm:
        found = health(crm)
        assert [plugin.name for plugin in crm.plugins.plugins] == ["old"]
    assert "old" in codes(found, Level.WARNING)
    (broken,) = (one for one in found.findings if one.code == "broken")
    assert "unknown argument batch" in str(broken.message)


def test_a_clock_behind_the_log_is_told(database_url: str) -> None:
    now = datetime.now(UTC)
    with (
        Crm.open(database_url, plugins=[], clock=FixedClock(now + timedelta(hours=1))) as crm,
        crm.session() as session,
    ):
        session.add(Customer(name="Acme", kind="organization"))
    with opened(database_url) as crm:
        assert "behind_log" in codes(health(crm), Level.ERROR)


def test_parked_events_are_told(database_url: str) -> None:
    class Failing:
        manifest = Manifest(name="failing", version="1")

        @hookimpl(entities=("customer",))
        def after_records_saved_committed(self) -> None:
            raise ValueError("no")

    clock = FixedClock(datetime.now(UTC))
    with Crm.open(database_url, plugins=[Failing()], clock=clock) as crm:
        with crm.session() as session:
            session.add(Customer(name="Acme", kind="organization"))
        for _ in range(60):
            clock.advance(hours=12)
            crm.drain()
        found = health(crm)
    parked = [one for one in found.findings if one.code == "parked"]
    assert [one.area for one in parked] == ["events"]


def test_who_is_beyond_the_wall_is_told(postgres_url: str, postgres_server: PostgresServer) -> None:
    with opened(postgres_url) as crm:
        assert {one.code for one in tenants_are_apart(crm)} == {"tenants_apart"}
        with crm.database.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE customers DISABLE ROW LEVEL SECURITY")
        assert {one.code for one in tenants_are_apart(crm)} == {"wall_missing"}
    own = sa.engine.make_url(postgres_url).database
    address = sa.engine.make_url(postgres_server.address).set(database=own).render_as_string(hide_password=False)
    with opened(address, check=False) as crm:
        assert {one.code for one in tenants_are_apart(crm)} >= {"wall_missing"}
        with crm.database.engine.connect() as connection:
            bound = connection.scalar(
                sa.text("SELECT NOT (rolsuper OR rolbypassrls) FROM pg_roles WHERE rolname = current_user")
            )
        assert ("role_unbound" in {one.code for one in tenants_are_apart(crm)}) is not bound


def test_a_look_that_fails_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    with Crm.open(plugins=[]) as crm:
        monkeypatch.setattr(Crm, "schema_state", lambda self: 1 / 0)
        found = health(crm)
    (failed,) = (one for one in found.findings if one.area == "doctor")
    assert "ZeroDivisionError" in str(failed.message)
    assert not found.healthy
