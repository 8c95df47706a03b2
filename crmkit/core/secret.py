"""Texts that are used but never shown."""

from __future__ import annotations

from crmkit.core.frozen import frozen

HIDDEN = "***"


@frozen(repr=False)
class Secret:
    """A text such as a password. ``str``, ``repr`` and ``format`` show ``***``; ``reveal()`` gives the text."""

    _text: str

    def reveal(self) -> str:
        """Return the text itself, to be handed to whatever needs it and to nothing that prints or stores it."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __str__(self) -> str:
        return HIDDEN

    def __repr__(self) -> str:
        return f"Secret({HIDDEN!r})"
