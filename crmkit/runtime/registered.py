"""What plugins register at start-up, checked: each method asks one register hook of all plugins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

import attrs

from crmkit.core.entities import CORE_ENTITIES
from crmkit.core.entity import CustomField
from crmkit.core.interaction import STANDARD_KINDS, InteractionKind
from crmkit.core.lifecycle_checks import check_lifecycle
from crmkit.core.lifecycle_definition import LifecycleDefinition
from crmkit.core.personal_data import ProcessingActivity
from crmkit.core.quality import QualityExpectation
from crmkit.core.quality_rules import QualityRules
from crmkit.core.registry import EntityRegistry
from crmkit.core.values.clock import Clock
from crmkit.hooks.channels import Channel
from crmkit.hooks.dispatch import Hooks
from crmkit.hooks.run import run_register
from crmkit.hooks.setup import CommandDeclaration, Permission, Setup
from crmkit.runtime.config import Config
from crmkit.runtime.plugins import LoadedPlugins

T = TypeVar("T")


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

    def commands(self) -> tuple[CommandDeclaration, ...]:
        """Return the commands that plugins add to ``crmkit``."""
        records = self._records("register_cli_commands", CommandDeclaration, lambda command: command.name)
        return tuple(command for _, command in records)

    def _records(self, hook: str, of: type[T], key: Callable[[T], object] | None = None) -> list[tuple[str, T]]:
        return run_register(
            self._hooks.caller(hook),
            self._contexts,
            self._setup,
            of=of,
            key=key,
            distribution=self._hooks.distribution,
        )


class _SetupContexts:
    """Contexts of start-up hooks: there is no unit of work yet, but there is configuration."""

    def __init__(self, config: Config, plugins: LoadedPlugins, clock: Clock) -> None:
        self._configs = {plugin.name: plugin.config for plugin in plugins.plugins}
        self._clock, self._locale = clock, config.language or "en"

    def __getitem__(self, plugin: str) -> Any:
        return _SetupContext(plugin, self._configs.get(plugin), self._clock, self._locale)


@attrs.frozen
class _SetupContext:
    plugin: str
    config: Any
    clock: Clock
    locale: str
