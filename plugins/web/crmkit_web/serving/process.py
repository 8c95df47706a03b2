"""Serving in this process, or in several: the socket, uvicorn, and the worker of background work beside them."""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.supervisors import Multiprocess

from crmkit.core.errors import ConfigError
from crmkit.core.messages import msg
from crmkit.hosting import Crm
from crmkit_web.serving.app import web_app
from crmkit_web.serving.protocol import BoundedProtocol

log = logging.getLogger("crmkit.web")

GRACE = 10
"""Seconds that requests and jobs may take to finish when the server is told to stop."""


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """Give a socket that listens; raises ConfigError for an address that cannot be had, before anything is opened."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind((host, port))
        except OSError as error:
            reason = error.strerror or str(error)
            raise ConfigError(
                msg("cannot listen at {host} port {port}: {reason}", host=host, port=port, reason=reason)
            ) from None
        yield door


def serve_here(crm: Crm, door: socket.socket, *, jobs: bool) -> None:
    """Serve in this process until it is told to stop, with background work in threads beside it."""
    # The server raises the interrupt again that has ended it.
    with _working(crm, jobs and not crm.database.in_memory), suppress(KeyboardInterrupt):
        uvicorn.Server(uvicorn_config(web_app(crm))).run(sockets=[door])


def serve_with(database: str, door: socket.socket, processes: int, *, jobs: bool) -> None:
    """Serve in several processes until told to stop, with background work in another one."""
    os.environ["CRMKIT_DB"] = database
    beside = _worker_process() if jobs else None
    try:
        config = uvicorn_config("crmkit_web.serving.process:app_of_process", factory=True, workers=processes)
        Multiprocess(config, sockets=[door]).run()
    finally:
        if beside is not None:
            beside.terminate()
            with suppress(subprocess.TimeoutExpired):
                beside.wait(GRACE * 2)


def app_of_process() -> Any:
    """Return the application of one of several processes, as the environment says."""
    config = os.environ.get("CRMKIT_CONFIG")
    crm = Crm.open(os.environ["CRMKIT_DB"], config=Path(config) if config else None, create=False)
    app = web_app(crm)
    app.on_shutdown.append(crm.close)
    return app


def uvicorn_config(app: Any, **more: Any) -> uvicorn.Config:
    """Return how uvicorn serves an application."""
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
        http=BoundedProtocol,
        ws="none",
        **more,
    )


@contextmanager
def _working(crm: Crm, wanted: bool) -> Iterator[None]:
    """Within the block, jobs are done in threads of this process. Starting takes a while, for which nobody waits."""
    if not wanted:
        yield
        return
    worker = crm.jobs.worker()
    begun = threading.Event()

    def work() -> None:
        try:
            worker.start()
            begun.set()
            worker.run()
        except Exception:
            log.exception("background work has ended; crmkit worker does it elsewhere")
        finally:
            begun.set()

    thread = threading.Thread(target=work, name="crmkit-jobs", daemon=True)
    thread.start()
    try:
        yield
    finally:
        begun.wait()
        worker.stop(GRACE)
        thread.join(GRACE)


def _worker_process() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "crmkit", "worker", "--quiet"])
