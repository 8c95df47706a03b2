"""The application: one object that holds configuration, plugins, hooks and the database."""

from __future__ import annotations

import logging
import os
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import cached_property
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from crmkit import __version__
from crmkit.core.access import Actor, system_actor, tenant_id
from crmkit.core.errors import DatabaseUnavailable, SchemaOutdated
from crmkit.core.interaction import InteractionKind
from crmkit.core.lifecycle_definition import LifecycleDefinition
from crmkit.core.values.clock import Clock, SystemClock
from crmkit.hooks.causation import ROOT, Cause
from crmkit.hooks.channels import Channel
from crmkit.hooks.dispatch import Hooks
from crmkit.hooks.setup import CommandDeclaration, Permission
from crmkit.hooks.trace import Spans
from crmkit.runtime.collecting import uncollected
from crmkit.runtime.config import Config, load_config
from crmkit.runtime.context import Context
from crmkit.runtime.delivery import Delivery
from crmkit.runtime.jobs.facade import Jobs
from crmkit.runtime.plugins import LoadedPlugins, load_plugins, register_all
from crmkit.runtime.quarantine import assembled
from crmkit.runtime.registered import Registered
from crmkit.runtime.shared_transaction import SharedTransaction
from crmkit.runtime.submitting import Submitter
from crmkit.services.access.actors import Settings, actor_named, reload_actor
from crmkit.services.rules import CoreRules
from crmkit.store.database import Database
from crmkit.store.journal import DeltaWriter
from crmkit.store.migration import (
    Owner,
    SchemaState,
    describe,
    fill_columns,
    schema_state,
    settle_columns,
)
from crmkit.store.references import ReferencePlan
from crmkit.store.refusals import Refusals
from crmkit.store.session import Session

if TYPE_CHECKING:
    from sqlalchemy import Connection

log = logging.getLogger("crmkit.crm")

ACTORS_KEPT = 1_000
"""Users whose rights an application remembers, each until anybody's rights change."""

if TYPE_CHECKING:
    from crmkit.runtime.events import Events
    from crmkit.runtime.extensions.registry import Extensions
    from crmkit.runtime.services import Services
    from crmkit.services.attachments import Attachments
    from crmkit.services.messaging import Delivered

CORE = "crmkit"
"""The name under which the core's own rules take part in hooks."""


class Crm:
    """A whole CRM. Open one with ``Crm.open``; two of them in one process share nothing."""

    def __init__(self, config: Config, plugins: LoadedPlugins, clock: Clock, address: str, tenant: str) -> None:
        self.config, self.plugins, self.clock = config, plugins, clock
        self.tenant = tenant
        self.system = system_actor(tenant_id(tenant))
        self.hooks = Hooks(
            order=plugins.active(config.order),
            hook_order={hook: plugins.active(names) for hook, names in config.hook_order.items()},
        )
        self.hooks.register(CoreRules(config.consent, config.personal_data), CORE, CORE, version=__version__)
        register_all(self.hooks, plugins)
        registered = Registered(self.hooks, config, plugins, clock)
        self.kinds: Mapping[str, InteractionKind] = registered.kinds()
        self.registry = registered.entities()
        self.hooks.check(entities={info.name: info.by_name for info in self.registry})
        self.registry.events = registered.events(self.registry)
        self.permissions: tuple[Permission, ...] = registered.permissions()
        self.processing_activities = registered.processing_activities()
        self.quality = registered.quality(self.registry)
        self._registered = registered
        self._lifecycles = registered.lifecycles(self.registry)
        self._channels = registered.channels()
        declared = registered.jobs()
        self.jobs = Jobs(self, declared, registered.schedules(declared))
        self.commands: tuple[CommandDeclaration, ...] = registered.commands()
        self.database = Database(address, self.registry)
        self.schema_owners = tuple(
            Owner(one.name, one.migrations, one.version, one.manifest.formerly) for one in plugins.plugins
        )
        self.plan = ReferencePlan(self.registry)
        self.deltas: Mapping[str, DeltaWriter] = self.database.blueprint.deltas
        self.refusals = Refusals(self.database, config.refusals_kept)
        self.spans: Spans | None = None
        """Where spans go while tracing is on."""
        self.session_type: type[Session] = Session
        self._configs = {plugin.name: plugin.config for plugin in plugins.plugins}
        self._actors: dict[tuple[UUID, str, str], Actor] = {}
        self._settings = Settings(config.language or "en", config.timezone)
        self._delivery = Delivery(self)
        self._submitter = Submitter(self)

    @classmethod
    @uncollected()
    def open(
        cls,
        url: str | None = None,
        plugins: Sequence[Any] | None = None,
        config: Config | Mapping[str, Any] | Path | str | None = None,
        *,
        clock: Clock | None = None,
        tenant: str | None = None,
        create: bool = True,
        check: bool = True,
    ) -> Crm:
        """Assemble and open a CRM.

        ``url`` is the database (in memory by default); ``plugins`` lists modules, objects or names, None takes all that
        are installed; ``config`` is a configuration, a mapping or a TOML file. An empty database is created unless
        ``create`` is False; one that needs an upgrade raises SchemaOutdated unless ``check`` is False.
        """
        if not isinstance(config, Config):
            source = Path(config) if isinstance(config, str) else config
            config = load_config(source, os.environ)
        loaded = load_plugins(config, plugins)
        settings = config

        def make(usable: LoadedPlugins) -> Crm:
            return cls(settings, usable, clock or SystemClock(), url or settings.db, tenant or settings.tenant)

        try:
            crm, loaded = assembled(make, loaded, quarantine=config.quarantine)
        except BaseException:
            loaded.close()
            raise
        try:
            if check:
                crm._check_schema(create)
            elif any(field.filterable for info in crm.registry for field in info.fields):
                # It may be looked at to find out what is wrong with it.
                with suppress(Exception):
                    settle_columns(crm.database)
        except BaseException:
            crm.close()
            raise
        if log.isEnabledFor(logging.INFO):
            releases = ", ".join(crm.hooks.releases.values())
            address = crm.database.engine.url.render_as_string(hide_password=True)
            log.info("opened %s with %s", address, releases, extra={"tenant": crm.system.tenant_id})
        return crm

    # -- working -------------------------------------------------------------------------------------------------

    def session(self, actor: Actor | None = None, *, reads: bool = False, cause: Cause = ROOT) -> Session:
        """Return a session for ``actor``, by default the system with every right; use it in a ``with`` block."""
        return self.session_type(self, actor or self.system, reads=reads, cause=cause)

    def actor(self, login: str, on_behalf_of: str = "") -> Actor:
        """Return the user called ``login`` as an actor with the rights of its roles.

        ``on_behalf_of`` names a user who has delegated to it: then it has that user's rights, as far as delegated.
        Raises NotFound for a user who is not active, and AccessDenied when there is no delegation.
        """
        key = (self.system.tenant_id, login, on_behalf_of)
        known = self._actors.get(key)
        with self.session(reads=True) as session:
            lasts = known is not None and (known.until is None or self.clock.now() < known.until)
            if known is not None and lasts:
                version = self.database.rights.current(known.tenant_id, session.connection)
                if version == known.rights_version:
                    return known
            found = actor_named(session, login, on_behalf_of, self._settings)
        if len(self._actors) >= ACTORS_KEPT:
            self._actors.clear()
        self._actors[key] = found
        return found

    def reloaded(self, actor: Actor, connection: Connection | None) -> Actor:
        """Return an actor with the rights it has now; raises AccessDenied for one that may not act any more."""
        system = system_actor(actor.tenant_id)
        with Session(self, system, reads=True, connection=connection) as session:
            return reload_actor(session, actor, self._settings)

    def lifecycles(self) -> tuple[LifecycleDefinition, ...]:
        """Return the lifecycles that plugins bring, and the one of customers unless a plugin brings its own."""
        from crmkit.services.lifecycle.defining import default_lifecycle

        own = default_lifecycle()
        return self._lifecycles if any(one.name == own.name for one in self._lifecycles) else (own, *self._lifecycles)

    def submit(self, command: Any, actor: Actor | None = None) -> Future[Any]:
        """Have ``command.execute(ctx)`` run in a transaction shared with others that wait; returns its future result.

        The future is done after the shared commit. A command with an ``idempotency_key`` is executed once; the same key
        with other content raises Conflict.
        """
        return self._submitter.submit(command, actor or self.system)

    def together(self, tenant: UUID, *, reads: bool = False) -> SharedTransaction:
        """Return one transaction for the sessions of several actors of a tenant, which rarely fail; ``reads``: or write.

        :class:`~crmkit.runtime.shared_transaction.SharedTransaction` says how it ends.
        """
        return SharedTransaction(self, tenant, hopeful=True, reads=reads)

    def enqueue(self, session: Session, job: str, payload: Mapping[str, Any] | None = None, **details: Any) -> UUID:
        """Write a job within a session's transaction; ``session.enqueue`` is the way to it."""
        from crmkit.runtime.jobs.enqueueing import enqueue

        return enqueue(self, session, job, payload, **details)

    def trace(self, spans: Spans | None) -> None:
        """Put spans around flushes, commits and calls of hooks from now on, as ``spans`` measures them; None ends it.

        ``crmkit.runtime.tracing.SpanTree`` collects them; ``crmkit.runtime.telemetry.Telemetry`` hands them to
        OpenTelemetry.
        """
        session_type = Session
        if spans is not None:
            from crmkit.runtime.tracing import TracedSession

            session_type = TracedSession
        self.spans, self.session_type = spans, session_type
        self.hooks.measure(spans)

    def span(self, name: str, **attributes: Any) -> AbstractContextManager[Any]:
        """Measure what happens inside the block, where tracing is on; for work that takes milliseconds or more."""
        return nullcontext() if self.spans is None else self.spans.span(name, **attributes)

    def drain(self) -> int:
        """Deliver events that subscribers have not had, and parked ones whose time has come; returns how many deliveries."""
        return self._delivery.drain()

    @cached_property
    def events(self) -> Events:
        """The event log and its delivery: who is how far, what is parked, and trying it again."""
        from crmkit.runtime.events import Events

        return Events(self)

    def context(self, session: Session, plugin: str) -> Context:
        """Return the context in which a hook of ``plugin`` called from ``session`` works."""
        return Context(self, session, plugin)

    def services_for(self, session: Session) -> Services:
        """Return the use cases bound to a session."""
        from crmkit.runtime.services import Services

        return Services(self, session)

    def committed(self, first: UUID, entities: Collection[str]) -> None:
        """Deliver the events of a committed transaction, from ``first`` on, to the hooks that wait for those of ``entities``."""
        self._delivery.committed(first, entities)

    def plugin_config(self, plugin: str) -> Any:
        """Return the typed configuration of a plugin, None when it declares none."""
        return self._configs.get(plugin)

    @cached_property
    def extensions(self) -> Extensions:
        """What plugins add to the web, asked for and checked when it is first wanted. Raises ConfigError and BadHook."""
        return self._registered.extensions(self.registry, self.permissions)

    @cached_property
    def channels(self) -> Mapping[str, Channel]:
        """The ways to send messages by their names: those of plugins, and mail by the server of the configuration."""
        from crmkit.services.mail.smtp import smtp_channel

        own = smtp_channel(self.config.mail.smtp)
        return MappingProxyType({own.name: own, **self._channels})

    def deliver(self, message: UUID, actor: Actor | None = None, *, again: bool = False) -> Delivered:
        """Hand a message that was written to its channel; see :func:`crmkit.services.messaging.deliver`."""
        from crmkit.services.messaging import deliver

        return deliver(
            lambda: self.session(actor), self.channels, self.context, lambda: self.attachments, message, again=again
        )

    @cached_property
    def attachments(self) -> Attachments:
        """Where the contents of attachments are kept. Raises ConfigError when a server's database has no folder for them."""
        from crmkit.runtime.attachment_folder import attachments_of

        return attachments_of(self.config, self.database)

    # -- the schema ----------------------------------------------------------------------------------------------

    def create_schema(self) -> None:
        """Create the tables in an empty database."""
        from crmkit.store.migration import create_schema

        create_schema(self.database, self.schema_owners)
        settle_columns(self.database)

    def upgrade_schema(self) -> SchemaState:
        """Bring the database's schema up to date, with columns of custom fields filled; returns the state it was in."""
        from crmkit.store.migration import upgrade_schema

        before = upgrade_schema(self.database, self.schema_owners)
        settle_columns(self.database)
        fill_columns(self.database)
        return before

    def schema_state(self) -> SchemaState:
        """Return how the database's schema stands to this installation."""
        return schema_state(self.database, self.schema_owners)

    def _check_schema(self, create: bool) -> None:
        if self.database.in_memory:
            self.create_schema()
        else:
            state = self.schema_state()
            if state.state == "empty" and create:
                self.create_schema()
            elif state.state != "current":
                raise SchemaOutdated(describe(state))
            else:
                settle_columns(self.database, state.filled)
        # A database that cannot be written to is still good for reading; its subscribers have nothing to hear.
        with suppress(DatabaseUnavailable):
            self._delivery.enrol()

    # -- closing -------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Finish submitted commands and give back every connection."""
        self._submitter.close()
        self.database.close()
        self.plugins.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
