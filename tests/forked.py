"""Processes for tests to stop and kill, forked from one that has imported what takes long."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping
from functools import cache
from multiprocessing import get_context
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

IMPORTED = (
    "crmkit.cli.program",
    "crmkit.cli.worker",
    "crmkit.runtime.crm",
    "crmkit.runtime.jobs.worker",
    "crmkit.services.handover",
    "crmkit.services.importing.running",
    "dbos",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.sqlite.pysqlite",
)


class Forked:
    """A process that runs ``function`` with ``arguments``; what it prints is added to the file ``told``."""

    def __init__(self, function: Callable[..., None], *arguments: Any, told: Path, folder: Path | None = None) -> None:
        told.touch()
        given = (function, arguments, str(told), str(folder or Path.cwd()), dict(os.environ))
        self._process = _server().Process(target=_run, args=given, daemon=True)
        self._process.start()
        self.told = told

    def poll(self) -> int | None:
        """Return the exit code, or None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float) -> int:
        """Return the exit code once it has ended. Raises TimeoutError when that takes longer."""
        self._process.join(timeout)
        code = self._process.exitcode
        if code is None:
            raise TimeoutError(f"process {self._process.pid} still runs")
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self._process.pid is not None and self._process.exitcode is None:
            os.kill(self._process.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)
        self._process.join()


@cache
def _server() -> ForkServerContext:
    context = get_context("forkserver")
    context.set_forkserver_preload(list(IMPORTED))
    return context


def _run(
    function: Callable[..., None], arguments: tuple[Any, ...], told: str, folder: str, environment: Mapping[str, str]
) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    out = os.open(told, os.O_WRONLY | os.O_APPEND)
    os.dup2(out, 1)
    os.dup2(out, 2)
    # What starts the tests may have told its children to ignore it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    function(*arguments)
