"""What of a record's texts goes into the index, so that everything that ``matching`` accepts is found there.

*Headwords* are for names: each term with the rank that it gives, so that the best of very many can be read off first. *Tokens* are
for everything: words, pairs of characters, readings and fragments. *Words* are those of names, for short beginnings and for
spelling mistakes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from crmkit.core.frozen import frozen
from crmkit.core.search.readings import Reading, readings
from crmkit.core.search.texts import Rank, Text
from crmkit.core.search.words import folded, grams, has_han, is_run, pieces, spellings, spoken

VERSION = 2
"""Counts changes of these rules: an index made by other rules is made again."""

LONGEST_PREFIX = 5
"""Beginnings of so many letters have lists of their own in the order of ranks; longer ones are rare enough."""

MOST_PIECES = 12
"""Words of one name that are looked at."""

MOST_HEADWORDS, MOST_TOKENS, MOST_WORDS = 400, 20_000, 100
"""What one record may take up in the index: beyond it, the texts that come last are left out."""

EXACT_NAME, EXACT_MAIL, EXACT_PHONE = "=", "@", "#"
"""What a headword for a whole name, address or number begins with."""

LETTERS, DIGITS = "~", "#"
"""What a token for a fragment begins with: three letters, or four digits of a phone number."""

READ = "^"
"""What a word begins with that is a reading."""


@frozen
class Terms:
    """What the index holds of one record."""

    headwords: Mapping[str, int]
    tokens: frozenset[str]
    words: tuple[str, ...]


def terms_of(texts: Iterable[Text]) -> Terms:
    """Return what the index holds of a record with these texts."""
    headwords: dict[str, int] = {}
    tokens: set[str] = set()
    words: dict[str, None] = {}
    for text in texts:
        found = folded(text.value)
        if text.kind == "name":
            parts, heard = name_pieces(text.value), heard_pieces(text.value)
            _put(headwords, _name_headwords(parts, heard))
            _add(tokens, _name_tokens(parts, heard))
            words.update(dict.fromkeys(_name_words(parts, heard)))
        elif text.kind == "mail":
            _put(headwords, [(EXACT_MAIL + found, Rank.EXACT)])
            _add(tokens, _mail_tokens(found))
        elif text.kind == "phone":
            digits = digits_of(found)
            _put(headwords, [(EXACT_PHONE + digits, Rank.EXACT)] if digits else [])
            _add(tokens, _phone_tokens(digits))
        else:
            _add(tokens, _text_tokens(found))
    return Terms(headwords, frozenset(tokens), tuple(words)[:MOST_WORDS])


def name_pieces(name: str) -> list[str]:
    """Return the words and runs of a name that are looked at."""
    return pieces(folded(name))[:MOST_PIECES]


def heard_pieces(name: str) -> list[str]:
    """Return the same pieces with the characters as they were written, which tell how they are read."""
    return pieces(spoken(name))[:MOST_PIECES]


def compact(parts: Iterable[str]) -> tuple[str, ...]:
    """Return a name without spaces and marks, in each of its spellings: equal for what people take for the same name."""
    spelled = [spellings(part) for part in parts]
    return tuple(dict.fromkeys("".join(s[min(way, len(s) - 1)] for s in spelled) for way in (0, 1)))


def digits_of(phone: str) -> str:
    """Return the digits of a phone number without its extension."""
    return "".join(mark for mark in phone.partition(";")[0] if mark.isdecimal() and mark.isascii())


def suffixes(reading: Reading) -> Iterator[tuple[str, str]]:
    """Yield what is heard from each syllable on, in full and by initials."""
    for start in range(len(reading)):
        rest = reading[start:]
        yield "".join(rest)[:24], "".join(syllable[0] for syllable in rest)


def _put(headwords: dict[str, int], more: Iterable[tuple[str, int]]) -> None:
    for term, rank in more:
        known = headwords.get(term)
        if known is None:
            if len(headwords) < MOST_HEADWORDS:
                headwords[term] = rank
        elif rank < known:
            headwords[term] = rank


def _add(tokens: set[str], more: Iterable[str]) -> None:
    for token in more:
        if len(tokens) >= MOST_TOKENS:
            return
        tokens.add(token)


def _name_headwords(parts: list[str], heard: list[str]) -> Iterator[tuple[str, int]]:
    for whole in compact(parts):
        if whole:
            yield EXACT_NAME + whole, Rank.EXACT
    for place, part in enumerate(parts):
        begins, is_word = (Rank.PREFIX, Rank.FIRST_WORD) if place == 0 else (Rank.WORD_PREFIX, Rank.WORD)
        run = is_run(part)
        for spelling in spellings(part):
            yield spelling, is_word
            for length in range(1, min(len(spelling), LONGEST_PREFIX + 1)):
                yield spelling[:length], begins
        if run:
            for size in (1, 2):
                yield from ((gram, Rank.WORD_PREFIX) for gram in grams(part[1:], size))
        if run and place == 0 and has_han(part):
            for reading in readings(heard[place]):
                full, initials = next(suffixes(reading))
                yield full, Rank.READING
                for text in (full[:LONGEST_PREFIX], initials):
                    yield from ((text[:length], Rank.READING) for length in range(1, len(text) + 1))


def _name_tokens(parts: list[str], heard: list[str]) -> Iterator[str]:
    for part, written in zip(parts, heard, strict=True):
        if is_run(part):
            yield from _run_tokens(part)
            for reading in readings(written) if has_han(part) else ():
                for full, initials in suffixes(reading):
                    yield full
                    yield initials
        else:
            for spelling in spellings(part):
                yield spelling
                yield from _fragments(spelling)


def _name_words(parts: list[str], heard: list[str]) -> Iterator[str]:
    for part, written in zip(parts, heard, strict=True):
        if not is_run(part):
            yield from spellings(part)
        elif has_han(part):
            for reading in readings(written):
                full, initials = next(suffixes(reading))
                yield READ + full
                yield READ + initials


def _mail_tokens(address: str) -> Iterator[str]:
    for part in mail_parts(address):
        if is_run(part):
            yield from _run_tokens(part)
        else:
            yield from spellings(part)
            for spelling in spellings(part):
                yield from _fragments(spelling)


def mail_parts(address: str) -> tuple[str, ...]:
    """Return the parts of a mail address that are folded: its words, and what stands before the @ in one piece."""
    local = "".join(pieces(address.rpartition("@")[0]))
    found = dict.fromkeys(pieces(address))
    return (*found, local) if local and local not in found else tuple(found)


def _phone_tokens(digits: str) -> Iterator[str]:
    if digits:
        yield digits
        yield from _four_digits(digits)


def _text_tokens(text: str) -> Iterator[str]:
    for part in pieces(text):
        if part.isascii():
            yield part[:40]
        elif is_run(part):
            yield from _run_tokens(part)
        else:
            yield from spellings(part)


def _run_tokens(run: str) -> Iterator[str]:
    """Yield every pair of neighbours, and the last character, with which no pair begins."""
    yield from grams(run, 2)
    yield run[-1]


@lru_cache(maxsize=50_000)
def _fragments(word: str) -> tuple[str, ...]:
    return tuple(LETTERS + gram for gram in grams(word, 3)) if len(word) > 3 else ()


def _four_digits(digits: str) -> Iterator[str]:
    return (DIGITS + gram for gram in grams(digits, 4))
