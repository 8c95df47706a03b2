"""DBOS, and all that crmkit knows of it: durable queues that hand each job to one worker, and know it when a worker dies.

A job is a workflow there, named by its id and how often it was handed over; all else about it stands in our tables. DBOS
keeps its own tables apart: in a file beside that of SQLite, in a schema of its own on PostgreSQL, and by an engine of its
own, so that neither waits for connections of the other. It is one object for a whole process.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from dbos import DBOS, DBOSClient, EnqueueOptions
from sqlalchemy.engine import URL, make_url

from crmkit.core.errors import ConfigError
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg

if TYPE_CHECKING:
    from crmkit.runtime.crm import Crm

SCHEMA = "crmkit_dbos"
WORKFLOW = "crmkit.job"

VERSION = "crmkit"
"""Pinned: DBOS gives work only to workers of the version that it was enqueued by, and by default that is a digest of code."""

PREFETCH = 8
"""Jobs that a worker takes for each that it can run at the same time, so that short ones need not wait for the next look."""

UNDER_WAY = ("ENQUEUED", "DELAYED", "PENDING")

# With a handler of its own, DBOS would keep the standard error as it was when the process first had a worker.
logging.getLogger("dbos").addHandler(logging.NullHandler())

_one = threading.Lock()
_runner: Callable[[UUID, str, int], None] | None = None


@DBOS.workflow(name=WORKFLOW, max_recovery_attempts=None)
def _run_job(job: str, name: str, dispatch: int) -> None:
    """Run one job; what became of it stands in our tables. Never raises, so that DBOS has nothing to keep."""
    runner = _runner
    if runner is not None:
        runner(UUID(job), name, dispatch)


@frozen
class Handed:
    """A job to hand over: what it is called, and how often it has been by then."""

    id: UUID
    name: str
    dispatch: int

    @property
    def plugin(self) -> str:
        """Whose it is."""
        return self.name.partition(".")[0]

    @property
    def workflow(self) -> str:
        """Its name there; names sort as jobs were enqueued, which SQLite goes by within a millisecond."""
        return f"{self.id}.{self.dispatch}"


class Engine:
    """The engine of one worker. ``queues`` maps plugins to how many of their jobs it runs at the same time."""

    def __init__(
        self,
        crm: Crm,
        executor: str,
        queues: Mapping[str, int],
        run: Callable[[UUID, str, int], None],
        *,
        polling: float,
    ) -> None:
        self._tenant, self._executor, self._queues = crm.system.tenant_id, executor, queues
        self._run, self._polling = run, polling
        self._address = engine_address(crm)
        self._engine: sa.Engine | None = None
        self._client: DBOSClient | None = None

    def start(self) -> None:
        """Begin to take jobs, in a process that ``reserve`` has reserved; when it fails, the process is free again."""
        global _runner
        _runner = self._run
        try:
            self._launch()
        except BaseException:
            self.stop()
            raise

    def _launch(self) -> None:
        self._engine = _own_engine(self._address)
        DBOS(
            config={
                "name": "crmkit",
                "system_database_engine": self._engine,
                "dbos_system_schema": SCHEMA,
                "application_version": VERSION,
                "executor_id": f"{self._tenant}.{self._executor}",
                # Nobody waits for its notifications; without them it makes no triggers.
                "use_listen_notify": False,
                "notification_listener_polling_interval_sec": 0.5,
                "scheduler_polling_interval_sec": 600.0,
                # What it has to say of workflows that were withdrawn is none of anybody's concern.
                "log_level": "CRITICAL",
            }
        )
        DBOS.listen_queues([self._queue(plugin) for plugin in self._queues])
        DBOS.launch()
        for plugin, slots in self._queues.items():
            DBOS.register_queue(
                self._queue(plugin),
                worker_concurrency=slots * PREFETCH,
                polling_interval_sec=self._polling,
                on_conflict="always_update",
            )
        self._client = DBOSClient(
            system_database_engine=self._engine,
            dbos_system_schema=SCHEMA,
            application_name="crmkit",
            lazy=True,
            retry_connection_errors=False,
        )

    def stop(self) -> None:
        """Take no more jobs and let go of everything; jobs that still run are not waited for."""
        global _runner
        try:
            DBOS.destroy(workflow_completion_timeout_sec=0)
            if self._client is not None:
                self._client.destroy()
            if self._engine is not None:
                self._engine.dispose()
        finally:
            self._client = self._engine = None
            _runner = None
            _one.release()

    def hand_over(self, jobs: Sequence[Handed]) -> None:
        """Put jobs into their queues, in one transaction; those that are there already stay as they are."""
        client, engine = self._parts()
        with engine.begin() as connection:
            for job in jobs:
                options: EnqueueOptions = {
                    "workflow_name": WORKFLOW,
                    "queue_name": self._queue(job.plugin),
                    "workflow_id": job.workflow,
                    "app_version": VERSION,
                }
                client.enqueue_in_transaction(connection, options, str(job.id), job.name, job.dispatch)

    def under_way(self, jobs: Sequence[Handed]) -> set[UUID]:
        """Return which of the jobs are in a queue or with a worker."""
        names = {job.workflow: job.id for job in jobs}
        found = self._list(workflow_ids=list(names), status=list(UNDER_WAY))
        return {names[workflow.workflow_id] for workflow in found}

    def taken_by(self, executor: str) -> list[tuple[UUID, int]]:
        """Return the jobs that another worker has taken, each with the number of its hand-over."""
        found = self._list(status="PENDING", executor_id=f"{self._tenant}.{executor}", name=WORKFLOW)
        parts = [workflow.workflow_id.rpartition(".") for workflow in found]
        return [(UUID(id), int(dispatch)) for id, _, dispatch in parts]

    def withdraw(self, workflows: Iterable[str]) -> None:
        """Have nobody take these hand-overs any more."""
        client, _ = self._parts()
        names = list(workflows)
        if names:
            client.cancel_workflows(names)

    def forget(self, before: str) -> int:
        """Delete what ended before an instant (ISO 8601), up to a thousand; returns how many."""
        client, _ = self._parts()
        found = self._list(completed_before=before, name=WORKFLOW, limit=1_000)
        if found:
            client.delete_workflows([workflow.workflow_id for workflow in found])
        return len(found)

    def _list(self, **wanted: Any) -> list[Any]:
        client, _ = self._parts()
        return client.list_workflows(load_input=False, load_output=False, **wanted)

    def _queue(self, plugin: str) -> str:
        return f"{self._tenant}.{plugin}"

    def _parts(self) -> tuple[DBOSClient, sa.Engine]:
        if self._client is None or self._engine is None:
            raise RuntimeError("the engine is not running")
        return self._client, self._engine


def reserve() -> None:
    """Reserve this process for one engine, until that is stopped. Raises ConfigError when it has one already."""
    if not _one.acquire(blocking=False):
        raise ConfigError(msg("this process has a worker already: one process runs the worker of one application"))


def release() -> None:
    """Give a reserved process back that came to have no engine."""
    _one.release()


def engine_address(crm: Crm) -> URL:
    """Return where DBOS keeps its tables. Raises ConfigError for a database in memory, which no worker can share."""
    if crm.config.jobs.address:
        return make_url(crm.config.jobs.address)
    url = crm.database.engine.url
    if url.get_backend_name() != "sqlite":
        return url
    if crm.database.in_memory or not url.database:
        raise ConfigError(msg("a database in memory has no workers; crm.jobs.run_due() does what is due"))
    file = Path(url.database)
    return url.set(database=str(file.with_name(f"{file.stem}-jobs{file.suffix or '.db'}")))


def _own_engine(url: URL) -> sa.Engine:
    """Return an engine that nothing else uses. Many threads of DBOS write, each only for a moment."""
    if url.get_backend_name() != "sqlite":
        given = url.query.get("options", "")
        options = given if isinstance(given, str) else " ".join(given)
        return sa.create_engine(
            url.set(drivername="postgresql+psycopg"),
            pool_size=10,
            max_overflow=20,
            pool_pre_ping=True,
            # As DBOS sets it for engines that it makes itself: a process that stands still lets go of what it locks.
            connect_args={"options": f"{options} -c idle_in_transaction_session_timeout=10s".strip()},
        )
    engine = sa.create_engine(url, connect_args={"check_same_thread": False, "timeout": 30.0}, pool_size=10)

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = "IMMEDIATE"
        connection.execute("PRAGMA busy_timeout = 30000")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")

    return engine
