"""One thing that was looked at, and how it is."""

from __future__ import annotations

from enum import IntEnum

from crmkit.core.frozen import frozen
from crmkit.core.messages import Message


class Level(IntEnum):
    """How things are; the greater, the worse."""

    OK = 0
    WARNING = 1
    ERROR = 2

    @property
    def word(self) -> str:
        """The level as programs read it: ``ok``, ``warning`` or ``error``."""
        return self.name.lower()


@frozen
class Finding:
    """What one look showed. ``area`` and ``code`` are stable for programs, as in ``database`` and ``schema_outdated``.

    ``message`` says what is so, ``advice`` what to do about it, None where nothing is to be done.
    """

    area: str
    code: str
    level: Level
    message: Message
    advice: Message | None = None


def fine(area: str, code: str, message: Message) -> Finding:
    """Return that all is well."""
    return Finding(area, code, Level.OK, message)


def warning(area: str, code: str, message: Message, advice: Message | None = None) -> Finding:
    """Return what works, but should not stay so."""
    return Finding(area, code, Level.WARNING, message, advice)


def fault(area: str, code: str, message: Message, advice: Message | None = None) -> Finding:
    """Return what does not work, or is not safe."""
    return Finding(area, code, Level.ERROR, message, advice)
