"""Work in the background, as those see it who asked for it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from crmkit.runtime.services.bound import Bound

if TYPE_CHECKING:
    from crmkit.runtime.jobs.keeping import ShownJob


class Background(Bound):
    """Work in the background, as those see it who asked for it."""

    __slots__ = ()

    def own_job(self, id: UUID | str) -> ShownJob:
        """Return a job that the user asked for; see :func:`crmkit.runtime.jobs.asked.own_job`."""
        from crmkit.runtime.jobs.asked import own_job

        return own_job(self._session, id)

    def own_jobs(self, *, only_open: bool = False, limit: int = 100) -> list[ShownJob]:
        """Return the jobs that the user asked for; see :func:`crmkit.runtime.jobs.asked.own_jobs`."""
        from crmkit.runtime.jobs.asked import own_jobs

        return own_jobs(self._session, only_open=only_open, limit=limit)

    def cancel_own_job(self, id: UUID | str) -> ShownJob:
        """Cancel a job that the user asked for; see :func:`crmkit.runtime.jobs.asked.cancel_own_job`."""
        from crmkit.runtime.jobs.asked import cancel_own_job

        return cancel_own_job(self._session, id)
