"""Reading what somebody types into a search, and what to look up in the index for it.

Whatever is typed is data: quotes, operators and other marks separate words and mean nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from crmkit.core.frozen import frozen
from crmkit.core.search.terms import DIGITS, EXACT_MAIL, EXACT_NAME, EXACT_PHONE, LETTERS
from crmkit.core.search.words import folded, grams, is_run, pieces, spellings

LONGEST_QUERY = 300
"""Characters of a query that are read."""

MOST_UNITS = 12
"""Words of a query that are looked for."""

SHORT = 2
"""Beginnings of up to so many letters are looked for in names alone; anywhere else they must be whole words."""

MOST_GRAMS = 16
"""Fragments of one word that are looked up; what is found is compared with the whole word."""

LEAST_PHONE = 4
"""Digits of a phone number by which it is found from the inside."""

_TRUNK = re.compile(r"\(0\)")


@frozen
class Unit:
    """One thing that must be found: a word in its spellings, a run of characters, or part of a mail address.

    ``near`` are other words that it may be a slip for.
    """

    kind: Literal["word", "run", "mail"]
    spellings: tuple[str, ...]
    near: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The first spelling."""
        return self.spellings[0]

    @property
    def short(self) -> bool:
        """Whether it is too short to be looked for by its beginning everywhere."""
        return self.kind == "word" and max(map(len, self.spellings)) <= SHORT

    @property
    def number(self) -> bool:
        """Whether it has digits alone."""
        return self.kind == "word" and self.text.isdecimal()


@frozen
class Token:
    """A token of the index, or all that begin with it."""

    text: str
    prefix: bool = False


AnyOf = tuple[tuple[Token, ...], ...]
"""Alternatives, each of which asks for all of its tokens."""


@frozen
class Query:
    """What is looked for: all ``units``. ``exact`` are the headwords of names, addresses and numbers that are just that."""

    units: tuple[Unit, ...]
    exact: tuple[str, ...] = ()

    def headwords(self) -> tuple[str, ...]:
        """Return the headwords to look up: for a query of one unit all that begin with it, and whole names."""
        single = first_spellings(self.units[0]) if len(self.units) == 1 else ()
        return tuple(dict.fromkeys((*self.exact, *single)))

    def tokens(self, fragments: bool) -> tuple[AnyOf, ...]:
        """Return the tokens to look up, unit by unit; with ``fragments`` also within words."""
        return tuple(tokens_of(unit, fragments) for unit in self.units)


def read_query(text: str) -> tuple[Query, ...]:
    """Return what somebody may mean who types ``text``, the likeliest first; empty when it holds nothing to look for.

    Numbers that stand side by side are one phone number, or each its own.
    """
    units = _units(_TRUNK.sub(" ", text[:LONGEST_QUERY]))[:MOST_UNITS]
    if not units:
        return ()
    joined = _joined(units)
    both = [joined] if joined == units else [joined, units]
    return tuple(Query(tuple(found), _exact(found)) for found in both)


def first_spellings(unit: Unit) -> tuple[str, ...]:
    """Return the spellings of a unit but those that begin with another one: mu finds all that mue would."""
    return tuple(
        spelling
        for spelling in unit.spellings
        if not any(other != spelling and spelling.startswith(other) for other in unit.spellings)
    )


def tokens_of(unit: Unit, fragments: bool) -> AnyOf:
    """Return the tokens that stand for a unit, in each of its spellings and of the words it may be a slip for."""
    found: list[tuple[Token, ...]] = []
    for spelling in unit.spellings:
        if unit.kind == "run":
            found.append(_run(spelling))
        elif unit.kind == "mail":
            found.append(_mail(spelling))
        else:
            found.append((Token(spelling, prefix=len(spelling) > SHORT),))
            if fragments and len(spelling) > SHORT:
                found.append(_grams(LETTERS, spelling, 3))
            if fragments and unit.number and len(spelling) >= LEAST_PHONE:
                found.append(_grams(DIGITS, spelling, 4))
    return (*found, *near_tokens_of(unit))


def near_tokens_of(unit: Unit) -> AnyOf:
    """Return the tokens of the words that a unit may be a slip for."""
    return tuple((Token(word),) for word in unit.near)


def _units(text: str) -> list[Unit]:
    found: list[Unit] = []
    for word in text.split():
        word = word.strip(".<>()[]{},;:\"'“”„«»")
        if "@" in word.strip("@"):
            address = folded(word).removeprefix("mailto:")
            if len(pieces(address)) > 1:
                found.append(Unit("mail", (address,)))
                continue
        for piece in pieces(folded(word)):
            found.append(Unit("run", (piece,)) if is_run(piece) else _word(piece))
    return list(dict.fromkeys(found))


def _word(piece: str) -> Unit:
    spelled = spellings(piece)
    # Where a number begins with zeros, a phone number has its country code.
    bare = piece.lstrip("0")
    if piece.isdecimal() and len(bare) >= LEAST_PHONE and bare != piece:
        spelled = (*spelled, bare)
    return Unit("word", spelled)


def _joined(units: list[Unit]) -> list[Unit]:
    """Return the units with numbers that follow one another made one."""
    found: list[Unit] = []
    numbers: list[str] = []
    for unit in [*units, None]:
        if unit is not None and unit.number:
            numbers.append(unit.text)
            continue
        whole = "".join(numbers)
        if len(numbers) == 1 or (numbers and len(whole) <= LEAST_PHONE):
            found += [_word(number) for number in numbers]
        elif numbers:
            found.append(_word(whole))
        numbers = []
        if unit is not None:
            found.append(unit)
    return found


def _exact(units: Iterable[Unit]) -> tuple[str, ...]:
    known = list(units)
    only = known[0] if len(known) == 1 else None
    found: list[str] = []
    if only is not None and only.kind == "mail":
        found.append(EXACT_MAIL + only.text)
    elif all(unit.kind != "mail" for unit in known):
        ways = max(len(unit.spellings) for unit in known)
        for way in range(ways):
            found.append(EXACT_NAME + "".join(u.spellings[min(way, len(u.spellings) - 1)] for u in known))
    if only is not None and only.number:
        found += [EXACT_PHONE + spelling for spelling in only.spellings]
    return tuple(dict.fromkeys(found))


def _run(run: str) -> tuple[Token, ...]:
    if len(run) == 1:
        return (Token(run, prefix=True),)
    return tuple(Token(gram) for gram in dict.fromkeys(grams(run, 2)))[:MOST_GRAMS]


def _mail(address: str) -> tuple[Token, ...]:
    """Return the tokens of an address that may break off at its end: whole words, and the beginning of the last."""
    *whole, last = pieces(address)
    found: list[Token] = []
    for part in whole:
        found += [Token(part)] if is_run(part) and len(part) == 1 else _word_or_run(part)
    if is_run(last):
        found += _run(last)
    elif not found or len(spellings(last)[0]) > SHORT:
        found.append(Token(spellings(last)[0], prefix=True))
    return tuple(found[:MOST_GRAMS])


def _word_or_run(part: str) -> tuple[Token, ...]:
    return _run(part) if is_run(part) else (Token(spellings(part)[0]),)


def _grams(mark: str, word: str, size: int) -> tuple[Token, ...]:
    found = list(dict.fromkeys(grams(word, size)))
    step = max(1, -(-len(found) // MOST_GRAMS))
    return tuple(Token(mark + gram) for gram in found[::step])
