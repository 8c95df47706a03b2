"""What can be wrong with a hook implementation, or go wrong in one."""

from __future__ import annotations

import attrs

from crmkit.core.errors import ConfigError, CrmError, PluginError
from crmkit.core.frozen import frozen
from crmkit.core.messages import Message


class BadHook(ConfigError):
    """A plugin's hook or registration cannot be used. ``plugin`` and ``hook`` let start-up quarantine or report it."""

    code = "bad_hook"

    def __init__(self, plugin: str, hook: str, message: Message) -> None:
        super().__init__(message)
        self.plugin, self.hook = plugin, hook


class Failed(Exception):
    """Inside the hook machinery only: ``plugin`` raised ``error``. ``crmkit.hooks.run`` turns it into what is shown."""

    def __init__(self, plugin: str, error: Exception) -> None:
        super().__init__(plugin, error)
        self.plugin, self.error = plugin, error


@frozen
class CollectError:
    """Stands among collected values where ``plugin`` failed, in hooks whose specification says ``on_error="block"``."""

    plugin: str
    hook: str
    message: Message
    error: Exception = attrs.field(repr=False)


def collect_error(plugin: str, hook: str, error: Exception) -> CollectError:
    """Return the block for ``error``; an expected error keeps its own words."""
    shown = error if isinstance(error, CrmError) else PluginError(plugin, hook, error)
    return CollectError(plugin, hook, shown.message, error)
