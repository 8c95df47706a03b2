"""Regular expressions for JSON Schema: in words that Python and ECMA 262 read alike."""

from __future__ import annotations

import re
from collections.abc import Iterable

SPACE = r"\s\x1c-\x1f\x85"
"""White space, in brackets: what Python counts to it, and other readers of ``\\s`` do not."""

FILLED = f"[^{SPACE}]"
"""A text that is more than white space."""

_SPECIAL = re.compile(r"[.*+?^$(){}|\[\]\\]")


def either(words: Iterable[str]) -> str:
    """Return the expression, without ends, for one of some words; those that begin alike up to a slash stand together."""
    alone: list[str] = []
    below: dict[str, list[str]] = {}
    for word in words:
        head, slash, rest = word.partition("/")
        if slash:
            below.setdefault(head, []).append(rest)
        else:
            alone.append(_literal(word))
    grouped = [f"{_literal(head)}/{either(rests)}" for head, rests in below.items()]
    return f"({'|'.join([*alone, *grouped])})"


def separated(words: Iterable[str], most: int) -> str:
    """Return the expression for a text of at most so many of some words, with commas between them."""
    one = f" *{either(words)} *"
    return f"^({one}(,{one}){{0,{most - 1}}})?$"


def _literal(word: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", word)
