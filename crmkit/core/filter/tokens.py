"""Cutting the text of a filter into tokens. Full-width punctuation, as Chinese and Japanese keyboards give, counts."""

from __future__ import annotations

from typing import Literal

from crmkit.core.filter.faults import FilterError
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg

TokenKind = Literal["word", "quoted", "operator", "(", ")", ",", "end"]

_WIDE = "\uff08\uff09\uff1d\uff1c\uff1e\uff01\uff0c\u3001\uff02\uff07\u3000"
_ASCII_OF = str.maketrans(_WIDE, "()=<>!,,\"' ")
_SIGNS = {"\u2264": "<=", "\u2265": ">=", "\u2260": "!="}
_OPERATORS = ("!==", "==", "!=", "<>", "<=", ">=", "=", "<", ">")
_CLOSERS = {
    '"': '"',
    "'": "'",
    "\u201c": "\u201d\u201c",
    "\u201d": "\u201d",
    "\u201e": "\u201c\u201d",
    "\u2018": "\u2019",
    "\u00ab": "\u00bb",
    "「": "」",
    "『": "』",
}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


@frozen
class Token:
    """A piece of the text: ``text`` as meant (quotes and escapes undone), from ``start`` to before ``end``."""

    kind: TokenKind
    text: str
    start: int
    end: int


def tokenize(source: str) -> list[Token]:
    """Return the tokens of a filter, the last of kind ``end``; raises FilterError for a quote that never closes."""
    plain = source.translate(_ASCII_OF)
    tokens: list[Token] = []
    place = 0
    while place < len(plain):
        mark = plain[place]
        if mark.isspace():
            place += 1
            continue
        token = _punctuation(plain, place) or (
            _quoted(source, plain, place) if mark in _CLOSERS else _word(source, plain, place)
        )
        tokens.append(token)
        place = token.end
    tokens.append(Token("end", "", len(source), len(source)))
    return tokens


def _punctuation(plain: str, place: int) -> Token | None:
    mark = plain[place]
    if mark in ("(", ")", ","):
        return Token(mark, mark, place, place + 1)  # type: ignore[arg-type]  # the three are token kinds
    if mark in _SIGNS:
        return Token("operator", _SIGNS[mark], place, place + 1)
    for operator in _OPERATORS:
        if plain.startswith(operator, place):
            return Token("operator", "!=" if operator == "<>" else operator, place, place + len(operator))
    return None


def _quoted(source: str, plain: str, start: int) -> Token:
    closers = _CLOSERS[plain[start]]
    said: list[str] = []
    place = start + 1
    while place < len(source):
        mark = source[place]
        if mark in closers or plain[place] in closers:
            return Token("quoted", "".join(said), start, place + 1)
        if mark == "\\" and place + 1 < len(source):
            place += 1
            mark = _ESCAPES.get(source[place], source[place])
        said.append(mark)
        place += 1
    raise FilterError(msg("the quote that starts here never ends"), source, start)


def _word(source: str, plain: str, start: int) -> Token:
    """A run up to white space or punctuation; an apostrophe inside belongs to it, as in O'Brien."""
    place = start
    while place < len(plain):
        mark = plain[place]
        if mark.isspace() or mark in '(),"' or mark in "=<>" or mark in _SIGNS or plain.startswith("!=", place):
            break
        if mark in _CLOSERS and mark != "'":
            break
        place += 1
    return Token("word", source[start:place], start, place)
