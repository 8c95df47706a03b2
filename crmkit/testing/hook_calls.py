"""What the fixture ``hook_trace`` gives: the calls of hooks, as they were made."""

from __future__ import annotations

from collections.abc import Iterator

from crmkit.hooks.trace import HookTrace
from crmkit.runtime.crm import Crm


class HookCalls:
    """The calls of the hooks of a CRM, oldest first, those of the core's own rules (plugin ``crmkit``) included."""

    def __init__(self, crm: Crm) -> None:
        self.calls: list[HookTrace] = []
        self._watched: list[Crm] = []
        self.watch(crm)

    def watch(self, crm: Crm) -> None:
        """Record the calls of another CRM too, from now on."""
        crm.hooks.trace(self.calls.append)
        self._watched.append(crm)

    def of(self, hook: str = "", plugin: str = "") -> list[HookTrace]:
        """Return the calls of a hook, of a plugin, or of a hook of a plugin. Raises ConfigError for an unknown hook."""
        if hook:
            self._watched[0].hooks.info(hook)
        return [call for call in self.calls if hook in ("", call.hook) and plugin in ("", call.plugin)]

    def clear(self) -> None:
        """Forget the calls made so far."""
        self.calls.clear()

    def stop(self) -> None:
        """Record nothing any more."""
        while self._watched:
            self._watched.pop().hooks.trace(None)

    def __iter__(self) -> Iterator[HookTrace]:
        return iter(self.calls)

    def __len__(self) -> int:
        return len(self.calls)
