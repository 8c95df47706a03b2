"""What refers to records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from crmkit.runtime.services.bound import Bound

if TYPE_CHECKING:
    from crmkit.core.entity import Part


class References(Bound):
    """What refers to records."""

    __slots__ = ()

    def referring(self, records: Sequence[Part]) -> Mapping[UUID, Mapping[str, int]]:
        """Return how many records refer to each of some; see :func:`crmkit.services.referring.referring`."""
        from crmkit.services.referring import referring

        return referring(self._session, records)
