"""The configuration as it may be shown to people and pasted into reports: without anything secret."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from crmkit.runtime.config import SETTINGS, Config
from crmkit.runtime.plugins import LoadedPlugins
from crmkit.runtime.secrets import HIDDEN, Secret, names_secret, redact_address


def redacted(config: Config, loaded: LoadedPlugins | None = None) -> dict[str, Any]:
    """Return the settings as plain tables, lists, texts, numbers and booleans, defaults included.

    Secrets show as ``***``, as do passwords in addresses and settings whose name says that they are secret. References
    such as ``{ env = "NAME" }`` show as they are written. With ``loaded``, sections of plugins show as the plugins see
    them, and what their classes declare as ``Secret`` is hidden whatever its name.
    """
    shown: dict[str, Any] = {name: _plain(name, getattr(config, name)) for name in SETTINGS}
    for plugin in loaded.plugins if loaded is not None else ():
        if plugin.config is not None:
            shown["plugins"][plugin.name] = _plain(plugin.name, plugin.config)
    return shown


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, Secret):
        return HIDDEN
    if attrs.has(type(value)):
        return {a.name: _plain(a.name, getattr(value, a.name)) for a in attrs.fields(type(value))}
    if isinstance(value, Mapping):
        return {str(key): _plain(str(key), inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(name, item) for item in value]
    if value is None or isinstance(value, bool):
        return value
    if names_secret(name) and value != "":
        return HIDDEN
    return value if isinstance(value, (int, float)) else redact_address(str(value))
