"""Leaving out plugins that could be loaded and cannot be put together with the others: the one at fault, and no more.

What a plugin registers is seen when all are assembled: an id that another has too, an entity that says nothing of merging,
an error in a register hook. With ``quarantine`` the application then does without that plugin and those that require it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import attrs

from crmkit.core.errors import CrmError
from crmkit.core.messages import Message, msg
from crmkit.runtime.local_files import forget
from crmkit.runtime.plugin_faults import BrokenPlugin
from crmkit.runtime.plugins import LoadedPlugin, LoadedPlugins

T = TypeVar("T")


def assembled(
    make: Callable[[LoadedPlugins], T], loaded: LoadedPlugins, *, quarantine: bool
) -> tuple[T, LoadedPlugins]:
    """Return what ``make`` makes of the plugins, and which they are: with ``quarantine``, those that get on.

    Raises whatever ``make`` raises, where no plugin is at fault or broken ones are not to be left out.
    """
    while True:
        try:
            return make(loaded), loaded
        except CrmError as error:
            if not quarantine:
                raise
            name = _named(error, loaded) or _found(make, loaded, error)
            if not name:
                raise
            loaded = without(loaded, name, error)


def without(loaded: LoadedPlugins, name: str, error: CrmError) -> LoadedPlugins:
    """Return the plugins without one, which ``error`` is about, and without those that require it."""
    reasons: dict[str, Message] = {name: msg("{problem}", problem="; ".join(error.lines()))}
    for plugin in loaded.plugins:
        # In their order: whoever is required comes first.
        broken = next((other for other in plugin.manifest.requires if other in reasons), None)
        if broken is not None and plugin.name not in reasons:
            reasons[plugin.name] = msg("it requires plugin {name}, which is broken", name=broken)
    gone = [plugin for plugin in loaded.plugins if plugin.name in reasons]
    for plugin in gone:
        forget(plugin.plugin)
    faults = [_fault(plugin, reasons[plugin.name], error if plugin.name == name else None) for plugin in gone]
    return attrs.evolve(
        loaded,
        plugins=tuple(plugin for plugin in loaded.plugins if plugin.name not in reasons),
        broken=tuple(sorted((*loaded.broken, *faults), key=lambda fault: fault.name)),
    )


def _named(error: CrmError, loaded: LoadedPlugins) -> str:
    """Return the plugin that an error names, or the first of those that its parts name."""
    known = {plugin.name for plugin in loaded.plugins}
    parts = (error, *getattr(error, "problems", ()))
    return next((name for part in parts if (name := getattr(part, "plugin", "")) in known), "")


def _found(make: Callable[[LoadedPlugins], object], loaded: LoadedPlugins, error: CrmError) -> str:
    """Return the plugin without which this error is not met; the last of several, as it came to the others."""
    for plugin in reversed(loaded.plugins):
        left = attrs.evolve(loaded, plugins=tuple(one for one in loaded.plugins if one is not plugin))
        try:
            make(left)
        except CrmError as other:
            if str(other) == str(error):
                continue
        return plugin.name
    return ""


def _fault(plugin: LoadedPlugin, reason: Message, error: CrmError | None) -> BrokenPlugin:
    return BrokenPlugin(plugin.name, plugin.distribution, plugin.source, reason, error)
