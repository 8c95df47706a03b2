"""Loading plugins: import each in isolation, check it, give it its configuration, put all in order."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import pluggy

from crmkit.core.deprecation import belongs_to
from crmkit.core.errors import ConfigError, CrmError, did_you_mean
from crmkit.core.frozen import frozen
from crmkit.core.messages import Message, msg, shown
from crmkit.hooks import SPECS
from crmkit.hooks.arguments import marked_options
from crmkit.hooks.checks import verify
from crmkit.hooks.dispatch import Hooks
from crmkit.hooks.kinds import PROJECT, HookInfo, hooks_of
from crmkit.hooks.order import plugin_order
from crmkit.runtime.bad_config import BadConfig
from crmkit.runtime.catalogues import add_catalogue_of
from crmkit.runtime.config import Config
from crmkit.runtime.local_files import forget
from crmkit.runtime.manifest import Manifest, check_name, manifest_of
from crmkit.runtime.migration_folders import migrations_of
from crmkit.runtime.plugin_faults import BrokenPlugin, PluginsBroken, broken, import_reason
from crmkit.runtime.requirements import unmet
from crmkit.runtime.sources import (
    Candidate,
    Source,
    check_distinct,
    check_known,
    given_plugin,
    installed_plugin_names,
    installed_plugins,
    plugin_files,
)
from crmkit.runtime.usual_settings import usual_settings

log = logging.getLogger("crmkit.plugins")


@frozen
class LoadedPlugin:
    """A plugin that is ready to be registered. ``config`` is an instance of its manifest's class, or None."""

    name: str
    manifest: Manifest
    plugin: object = attrs.field(repr=False)
    distribution: str
    version: str
    source: Source
    config: Any = attrs.field(default=None, repr=False)
    migrations: Path | None = None
    """The folder of its migrations."""
    remarks: tuple[Message, ...] = ()
    """What is to be said of it although it can be used: that it was written for an older version of the hooks."""


@frozen
class LoadedPlugins:
    """The plugins of one application, in the order of their calls; ``broken`` ones only when they are quarantined."""

    plugins: tuple[LoadedPlugin, ...] = ()
    broken: tuple[BrokenPlugin, ...] = ()
    disabled: tuple[str, ...] = ()

    def get(self, name: str) -> LoadedPlugin:
        """Return the plugin called ``name``; raises ConfigError with the closest name."""
        for plugin in self.plugins:
            if plugin.name == name:
                return plugin
        hint = did_you_mean(name, [plugin.name for plugin in self.plugins])
        raise ConfigError(msg("no plugin {name} is active; {hint}", name=name, hint=hint))

    def active(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return ``names`` without the plugins that are disabled or broken, for orders in the configuration."""
        absent = {*self.disabled, *(plugin.name for plugin in self.broken)}
        return tuple(name for name in names if name not in absent)

    def close(self) -> None:
        """Let go of the modules of plugins of one file, when the application is closed."""
        for plugin in self.plugins:
            forget(plugin.plugin)


def load_plugins(config: Config, given: Sequence[object] | None = None) -> LoadedPlugins:
    """Load the plugins of an application.

    ``given`` lists modules, objects, and names of installed plugins or of modules; None takes every installed plugin.
    Those in the configured folder come on top, those that the configuration disables are not even imported. Raises
    ConfigError for an unknown or doubled name, and PluginsBroken, which names every plugin that cannot be used and why,
    unless the configuration quarantines them.
    """
    candidates = installed_plugins() if given is None else [given_plugin(item) for item in given]
    if config.plugin_path is not None:
        candidates += plugin_files(config.plugin_path)
    check_distinct(candidates)
    check_known("disable", config.disable, candidates)
    check_known("plugins", config.plugins, candidates)
    infos = _infos(SPECS)
    loaded: dict[str, LoadedPlugin] = {}
    faults: list[BrokenPlugin] = []
    for candidate in candidates:
        if candidate.name not in config.disable:
            found = _load(candidate, config)
            if isinstance(found, BrokenPlugin):
                faults.append(found)
            else:
                loaded[found.name] = found
    faults += _bad_hooks(loaded, infos)
    faults += _unmet(loaded, config, candidates, faults)
    failed = {fault.name for fault in faults}
    for plugin in loaded.values():
        if plugin.name in failed or (failed and not config.quarantine):
            forget(plugin.plugin)
    if faults and not config.quarantine:
        raise PluginsBroken(sorted(faults, key=lambda plugin: plugin.name))
    usable = [name for name in loaded if name not in failed]
    order = plugin_order({name: loaded[name].manifest.requires for name in usable}, config.order)
    return LoadedPlugins(
        plugins=tuple(loaded[name] for name in order),
        broken=tuple(sorted(faults, key=lambda plugin: plugin.name)),
        disabled=tuple(sorted(config.disable)),
    )


def register_all(hooks: Hooks, loaded: LoadedPlugins) -> None:
    """Register the plugins with ``hooks``, after the hooks that they offer to each other."""
    for plugin in loaded.plugins:
        for spec_class in plugin.manifest.specs:
            hooks.add_specs(spec_class)
    for plugin in loaded.plugins:
        hooks.register(plugin.plugin, plugin.name, plugin.distribution, plugin.manifest.requires, plugin.version)


def _load(candidate: Candidate, config: Config) -> LoadedPlugin | BrokenPlugin:
    try:
        check_name(candidate.name)
    except ConfigError as error:
        return broken(candidate, error.message)
    try:
        plugin = candidate.load()
    except (Exception, SystemExit) as error:
        return broken(candidate, import_reason(error), error)
    try:
        manifest = _manifest(candidate, plugin)
        settings = _settings(manifest, config)
        migrations = migrations_of(plugin, manifest)
        remarks = manifest.check_hook_api(_implemented(plugin))
    except CrmError as error:
        forget(plugin)
        return broken(candidate, msg("{problem}", problem="; ".join(error.lines())), error)
    add_catalogue_of(plugin)
    belongs_to(_package(plugin), manifest.name)
    for remark in remarks:
        log.warning("plugin %s: %s", manifest.name, remark, extra={"plugin": manifest.name})
    return LoadedPlugin(
        manifest.name,
        manifest,
        plugin,
        candidate.distribution,
        manifest.version or candidate.version,
        candidate.source,
        settings,
        migrations,
        tuple(remarks),
    )


def _package(plugin: object) -> str:
    """Return the package, or single module, that holds a plugin's code."""
    module = getattr(plugin, "__name__", None) or type(plugin).__module__
    return str(module).partition(".")[0]


def _manifest(candidate: Candidate, plugin: object) -> Manifest:
    if isinstance(plugin, type):
        raise ConfigError(msg("it is a class; offer an instance of it: {name}()", name=plugin.__name__))
    manifest = manifest_of(plugin, candidate.name)
    if candidate.named and manifest.name != candidate.name:
        raise ConfigError(
            msg(
                "its manifest says {manifest}, its {source} {name}; they must be the same",
                manifest=manifest.name,
                source=candidate.source,
                name=candidate.name,
            )
        )
    return manifest


def _settings(manifest: Manifest, config: Config) -> Any:
    section = config.plugins.get(manifest.name, {})
    path = f"plugins.{manifest.name}"
    if manifest.config is None:
        if section != {}:
            problem = msg("it has no settings, but {where} has a section {path}", where=config.where, path=path)
            raise ConfigError(problem)
        return None
    if not section and (usual := usual_settings(manifest.config)) is not None:
        return usual
    # Only where there are settings, since its import is not free.
    from crmkit.runtime.structuring import structure

    try:
        settings, errors = structure(section, manifest.config, path, config.around)
    except Exception as error:
        raise ConfigError(
            msg(
                "its settings class {cls} cannot be filled: {kind}: {error}",
                cls=manifest.config.__name__,
                kind=type(error).__name__,
                error=shown(error, 300),
            )
        ) from error
    if settings is None:
        raise BadConfig(config.where, errors)
    return settings


def _infos(specs: Sequence[type]) -> dict[str, HookInfo]:
    return {name: info for spec_class in specs for name, info in hooks_of(spec_class).items()}


def _bad_hooks(loaded: Mapping[str, LoadedPlugin], infos: Mapping[str, HookInfo]) -> list[BrokenPlugin]:
    """Return the plugins with functions that cannot be hooks, or are hooks that nobody declares."""
    owners = dict.fromkeys(infos, PROJECT)
    known = dict(infos)
    faults: dict[str, BrokenPlugin] = {}
    for plugin in loaded.values():
        for name, info in _infos(plugin.manifest.specs).items():
            if name in owners:
                reason = msg("it declares hook {name}, which {other} declares already", name=name, other=owners[name])
                faults.setdefault(plugin.name, _fault(plugin, reason))
            owners.setdefault(name, plugin.name)
            known.setdefault(name, info)
    for plugin in loaded.values():
        try:
            for hook, function, opts in marked(plugin.plugin):
                verify(plugin.name, hook, known.get(hook), function, opts)
                if hook not in known and not opts.get("optionalhook"):
                    hint = did_you_mean(hook, known)
                    raise ConfigError(msg("there is no hook {hook}; {hint}", hook=hook, hint=hint))
        except CrmError as error:
            faults.setdefault(plugin.name, _fault(plugin, error.message, error))
    return list(faults.values())


def marked(plugin: object) -> Iterator[tuple[str, Any, Mapping[str, Any]]]:
    """Find what pluggy would register: the hook's name, the function and the options of its marker."""
    parse = pluggy.PluginManager(PROJECT).parse_hookimpl_opts
    for name in dir(plugin):
        opts = marked_options(plugin, name, f"{PROJECT}_impl", parse)
        if opts is not None:
            yield opts.get("specname") or name, getattr(plugin, name), dict(opts)


def _implemented(plugin: object) -> list[str]:
    return [hook for hook, _, _ in marked(plugin)]


def _unmet(
    loaded: Mapping[str, LoadedPlugin], config: Config, candidates: Sequence[Candidate], faults: Sequence[BrokenPlugin]
) -> list[BrokenPlugin]:
    failed = {fault.name for fault in faults}
    requires = {name: plugin.manifest.requires for name, plugin in loaded.items() if name not in failed}
    if not any(requires.values()):
        return []
    known = {*(candidate.name for candidate in candidates), *installed_plugin_names()}
    reasons = unmet(requires, known, config.disable, failed)
    return [_fault(loaded[name], reason) for name, reason in reasons.items()]


def _fault(plugin: LoadedPlugin, reason: Any, error: BaseException | None = None) -> BrokenPlugin:
    return BrokenPlugin(plugin.name, plugin.distribution, plugin.source, reason, error)
