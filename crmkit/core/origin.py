"""Which version of which plugin had a part in a change: what an audit entry records of it, beside who and why.

In its stored form, ``{"by": "loyalty@1.2", "hook": "...", "derived": {"rules@0.3": ["domain"]}}``: the plugin that made
the change and in which hook, and the fields that plugins derived while somebody else's change was saved. What says
nothing is left out, so a person's change of what nobody derives anything from has an empty origin.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import attrs
import msgspec

from crmkit.core.frozen import frozen

DERIVE = "derive_records"
"""The hook in which fields are derived."""


@frozen
class Release:
    """A plugin in one version; the core itself is ``crmkit``. An empty version is one that nobody stated."""

    plugin: str
    version: str = ""

    def __str__(self) -> str:
        return release(self.plugin, self.version)


@frozen
class Origin:
    """The plugin that made a change, in which hook, and who derived which field; all empty for a person's change."""

    by: Release | None = None
    hook: str = ""
    derived: Mapping[str, Release] = attrs.field(factory=dict)


def release(plugin: str, version: str) -> str:
    """Return how a plugin's version is written: ``loyalty@1.2``, without a version ``loyalty``."""
    return f"{plugin}@{version}" if version else plugin


def read_release(text: str) -> Release:
    """Return what ``release`` wrote."""
    plugin, _, version = text.partition("@")
    return Release(plugin, version)


@lru_cache(maxsize=4_096)
def origin_text(by: str, hook: str, derived: tuple[tuple[str, str], ...]) -> str:
    """Return the stored form, as JSON text, of releases as ``release`` writes them; ``derived`` are (field, release).

    Changes that come about alike share one text: a thousand customers of an import have two or three.
    """
    made: dict[str, Any] = {"by": by, "hook": hook} if by else {}
    fields: dict[str, list[str]] = {}
    for name, deriver in derived:
        if deriver == by and hook == DERIVE:
            continue  # all of the change is its
        fields.setdefault(deriver, []).append(name)
    if fields:
        made["derived"] = fields
    return msgspec.json.encode(made).decode()


def read_origin(stored: Mapping[str, Any]) -> Origin:
    """Return the origin that an audit entry holds."""
    by = str(stored.get("by", ""))
    derived: Mapping[str, Iterable[str]] = stored.get("derived", {})
    return Origin(
        by=read_release(by) if by else None,
        hook=str(stored.get("hook", "")),
        derived={name: read_release(text) for text, names in derived.items() for name in names},
    )
