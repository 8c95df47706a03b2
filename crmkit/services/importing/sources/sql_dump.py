"""Dumps of simple SQL: CREATE TABLE names the columns, INSERT ... VALUES and COPY ... FROM stdin give the rows.

Tokens are sqlglot's; values are constants (text, numbers, NULL, TRUE, FALSE, binary as ``\\x`` and hexadecimal digits),
with or without a cast. Anything else in a row, such as a function call, makes it a bad row. Rows are numbered within
their table, since a dump may put thousands of them on one line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import attrs

from crmkit.core.frozen import frozen
from crmkit.core.messages import Message, msg, shown
from crmkit.services.importing.sources.encoding import Encoding, detect_encoding
from crmkit.services.importing.sources.records import (
    Part,
    SourceOptions,
    TableSource,
    bad_row,
    numbered_columns,
)
from crmkit.services.importing.sources.sql_text import Flavour, Piece, cut
from crmkit.services.importing.sources.sql_values import Unreadable, copied_cells, row_cells, tokens
from crmkit.services.importing.sources.text import PIECE, TextFile, undecodable

_PART = 1000
_CREATE = re.compile(r"\s*CREATE\s+(?:\w+\s+){0,3}?TABLE\b", re.IGNORECASE)
_INSERT = re.compile(r"\s*(?:INSERT|REPLACE)\b", re.IGNORECASE)
_REPLACE = re.compile(r"^\s*REPLACE\b", re.IGNORECASE)
_MYSQL = re.compile(r"\bENGINE\s*=|MySQL dump|MariaDB dump|INSERT INTO `|CREATE TABLE `", re.IGNORECASE)
_TSQL = re.compile(r"\[dbo\]|^\s*GO\s*$", re.IGNORECASE | re.MULTILINE)
_NO_COLUMN = {"PRIMARY", "UNIQUE", "CONSTRAINT", "FOREIGN", "CHECK", "EXCLUDE", "LIKE", "FULLTEXT", "SPATIAL", "PERIOD"}
_BINARY = {"bytea", "blob", "tinyblob", "mediumblob", "longblob", "varbinary", "binary"}
_USUAL_SCHEMAS = {"public", "dbo", "main"}


@attrs.define
class _Table:
    types: dict[str, str] = attrs.field(factory=dict)  # column -> type, from CREATE TABLE
    columns: dict[str, None] = attrs.field(factory=dict)  # in the order of first use, when CREATE TABLE is missing
    width: int = 0  # the cells of the first row, when nothing names the columns
    rows: int = 0

    def names(self) -> tuple[str, ...]:
        return tuple(self.types | self.columns) or numbered_columns(self.width)


@frozen
class _Dump:
    path: Path
    encoding: Encoding
    flavour: Flavour
    limit: int

    def pieces(self) -> Iterator[tuple[Piece, str, tuple[str, ...]]]:
        """Yield pieces with the table and the columns of the statement they belong to."""
        heads: dict[str, tuple[str, tuple[str, ...]]] = {}
        table, columns = "", tuple[str, ...]()
        for piece in cut(self.path, self.encoding, self.flavour, self.limit):
            if piece.kind in ("insert", "copy") or (piece.kind == "statement" and _INSERT.match(piece.text)):
                if piece.text not in heads:
                    heads[piece.text] = self.head(piece.text)
                    if len(heads) > 1000:
                        heads = {piece.text: heads[piece.text]}
                table, columns = heads[piece.text]
            yield piece, table, columns

    def head(self, text: str) -> tuple[str, tuple[str, ...]]:
        """Return table and columns of the start of an INSERT or COPY."""
        try:
            found = tokens(_REPLACE.sub("INSERT", text), self.flavour)  # sqlglot does not look into REPLACE
        except Unreadable:
            return "", ()
        after = next((index for index, token in enumerate(found) if token.kind == "INTO"), None)
        if after is None:  # COPY t, INSERT t
            after = 0
        table, index = _qualified(found, after + 1)
        columns = []
        if index < len(found) and found[index].kind == "L_PAREN":
            for token in found[index + 1 :]:
                if token.kind == "R_PAREN":
                    break
                if token.kind != "COMMA":
                    columns.append(token.text)
        return table, tuple(columns)

    def created(self, text: str) -> tuple[str, dict[str, str]]:
        """Return table, columns and their types of a CREATE TABLE."""
        try:
            found = tokens(text, self.flavour)
        except Unreadable:
            return "", {}
        index = next(index for index, token in enumerate(found) if token.kind == "TABLE") + 1
        while index < len(found) and found[index].text.upper() in ("IF", "NOT", "EXISTS", "IF NOT EXISTS"):
            index += 1
        table, index = _qualified(found, index)
        types: dict[str, str] = {}
        depth = 0
        begins = False  # the next token is the first of a column or constraint
        for token, following in zip(found[index:], [*found[index + 1 :], None], strict=True):
            if token.kind == "L_PAREN":
                depth += 1
                begins = depth == 1
            elif token.kind == "R_PAREN":
                depth -= 1
                if depth == 0:
                    break
            elif depth == 1 and token.kind == "COMMA":
                begins = True
            elif begins:
                begins = False
                constraint = token.text.upper().split()[0] in _NO_COLUMN or (
                    self.flavour == "mysql" and token.text.upper() in ("KEY", "INDEX")
                )
                if token.kind == "IDENTIFIER" or not constraint:
                    types[token.text] = following.text.lower() if following else ""
        return table, types


def open_dump(path: Path, options: SourceOptions) -> Sequence[TableSource]:
    """Return the tables that have rows in the dump, which is read once to count them.

    Raises BadInput for a quote that is never closed and a row that is larger than four of the largest cells.
    """
    encoding = detect_encoding(path, options.encoding)
    with TextFile(path, encoding) as file:
        sample = file.read(4 * PIECE)
    flavour: Flavour = "mysql" if _MYSQL.search(sample) else "tsql" if _TSQL.search(sample) else "postgres"
    dump = _Dump(path, encoding, flavour, 4 * max(options.max_field_bytes, PIECE))
    tables: dict[str, _Table] = {}
    for piece, name, columns in dump.pieces():
        if piece.kind == "statement" and _CREATE.match(piece.text):
            created, types = dump.created(piece.text)
            tables.setdefault(created, _Table()).types.update(types)
        elif piece.kind in ("row", "line") or (piece.kind == "statement" and _INSERT.match(piece.text)):
            table = tables.setdefault(name, _Table())
            table.rows += 1
            table.columns.update(dict.fromkeys(columns))
            if piece.kind == "row" and not table.width and not table.names():
                table.width = _width(piece.text, flavour)
    kind = {"mysql": "MySQL dump", "tsql": "SQL Server dump", "postgres": "SQL dump"}[flavour]
    return [
        TableSource(
            name,
            table.names(),
            f"{kind}, {encoding.label}, table {name}",
            "rows",
            table.rows,
            partial(_read, dump, name, table),
        )
        for name, table in tables.items()
        if table.rows
    ]


def _width(text: str, flavour: Flavour) -> int:
    try:
        return len(row_cells(text, flavour))
    except Unreadable:
        return 0


def _read(dump: _Dump, name: str, table: _Table) -> Iterator[Part]:
    names = table.names()
    binary = {column for column, kind in table.types.items() if kind in _BINARY}
    order: dict[tuple[str, ...], list[int | None]] = {}
    part = Part([], [], [], 0)
    seen = 0
    for piece, belongs, stated in dump.pieces():
        if belongs != name or piece.kind not in ("row", "line", "statement"):
            continue
        if piece.kind == "statement" and not _INSERT.match(piece.text):
            continue
        columns = stated or tuple(table.types) or names
        seen += 1
        found = _cells(piece, columns, dump, table)
        if isinstance(found, Message):
            problem = msg("line {line}: {problem}", line=piece.line, problem=found)
            part.problems.append(bad_row(seen, problem, piece.text))
        else:
            for index, column in enumerate(columns):
                if found[index] == "\\x" and column in binary:
                    found[index] = None
            if columns != names:
                if columns not in order:
                    order[columns] = [columns.index(column) if column in columns else None for column in names]
                found = [None if index is None else found[index] for index in order[columns]]
            part.rows.append(found)
            part.numbers.append(seen)
        if len(part.rows) + len(part.problems) >= _PART or seen == table.rows:
            yield part._replace(position=seen)
            part = Part([], [], [], seen)
        if seen == table.rows:
            return


def _cells(piece: Piece, columns: tuple[str, ...], dump: _Dump, table: _Table) -> list[Any] | Message:
    if (byte := undecodable(piece.text)) is not None:
        return msg("holds bytes that are not {encoding}, the first is {byte}", encoding=dump.encoding.label, byte=byte)
    if "\0" in piece.text:
        return msg("holds a NUL character")
    if piece.kind == "statement":
        return msg("only INSERT ... VALUES is read, not {text}", text=shown(" ".join(piece.text.split()), 100))
    try:
        if piece.kind == "line":
            cells = copied_cells(piece.text, [table.types.get(column, "") for column in columns])
        else:
            cells = row_cells(piece.text, dump.flavour)
    except Unreadable as error:
        return error.message
    if len(cells) != len(columns):
        return msg("{count} values for {width} columns", count=len(cells), width=len(columns))
    return cells


def _qualified(found: Sequence[Any], index: int) -> tuple[str, int]:
    """Return the table's name at ``index``, without a usual schema, and the index after it."""
    names = [found[index].text] if index < len(found) else [""]
    while index + 2 < len(found) and found[index + 1].kind == "DOT":
        index += 2
        names.append(found[index].text)
    if len(names) > 1 and names[-2].lower() not in _USUAL_SCHEMAS:
        return f"{names[-2]}.{names[-1]}", index + 1
    return names[-1], index + 1
