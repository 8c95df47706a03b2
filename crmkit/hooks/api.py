"""The versions of the hook API: what each brought, changed and took away, and which plugins can still be used.

The number rises when a hook changes in a way that existing plugins would notice; new hooks and new attributes of calls
do not raise it. A plugin written for an older version is warned about and used, unless it uses something removed since.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from crmkit.core.errors import ConfigError
from crmkit.core.frozen import frozen
from crmkit.core.messages import Message, msg

How = Literal["changed", "removed"]


@frozen
class ApiChange:
    """One thing that a version changed or removed; ``what`` is a hook, ``Call.attribute`` or ``crmkit.plugin.name``."""

    how: How
    what: str
    instead: str = ""


@frozen
class ApiVersion:
    """One version of the hook API and the crmkit that brought it."""

    number: int
    since: str
    summary: str
    changes: tuple[ApiChange, ...] = ()


API_VERSIONS: tuple[ApiVersion, ...] = (ApiVersion(1, "0.1", "the first"),)
"""Every version, the oldest first. Whoever changes or removes a hook adds one here."""


def current_api(versions: Iterable[ApiVersion] = API_VERSIONS) -> int:
    """Return the number of the newest version."""
    return max(version.number for version in versions)


def check_api(
    wanted: int | tuple[int, int], uses: Iterable[str], versions: tuple[ApiVersion, ...] = API_VERSIONS
) -> list[Message]:
    """Return what is to be said of a plugin that was written for ``wanted``, a version or the first and last one.

    ``uses`` are the hooks that it implements and the names that it is known to use. Raises ConfigError when it needs a
    newer version, or uses what was removed since.
    """
    first, last = wanted if isinstance(wanted, tuple) else (wanted, wanted)
    ours = current_api(versions)
    text = str(first) if first == last else f"{first} - {last}"
    if first > ours:
        raise ConfigError(
            msg("it is written for hook API {wanted}, this crmkit has {ours}; update crmkit", wanted=text, ours=ours)
        )
    if last >= ours:
        return []
    used = set(uses)
    met = [change for change in _since(last, versions) if change.what in used]
    gone = [change for change in met if change.how == "removed"]
    if gone:
        raise ConfigError(
            msg(
                "it is written for hook API {wanted} and uses {what}, which this crmkit ({ours}) does not have; {advice}",
                wanted=text,
                what=gone[0].what,
                ours=ours,
                advice=_advice(gone[0]),
            )
        )
    changed = ", ".join(change.what for change in met)
    if changed:
        return [
            msg(
                "it is written for hook API {wanted}, this crmkit has {ours}; changed since: {what}",
                wanted=text,
                ours=ours,
                what=changed,
            )
        ]
    return [
        msg(
            "it is written for hook API {wanted}, this crmkit has {ours}; nothing that it is known to use has changed",
            wanted=text,
            ours=ours,
        )
    ]


def _since(number: int, versions: Iterable[ApiVersion]) -> Iterator[ApiChange]:
    for version in versions:
        if version.number > number:
            yield from version.changes


def _advice(change: ApiChange) -> Message:
    return msg("use {instead}", instead=change.instead) if change.instead else msg("update the plugin")
