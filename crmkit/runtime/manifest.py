"""What a plugin says about itself."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, get_args

from crmkit.core.errors import ConfigError
from crmkit.core.event_order import EventOrder
from crmkit.core.frozen import frozen, is_attrs
from crmkit.core.messages import Message, msg
from crmkit.hooks.api import check_api, current_api

HOOK_API = current_api()
"""The version of the hooks. It rises when a hook changes in a way that existing plugins would notice."""

RESERVED = frozenset({"crmkit", "configuration", "core", "schema"})
"""Names under which the application itself takes part."""

_NAME = re.compile(r"[a-z][a-z0-9_]*")


def check_name(name: object) -> str:
    """Return ``name`` when a plugin can be called so; raises ConfigError otherwise."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ConfigError(
            msg("plugin name {name}: expected lower-case letters, digits and underscores", name=repr(name))
        )
    if name in RESERVED:
        raise ConfigError(msg("plugin name {name} is reserved for the application itself", name=name))
    return name


@frozen(kw_only=True)
class Manifest:
    """What a plugin is and needs; a module or object offers it as its attribute ``manifest`` or ``crmkit_manifest``.

    ``name`` is the plugin's word in configuration, tables and events. ``hook_api`` is the version of the hooks that it
    was written for, or the first and last one that it works with. ``requires`` names plugins that must be active too
    and are called first. ``config`` is the attrs class that its section of the configuration becomes, given to its
    hooks as ``ctx.config``. ``specs`` are classes of hooks that it offers to others. ``formerly`` are names that it had
    before: its place in the event log goes on under the new one. ``event_order`` says what it must hear of in order
    although it failed at an event: all of a ``customer``, of a ``record``, or ``none``.
    ``migrations`` is the folder of its migrations beside its module; by default ``migrations`` in its package, where there
    is one. Raises ConfigError.
    """

    name: str
    version: str = ""
    hook_api: int | tuple[int, int] = HOOK_API
    requires: tuple[str, ...] = ()
    config: type[Any] | None = None
    label: str = ""
    summary: str = ""
    specs: tuple[type, ...] = ()
    formerly: tuple[str, ...] = ()
    event_order: EventOrder = "customer"
    migrations: str = ""

    def __attrs_post_init__(self) -> None:
        check_name(self.name)
        if not _is_api(self.hook_api):
            raise self._wrong("hook_api", self.hook_api, "a number, or the first and last one as in (1, 2)")
        if not _is_tuple_of(self.requires, str):
            raise self._wrong("requires", self.requires, 'a tuple of plugin names as in ("loyalty",)')
        if self.name in self.requires:
            raise ConfigError(msg("manifest of {plugin}: it requires itself", plugin=self.name))
        if self.config is not None and not is_attrs(self.config):
            raise self._wrong("config", self.config, "an attrs class")
        if not _is_tuple_of(self.specs, type):
            raise self._wrong("specs", self.specs, "a tuple of classes that declare hooks")
        if not _is_tuple_of(self.formerly, str) or self.name in self.formerly:
            raise self._wrong("formerly", self.formerly, 'a tuple of other names as in ("points",)')
        if not isinstance(self.migrations, str):
            raise self._wrong("migrations", self.migrations, 'the name of a folder as in "migrations"')
        if self.event_order not in get_args(EventOrder):
            raise self._wrong("event_order", self.event_order, ", ".join(get_args(EventOrder)))

    def check_hook_api(self, uses: Iterable[str] = ()) -> list[Message]:
        """Return what is to be said of a plugin that was written for an older version of the hooks.

        ``uses`` are the hooks that it implements. Raises ConfigError for one that needs a newer version, or uses what
        was removed since; see ``crmkit.hooks.api``.
        """
        return check_api(self.hook_api, uses)

    def _wrong(self, field: str, value: object, expected: str) -> ConfigError:
        return ConfigError(
            msg(
                "manifest of {plugin}: {field} is {value}, expected {expected}",
                plugin=self.name,
                field=field,
                value=repr(value),
                expected=expected,
            )
        )


def manifest_of(plugin: object, default_name: str) -> Manifest:
    """Return the manifest that ``plugin`` offers, or one with nothing but ``default_name``. Raises ConfigError."""
    for attribute in ("crmkit_manifest", "manifest"):
        found = getattr(plugin, attribute, None)
        if found is not None:
            if not isinstance(found, Manifest):
                raise ConfigError(
                    msg(
                        "its {attribute} is {kind}, expected crmkit.plugin.Manifest",
                        attribute=attribute,
                        kind=type(found).__name__,
                    )
                )
            return found
    return Manifest(name=default_name)


def _is_api(value: object) -> bool:
    numbers = value if isinstance(value, tuple) else (value, value)
    whole = all(isinstance(number, int) and not isinstance(number, bool) for number in numbers)
    return len(numbers) == 2 and whole and numbers[0] <= numbers[1]


def _is_tuple_of(value: object, kind: type) -> bool:
    return isinstance(value, tuple) and all(isinstance(item, kind) for item in value)
