"""A plugin whose jobs call the functions that a test gives it, and a PostgreSQL or SQLite database for workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from crmkit.core.customer import Customer
from crmkit.hooks.jobs import JobDeclaration, ScheduleDeclaration
from crmkit.hooks.kinds import hookimpl
from crmkit.runtime.crm import Crm
from crmkit.runtime.manifest import Manifest
from crmkit.testing.postgres import PostgresServer


class Plugin:
    """A plugin with jobs; each keyword is a job's name without the plugin's, and what it does."""

    def __init__(self, name: str = "loyalty", *schedules: ScheduleDeclaration, **jobs: Any) -> None:
        self.manifest = Manifest(name=name)
        self._schedules = list(schedules)
        self._jobs = [
            job if isinstance(job, JobDeclaration) else JobDeclaration(name=f"{name}.{word}", run=job)
            for word, job in jobs.items()
        ]

    @hookimpl
    def register_jobs(self, ctx: Any, call: Any) -> list[JobDeclaration]:
        return self._jobs

    @hookimpl
    def register_schedules(self, ctx: Any, call: Any) -> list[ScheduleDeclaration]:
        return self._schedules


def add_customer(ctx: Any, job: Any) -> None:
    ctx.session.add(Customer(name=job.payload["name"], kind="organization"))


def names(crm: Crm) -> list[str]:
    with crm.session(reads=True) as session:
        return sorted(customer.name for customer in session.list(Customer))


def states(crm: Crm) -> dict[str, int]:
    """Count the jobs of plugins by their states; those of the core come by the minute, as the machine's clock has it."""
    found: dict[str, int] = {}
    for job in crm.jobs.list(limit=100_000):
        if not job.name.startswith("crmkit."):
            found[job.state] = found.get(job.state, 0) + 1
    return found


@pytest.fixture(params=["sqlite", "postgresql"])
def own_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database with the core's tables that no other test uses, since workers see all of it."""
    if request.param == "sqlite":
        address = f"sqlite:///{tmp_path / 'crm.db'}"
        Crm.open(address, plugins=[]).close()
        yield address
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    template = server.template("core-tables", lambda address: Crm.open(address, plugins=[]).close())
    with server.database(template) as address:
        yield address


@pytest.fixture
def opened() -> Iterator[Callable[..., Crm]]:
    """Opens CRMs on a database; all are closed after the test."""
    made: list[Crm] = []

    def open_(url: str, *plugins: Any, **options: Any) -> Crm:
        crm = Crm.open(url, plugins=list(plugins), **options)
        made.append(crm)
        return crm

    yield open_
    for crm in reversed(made):
        crm.close()
