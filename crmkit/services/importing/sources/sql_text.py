"""An SQL dump cut into statements, rows of VALUES and lines of COPY, without holding more than one of them in memory.

Only quotes, comments and brackets are understood here; what a piece means is the business of ``sql_dump``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from crmkit.core.errors import BadInput
from crmkit.core.messages import msg, shown
from crmkit.services.importing.sources.encoding import Encoding
from crmkit.services.importing.sources.text import PIECE, TextFile

Flavour = Literal["postgres", "mysql", "tsql"]
"""Whose quoting the dump uses; SQLite's and standard SQL is read as PostgreSQL's."""


class Piece(NamedTuple):
    """``insert`` is a statement's start up to VALUES, ``row`` pieces follow; after ``copy`` come ``line`` ones."""

    kind: Literal["statement", "insert", "row", "copy", "line"]
    line: int
    text: str
    position: int


_ESCAPED = r"'[^'\\]*(?:(?:\\.|'')[^'\\]*)*'"
_COMMENT = r"--[^\n]*|/\*.*?\*/"
# A doubled quote reads as two strings side by side, which cuts just as well.
_CLOSED: dict[Flavour, str] = {
    "postgres": rf"""{_COMMENT}|[eE]{_ESCAPED}|'[^']*'|"[^"]*"|`[^`]*`|\$(?P<tag>[^\W\d]?\w*)\$.*?\$(?P=tag)\$""",
    "mysql": rf"""{_COMMENT}|\#[^\n]*|{_ESCAPED}|"[^"\\]*(?:\\.[^"\\]*)*"|`[^`]*`""",
    "tsql": rf"""{_COMMENT}|'[^']*'|"[^"]*"|\[[^\]]*\]""",
}
_OPEN: dict[Flavour, str] = {
    "postgres": r"""/\*|[eE]?'|"|`|\$(?:[^\W\d]\w*)?\$""",
    "mysql": r"""/\*|['"`]""",
    "tsql": r"""/\*|['"\[]""",
}
_TOKENS = {
    flavour: re.compile(
        rf"(?P<closed>\s+|{_CLOSED[flavour]})|(?P<open>{_OPEN[flavour]})|(?P<word>[^\W\d]\w*)|(?P<mark>\d+|.)",
        re.DOTALL,
    )
    for flavour in _CLOSED
}
_STRINGS: dict[Flavour, str] = {"postgres": "(?<![eE])'[^']*'", "mysql": _ESCAPED, "tsql": "'[^']*'"}
_PLAIN_ROW = {  # a whole row without inner brackets in one match: nearly all rows of nearly all dumps
    flavour: re.compile(rf"""\((?:[^()'"`$\[\]\\\#/;-]|-(?!-)|{string})*+\)""", re.DOTALL)
    for flavour, string in _STRINGS.items()
}
_STARTERS = {"INSERT", "REPLACE", "SET", "CREATE", "ALTER", "UPDATE", "DELETE", "PRINT", "IF", "COMMIT"}
_FROM_STDIN = re.compile(r"\bFROM\s+STDIN\b", re.IGNORECASE)


def cut(path: Path, encoding: Encoding, flavour: Flavour, limit: int) -> Iterator[Piece]:
    """Yield the pieces of the dump. Raises BadInput for a quote never closed and a piece above ``limit`` characters."""
    with TextFile(path, encoding) as file:
        yield from _Cutter(path, file, flavour, limit).pieces()


class _Cutter:
    def __init__(self, path: Path, file: TextFile, flavour: Flavour, limit: int) -> None:
        self.path, self.file, self.limit, self.flavour = path, file, limit, flavour
        self.buffer = ""
        self.at = 0  # index of the next token
        self.kept = 0  # index of the first character that the current piece needs
        self.line, self.counted = 1, 0  # the line number at index ``counted``
        self.final = False

    def more(self) -> None:
        if len(self.buffer) - self.kept > self.limit:
            raise BadInput(
                msg(
                    "{path}, line {line}: a statement or row of more than {limit} characters, "
                    "or a quote that is never closed: {text}",
                    path=self.path,
                    line=self.number(self.kept),
                    limit=self.limit,
                    text=shown(self.buffer[self.kept : self.kept + 80], 80),
                )
            )
        self.number(self.kept)
        piece = self.file.read(max(PIECE, len(self.buffer) - self.kept))
        self.final = not piece
        self.buffer = self.buffer[self.kept :] + piece
        self.at, self.kept, self.counted = self.at - self.kept, 0, self.counted - self.kept

    def number(self, index: int) -> int:
        """Return the line number at ``index``; asked in ascending order."""
        self.line += self.buffer.count("\n", self.counted, index)
        self.counted = index
        return self.line

    def piece(self, kind: Literal["statement", "insert", "row", "copy", "line"], end: int) -> Piece:
        text = self.buffer[self.kept : end]
        found = Piece(kind, self.number(self.kept), text, self.file.position)
        self.at = self.kept = end
        return found

    def to_line_end(self) -> str:
        """Pass to the end of the line and return what was passed."""
        while (end := self.buffer.find("\n", self.at)) < 0 and not self.final:
            self.more()
        end = end + 1 if end >= 0 else len(self.buffer)
        passed = self.buffer[self.at : end]
        self.at = end
        return passed

    def pieces(self) -> Iterator[Piece]:
        token, plain_row = _TOKENS[self.flavour], _PLAIN_ROW[self.flavour]
        first = ""  # the statement's first word; empty between statements
        mode = "head"  # then "values" between rows, "tail" after the last one
        ender = ";"
        depth = 0
        while True:
            match = token.match(self.buffer, self.at)
            if match is None or match.end() == len(self.buffer) or match.lastgroup == "open":
                if not self.final:
                    self.more()
                    continue
                if match is None:
                    break
                if match.lastgroup == "open":
                    raise BadInput(
                        msg(
                            "{path}, line {line}: {quote} is opened and never closed",
                            path=self.path,
                            line=self.number(self.at),
                            quote=match.group(),
                        )
                    )
            group, text, start = match.lastgroup, match.group(), self.at
            self.at = match.end()
            if group not in ("word", "mark"):
                if not first:
                    self.kept = self.at
                continue
            word = text.upper() if group == "word" else ""
            if not first and (text == "\\" or word == "DELIMITER"):  # commands of the psql and mysql programs
                passed = self.to_line_end()
                ender = (passed.strip() or ";") if word else ender
                self.kept = self.at
            elif ender != ";" and self.buffer.startswith(ender, start):
                self.at, first, mode, depth = start + len(ender), "", "head", 0
                self.kept = self.at
            elif ender != ";":
                first = first or text  # the body of a trigger or procedure: nothing to import
                self.kept = self.at
            elif depth == 0 and (text == ";" or (word == "GO" and self.flavour == "tsql")):
                if first and mode == "head":
                    copies = first == "COPY" and _FROM_STDIN.search(self.buffer, self.kept, start) is not None
                    yield self.piece("copy" if copies else "statement", start)
                    self.at = start + len(text)
                    if copies:
                        yield from self.copied()
                first, mode = "", "head"
                self.kept = self.at
            elif (
                depth == 0
                and mode != "head"
                and word in _STARTERS
                and not (mode == "tail" and word in ("UPDATE", "SET"))
            ):
                first, mode, self.kept = word, "head", start  # the statement before had no semicolon
            elif depth == 0 and word in ("VALUES", "VALUE") and mode == "head" and first in ("INSERT", "REPLACE"):
                yield self.piece("insert", self.at)
                mode = "values"
            elif word:
                first = first or word
                if mode == "values" and depth == 0:
                    mode = "tail"
            elif text == "(":
                if depth == 0 and mode == "values":
                    self.kept = start
                    if row := plain_row.match(self.buffer, start):
                        yield self.piece("row", row.end())
                        continue
                depth += 1
            elif text == ")":
                depth = max(0, depth - 1)
                if depth == 0 and mode == "values":
                    yield self.piece("row", self.at)
            if depth == 0 and mode != "head":
                self.kept = self.at
        if first and mode == "head":
            yield self.piece("statement", len(self.buffer))

    def copied(self) -> Iterator[Piece]:
        """Yield the lines of COPY data, up to the line with a backslash and a dot."""
        self.to_line_end()
        self.kept = self.at
        while line := self.to_line_end():
            text = line.rstrip("\r\n")
            if text == "\\.":
                return
            yield Piece("line", self.number(self.kept), text, self.file.position)
            self.kept = self.at
