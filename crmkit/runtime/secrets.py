"""Secrets: values that are used but never shown, and the hiding of passwords in addresses."""

from __future__ import annotations

from crmkit.core.secret import HIDDEN, Secret
from crmkit.core.values.pattern import pattern

__all__ = ["HIDDEN", "Secret", "names_secret", "redact_address"]

_SECRET_NAME = pattern(r"(?i)password|passwd|passphrase|secret|token|credential|api_?key|(^|_)(key|pwd|pin)$")
# Greedy on purpose: a password that should have been quoted, with @ or : or / in it, is hidden to its end.
_IN_ADDRESS = pattern(r"(?s)(?P<before>[A-Za-z][A-Za-z0-9+.-]*://[^:/?#@]*:).*(?=@)")
_IN_QUERY = pattern(r"(?i)(?P<before>[?&;][^=&;]*(?:password|passwd|secret|token|key)=)[^&;]*")


def redact_address(text: str) -> str:
    """Return ``text`` with the password of a database or web address in it replaced by ``***``."""
    hidden = _IN_ADDRESS.sub(rf"\g<before>{HIDDEN}", text)
    return _IN_QUERY.sub(rf"\g<before>{HIDDEN}", hidden)


def names_secret(name: str) -> bool:
    """Whether a setting of this name is shown as ``***`` although nothing declares it a ``Secret``."""
    return bool(_SECRET_NAME.search(name))
