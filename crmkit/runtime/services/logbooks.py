"""Logs that plugins keep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmkit.runtime.services.bound import Bound

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


class Logbooks(Bound):
    """Logs that plugins keep."""

    __slots__ = ()

    def forget_log(self, entity: type[Any], field: str, before: datetime) -> int:
        """Delete old records of a log for good; see :func:`crmkit.services.logbooks.forget_log`."""
        from crmkit.services.logbooks import forget_log

        return forget_log(self._session, entity, field, before)

    def forget_records(self, records: Sequence[Any]) -> int:
        """Delete records of bookkeeping for good; see :func:`crmkit.services.logbooks.forget_records`."""
        from crmkit.services.logbooks import forget_records

        return forget_records(self._session, records)
