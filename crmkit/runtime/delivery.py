"""Delivers committed events to subscribers: in process, from the event log, each with a place of its own.

What hooks write is delivered by the process that committed the events, right after the commit; whoever works outside of
the database is served by ``drain``, which the background worker calls, and so are parked events whose time has come. No
failure here reaches those whose work is committed already.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from crmkit.runtime.delivering import Deliverer
from crmkit.runtime.taking import OUTSIDE_HOOK
from crmkit.runtime.telling import HOOKS, anybody_hears
from crmkit.store.parked_events import ParkedEvent, parked
from crmkit.store.subscribers import enrol, outside, plugin_of

if TYPE_CHECKING:
    from crmkit.runtime.crm import Crm

log = logging.getLogger("crmkit.delivery")


AT_ONCE = 100
"""After so many commits that nobody waited for, the places in the log are moved all the same."""


class Delivery:
    """Brings events to subscribers: plugins with a notify hook."""

    def __init__(self, crm: Crm) -> None:
        self._crm = crm
        self._draining, self._outside = threading.Lock(), threading.Lock()
        self._drainer = 0
        self._waits = False
        self._enrolled: frozenset[str] = frozenset()
        self._deliverer = Deliverer(crm)
        self._known: tuple[int, list[str], list[str]] = (-1, [], [])
        self._heard: tuple[int, dict[str, bool]] = (-1, {})
        self._passed = 0

    # -- what is called ------------------------------------------------------------------------------------------

    def committed(self, first: UUID, entities: Collection[str]) -> None:
        """Deliver after a commit that wrote records of ``entities``; what hooks cause in turn is delivered by the same loop.

        Where no hook waits for any of these, the places in the log are moved with a later delivery: reading events that
        nobody hears of would make every small commit several times as long. Subscribers that work outside of the
        database are left to ``drain``: nobody who commits waits for a broker.
        """
        if not self.subscribers:
            return
        try:
            if not self._enrolled.issuperset(self.subscribers):
                self.enrol(first)
            if not self._hooked or self._unheard(entities):
                return
            self._waits = True
            self._drain_what_waits()
        except Exception:
            # The commit stands; what it has to tell waits in the log for the next delivery.
            log.exception("committed events were not delivered; they wait for the next delivery")

    def _unheard(self, entities: Collection[str]) -> bool:
        """Whether a commit can go without a delivery: nobody waits for its events, nor for earlier ones."""
        if self._deliverer.later or self._passed >= AT_ONCE:
            return False
        hooks = self._crm.hooks
        if self._heard[0] != hooks.generation:
            self._heard = (hooks.generation, {})
        heard = self._heard[1]
        for entity in entities:
            known = heard.get(entity)
            if known is None:
                known = heard[entity] = anybody_hears(hooks, entity)
            if known:
                return False
        self._passed += 1
        return True

    def drain(self) -> int:
        """Deliver everything that waits, and parked events whose time has come; returns how many deliveries were made."""
        if self._drainer == threading.get_ident():
            # A hook asks for it; the loop that called the hook goes on after it.
            return 0
        if not self._enrolled.issuperset(self.subscribers):
            self.enrol()
        self._draining.acquire()
        made = self._drain(parked_too=True)
        self._drain_what_waits()
        return made + self._drain_outside()

    def enrol(self, first: UUID | None = None) -> None:
        """Give subscribers that the database does not know their place: before the event ``first``, by default the log's end.

        A plugin that joins a database which others filled hears of what happens from then on; one that had another name
        goes on where it was.
        """
        wanted = frozenset(self.subscribers)
        if self._enrolled.issuperset(wanted):
            return
        formerly = {plugin.name: plugin.manifest.formerly for plugin in self._crm.plugins.plugins}
        former = {name: formerly.get(name, ()) for name in self._hooked}
        for name in self._outsiders:
            former[name] = tuple(outside(old) for old in formerly.get(plugin_of(name), ()))
        enrol(self._crm.database, self._crm.system.tenant_id, former, first)
        self._enrolled = wanted

    def parked(self) -> list[ParkedEvent]:
        """Return what is parked, by subscriber in the order of the log."""
        tenant = self._crm.system.tenant_id
        with self._crm.database.connection(reads=True, tenant=tenant) as connection:
            return parked(connection, self._crm.database, tenant)

    @property
    def subscribers(self) -> list[str]:
        """The names of all subscribers whose plugins are there."""
        return [*self._hooked, *self._outsiders]

    @property
    def delivering(self) -> Mapping[str, datetime]:
        """Since when this process delivers to subscribers, for those it delivers to at this moment."""
        return self._deliverer.delivering

    # -- the loops -----------------------------------------------------------------------------------------------

    def _drain_what_waits(self) -> None:
        # Whoever drains, in this thread or another, looks again after giving the lock back: who came when it had the
        # lock but had stopped looking relies on it.
        while self._waits and self._draining.acquire(blocking=False):
            self._drain()

    def _drain(self, parked_too: bool = False) -> int:
        """Deliver until nothing waits; whoever calls it has the lock, which is given back."""
        made, progress = 0, True
        self._drainer = threading.get_ident()
        try:
            self._waits = False
            self._passed = 0
            self._deliverer.later.clear()
            if parked_too:
                made += sum(self._deliverer.retry(subscriber) for subscriber in self._hooked)
            while progress:
                progress = False
                for subscriber in self._hooked:
                    if subscriber not in self._deliverer.later and self._deliverer.deliver(subscriber):
                        made += 1
                        progress = True
        finally:
            self._deliverer.forget()
            self._drainer = 0
            self._draining.release()
        return made

    def _drain_outside(self) -> int:
        """Deliver to subscribers that work outside of the database, unless another thread or process is at it."""
        if not self._outsiders or not self._outside.acquire(blocking=False):
            return 0
        made = 0
        try:
            for subscriber in self._outsiders:
                if not self._deliverer.keep(subscriber):
                    continue
                try:
                    made += self._deliverer.retry(subscriber)
                    # Each batch may take its time; the lease begins anew with it.
                    while self._deliverer.keep(subscriber) and self._deliverer.deliver(subscriber):
                        made += 1
                finally:
                    self._deliverer.leave(subscriber)
        finally:
            self._outside.release()
        return made

    # -- who they are --------------------------------------------------------------------------------------------

    @property
    def _hooked(self) -> list[str]:
        return self._subscribers()[1]

    @property
    def _outsiders(self) -> list[str]:
        return self._subscribers()[2]

    def _subscribers(self) -> tuple[int, list[str], list[str]]:
        hooks = self._crm.hooks
        if self._known[0] != hooks.generation:
            hooked = {impl.plugin for hook in HOOKS for impl in hooks.implementations(hook)}
            outsiders = {outside(impl.plugin) for impl in hooks.implementations(OUTSIDE_HOOK)}
            self._known = (hooks.generation, sorted(hooked), sorted(outsiders))
            self._deliverer.several = len(hooked) > 1
        return self._known
