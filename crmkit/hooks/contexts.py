"""One context per plugin, made when the plugin is first called in a unit of work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Contexts(dict[str, Any]):
    """Contexts by plugin name. A call site makes one per unit of work and hands it to the runners.

    ``make(plugin_name)`` builds a context; a dictionary keeps the look-up of later calls at the price of a subscript.
    """

    def __init__(self, make: Callable[[str], Any]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, plugin: str) -> Any:
        context = self[plugin] = self._make(plugin)
        return context
