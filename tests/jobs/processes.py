"""An installation in a folder, with a plugin of one file, and ``crmkit worker`` processes that work for it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from crmkit.cli.main import main
from crmkit.core.values.clock import SystemClock
from crmkit.runtime.config import load_config
from crmkit.runtime.crm import Crm
from tests.forked import Forked

PLUGIN = '''
"""A plugin whose job writes twice, in a step and at its end, with a pause in between."""

import time

from crmkit.core.customer import Customer
from crmkit.hooks.jobs import JobDeclaration
from crmkit.plugin import hookimpl


def add(ctx, name):
    ctx.session.add(Customer(name=name, kind="organization"))


def work(ctx, job):
    number = job.payload["number"]
    ctx.steps.transaction("step", add, f"step {number}")
    time.sleep(job.payload["pause"])
    ctx.steps.run("done waiting", int)
    add(ctx, f"end {number}")


@hookimpl
def register_jobs(ctx, call):
    return [JobDeclaration(name="looper.work", run=work)]
'''


class Installation:
    """A folder with configuration and plugin; ``settings`` are further lines of ``[jobs]``."""

    def __init__(self, address: str, folder: Path, *settings: str) -> None:
        self.folder = folder
        (folder / "plugins").mkdir()
        (folder / "plugins" / "looper.py").write_text(PLUGIN, "utf-8")
        lines = [f'db = "{address}"', 'plugin_folder = "plugins"', "[jobs]", "polling = 0.05", *settings]
        self.config = folder / "crmkit.toml"
        self.config.write_text("\n".join(lines) + "\n", "utf-8")
        self.log = folder / "workers.log"

    def open(self) -> Crm:
        """Open the application in this process."""
        return Crm.open(config=load_config(self.config, os.environ), clock=SystemClock())

    def enqueue(self, pauses: list[float]) -> None:
        """Enqueue a job for each pause, numbered from zero."""
        with self.open() as crm:
            for start in range(0, len(pauses), 500):
                with crm.session() as session:
                    for number, pause in list(enumerate(pauses))[start : start + 500]:
                        session.enqueue("looper.work", {"number": number, "pause": pause})

    def start(self, *words: str, patience: float = 60.0) -> Forked:
        """Start a worker and wait until it works, for so many seconds at the most."""
        at = self.log.stat().st_size if self.log.exists() else 0
        line = ["--config", str(self.config), "worker", *words]
        worker = Forked(main, line, told=self.log, folder=self.folder)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline and worker.poll() is None and "works for" not in self.told(at):
            time.sleep(0.02)
        return worker

    def told(self, at: int = 0) -> str:
        """Return what workers have said, from a place in the log on."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as read:
            read.seek(at)
            return read.read().decode("utf-8", "replace")

    def count(self, *states: str) -> int:
        """Return how many jobs of the plugin are in one of the states."""
        with self.open() as crm:
            jobs = crm.database.table("background_jobs")
            wanted = (jobs.c.name == "looper.work", jobs.c.state.in_(states))
            with crm.database.connection(reads=True, tenant=crm.system.tenant_id) as connection:
                return int(connection.scalar(sa.select(sa.func.count()).select_from(jobs).where(*wanted)) or 0)


def wait_until(true: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait until something is true; fails when it is not after so many seconds."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not so after {seconds:g} seconds"
        time.sleep(0.05)
