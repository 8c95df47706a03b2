"""What of a text may be told of somebody before it is known who that is. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from crmkit.core.values.text import search_key

HIDDEN = "***"
"""Stands in the place of what is not told."""

_ADDRESS = re.compile(r"\S+@\S+|(?:https?://|www\.)\S+|\b[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}\b", re.IGNORECASE)
_PHONE = re.compile(r"\+?\d(?:[\s()/.\-]*\d){5,}")
_WORD = re.compile(r"[^\W_]+")
_SHORTEST = 2
"""Letters of a word of a name that is looked for; initials stand in every text."""
_STEM = 4
"""Letters from which on a word of a name is found at the beginning of longer words too: in a genitive, in a compound."""


def masked_text(text: str, names: Iterable[str]) -> str:
    """Return ``text`` without addresses, telephone numbers and any word of ``names``, in whatever case and accents.

    Words that begin with a word of a name, of four letters or more, are left out as well, as are words joined by "_".
    Names of scripts without spaces are looked for as they are written.
    """
    told = _PHONE.sub(HIDDEN, _ADDRESS.sub(HIDDEN, text))
    words = {search_key(word) for name in names for word in _WORD.findall(name) if len(word) >= _SHORTEST}
    for name in names:
        if name and not name.isascii() and len(name) >= _SHORTEST:
            told = told.replace(name, HIDDEN)
    stems = tuple(word for word in words if len(word) >= _STEM)

    def shown(found: re.Match[str]) -> str:
        word = search_key(found.group())
        return HIDDEN if word in words or (stems and word.startswith(stems)) else found.group()

    return _WORD.sub(shown, told)
