"""The rights of people to their data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmkit.runtime.services.bound import Bound

if TYPE_CHECKING:
    from datetime import datetime

    from crmkit.core.customer import Customer
    from crmkit.core.entity import Part
    from crmkit.core.personal_data import Erasure, LegalHold
    from crmkit.services.personal_data import ErasurePlan, PersonalExport


class PersonalData(Bound):
    """The rights of people to their data."""

    __slots__ = ()

    def export_person(self, customer: Customer | UUID | str, *, history: bool = False) -> PersonalExport:
        """Return all that is held on a customer; see :func:`crmkit.services.personal_data.export_person`."""
        from crmkit.services.personal_data import export_person

        return export_person(self._session, customer, history=history)

    def preview_erasure(self, customer: Customer | UUID | str, reason: str = "", **details: Any) -> ErasurePlan:
        """Return what erasing a customer would do; see :func:`crmkit.services.personal_data.preview`."""
        from crmkit.services.personal_data import preview

        return preview(self._session, customer, reason, settings=self._crm.config.personal_data, **details)

    def erase(self, customer: Customer | UUID | str, reason: str, **details: Any) -> Erasure:
        """Erase a customer; see :func:`crmkit.services.personal_data.erase`."""
        from crmkit.services.personal_data import erase

        given = {"settings": self._crm.config.personal_data, "attachments": lambda: self._crm.attachments, **details}
        return erase(self._session, customer, reason, **given)

    def hold(self, record: Part, reason: str, until: datetime | None = None) -> LegalHold:
        """Keep a record from being erased; see :func:`crmkit.services.personal_data.hold`."""
        from crmkit.services.personal_data import hold

        return hold(self._session, record, reason, until)

    def release_hold(self, hold: LegalHold | UUID) -> LegalHold:
        """End a legal hold; see :func:`crmkit.services.personal_data.release`."""
        from crmkit.services.personal_data import release

        return release(self._session, hold)
