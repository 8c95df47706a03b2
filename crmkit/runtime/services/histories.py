"""What records were."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from crmkit.core.entity import Part
from crmkit.runtime.services.bound import Bound

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from crmkit.services.explaining import RecordOrigin
    from crmkit.services.history import FieldChange, HistoryEntry

P = TypeVar("P", bound=Part)


class Histories(Bound):
    """What records were."""

    __slots__ = ()

    def as_of(self, entity: type[P], id: UUID | str, instant: datetime, **details: bool) -> P | None:
        """Return a record as it was at an instant; see :func:`crmkit.services.history.as_of`."""
        from crmkit.services.history import as_of

        return as_of(self._session, entity, id, instant, **details)

    def changes(self, entity: type[Part], id: UUID | str, **details: Any) -> tuple[HistoryEntry, ...]:
        """Return who changed what in a record; see :func:`crmkit.services.history.changes`."""
        from crmkit.services.history import changes

        return changes(self._session, entity, id, **details)

    def diff(self, entity: type[Part], id: UUID | str, a: datetime, b: datetime) -> tuple[FieldChange, ...]:
        """Return how a record at ``b`` differs from what it was at ``a``; see :func:`crmkit.services.history.diff`."""
        from crmkit.services.history import diff

        return diff(self._session, entity, id, a, b)

    def explain(self, entity: type[Part] | str, id: UUID | str, *, fields: Iterable[str] = ()) -> RecordOrigin:
        """Return who and what made a record as it is; see :func:`crmkit.services.explaining.explain`."""
        from crmkit.services.explaining import explain

        return explain(self._session, entity, id, fields=fields)
