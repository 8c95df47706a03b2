"""What can be wrong with plugins, and the words for it."""

from __future__ import annotations

import importlib
import os
import traceback
from collections.abc import Collection

import attrs

from crmkit.core.errors import ConfigError, CrmError
from crmkit.core.frozen import frozen
from crmkit.core.messages import Message, Translate, msg, shown
from crmkit.runtime.sources import Candidate, Source

_OURS = ("<", os.path.dirname(importlib.__file__), os.path.dirname(__file__))
"""Where the frames of importing itself lie, which tell nobody anything."""


@frozen
class BrokenPlugin:
    """A plugin that was left out. ``reason`` says why in one sentence, ``error`` is the original exception, if any."""

    name: str
    distribution: str
    source: Source
    reason: Message
    error: BaseException | None = attrs.field(default=None, repr=False, eq=False)

    @property
    def message(self) -> Message:
        """The whole sentence: which plugin, from where, and what is wrong."""
        return msg(
            "plugin {name} ({distribution}): {reason}",
            name=self.name,
            distribution=self.distribution,
            reason=self.reason,
        )


class PluginsBroken(ConfigError):
    """Plugins cannot be used. ``broken`` holds all of them; ``__cause__`` is the first one's original exception."""

    code = "plugins_broken"

    def __init__(self, broken: Collection[BrokenPlugin]) -> None:
        self.broken = tuple(broken)
        super().__init__(msg("{count} plugins are broken", count=len(self.broken)))
        self.__cause__ = next((plugin.error for plugin in self.broken if plugin.error is not None), None)

    def __str__(self) -> str:
        return "; ".join(self.lines())

    def lines(self, translate: Translate | None = None) -> list[str]:
        return [plugin.message.render(translate) for plugin in self.broken]


def broken(candidate: Candidate, reason: Message, error: BaseException | None = None) -> BrokenPlugin:
    """Return ``candidate`` as a broken plugin."""
    return BrokenPlugin(candidate.name, candidate.distribution, candidate.source, reason, error)


def import_reason(error: BaseException) -> Message:
    """Return what a failed import says, with the file and line that it comes from."""
    if isinstance(error, CrmError):
        return msg("cannot be imported: {error}", error=error.message)
    kind, text, place = type(error).__name__, shown(error, 300), _place(error)
    if place:
        return msg("cannot be imported: {kind}: {error} ({place})", kind=kind, error=text, place=place)
    return msg("cannot be imported: {kind}: {error}", kind=kind, error=text)


def _place(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return ""  # its text names file and line
    places = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    outside = [f"{file}, line {line}" for file, line in places if not file.startswith(_OURS)]
    return outside[-1] if outside else ""
