"""The constants in a row of an SQL dump."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, NamedTuple

from crmkit.core.errors import CrmError
from crmkit.core.messages import msg, shown
from crmkit.services.importing.sources.sql_text import Flavour

_TEXTS = {"STRING", "NATIONAL_STRING", "BYTE_STRING", "HEREDOC_STRING", "RAW_STRING", "UNICODE_STRING"}
_WHOLE = {"smallint", "integer", "bigint", "int", "int2", "int4", "int8", "serial", "bigserial", "smallserial"}
_DECIMAL = {"numeric", "decimal", "real", "double", "double precision", "float", "float4", "float8"}
_COPY_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


class Unreadable(CrmError):
    """A row holds something that is no constant."""

    code = "bad_input"


class Token(NamedTuple):
    """A token: its sqlglot type's name and its text, without quotes and escapes if it is a string."""

    kind: str
    text: str


@cache
def _tokenizer(flavour: Flavour) -> tuple[Callable[[str], Sequence[Any]], type[Exception]]:
    from sqlglot.dialects.dialect import Dialect
    from sqlglot.errors import TokenError

    return Dialect.get_or_raise(flavour).tokenize, TokenError


def tokens(text: str, flavour: Flavour) -> list[Token]:
    """Return the tokens of ``text``. Raises Unreadable when it has none."""
    tokenize, error = _tokenizer(flavour)
    try:
        return [Token(token.token_type.name, token.text) for token in tokenize(text)]
    except error as reason:
        raise Unreadable(msg("cannot be read: {reason}", reason=shown(reason, 200))) from reason


def row_cells(text: str, flavour: Flavour) -> list[Any]:
    """Return the values of ``(1, 'a', NULL)``. Raises Unreadable when one is no constant."""
    cells: list[Any] = []
    value: list[Token] = []
    depth = 0
    for token in tokens(text, flavour):
        if token.kind == "L_PAREN":
            depth += 1
            if depth == 1:
                continue
        elif token.kind == "R_PAREN":
            depth -= 1
            if depth == 0:
                break
        elif token.kind == "COMMA" and depth == 1:
            cells.append(_constant(value))
            value = []
            continue
        value.append(token)
    cells.append(_constant(value))
    return cells


def _constant(value: list[Token]) -> Any:
    kinds = [token.kind for token in value]
    if "DCOLON" in kinds:  # 'x'::date
        value = value[: kinds.index("DCOLON")]
    elif len(value) > 4 and value[0].text.upper() == "CAST" and "ALIAS" in kinds:  # CAST('x' AS date)
        value = value[2 : kinds.index("ALIAS")]
    kinds = [token.kind for token in value]
    if len(value) == 1:
        found = _single(value[0])
    elif kinds[-1:] == ["NUMBER"] and set(kinds[:-1]) <= {"DASH", "PLUS", "DOT"}:
        return _number("".join(token.text for token in value))
    elif len(value) == 2 and value[1].kind in _TEXTS | {"HEX_STRING"} and value[0].text.replace("_", "").isalnum():
        found = _single(value[1])  # DATE '2020-01-31', _binary 'abc'
    else:
        found = NotImplemented
    if found is NotImplemented:
        text = " ".join(token.text for token in value)
        raise Unreadable(msg("“{text}” is no constant value", text=shown(text)))
    return found


def _single(token: Token) -> Any:
    if token.kind in _TEXTS:
        return token.text
    if token.kind == "NUMBER":
        return _number(token.text)
    if token.kind in ("NULL", "TRUE", "FALSE"):
        return {"NULL": None, "TRUE": True, "FALSE": False}[token.kind]
    if token.kind == "HEX_STRING":
        return f"\\x{token.text}"
    return int(token.text, 2) if token.kind == "BIT_STRING" else NotImplemented


def _number(text: str) -> int | Decimal:
    try:
        return int(text) if text.lstrip("+-").isdecimal() else Decimal(text)
    except (ValueError, InvalidOperation) as error:  # int() refuses thousands of digits
        raise Unreadable(msg("{text} is no number", text=shown(text))) from error


def copied_cells(line: str, types: Sequence[str]) -> list[Any]:
    """Return the values of a line of PostgreSQL's COPY text format; columns' types tell numbers and truth values."""
    cells = line.split("\t")
    return [_copied(cell, kind) for cell, kind in zip(cells, [*types, *[""] * len(cells)], strict=False)]


def _copied(cell: str, kind: str) -> Any:
    if cell == "\\N":
        return None
    if kind in _WHOLE or (kind in _DECIMAL and cell not in ("NaN", "Infinity", "-Infinity")):
        return _number(cell)
    if kind in ("boolean", "bool") and cell in ("t", "f"):
        return cell == "t"
    return _unescaped(cell) if "\\" in cell else cell


def _unescaped(cell: str) -> str:
    parts = iter(cell)
    return "".join(_COPY_ESCAPES.get(after := next(parts, ""), after) if letter == "\\" else letter for letter in parts)
