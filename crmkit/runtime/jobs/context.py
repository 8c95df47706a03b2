"""What the function of a job works with: a plugin's context, and steps, progress and the worker's wish to stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.runtime.context import Context
from crmkit.runtime.jobs.steps import Steps

if TYPE_CHECKING:
    from crmkit.runtime.crm import Crm
    from crmkit.runtime.jobs.executing import Start
    from crmkit.store.session import Session


class JobContext(Context):
    """The context of one start of a job. What ``session`` writes is committed with the job's being done."""

    __slots__ = ("_start", "steps")

    def __init__(self, crm: Crm, session: Session, plugin: str, start: Start) -> None:
        super().__init__(crm, session, plugin)
        self._start = start
        self.steps = Steps(start, self)

    @property
    def crm(self) -> Crm:
        """The application, for the core's own work."""
        return self._crm

    @property
    def stopping(self) -> bool:
        """Whether the worker is about to stop: return soon, or go on to a step, which hands the job back."""
        return self._start.stopping()

    def progress(self, done: int, total: int | None = None, note: str = "") -> None:
        """Say how far the work is; ``crmkit jobs`` shows it. Seen by others at once, unless ``session`` is in use."""
        self._start.progress = (done, total, note[:500])
        if not self.session.connected:
            self._start.tell_progress()
