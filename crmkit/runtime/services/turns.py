"""Who is first, where several work at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from crmkit.runtime.services.bound import Bound
from crmkit.store.locking import in_turn, locked

if TYPE_CHECKING:
    from crmkit.core.entity import Part

P = TypeVar("P", bound="Part")


class Turns(Bound):
    """Who is first, where several work at once."""

    __slots__ = ()

    def in_turn(self, *words: str) -> None:
        """Wait for those who named the same words, and have others wait; see :func:`crmkit.store.locking.in_turn`."""
        in_turn(self._session, *words)

    def latest(self, record: P) -> P:
        """Return a record as it is now and keep it from others until the end of the transaction.

        Raises NotFound when it was deleted meanwhile. See :func:`crmkit.store.locking.locked`.
        """
        from crmkit.core.errors import NotFound
        from crmkit.core.messages import msg

        entity = self._session.database.registry.of(record).name
        found: P | None = locked(self._session, entity, [record.id]).get(record.id)
        if found is None or found.deleted_at is not None:
            raise NotFound(msg("no {entity} with id {id}", entity=entity, id=str(record.id)))
        return found

    def referring(self, records: Sequence[Part]) -> Mapping[UUID, Mapping[str, int]]:
        """Return how many records refer to each of some; see :func:`crmkit.services.referring.referring`."""
        from crmkit.services.referring import referring

        return referring(self._session, records)
