from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from crmkit.core.errors import ConfigError, DatabaseUnavailable
from crmkit.testing.postgres import ADDRESS_VARIABLE, PostgresServer, shared_server, stop_shared_server


@contextmanager
def connected(address: str) -> Iterator[sa.Connection]:
    engine = sa.create_engine(address, poolclass=sa.NullPool)
    with engine.begin() as connection:
        yield connection


def tables(address: str) -> list[str]:
    with connected(address) as connection:
        return sa.inspect(connection).get_table_names()


def add_table(address: str) -> None:
    with connected(address) as connection:
        connection.exec_driver_sql("CREATE TABLE thing (id integer)")
        connection.exec_driver_sql("INSERT INTO thing VALUES (7)")


def databases(server: PostgresServer) -> set[str]:
    with connected(server.address) as connection:
        return set(connection.exec_driver_sql("SELECT datname FROM pg_database").scalars())


def test_each_database_is_empty_and_apart(postgres_server: PostgresServer) -> None:
    with postgres_server.database() as one, postgres_server.database() as other:
        assert tables(one) == []
        add_table(one)
        assert tables(one) == ["thing"]
        assert tables(other) == []


def test_a_database_goes_with_its_block_though_somebody_is_connected(postgres_server: PostgresServer) -> None:
    with postgres_server.database() as address:
        name = make_url(address).database
        lingering = sa.create_engine(address).connect()
        assert name in databases(postgres_server)
    assert name not in databases(postgres_server)
    lingering.invalidate()
    lingering.close()


def test_a_template_is_built_once_and_copied_with_its_rows(postgres_server: PostgresServer) -> None:
    built = []

    def build(address: str) -> None:
        built.append(address)
        add_table(address)

    first, again = (postgres_server.template("things", build) for _ in range(2))
    assert first == again
    assert len(built) == 1
    with postgres_server.database(first) as address:
        with connected(address) as connection:
            assert connection.exec_driver_sql("SELECT id FROM thing").scalars().all() == [7]
            connection.exec_driver_sql("DROP TABLE thing")
        with postgres_server.database(first) as untouched:
            assert tables(untouched) == ["thing"]


def test_a_template_that_fails_leaves_no_database_and_is_tried_again(postgres_server: PostgresServer) -> None:
    failed = []

    def fail(address: str) -> None:
        failed.append(make_url(address).database)
        raise ValueError("half-built")

    with pytest.raises(ValueError, match="half-built"):
        postgres_server.template("broken", fail)
    assert not databases(postgres_server) & set(failed)
    assert postgres_server.template("broken", add_table) in databases(postgres_server)


def test_a_given_server_is_used_and_left_without_the_runs_databases(
    postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ADDRESS_VARIABLE, postgres_server.address)
    server = shared_server(tmp_path / "other-run")
    assert server.address == postgres_server.address
    made = make_url(server.create()).database
    with postgres_server.database() as neighbour:
        stop_shared_server(tmp_path / "other-run")
        left = databases(postgres_server)
    assert made not in left
    assert make_url(neighbour).database in left
    assert not (tmp_path / "other-run").exists()


def test_a_given_address_that_is_no_postgresql_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ADDRESS_VARIABLE, "sqlite:///some.db")
    with pytest.raises(ConfigError, match=f"{ADDRESS_VARIABLE} sqlite:///some.db: expected postgresql://"):
        shared_server(tmp_path)


def test_an_unreachable_server_is_named_without_its_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ADDRESS_VARIABLE, f"postgresql://me:secret@/db?host={tmp_path}")
    with pytest.raises(DatabaseUnavailable, match="me:") as caught:
        shared_server(tmp_path / "run")
    assert "secret" not in str(caught.value)
