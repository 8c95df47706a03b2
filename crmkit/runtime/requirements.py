"""Do plugins have what they require? What is missing, switched off, broken or circular is said for each."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from graphlib import CycleError, TopologicalSorter

from crmkit.core.errors import did_you_mean
from crmkit.core.messages import Message, msg


def unmet(
    requires: Mapping[str, Collection[str]], known: Collection[str], disabled: Collection[str], broken: Collection[str]
) -> dict[str, Message]:
    """Return what is wrong, by the names of those plugins (keys of ``requires``) that cannot be used.

    ``known`` are all names that may have been meant, ``disabled`` those switched off by configuration and ``broken``
    those that cannot be used for other reasons. A plugin that requires one that cannot be used cannot be used either.
    """
    wrong: dict[str, Message] = {}
    left = dict(requires)
    while True:
        found = {
            name: problem
            for name, required in left.items()
            if (problem := _problem(required, left, known, disabled, {*broken, *wrong})) is not None
        } or _circle(left)
        if not found:
            return wrong
        wrong.update(found)
        left = {name: required for name, required in left.items() if name not in wrong}


def _problem(
    required: Collection[str],
    here: Collection[str],
    known: Collection[str],
    disabled: Collection[str],
    broken: Collection[str],
) -> Message | None:
    for name in required:
        if name in broken:
            return msg("it requires plugin {name}, which is broken", name=name)
        if name in disabled:
            return msg("it requires plugin {name}, which the configuration disables", name=name)
        if name not in here:
            if name in known:
                return msg("it requires plugin {name}, which is installed but was not asked for", name=name)
            return msg("it requires plugin {name}, which is missing; {hint}", name=name, hint=did_you_mean(name, known))
    return None


def _circle(requires: Mapping[str, Collection[str]]) -> dict[str, Message]:
    try:
        TopologicalSorter(requires).prepare()
    except CycleError as error:
        # The sorter lists each before what requires it.
        circle = list(reversed(error.args[1]))
        text = " -> ".join(circle)
        return {name: msg("plugins require each other: {circle}", circle=text) for name in circle}
    return {}
