"""Which events a subscriber may take now, and which wait behind one that is parked for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from crmkit.core.event_order import EventOrder
from crmkit.core.journal import Event
from crmkit.store.ordering_keys import ordering_keys
from crmkit.store.parked_events import Parking, blocking

if TYPE_CHECKING:
    from uuid import UUID

    from crmkit.runtime.crm import Crm


class EventLine:
    """A stretch of events for one subscriber. Who they are about is asked when something is parked, not before."""

    def __init__(self, crm: Crm, subscriber: str, order: EventOrder, events: Sequence[Event], parked: bool) -> None:
        self._crm, self._subscriber, self._order, self._events = crm, subscriber, order, events
        self._keys: dict[int, frozenset[UUID]] | None = None
        self._blocked: dict[UUID, int] = {}
        if parked:
            self._look_up()

    def keys(self, event: Event) -> frozenset[UUID]:
        """Return the ordering keys of an event."""
        if self._keys is None:
            self._look_up()
        assert self._keys is not None
        return self._keys[event.position]

    def split(self, events: Sequence[Event]) -> tuple[Sequence[Event], list[Parking]]:
        """Return the events that may be taken, and those to park since an earlier one of their customer is parked."""
        if not self._blocked:
            return events, []
        free: list[Event] = []
        waiting: list[Parking] = []
        for event in events:
            keys = self.keys(event)
            if any(self._blocked.get(key, event.position) < event.position for key in keys):
                # Whatever becomes of this piece, it waits: and so does what has another of its keys.
                waiting.append(Parking(event, keys, "waiting"))
                _block(self._blocked, keys, event.position)
            else:
                free.append(event)
        return free, waiting

    def block(self, event: Event) -> None:
        """Let later events with a key of this one wait: it is parked."""
        _block(self._blocked, self.keys(event), event.position)

    def _look_up(self) -> None:
        database, tenant = self._crm.database, self._crm.system.tenant_id
        with database.connection(reads=True, tenant=tenant) as connection:
            self._keys = ordering_keys(connection, database, tenant, self._events, self._order)
            every = {key for keys in self._keys.values() for key in keys}
            for key, position in blocking(connection, database, tenant, self._subscriber, every).items():
                _block(self._blocked, frozenset((key,)), position)


def _block(blocked: dict[UUID, int], keys: frozenset[UUID], position: int) -> None:
    for key in keys:
        blocked[key] = min(position, blocked.get(key, position))
