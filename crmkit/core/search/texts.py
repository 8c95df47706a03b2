"""What a record is found by: its texts, each of a sort that says how it is looked into, and how well one may fit."""

from __future__ import annotations

from enum import IntEnum
from typing import Literal

from crmkit.core.frozen import frozen

TextKind = Literal["name", "mail", "phone", "text"]

LONGEST_NAME = 300
"""A text field that takes no more characters holds names; longer ones hold prose."""


@frozen
class Text:
    """One text of a record. ``kind`` says how it is looked into, ``field`` where it stands, as in ``customer.name``.

    A *name* is found by the beginning of its words, by readings and by fragments; a *mail* and a *phone* by parts; prose
    (*text*) by the beginning of its words.
    """

    kind: TextKind
    value: str
    field: str


class Rank(IntEnum):
    """How well a record fits a query; the smaller the better."""

    EXACT = 0
    """A name, address or number is what was asked for."""
    FIRST_WORD = 1
    """A name begins with it, as a whole word."""
    PREFIX = 2
    """A name begins with it."""
    WORD = 3
    """Every word of the query is one of a name."""
    WORD_PREFIX = 4
    """Every word of the query begins one of a name."""
    READING = 5
    """A Chinese name is read so, in full or by initials."""
    TEXT = 6
    """All words stand somewhere: in prose, in an address."""
    FRAGMENT = 7
    """A word, address or number has it inside."""
    SIMILAR = 8
    """A word is spelled almost so."""


RANKS = {rank: rank.name.lower() for rank in Rank}
"""The words for ranks in answers."""
