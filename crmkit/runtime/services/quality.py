"""How good the data is, what to mend first, and values confirmed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from crmkit.core.entity import Part
from crmkit.runtime.services.bound import Bound

if TYPE_CHECKING:
    from crmkit.core.confirmation import ValueConfirmation
    from crmkit.core.quality_rules import Expected
    from crmkit.services.quality import QualityReport, WorkItem, WorkPage


class Quality(Bound):
    """The use cases of ``crmkit.services.quality``."""

    __slots__ = ()

    def quality_expectations(self, entity: str = "customer") -> tuple[Expected, ...]:
        """Return what is expected of records that the actor may read; see :func:`crmkit.services.quality.readable`."""
        from crmkit.services.quality import readable

        return readable(self._session, self._crm.quality, entity)

    def quality_report(self, entity: str = "customer", **details: Any) -> QualityReport:
        """Return how good the data of an entity is; see :func:`crmkit.services.quality.quality_report`."""
        from crmkit.services.quality import quality_report

        return quality_report(self._session, self._crm.quality, entity, **details)

    def work_list(self, entity: str = "customer", **details: Any) -> WorkPage:
        """Return the records to mend first; see :func:`crmkit.services.quality.work_list`."""
        from crmkit.services.quality import work_list

        return work_list(self._session, self._crm.quality, entity, **details)

    def quality_of(self, record: Part) -> WorkItem | None:
        """Return what is wrong with one record; see :func:`crmkit.services.quality.problems_of`."""
        from crmkit.services.quality import problems_of

        return problems_of(self._session, self._crm.quality, record)

    def confirm(self, record: Part, names: Iterable[str] = (), **details: Any) -> tuple[ValueConfirmation, ...]:
        """Note that values of a record are still right; see :func:`crmkit.services.quality.confirm`."""
        from crmkit.services.quality import confirm

        return confirm(self._session, self._crm.quality, record, names, **details)
