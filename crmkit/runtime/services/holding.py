"""Holding records, and taking turns, until the transaction ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from crmkit.core.entity import Part
from crmkit.core.errors import NotFound
from crmkit.core.messages import msg
from crmkit.runtime.services.bound import Bound
from crmkit.services.append_only import is_rewriting
from crmkit.store.locking import in_turn, locked
from crmkit.store.savepoints import attempt

if TYPE_CHECKING:
    from crmkit.store.session import Session

P = TypeVar("P", bound=Part)
T = TypeVar("T")


class Holding(Bound):
    """Holding records, and taking turns, until the transaction ends."""

    __slots__ = ()

    def hold_records(self, entity: type[P], ids: Iterable[UUID]) -> dict[UUID, P]:
        """Hold records until the transaction ends and return them, as they are now, by id; NotFound for unseen ones."""
        wanted = sorted(set(ids))
        seen = {record.id for record in self._session.list(entity, id=wanted)} if wanted else set()
        for id in wanted:
            if id not in seen:
                name = self._crm.registry.get(entity).name
                raise NotFound(msg("no {entity} with id {id}", entity=name, id=str(id)))
        return locked(self._session, self._crm.registry.get(entity).name, wanted) if wanted else {}

    def take_turns(self, *words: str, patience: float | None = None) -> None:
        """Wait until others who named the same words have ended; see :func:`crmkit.store.locking.in_turn`."""
        in_turn(self._session, *words, patience=patience)

    def attempt(self) -> AbstractContextManager[Session]:
        """Give a session whose writes stand or fall by themselves; see :func:`crmkit.store.savepoints.attempt`."""
        return attempt(self._session)

    def rewrites_history(self) -> bool:
        """Tell whether a merge, an erasure or the revert of an import is at work: rules on settled records let it pass."""
        return is_rewriting(self._session)

    def kept_in_save(self, name: str, make: Callable[[], T]) -> T:
        """Return what rules keep under ``name``, the plugin's and a point ahead, for the save under way; else it is made."""
        return self._session.kept_in_flush(name, make)
