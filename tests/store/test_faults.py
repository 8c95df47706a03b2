"""A database that is gone, locked, full or read-only: one clear error, nothing half-written, and work goes on."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from psycopg.errors import InFailedSqlTransaction

from crmkit.core.customer import Customer
from crmkit.core.entity import change
from crmkit.core.errors import ConfigError, CrmError, DatabaseUnavailable, StorageFull, ValidationFailed
from crmkit.core.journal import AuditEntry, Event
from crmkit.core.messages import msg
from crmkit.runtime.crm import Crm
from crmkit.store.faults import faults_translated
from crmkit.store.session import Session


def counts(crm: Crm) -> tuple[int, int, int]:
    with crm.session(reads=True) as s:
        return s.count(Customer), s.count(AuditEntry), s.count(Event)


# -- a server that hangs up -------------------------------------------------------------------------------------------


@pytest.fixture
def postgres_crm(core_postgres_url: str) -> Iterator[Crm]:
    with Crm.open(core_postgres_url, plugins=[], tenant=uuid4().hex, check=False) as crm:
        yield crm


def terminate(crm: Crm, *pids: int) -> None:
    engine = sa.create_engine(crm.database.engine.url, poolclass=sa.pool.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for pid in pids:
            connection.execute(sa.text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})


@pytest.mark.parametrize("writing", [True, False])
def test_a_server_that_hangs_up_in_the_middle(postgres_crm: Crm, writing: bool) -> None:
    crm = postgres_crm

    def work() -> None:
        with crm.session() as s:
            s.add(Customer(name="before"))
            s.flush()
            terminate(crm, int(s.connection.scalar(sa.text("SELECT pg_backend_pid()")) or 0))
            if writing:
                s.add(Customer(name="after"), Customer(name="too"))
            s.list(Customer)

    with pytest.raises(DatabaseUnavailable, match="the database cannot be reached"):
        work()
    assert counts(crm) == (0, 0, 0)
    with crm.session() as s:
        s.add(Customer(name="again"))
    assert counts(crm) == (1, 1, 1)


def test_a_server_that_hangs_up_before_the_commit(postgres_crm: Crm) -> None:
    crm = postgres_crm
    with crm.session() as s:
        s.add(Customer(name="x"), Customer(name="y"))
        s.flush()
        terminate(crm, int(s.connection.scalar(sa.text("SELECT pg_backend_pid()")) or 0))
        with pytest.raises(DatabaseUnavailable):
            s.commit()
        s.rollback()
    assert counts(crm) == (0, 0, 0)


def test_one_error_and_all_idle_connections_are_new(postgres_crm: Crm) -> None:
    crm = postgres_crm
    with crm.session() as one, crm.session() as two, crm.session(reads=True) as three:
        pids = [int(s.connection.scalar(sa.text("SELECT pg_backend_pid()")) or 0) for s in (one, two, three)]
    terminate(crm, *pids)
    failures = 0
    for number in range(6):
        try:
            with crm.session() as s:
                s.add(Customer(name=str(number)))
        except DatabaseUnavailable:
            failures += 1
    assert failures == 1
    assert counts(crm) == (5, 5, 5)


def test_who_only_begins_gets_a_new_connection_for_a_dead_one(postgres_crm: Crm) -> None:
    crm = postgres_crm
    with crm.session() as one, crm.session(reads=True) as two, crm.session(reads=True) as three:
        pids = [int(s.connection.scalar(sa.text("SELECT pg_backend_pid()")) or 0) for s in (one, two, three)]
    terminate(crm, *pids)
    assert counts(crm) == (0, 0, 0)
    with crm.session() as s:
        s.add(Customer(name="x"), Customer(name="y"))
    assert counts(crm) == (2, 2, 2)


def test_a_conflict_is_no_lost_server(postgres_crm: Crm) -> None:
    """The connections are as good as before, so none is given up."""
    crm = postgres_crm

    def backend(session: Session) -> int:
        return int(session.connection.scalar(sa.text("SELECT pg_backend_pid()")) or 0)

    with crm.session() as s:
        anna = Customer(name="Anna")
        s.add(anna)
    with crm.session() as one, crm.session() as two, crm.session() as three:
        before = {backend(s) for s in (one, two, three)}
    with crm.session() as holder:
        holder.update(change(holder.get(Customer, anna.id), name="Berta"))
        holder.flush()

        def conflict() -> None:
            with crm.session() as session:
                session.connection.execute(sa.text("SET LOCAL lock_timeout = '10ms'"))
                session.update(change(session.get(Customer, anna.id), name="Clara"))

        with pytest.raises(DatabaseUnavailable, match="busy"):
            conflict()
    with crm.session() as one, crm.session() as two, crm.session() as three:
        assert {backend(s) for s in (one, two, three)} == before
    with crm.session(reads=True) as s:
        assert s.get(Customer, anna.id).name == "Berta"


def test_an_error_that_somebody_swallowed_is_told_at_the_commit(postgres_crm: Crm) -> None:
    crm = postgres_crm

    def work() -> None:
        with crm.session() as s:
            s.add(Customer(name="Never"))
            s.flush()
            with suppress(sa.exc.DataError):
                s.connection.execute(sa.text("SELECT 1 / 0"))

    with pytest.raises(InFailedSqlTransaction):
        work()
    assert counts(crm) == (0, 0, 0)
    with crm.session() as s:
        s.add(Customer(name="Kestrel"))
    assert counts(crm) == (1, 1, 1)


def test_a_commit_that_fails_is_undone_and_harms_nobody_after_it(
    crm: Crm, core_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work() -> None:
        with crm.session() as s:
            s.add(Customer(name="Never"))
            s.flush()
            for statement in (
                "CREATE TABLE boats (id integer PRIMARY KEY)",
                "CREATE TABLE berths (boat integer REFERENCES boats DEFERRABLE INITIALLY DEFERRED)",
                "INSERT INTO berths VALUES (1)",
            ):
                s.connection.exec_driver_sql(statement)

    with pytest.raises(ValidationFailed):
        work()
    assert counts(crm) == (0, 0, 0)
    # Neither the connection nor its locks are in anybody's way.
    monkeypatch.setattr("crmkit.store.engine.BUSY_SECONDS", 0.05)
    with Crm.open(core_url, plugins=[], tenant=uuid4().hex, check=False) as beside, beside.session() as s:
        s.add(Customer(name="Merlin"))
    with crm.session() as s:
        s.add(Customer(name="Kestrel"))
    assert counts(crm) == (1, 1, 1)


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailable, match="the database cannot be reached"):
        Crm.open(f"postgresql://nobody@/nothing?host={tmp_path}", plugins=[])


# -- SQLite -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "crm.db"


@pytest.fixture
def file_crm(file: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Crm]:
    monkeypatch.setattr("crmkit.store.engine.BUSY_SECONDS", 0.05)
    with Crm.open(f"sqlite:///{file}", plugins=[]) as crm:
        yield crm


@contextmanager
def locked(file: Path) -> Iterator[None]:
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.rollback()
        other.close()


def test_a_file_that_another_process_locks(file_crm: Crm, file: Path) -> None:
    with file_crm.session() as s:
        s.add(Customer(name="a"))
    with locked(file):
        with pytest.raises(DatabaseUnavailable, match="locked by another process"), file_crm.session() as s:
            s.add(Customer(name="b"))
        assert counts(file_crm) == (1, 1, 1)
    with file_crm.session() as s:
        s.add(Customer(name="c"))
    assert counts(file_crm) == (2, 2, 2)


def test_a_full_disk(file_crm: Crm) -> None:
    with file_crm.session() as s:
        s.add(Customer(name="a"))
    with file_crm.session() as s:
        pages = s.connection.exec_driver_sql("PRAGMA page_count").scalar()
        s.connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        s.add(*(Customer(name=f"c{n}", description="x" * 10_000) for n in range(200)))
        with pytest.raises(StorageFull, match="the disk is full; nothing of this step was written"):
            s.flush()
        with pytest.raises(CrmError, match="this session failed while writing"):
            s.flush()
        s.rollback()
    assert counts(file_crm) == (1, 1, 1)
    with file_crm.session() as s:
        s.connection.exec_driver_sql("PRAGMA max_page_count = 1073741823")
        s.add(*(Customer(name=f"c{n}", description="x" * 10_000) for n in range(20)))
    assert counts(file_crm) == (21, 21, 21)


def test_a_file_that_can_only_be_read(file_crm: Crm, file: Path) -> None:
    with file_crm.session() as s:
        s.add(Customer(name="a"))
    with Crm.open(f"sqlite:///file:{file}?mode=ro&uri=true", plugins=[]) as crm:
        assert counts(crm) == (1, 1, 1)
        with pytest.raises(DatabaseUnavailable, match="cannot be written to"), crm.session() as s:
            s.add(Customer(name="b"))
        assert counts(crm) == (1, 1, 1)


def test_a_file_that_is_no_database(file: Path) -> None:
    file.write_bytes(b"This is a letter to my aunt, not a database." * 100)
    with pytest.raises(DatabaseUnavailable, match="file is not a database"):
        Crm.open(f"sqlite:///{file}", plugins=[])


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailable, match="unable to open database file"):
        Crm.open(f"sqlite:///{tmp_path / 'nowhere' / 'crm.db'}", plugins=[])


@pytest.mark.parametrize("address", ["mysql://root:secret@host/db", "no address", "postgres"])
def test_an_address_that_cannot_be_read(address: str) -> None:
    with pytest.raises(ConfigError, match="expected sqlite:///FILE") as caught:
        Crm.open(address, plugins=[])
    assert "secret" not in str(caught.value)


# -- in memory --------------------------------------------------------------------------------------------------------


def test_threads_take_turns_in_memory() -> None:
    with Crm.open(plugins=[]) as crm:

        def work(worker: int) -> None:
            for number in range(25):
                with crm.session() as s:
                    s.add(Customer(name=f"{worker}.{number}"))
                    s.flush()
                    assert s.count(Customer) >= 1

        threads = [threading.Thread(target=work, args=(worker,)) for worker in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert counts(crm) == (100, 100, 100)


def test_who_waits_for_what_waits_for_oneself_in_memory_is_told_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crmkit.store.engine.BUSY_SECONDS", 0.05)

    class Count:
        def execute(self, ctx: Any) -> int:
            return int(ctx.session.count(Customer))

    with Crm.open(plugins=[]) as crm:
        with crm.session() as session:
            session.list(Customer)
            with pytest.raises(DatabaseUnavailable, match="busy"):
                crm.submit(Count()).result(60)
        assert crm.submit(Count()).result(60) == 0


def test_a_session_within_a_session_in_memory_is_refused_and_harms_nothing() -> None:
    with Crm.open(plugins=[]) as crm:
        with crm.session() as outer:
            outer.add(Customer(name="outer"))
            outer.flush()
            with pytest.raises(CrmError, match="a database in memory has one connection"):
                crm.actor("anna")
        assert counts(crm) == (1, 1, 1)


# -- translation ------------------------------------------------------------------------------------------------------


def test_other_errors_pass_as_they_are() -> None:
    for error in (KeyError("x"), ValueError("y"), StorageFull(msg("full"))):
        with pytest.raises(type(error)) as caught, faults_translated():
            raise error
        assert caught.value is error
