"""What of a text may be told of somebody before it is known who that is. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from crmkit.core.values.text import search_key

HIDDEN = "***"
"""Stands in the place of what is not told."""

_ADDRESS = re.compile(r"\S+@\S+|(?:https?://|www\.)\S+|\b[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}\b", re.IGNORECASE)
_PHONE = re.compile(r"\+?\d(?:[\s()/.\-]*\d){5,}")
_WORD = re.compile(r"\w+")
_SHORTEST = 2
"""Letters of a word of a name that is looked for; initials stand in every text."""


def masked_text(text: str, names: Iterable[str]) -> str:
    """Return ``text`` without addresses, telephone numbers and any word of ``names``, in whatever case and accents.

    Names of scripts without spaces are looked for as they are written.
    """
    told = _PHONE.sub(HIDDEN, _ADDRESS.sub(HIDDEN, text))
    words = {search_key(word) for name in names for word in _WORD.findall(name) if len(word) >= _SHORTEST}
    for name in names:
        if name and not name.isascii() and len(name) >= _SHORTEST:
            told = told.replace(name, HIDDEN)
    return _WORD.sub(lambda found: HIDDEN if search_key(found.group()) in words else found.group(), told)
