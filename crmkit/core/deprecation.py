"""What plugins should not use any more: said once to whoever uses it, and gone in a version that is known beforehand.

A function or property is marked with ``@deprecated``, a hook by ``hookspec(deprecated=...)``, an argument by calling
``warn`` where it is given. ``make check`` fails when the present version has reached one's ``removed_in``.
"""

from __future__ import annotations

import functools
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from crmkit.core.frozen import frozen
from crmkit.core.messages import Message, msg

F = TypeVar("F", bound=Callable[..., Any])

_VERSION = re.compile(r"\d+(\.\d+)*", re.ASCII)


class CrmkitDeprecationWarning(DeprecationWarning):
    """A plugin or program uses what a later version will not have."""


@frozen
class Deprecation:
    """``name`` (as in ``crmkit.plugin.change``) is not to be used since a version; ``removed_in`` has it no more.

    ``instead`` says what to use.
    """

    name: str
    since: str
    removed_in: str
    instead: str

    def __attrs_post_init__(self) -> None:
        if version_key(self.since) >= version_key(self.removed_in):
            raise ValueError(f"{self.name}: deprecated since {self.since}, it cannot be removed in {self.removed_in}")

    @property
    def message(self) -> Message:
        """The whole sentence."""
        return msg(
            "{name} is deprecated since {since} and removed in {removed_in}; use {instead}",
            name=self.name,
            since=self.since,
            removed_in=self.removed_in,
            instead=self.instead,
        )

    def due(self, version: str) -> bool:
        """Whether a version should not have it any more."""
        return version_key(version) >= version_key(self.removed_in)

    def warn(self, plugin: str = "", *, stacklevel: int = 2) -> None:
        """Say it, once for each plugin; without its name, it is the one whose code stands ``stacklevel`` calls up."""
        plugin = plugin or _plugin_at(stacklevel)
        if (self.name, plugin) in _said:
            return
        _said.add((self.name, plugin))
        text = str(self.message)
        text = f"plugin {plugin}: {text}" if plugin else text
        # Imported when there is something to say: every plugin's import comes by this module.
        import logging

        warnings.warn(text, CrmkitDeprecationWarning, stacklevel=stacklevel + 1)
        logging.getLogger("crmkit.deprecation").warning("%s", text, extra={"plugin": plugin})


_known: dict[str, Deprecation] = {}
_said: set[tuple[str, str]] = set()
_plugins: dict[str, str] = {}


def declare(name: str, *, since: str, removed_in: str, instead: str) -> Deprecation:
    """Return a deprecation that ``deprecations`` lists. Raises ValueError for versions that contradict each other."""
    made = Deprecation(name, since, removed_in, instead)
    _known[name] = made
    return made


def deprecated(name: str, *, since: str, removed_in: str, instead: str) -> Callable[[F], F]:
    """Mark a function, or a property's getter, so that calling it warns. ``name`` is how plugins know it."""
    made = declare(name, since=since, removed_in=removed_in, instead=instead)

    def mark(function: F) -> F:
        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            made.warn(stacklevel=2)
            return function(*args, **kwargs)

        call.__dict__["crmkit_deprecation"] = made
        return call  # type: ignore[return-value]

    return mark


def deprecations() -> Iterator[Deprecation]:
    """Yield everything that is deprecated in the modules imported so far, by name."""
    yield from (_known[name] for name in sorted(_known))


def belongs_to(package: str, plugin: str) -> None:
    """Note that code of a package (or single module) is that of a plugin, so that warnings name it."""
    if package != "crmkit":
        _plugins[package] = plugin


def version_key(version: str) -> tuple[int, ...]:
    """Return a version's numbers for comparison; what follows them, as in ``1.0rc1``, counts as the release itself."""
    found = _VERSION.match(version)
    numbers = [int(part) for part in found[0].split(".")] if found else []
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def _plugin_at(stacklevel: int) -> str:
    try:
        module = str(sys._getframe(stacklevel + 1).f_globals.get("__name__", ""))
    except ValueError:
        return ""
    return _plugins.get(module, "") or _plugins.get(module.partition(".")[0], "")
