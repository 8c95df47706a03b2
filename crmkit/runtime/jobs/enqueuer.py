"""What ``ctx.jobs`` is: enqueueing, with the unit of work and the plugin filled in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmkit.core.frozen import frozen

if TYPE_CHECKING:
    from crmkit.runtime.crm import Crm
    from crmkit.store.session import Session


@frozen
class Enqueuer:
    """Enqueues jobs in the transaction of a session, as its plugin."""

    _crm: Crm
    _session: Session
    _plugin: str

    def enqueue(self, job: str, payload: Mapping[str, Any] | None = None, **details: Any) -> UUID:
        """Have a job done once the transaction is committed; see :func:`crmkit.runtime.jobs.enqueueing.enqueue`."""
        return self._crm.enqueue(self._session, job, payload, plugin=self._plugin, **details)
