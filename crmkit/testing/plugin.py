"""The pytest plugin that comes with crmkit: a CRM in memory, what fills it, and fresh databases of both kinds.

It is imported by every pytest run where crmkit is installed, so everything but pytest is imported by the fixtures.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

if TYPE_CHECKING:
    from crmkit.core.values.clock import FixedClock
    from crmkit.runtime.crm import Crm
    from crmkit.runtime.jobs.synchronous import RanJob
    from crmkit.testing.hook_calls import HookCalls
    from crmkit.testing.making import AsUser, MakeCrm, MakeCustomer
    from crmkit.testing.postgres import PostgresServer

_RUN = pytest.StashKey[Path]()
_RUN_INPUT = "crmkit_test_run"

# So many bytes must be free in memory for the databases of a run to be kept there.
_PLENTY = 4 * 2**30


# -- one run, in one process or with pytest-xdist in several ----------------------------------------------------------


def pytest_configure(config: pytest.Config) -> None:
    """Name the folder in which the processes of this run meet; it appears when a test needs PostgreSQL."""
    given = getattr(config, "workerinput", {}).get(_RUN_INPUT)
    config.addinivalue_line("markers", "slow: a full matrix or a big size; leave it out by -m 'not slow'")
    config.stash[_RUN] = Path(given) if given else _quick_folder() / f"crmkit-test-{uuid4().hex[:10]}"


def _quick_folder() -> Path:
    """Return the folder for what lasts as long as a run: in memory where there is plenty, for databases are many files.

    A temporary folder that somebody chose is taken as it is.
    """
    memory = Path("/dev/shm")
    if not {"TMPDIR", "TEMP", "TMP"} & os.environ.keys() and memory.is_dir() and os.access(memory, os.W_OK):
        room = shutil.disk_usage(memory).free
        if room >= _PLENTY:
            return memory
    return Path(tempfile.gettempdir())


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell each worker of pytest-xdist the folder."""
    node.workerinput[_RUN_INPUT] = str(node.config.stash[_RUN])


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the run's server. Workers leave that to the process that leads them and ends last."""
    run = config.stash.get(_RUN, None)
    if run is not None and run.exists() and not hasattr(config, "workerinput"):
        from crmkit.testing.postgres import stop_shared_server

        stop_shared_server(run)


# -- time -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def clock() -> FixedClock:
    """A clock that stands at noon UTC of Sunday, 15 March 2026, until the test moves it."""
    from crmkit.core.values.clock import FixedClock

    return FixedClock(datetime(2026, 3, 15, 12, tzinfo=UTC))


# -- a CRM ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def make_crm(clock: FixedClock) -> Iterator[MakeCrm]:
    """Opens CRMs, in memory and without plugins unless told otherwise; all are closed after the test."""
    from crmkit.testing.making import MakeCrm

    make = MakeCrm(clock)
    yield make
    make.close()


@pytest.fixture
def crm(make_crm: MakeCrm) -> Crm:
    """A CRM in memory, without plugins. Tests of a plugin define it anew: ``return make_crm(plugins=[my_plugin])``."""
    return make_crm()


@pytest.fixture
def make_customer(crm: Crm) -> MakeCustomer:
    """Adds customers to ``crm``: ``make_customer(name="Acme", country="DE")``."""
    from crmkit.testing.making import MakeCustomer

    return MakeCustomer(crm)


@pytest.fixture
def as_user(crm: Crm) -> AsUser:
    """Adds users to ``crm`` and gives them as actors: ``crm.session(as_user("customer read own"))``."""
    from crmkit.testing.making import AsUser

    return AsUser(crm)


@pytest.fixture
def hook_trace(crm: Crm) -> Iterator[HookCalls]:
    """The calls of the hooks of ``crm``, recorded as they are made."""
    from crmkit.testing.hook_calls import HookCalls

    calls = HookCalls(crm)
    yield calls
    calls.stop()


# -- background work ----------------------------------------------------------------------------------------------------


@pytest.fixture
def run_jobs(crm: Crm) -> Callable[..., list[RanJob]]:
    """Runs every job of ``crm`` that is due, here and now, by its schedule or enqueued, and returns what ran.

    ``run_jobs("my_plugin")`` runs those of one plugin.
    """
    return crm.jobs.run_due


# -- databases --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def postgres_server(request: pytest.FixtureRequest) -> PostgresServer:
    """The PostgreSQL server of this run; the tests fail where it cannot be started."""
    from crmkit.testing.postgres import shared_server

    return shared_server(request.config.stash[_RUN])


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The address of an empty PostgreSQL database of the test's own."""
    with postgres_server.database() as address:
        yield address


@pytest.fixture
def postgres(make_crm: MakeCrm, postgres_url: str) -> Crm:
    """What ``crm`` is, on PostgreSQL. Tests of a plugin define it anew: ``make_crm(plugins=[my_plugin], url=postgres_url)``."""
    return make_crm(url=postgres_url)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The address of a SQLite file of the test's own, which does not exist yet."""
    return f"sqlite:///{tmp_path / 'test.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of an empty database of the test's own: the test runs on SQLite and on PostgreSQL."""
    address: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    return address
