"""Calling the hooks that a plugin offers to others: by name, with the policy of each hook's kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmkit.hooks.run import run_choose, run_collect, run_guard

if TYPE_CHECKING:
    from crmkit.hooks.dispatch import Hooks
    from crmkit.store.session import Session


class OfferedHooks:
    """The hooks of ``Manifest.specs``, called from one unit of work. Raises ``PluginError`` as every call of a hook."""

    __slots__ = ("_hooks", "_session")

    def __init__(self, hooks: Hooks, session: Session) -> None:
        self._hooks, self._session = hooks, session

    def collect(self, hook: str, call: Any, /) -> list[Any]:
        """Return what all plugins answer to a collect hook, item by item.

        Where the hook says ``on_error="block"``, a plugin that fails leaves a ``CollectError`` among them.
        """
        return [value for _, value in run_collect(self._hooks.caller(hook), self._session.contexts, call)]

    def choose(self, hook: str, call: Any, /) -> Any:
        """Return the first decision on a choose hook, or None when no plugin decides."""
        found = run_choose(self._hooks.caller(hook), self._session.contexts, call, of=object)
        return None if found is None else found[1]

    def guard(self, hook: str, call: Any, /) -> None:
        """Raise ``Refused`` when a plugin refuses on a guard hook."""
        run_guard(self._hooks.caller(hook), self._session.contexts, call)
