"""Words of any script as the search compares them: folded, without accents, and runs of characters without spaces.

Scripts that are written without spaces (Han, kana) or whose names are (hangul), and emoji, make runs, of which any part can be
looked for. All other letters and digits make words, of which the beginning can.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from crmkit.core.search.variants import simplified
from crmkit.core.values.text import fold, search_key

LONGEST_TEXT = 100_000
"""Characters of one text that the search looks into."""

LONGEST_WORD = 40
"""Characters of a word that tell it from others."""

_RUN = (
    "\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff"
    "\u2600-\u27bf\U0001f000-\U0001faff"
)
# Vowel signs and tone marks are no letters to Python, but nothing of a word stands without them.
_MARKS = (
    "\u0300-\u036f\u0483-\u0489\u0900-\u0903\u093a-\u094f\u0951-\u0957\u0962\u0963\u0980-\u0983\u09bc-\u09d7\u0a01-\u0a03"
    "\u0a3c-\u0a51\u0a81-\u0a83\u0abc-\u0acd\u0b01-\u0b03\u0b3c-\u0b57\u0bbe-\u0bcd\u0c00-\u0c04\u0c3e-\u0c56\u0c81-\u0c83"
    "\u0cbc-\u0cd6\u0d00-\u0d03\u0d3b-\u0d4d\u0d57\u0dca-\u0ddf\u0e31-\u0e3a\u0e47-\u0e4e\u0eb1-\u0ebc\u0ec8-\u0ecd"
    "\u0f71-\u0f84\u102b-\u103e\u1056-\u1059\u17b4-\u17d3"
)
_PIECE = re.compile(f"[{_RUN}]+|(?![{_RUN}])[^\\W_](?:(?![{_RUN}])[^\\W_]|[{_MARKS}])*")
_IS_RUN = re.compile(f"[{_RUN}]").match
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]").search
# Direction marks, joiners, variation selectors, the Arabic stroke and vowel points, Hebrew points, apostrophes.
_UNWRITTEN = re.compile(
    "[\u00ad\u200b-\u200f\u202a-\u202e\u2066-\u2069\u0640\u064b-\u065f\u0670\u0591-\u05bd\u05bf-\u05c7\ufe00-\ufe0f\ufeff'’ʼ`´]"
)
_NEEDS_CARE = re.compile("[^\x00-&(-_a-\x7f]|['`]").search
# Letters that Arabic and Persian hands use for one another.
_SAME_LETTER = {
    0x0622: 0x0627,
    0x0623: 0x0627,
    0x0625: 0x0627,
    0x0671: 0x0627,
    0x0629: 0x0647,
    0x0649: 0x064A,
    0x06CC: 0x064A,
    0x06A9: 0x0643,
}
_WRITTEN_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})
_HAS_UMLAUT = re.compile("[äöüøå]").search


def folded(text: str) -> str:
    """Return the form in which pieces are looked for: that of ``spoken``, with simplified Chinese characters."""
    return simplified(spoken(text))


def spoken(text: str) -> str:
    """Return the form in which texts are read aloud: compatible forms made one, lower case, accents kept.

    It falls into the same pieces as the ``folded`` one, character by character.
    """
    text = text[:LONGEST_TEXT]
    if not _NEEDS_CARE(text):
        return text.lower()
    return fold(_UNWRITTEN.sub("", text)).translate(_SAME_LETTER)


def pieces(text: str) -> list[str]:
    """Return the words and runs of a text that is folded."""
    found: list[str] = _PIECE.findall(text)
    return found


def spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield where the words and runs of a text as it was written begin and end."""
    for found in _PIECE.finditer(text[:LONGEST_TEXT]):
        yield found.span()


def is_run(piece: str) -> bool:
    """Whether a piece is a run: characters that are written without spaces."""
    return _IS_RUN(piece) is not None


def has_han(text: str) -> bool:
    """Whether a text has Chinese characters, which have readings."""
    return not text.isascii() and _HAN(text) is not None


def spellings(piece: str) -> tuple[str, ...]:
    """Return how a piece may be spelled: without accents, and with ä, ö, ü, ø and å written out."""
    if piece.isascii():
        return (piece[:LONGEST_WORD],)
    return _spellings(piece)


@lru_cache(maxsize=20_000)
def _spellings(piece: str) -> tuple[str, ...]:
    bare = search_key(piece)[:LONGEST_WORD]
    if not _HAS_UMLAUT(piece):
        return (bare,)
    return tuple(dict.fromkeys((bare, search_key(piece.translate(_WRITTEN_OUT))[:LONGEST_WORD])))


def grams(text: str, size: int) -> Iterator[str]:
    """Yield all parts of ``text`` of ``size`` characters, from left to right."""
    for start in range(len(text) - size + 1):
        yield text[start : start + size]
