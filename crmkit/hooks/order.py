"""The order in which plugins are called: requirements, then names, whatever order they were registered in."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from crmkit.core.errors import ConfigError
from crmkit.core.messages import msg


def plugin_order(requires: Mapping[str, Iterable[str]], configured: Sequence[str] = ()) -> list[str]:
    """Return the plugins (keys of ``requires``) so that each comes after those it requires, otherwise by name.

    Plugins in ``configured`` keep the order given there, even against what they require of each other. Required or
    configured plugins that are absent do not matter here. Raises ``ConfigError`` when no order is possible.
    """
    listed = [name for name in configured if name in requires]
    place = {name: number for number, name in enumerate(listed)}
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for name, required in requires.items():
        overruled = {other for other in required if name in place and place.get(other, -1) > place[name]}
        sorter.add(name, *(other for other in required if other in requires and other not in overruled))
    for earlier, later in pairwise(listed):
        sorter.add(later, earlier)
    try:
        sorter.prepare()
    except CycleError as error:
        cycle = " -> ".join(error.args[1])
        raise ConfigError(
            msg("plugins must run before each other: {cycle}; remove a requirement or set their order", cycle=cycle)
        ) from None
    ordered: list[str] = []
    ready = list(sorter.get_ready())
    heapq.heapify(ready)
    while ready:
        name = heapq.heappop(ready)
        ordered.append(name)
        sorter.done(name)
        for following in sorter.get_ready():
            heapq.heappush(ready, following)
    return ordered
