"""Secrets: values that are used but never shown, and the hiding of passwords in addresses."""

from __future__ import annotations

import re

import attrs

HIDDEN = "***"

_SECRET_NAME = re.compile(r"(?i)password|passwd|passphrase|secret|token|credential|api_?key|(^|_)(key|pwd|pin)$")
# Greedy on purpose: a password that should have been quoted, with @ or : or / in it, is hidden to its end.
_IN_ADDRESS = re.compile(r"(?s)(?P<before>[A-Za-z][A-Za-z0-9+.-]*://[^:/?#@]*:).*(?=@)")
_IN_QUERY = re.compile(r"(?i)(?P<before>[?&;][^=&;]*(?:password|passwd|secret|token|key)=)[^&;]*")


@attrs.frozen(repr=False)
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


def redact_address(text: str) -> str:
    """Return ``text`` with the password of a database or web address in it replaced by ``***``."""
    hidden = _IN_ADDRESS.sub(rf"\g<before>{HIDDEN}", text)
    return _IN_QUERY.sub(rf"\g<before>{HIDDEN}", hidden)


def names_secret(name: str) -> bool:
    """Whether a setting of this name is shown as ``***`` although nothing declares it a ``Secret``."""
    return bool(_SECRET_NAME.search(name))
