"""What plugins register at start-up, checked: each method asks one register hook of all plugins."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from crmkit.core.domain_event import EventDeclaration
from crmkit.core.entities import CORE_ENTITIES
from crmkit.core.entity import CustomField, entity_info
from crmkit.core.errors import ConfigError, did_you_mean
from crmkit.core.frozen import frozen
from crmkit.core.interaction import STANDARD_KINDS, InteractionKind
from crmkit.core.lifecycle_checks import check_lifecycle
from crmkit.core.lifecycle_definition import LifecycleDefinition
from crmkit.core.messages import msg
from crmkit.core.personal_data import ProcessingActivity
from crmkit.core.quality import QualityExpectation
from crmkit.core.quality_rules import QualityRules
from crmkit.core.registry import EntityRegistry
from crmkit.core.values.clock import Clock
from crmkit.hooks.channels import Channel
from crmkit.hooks.dispatch import Hooks
from crmkit.hooks.jobs import JobDeclaration, ScheduleDeclaration
from crmkit.hooks.run import run_register
from crmkit.hooks.setup import CommandDeclaration, Permission, Setup
from crmkit.runtime.config import Config
from crmkit.runtime.plugins import LoadedPlugins

if TYPE_CHECKING:
    from crmkit.runtime.extensions.registry import Extensions

T = TypeVar("T")

CORE = "crmkit"
"""Stands where the plugin's name stands for entities of the core, and of plugins that do not name themselves."""


class Registered:
    """The register hooks of one application. Every method raises ``BadHook`` or ``PluginError`` as ``run_register``."""

    def __init__(self, hooks: Hooks, config: Config, plugins: LoadedPlugins, clock: Clock) -> None:
        self._hooks, self._config = hooks, config
        self._setup = Setup(plugins=tuple(plugin.name for plugin in plugins.plugins))
        self._contexts = _SetupContexts(config, plugins, clock)

    def kinds(self) -> Mapping[str, InteractionKind]:
        """Return the kinds of interactions by name, those of the core included."""
        records = self._records("register_interaction_kinds", InteractionKind, lambda kind: kind.name)
        return MappingProxyType({kind.name: kind for kind in (*STANDARD_KINDS, *(kind for _, kind in records))})

    def entities(self) -> EntityRegistry:
        """Return the entities of the core, of plugins and of the configuration, with all custom fields."""
        classes = self._records("register_entities", type)
        fields = self._records("register_custom_fields", CustomField, lambda field: (field.entity, field.name))
        return EntityRegistry(
            (*CORE_ENTITIES, *(cls for _, cls in classes), *self._config.defined_entities()),
            (*(field for _, field in fields), *self._config.custom_fields),
            {cls: plugin for plugin, cls in classes if entity_info(cls).plugin == CORE},
        )

    def permissions(self) -> tuple[Permission, ...]:
        """Return the rights that roles can grant beside those on entities."""
        records = self._records("register_permissions", Permission, lambda permission: permission.id)
        return tuple(permission for _, permission in records)

    def processing_activities(self) -> tuple[tuple[str, ProcessingActivity], ...]:
        """Return the activities that process personal data, each with its plugin."""
        return tuple(self._records("register_processing_activities", ProcessingActivity, lambda activity: activity.id))

    def quality(self, registry: EntityRegistry) -> QualityRules:
        """Return what is expected of the data; raises ConfigError for a field that does not exist."""
        expectations = self._records(
            "register_quality_expectations", QualityExpectation, lambda one: (one.entity, one.word)
        )
        rules = QualityRules(registry, expectations, self._config.quality)
        rules.check()
        return rules

    def events(self, registry: EntityRegistry) -> Mapping[str, EventDeclaration]:
        """Return the domain events of plugins by name; raises ConfigError for another's name and an unknown entity."""
        records = self._records("register_events", EventDeclaration, lambda event: event.name)
        for plugin, event in records:
            _check_owner(plugin, event.name, event.plugin)
            registry.get(event.entity)
        return MappingProxyType({event.name: event for _, event in records})

    def lifecycles(self, registry: EntityRegistry) -> tuple[LifecycleDefinition, ...]:
        """Return the lifecycles of plugins; raises ConfigError for one that contradicts itself or the entities."""
        records = self._records("register_lifecycles", LifecycleDefinition, lambda definition: definition.name)
        for plugin, definition in records:
            check_lifecycle(definition, registry, plugin)
        return tuple(definition for _, definition in records)

    def channels(self) -> Mapping[str, Channel]:
        """Return the channels that messages go out by, each knowing its plugin."""
        records = self._records("register_channels", Channel, lambda channel: channel.name)
        return {channel.name: attrs.evolve(channel, plugin=plugin) for plugin, channel in records}

    def jobs(self) -> Mapping[str, JobDeclaration]:
        """Return the kinds of background work by name, those of the core included."""
        from crmkit.runtime.jobs.own import OWN_JOBS

        records = self._records("register_jobs", JobDeclaration, lambda job: job.name)
        for plugin, job in records:
            _check_owner(plugin, job.name, job.plugin)
        return MappingProxyType({job.name: job for job in (*OWN_JOBS, *(job for _, job in records))})

    def schedules(self, jobs: Mapping[str, JobDeclaration]) -> Mapping[str, ScheduleDeclaration]:
        """Return what is due by itself, by name, as the installation has it; raises ConfigError for an unknown name."""
        from crmkit.runtime.jobs.own import own_schedules

        records = self._records("register_schedules", ScheduleDeclaration, lambda schedule: schedule.name)
        for plugin, schedule in records:
            _check_owner(plugin, schedule.name, schedule.name.partition(".")[0])
            if schedule.job not in jobs:
                raise ConfigError(
                    msg(
                        "schedule {name}: no job {job}; {hint}",
                        name=schedule.name,
                        job=schedule.job,
                        hint=did_you_mean(schedule.job, jobs),
                    )
                )
        known = {schedule.name: schedule for schedule in (*own_schedules(self._config), *(one for _, one in records))}
        for name, settings in self._config.schedules.items():
            if name not in known:
                raise ConfigError(
                    msg("schedules: no schedule {name}; {hint}", name=name, hint=did_you_mean(name, known))
                )
            if settings.off:
                del known[name]
            elif settings.cron:
                known[name] = attrs.evolve(known[name], cron=settings.cron, at=None)
        return MappingProxyType(known)

    def commands(self) -> tuple[CommandDeclaration, ...]:
        """Return the commands that plugins add to ``crmkit``."""
        records = self._records("register_cli_commands", CommandDeclaration, lambda command: command.name)
        return tuple(command for _, command in records)

    def extensions(self, registry: EntityRegistry, permissions: Iterable[Permission]) -> Extensions:
        """Return what plugins add to the web."""
        from crmkit.runtime.extensions.registry import extensions_of

        def records(hook: str, of: type[Any]) -> list[tuple[str, Any]]:
            return self._records(hook, of, lambda one: one.id)

        return extensions_of(records, registry, {permission.id for permission in permissions})

    def _records(self, hook: str, of: type[T], key: Callable[[T], object] | None = None) -> list[tuple[str, T]]:
        return run_register(
            self._hooks.caller(hook),
            self._contexts,
            self._setup,
            of=of,
            key=key,
            distribution=self._hooks.distribution,
        )


def _check_owner(plugin: str, name: str, owner: str) -> None:
    if owner != plugin:
        raise ConfigError(
            msg(
                "plugin {plugin}: {name} must begin with the plugin's name, as in {plugin}.work",
                plugin=plugin,
                name=name,
            )
        )


class _SetupContexts:
    """Contexts of start-up hooks: there is no unit of work yet, but there is configuration."""

    def __init__(self, config: Config, plugins: LoadedPlugins, clock: Clock) -> None:
        self._configs = {plugin.name: plugin.config for plugin in plugins.plugins}
        self._clock, self._locale = clock, config.language or "en"

    def __getitem__(self, plugin: str) -> Any:
        return SetupContext(plugin, self._configs.get(plugin), self._clock, self._locale)


@frozen
class SetupContext:
    """What a hook of start-up works with."""

    plugin: str
    config: Any
    clock: Clock
    locale: str
