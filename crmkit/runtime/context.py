"""What a hook or command works with: one plugin's view of the unit of work that called it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any

from crmkit.core.access import Actor
from crmkit.core.values.clock import Clock
from crmkit.store.session import Session

if TYPE_CHECKING:
    from crmkit.runtime.crm import Crm
    from crmkit.runtime.jobs.enqueuer import Enqueuer
    from crmkit.runtime.logs import BoundLog
    from crmkit.runtime.offered_hooks import OfferedHooks
    from crmkit.runtime.services import Services

log = logging.getLogger("crmkit.elevated")


class Context:
    """Gives a plugin the session, the use cases, the actor, the clock, the locale and its own configuration."""

    __slots__ = ("_crm", "plugin", "session")

    def __init__(self, crm: Crm, session: Session, plugin: str) -> None:
        self._crm = crm
        self.session = session
        self.plugin = plugin

    @property
    def config(self) -> Any:
        """The plugin's own typed configuration."""
        return self._crm.plugin_config(self.plugin)

    @property
    def services(self) -> Services:
        """The use cases, bound to this unit of work."""
        return self._crm.services_for(self.session)

    @property
    def jobs(self) -> Enqueuer:
        """Work for later: ``ctx.jobs.enqueue(name, payload)``, in the transaction of this unit of work."""
        from crmkit.runtime.jobs.enqueuer import Enqueuer

        return Enqueuer(self._crm, self.session, self.plugin)

    @property
    def hooks(self) -> OfferedHooks:
        """The hooks that the plugin offers to others (``Manifest.specs``), to be called."""
        from crmkit.runtime.offered_hooks import OfferedHooks

        return OfferedHooks(self._crm.hooks, self.session)

    @property
    def actor(self) -> Actor:
        """On whose behalf the plugin works."""
        return self.session.actor

    @property
    def clock(self) -> Clock:
        """The only source of the current time."""
        return self._crm.clock

    @property
    def locale(self) -> str:
        """The actor's language."""
        return self.session.actor.language

    @property
    def log(self) -> BoundLog:
        """The plugin's logger, bound to tenant, actor and cause. Name records by their ids, never by what they hold."""
        from crmkit.runtime.logs import plugin_log

        return plugin_log(self.plugin, self.session.actor, self.session.cause)

    @property
    def currency(self) -> str:
        """The currency (ISO 4217) that sums over several currencies are given in."""
        return self._crm.config.currency

    @property
    def timezone(self) -> str:
        """The time zone of the actor, else of the installation."""
        actor = self.session.actor
        return self.home_timezone if actor.user_id is None else actor.timezone

    @property
    def home_timezone(self) -> str:
        """The time zone of the installation, whoever acts."""
        return self._crm.config.timezone

    def today(self) -> date:
        """Return the civil date that it is now where the actor is."""
        from zoneinfo import ZoneInfo

        return self.clock.now().astimezone(ZoneInfo(self.timezone)).date()

    @contextmanager
    def elevated(self, reason: str) -> Iterator[Context]:
        """Work with every right inside a ``with`` block, in the same transaction; the reason is logged."""
        session = self.session
        session.flush()
        told = {"tenant": session.actor.tenant_id, "actor": session.actor.acting_id, "plugin": self.plugin}
        # A rule within a flush looks at what belongs together; that is no decision anybody would look up later.
        log.log(logging.DEBUG if session.flushing else logging.INFO, "works with every right: %s", reason, extra=told)
        with session.acting_as(session.actor.elevated().for_plugin(self.plugin)):
            yield self
            session.flush()
