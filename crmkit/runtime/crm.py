"""The application: one object that holds configuration, plugins, hooks and the database."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

import attrs

from crmkit.core.access import Actor, system_actor, tenant_id
from crmkit.core.entities import CORE_ENTITIES
from crmkit.core.errors import DatabaseUnavailable, SchemaOutdated
from crmkit.core.interaction import STANDARD_KINDS, InteractionKind
from crmkit.core.lifecycle_checks import check_lifecycle
from crmkit.core.lifecycle_definition import LifecycleDefinition
from crmkit.core.personal_data import ProcessingActivity
from crmkit.core.quality import QualityExpectation
from crmkit.core.quality_rules import QualityRules
from crmkit.core.registry import EntityRegistry
from crmkit.core.values.clock import Clock, SystemClock
from crmkit.hooks.causation import ROOT, Cause
from crmkit.hooks.channels import Channel
from crmkit.hooks.dispatch import Hooks
from crmkit.hooks.run import run_register
from crmkit.hooks.setup import CommandDeclaration, Permission, Setup
from crmkit.runtime.config import Config, load_config
from crmkit.runtime.context import Context
from crmkit.runtime.delivery import Delivery
from crmkit.runtime.plugins import LoadedPlugins, load_plugins, register_all
from crmkit.runtime.services import Services
from crmkit.runtime.submitting import Submitter
from crmkit.services.access.actors import Settings, actor_named, reload_actor
from crmkit.services.rules import CoreRules
from crmkit.store.database import Database
from crmkit.store.journal import DeltaWriter
from crmkit.store.migration import SchemaState, create_schema, describe, schema_state, upgrade_schema
from crmkit.store.references import ReferencePlan
from crmkit.store.session import Session

if TYPE_CHECKING:
    from sqlalchemy import Connection

ACTORS_KEPT = 1_000
"""Users whose rights an application remembers, each until anybody's rights change."""

if TYPE_CHECKING:
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
        self.hooks.register(CoreRules(config.consent, config.personal_data), CORE, CORE)
        register_all(self.hooks, plugins)
        setup = Setup(plugins=tuple(plugin.name for plugin in plugins.plugins))
        contexts = _SetupContexts(self)
        self.kinds: Mapping[str, InteractionKind] = self._register_kinds(setup, contexts)
        self.registry = self._register_entities(setup, contexts)
        self.hooks.check(entities={info.name: info.by_name for info in self.registry})
        self.permissions = tuple(
            permission
            for _, permission in run_register(
                self.hooks.caller("register_permissions"),
                contexts,
                setup,
                of=Permission,
                key=lambda permission: permission.id,
                distribution=self.hooks.distribution,
            )
        )
        self.processing_activities = tuple(
            run_register(
                self.hooks.caller("register_processing_activities"),
                contexts,
                setup,
                of=ProcessingActivity,
                key=lambda activity: activity.id,
                distribution=self.hooks.distribution,
            )
        )
        self.quality = self._register_quality(setup, contexts)
        self._lifecycles = self._register_lifecycles(setup, contexts)
        self._channels = self._register_channels(setup, contexts)
        self.commands = tuple(
            command
            for _, command in run_register(
                self.hooks.caller("register_cli_commands"),
                contexts,
                setup,
                of=CommandDeclaration,
                key=lambda command: command.name,
                distribution=self.hooks.distribution,
            )
        )
        self.database = Database(address, self.registry)
        self.plan = ReferencePlan(self.registry)
        self.deltas: Mapping[str, DeltaWriter] = self.database.blueprint.deltas
        self._configs = {plugin.name: plugin.config for plugin in plugins.plugins}
        self._actors: dict[tuple[UUID, str, str], Actor] = {}
        self._settings = Settings(config.language or "en", config.timezone)
        self._delivery = Delivery(self)
        self._submitter = Submitter(self)

    @classmethod
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
        try:
            crm = cls(config, loaded, clock or SystemClock(), url or config.db, tenant or config.tenant)
        except BaseException:
            loaded.close()
            raise
        try:
            if check:
                crm._check_schema(create)
        except BaseException:
            crm.close()
            raise
        return crm

    # -- working -------------------------------------------------------------------------------------------------

    def session(self, actor: Actor | None = None, *, reads: bool = False, cause: Cause = ROOT) -> Session:
        """Return a session for ``actor``, by default the system with every right; use it in a ``with`` block."""
        return Session(self, actor or self.system, reads=reads, cause=cause)

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

    def drain(self) -> int:
        """Deliver events that committed hooks have not seen; returns how many deliveries were made."""
        return self._delivery.drain()

    def context(self, session: Session, plugin: str) -> Context:
        """Return the context in which a hook of ``plugin`` called from ``session`` works."""
        return Context(self, session, plugin)

    def services_for(self, session: Session) -> Services:
        """Return the use cases bound to a session."""
        return Services(self, session)

    def committed(self, first: UUID) -> None:
        """Deliver the events of a committed transaction, from ``first`` on, to the hooks that wait for them."""
        self._delivery.committed(first)

    def plugin_config(self, plugin: str) -> Any:
        """Return the typed configuration of a plugin, None when it declares none."""
        return self._configs.get(plugin)

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
        create_schema(self.database)

    def upgrade_schema(self) -> SchemaState:
        """Bring the database's schema up to date and return the state it was in."""
        return upgrade_schema(self.database)

    def schema_state(self) -> SchemaState:
        """Return how the database's schema stands to this installation."""
        return schema_state(self.database)

    def _check_schema(self, create: bool) -> None:
        if self.database.in_memory:
            self.create_schema()
        else:
            state = self.schema_state()
            if state.state == "empty" and create:
                self.create_schema()
            elif state.state != "current":
                raise SchemaOutdated(describe(state))
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

    # -- start-up ------------------------------------------------------------------------------------------------

    def _register_kinds(self, setup: Setup, contexts: Any) -> Mapping[str, InteractionKind]:
        records = run_register(
            self.hooks.caller("register_interaction_kinds"),
            contexts,
            setup,
            of=InteractionKind,
            key=lambda kind: kind.name,
            distribution=self.hooks.distribution,
        )
        return MappingProxyType({kind.name: kind for kind in (*STANDARD_KINDS, *(kind for _, kind in records))})

    def _register_lifecycles(self, setup: Setup, contexts: Any) -> tuple[LifecycleDefinition, ...]:
        records = run_register(
            self.hooks.caller("register_lifecycles"),
            contexts,
            setup,
            of=LifecycleDefinition,
            key=lambda definition: definition.name,
            distribution=self.hooks.distribution,
        )
        for plugin, definition in records:
            check_lifecycle(definition, self.registry, plugin)
        return tuple(definition for _, definition in records)

    def _register_quality(self, setup: Setup, contexts: Any) -> QualityRules:
        expectations = run_register(
            self.hooks.caller("register_quality_expectations"),
            contexts,
            setup,
            of=QualityExpectation,
            key=lambda one: (one.entity, one.word),
            distribution=self.hooks.distribution,
        )
        rules = QualityRules(self.registry, expectations, self.config.quality)
        rules.check()
        return rules

    def _register_channels(self, setup: Setup, contexts: Any) -> Mapping[str, Channel]:
        records = run_register(
            self.hooks.caller("register_channels"),
            contexts,
            setup,
            of=Channel,
            key=lambda channel: channel.name,
            distribution=self.hooks.distribution,
        )
        return {channel.name: attrs.evolve(channel, plugin=plugin) for plugin, channel in records}

    def _register_entities(self, setup: Setup, contexts: Any) -> EntityRegistry:
        from crmkit.core.entity import CustomField

        classes = run_register(
            self.hooks.caller("register_entities"), contexts, setup, of=type, distribution=self.hooks.distribution
        )
        fields = run_register(
            self.hooks.caller("register_custom_fields"),
            contexts,
            setup,
            of=CustomField,
            key=lambda field: (field.entity, field.name),
            distribution=self.hooks.distribution,
        )
        return EntityRegistry(
            (*CORE_ENTITIES, *(cls for _, cls in classes), *self.config.defined_entities()),
            (*(field for _, field in fields), *self.config.custom_fields),
        )


class _SetupContexts:
    """Contexts of start-up hooks: there is no unit of work yet, but there is configuration."""

    def __init__(self, crm: Crm) -> None:
        self._crm = crm

    def __getitem__(self, plugin: str) -> Any:
        return _SetupContext(
            plugin, next((p.config for p in self._crm.plugins.plugins if p.name == plugin), None), self._crm
        )


class _SetupContext:
    def __init__(self, plugin: str, config: Any, crm: Crm) -> None:
        self.plugin, self.config, self.clock, self.locale = plugin, config, crm.clock, crm.config.language or "en"
