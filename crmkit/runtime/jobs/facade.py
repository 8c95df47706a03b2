"""What an application offers of background work: ``crm.jobs``. What it takes is imported when it is used."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from crmkit.hooks.jobs import JobDeclaration, ScheduleDeclaration
    from crmkit.runtime.crm import Crm
    from crmkit.runtime.jobs.keeping import JobHealth, ShownJob, ShownStep
    from crmkit.runtime.jobs.synchronous import RanJob
    from crmkit.runtime.jobs.worker import Worker


class Jobs:
    """The background work of one application. ``declared`` and ``schedules`` are by name."""

    def __init__(
        self, crm: Crm, declared: Mapping[str, JobDeclaration], schedules: Mapping[str, ScheduleDeclaration]
    ) -> None:
        self._crm = crm
        self.declared, self.schedules = declared, schedules
        self._woken: Callable[[], None] | None = None

    def list(
        self, *, states: Iterable[str] = (), plugin: str = "", name: str = "", limit: int = 100
    ) -> builtins.list[ShownJob]:
        """Return jobs, the newest first; see :func:`crmkit.runtime.jobs.keeping.list_jobs`."""
        from crmkit.runtime.jobs.keeping import list_jobs

        return list_jobs(self._crm, states=states, plugin=plugin, name=name, limit=limit)

    def show(self, id: UUID | str) -> tuple[ShownJob, builtins.list[ShownStep]]:
        """Return a job and its steps that are done; raises NotFound."""
        from crmkit.runtime.jobs.keeping import show_job

        return show_job(self._crm, id)

    def retry(self, *ids: UUID | str) -> int:
        """Let parked jobs wait again, with all of their attempts; returns how many."""
        from crmkit.runtime.jobs.keeping import retry

        return retry(self._crm, ids)

    def discard(self, *ids: UUID | str) -> int:
        """Give parked jobs up for good; returns how many."""
        from crmkit.runtime.jobs.keeping import discard

        return discard(self._crm, ids)

    def cancel(self, *ids: UUID | str) -> int:
        """Cancel jobs that are not done; what one that runs has not committed yet is undone. Returns how many."""
        from crmkit.runtime.jobs.keeping import cancel

        return cancel(self._crm, ids)

    def health(self) -> JobHealth:
        """Return how background work stands: workers, queues, parked jobs, schedules that nobody looks after."""
        from crmkit.runtime.jobs.keeping import health

        return health(self._crm)

    def run_due(self, plugin: str = "") -> builtins.list[RanJob]:
        """Run every job that is due, here and now, of one plugin or of all; see :func:`crmkit.runtime.jobs.synchronous.run_due`."""
        from crmkit.runtime.jobs.synchronous import run_due

        return run_due(self._crm, plugin)

    def worker(self, **options: Any) -> Worker:
        """Return a worker for this application; see :class:`crmkit.runtime.jobs.worker.Worker`."""
        from crmkit.runtime.jobs.worker import Worker

        return Worker(self._crm, **options)

    def wake(self) -> None:
        """Tell the worker of this process, if there is one, that a job was enqueued."""
        if self._woken is not None:
            self._woken()

    def on_wake(self, action: Callable[[], None] | None) -> None:
        """Have ``action`` called whenever a job was enqueued in this process; None: nothing any more."""
        self._woken = action
