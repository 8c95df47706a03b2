"""How well a record's texts fit a query. The index proposes records; what fits is decided here, on what they hold now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from crmkit.core.frozen import frozen
from crmkit.core.search.query import LEAST_PHONE, SHORT, Query, Unit
from crmkit.core.search.readings import readings
from crmkit.core.search.terms import (
    EXACT_MAIL,
    EXACT_NAME,
    EXACT_PHONE,
    MOST_PIECES,
    compact,
    digits_of,
    heard_pieces,
    mail_parts,
    name_pieces,
    suffixes,
)
from crmkit.core.search.texts import Rank, Text
from crmkit.core.search.words import folded, has_han, is_run, pieces, spellings


@frozen
class Match:
    """That a record fits, how well, and the text that shows it."""

    rank: Rank
    text: Text


def match(query: Query, texts: Sequence[Text]) -> Match | None:
    """Return how well texts fit a query, None when one of its units is nowhere in them."""
    for text in texts:
        if text.value and _is_exact(query, text):
            return Match(Rank.EXACT, text)
    found: list[tuple[Rank, Text]] = []
    for unit in query.units:
        best: tuple[Rank, Text] | None = None
        for text in texts:
            rank = _rank(unit, text) if text.value else None
            if rank is not None and (best is None or rank < best[0]):
                best = (rank, text)
        if best is None:
            return None
        found.append(best)
    worst, shown = max(found, key=lambda pair: pair[0])
    first = found[0][0]
    return Match(first if worst <= Rank.WORD_PREFIX and first <= Rank.PREFIX else worst, shown)


def _is_exact(query: Query, text: Text) -> bool:
    if text.kind == "name":
        return any(EXACT_NAME + whole in query.exact for whole in compact(name_pieces(text.value)) if whole)
    if text.kind == "mail":
        return EXACT_MAIL + folded(text.value) in query.exact
    if text.kind == "phone":
        return EXACT_PHONE + digits_of(text.value) in query.exact
    return False


def _rank(unit: Unit, text: Text) -> Rank | None:
    if unit.kind == "mail":
        return _rank_of_address(unit.text, text)
    if text.kind == "name":
        return min(_ranks_in_name(unit, name_pieces(text.value), heard_pieces(text.value)), default=None)
    if text.kind == "phone":
        return _rank_in_phone(unit, digits_of(text.value))
    if text.kind == "mail":
        return min(_ranks_in_mail(unit, folded(text.value)), default=None)
    return _rank_in_prose(unit, pieces(folded(text.value)))


def _rank_of_address(address: str, text: Text) -> Rank | None:
    """The beginning of an address is found where a word begins."""
    if text.kind == "phone" or (text.kind == "name" and len(pieces(folded(text.value))) > MOST_PIECES):
        return None
    value = folded(text.value)
    at = value.find(address)
    while at > 0 and len(pieces(value[at - 1 : at + 1])) == 1 and len(pieces(value[at - 1])) == 1:
        at = value.find(address, at + 1)
    return None if at < 0 else Rank.TEXT


def _ranks_in_name(unit: Unit, parts: list[str], heard: list[str]) -> Iterator[Rank]:
    for place, (part, written) in enumerate(zip(parts, heard, strict=True)):
        begins, is_word = (Rank.PREFIX, Rank.FIRST_WORD) if place == 0 else (Rank.WORD_PREFIX, Rank.WORD)
        if is_run(part):
            if unit.kind == "run":
                if unit.text in part:
                    whole, starts = unit.text == part, part.startswith(unit.text)
                    yield is_word if whole else begins if starts else Rank.WORD_PREFIX
            elif has_han(part) and _sounds(unit, written, place == 0):
                yield Rank.READING
        elif unit.kind == "word":
            for word in spellings(part):
                for wanted in unit.spellings:
                    if word == wanted:
                        yield is_word
                    elif word.startswith(wanted):
                        yield begins
                    elif len(wanted) > SHORT and wanted in word:
                        yield Rank.FRAGMENT
                if word in unit.near:
                    yield Rank.SIMILAR


def _sounds(unit: Unit, run: str, first: bool) -> bool:
    for wanted in unit.spellings:
        if not wanted.isascii():
            continue
        for reading in readings(run):
            for place, heard in enumerate(suffixes(reading)):
                for sound in heard:
                    if sound == wanted:
                        return True
                    if sound.startswith(wanted) and (len(wanted) > SHORT or (first and place == 0)):
                        return True
    return False


def _ranks_in_mail(unit: Unit, address: str) -> Iterator[Rank]:
    for part in mail_parts(address):
        for word in spellings(part):
            for wanted in unit.spellings:
                if _begins(word, wanted) or (unit.kind == "run" and wanted in word):
                    yield Rank.TEXT
                elif unit.kind == "word" and len(wanted) > SHORT and wanted in word:
                    yield Rank.FRAGMENT


def _rank_in_phone(unit: Unit, digits: str) -> Rank | None:
    if not unit.number:
        return None
    if any(_begins(digits, wanted) for wanted in unit.spellings):
        return Rank.TEXT
    inside = any(len(wanted) >= LEAST_PHONE and wanted in digits for wanted in unit.spellings)
    return Rank.FRAGMENT if inside else None


def _rank_in_prose(unit: Unit, parts: list[str]) -> Rank | None:
    if unit.kind == "run":
        return Rank.TEXT if any(unit.text in part for part in parts if is_run(part)) else None
    for part in parts:
        if part.isascii():
            if any(_begins(part, wanted) for wanted in unit.spellings):
                return Rank.TEXT
        elif not is_run(part) and any(_begins(word, w) for word in spellings(part) for w in unit.spellings):
            return Rank.TEXT
    similar = any(word in unit.near for part in parts for word in spellings(part)) if unit.near else False
    return Rank.SIMILAR if similar else None


def _begins(word: str, wanted: str) -> bool:
    """Whether a word is ``wanted``, or begins with it when that is long enough to tell something."""
    return word == wanted or (len(wanted) > SHORT and word.startswith(wanted))
