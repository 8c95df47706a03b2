"""CSV and TSV. The standard library's reader does the work; this module keeps what is broken apart from what is not.

Text is parsed strictly, a piece of whole lines at a time. A record that is cut off at the end of a piece is parsed
again with the next one; a record that is broken becomes a bad row, and reading goes on with the line after its first
one, so an unclosed quote cannot swallow the rest of the file. Costly checks run only where a cheap one found
something.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path

from crmkit.core.errors import BadInput
from crmkit.core.frozen import frozen
from crmkit.core.messages import Message, msg, shown
from crmkit.services.importing.sources.dialect import Dialect, Giant, find_delimiter, measure_record
from crmkit.services.importing.sources.encoding import Encoding, detect_encoding
from crmkit.services.importing.sources.records import (
    Part,
    SourceOptions,
    SourceRow,
    TableSource,
    bad_row,
    column_names,
    numbered_columns,
)
from crmkit.services.importing.sources.text import PIECE, TextFile, undecodable

_DELIMITER_NAMES = {"\t": "tab"}
_SEPARATOR_LINE = re.compile("sep=(.)[\r\n]", re.IGNORECASE)  # a first line by which Excel is told the delimiter
_CUT_OFF = "unexpected end of data"  # csv.Error's words for a quote that is still open when the lines end


def open_delimited(path: Path, options: SourceOptions) -> TableSource:
    """Return the table in the CSV or TSV file ``path``.

    Raises BadInput for a binary file, an encoding that is not recognised, and a header with empty or repeated names.
    """
    for name, mark in (("delimiter", options.delimiter), ("quote", options.quote)):
        if mark is not None and (len(mark) != 1 or mark in "\r\n"):
            raise BadInput(
                msg("{path}: {name} must be one character, not “{value}”", path=path, name=name, value=shown(mark))
            )
    encoding = detect_encoding(path, options.encoding)
    quote = options.quote or '"'
    with TextFile(path, encoding) as file:
        sample = file.read(4 * PIECE)
    stated = _SEPARATOR_LINE.match(sample)
    delimiter = (
        options.delimiter
        or (stated and stated.group(1))
        or find_delimiter(sample, quote, "\t" if path.suffix.lower() in (".tsv", ".tab") else ",")
    )
    dialect = Dialect(delimiter, quote)
    limit = max(options.max_field_bytes, PIECE)
    # The limit of the csv module is one for the process and lower than ours; the bounds below keep records small.
    csv.field_size_limit(max(csv.field_size_limit(), 8 * limit))
    columns, header = _columns(sample, dialect, options, path)
    reader = _Reader(path, encoding, dialect, columns, header, options.max_field_bytes, 2 * limit)
    shape = f"delimiter {_DELIMITER_NAMES.get(delimiter, repr(delimiter))}" if columns else "empty"
    kind = "TSV" if delimiter == "\t" else "CSV"
    total = path.stat().st_size
    return TableSource(path.stem, columns, f"{kind}, {encoding.label}, {shape}", "bytes", total, partial(_read, reader))


def _columns(
    sample: str, dialect: Dialect, options: SourceOptions, path: Path
) -> tuple[tuple[str, ...], tuple[int, int]]:
    """Return the columns, and the characters and lines that the header takes."""
    lines = list(io.StringIO(sample, newline=""))
    skipped = 1 if _SEPARATOR_LINE.match(sample) else 0
    reader = csv.reader(lines[skipped:], delimiter=dialect.delimiter, quotechar=dialect.quote, strict=True)
    try:
        first = next((row for row in reader if row and (len(row) > 1 or row[0].strip())), None)
    except csv.Error as error:
        raise BadInput(
            msg("{path}: the header cannot be read: {error}: {text}", path=path, error=error, text=shown(lines[0], 200))
        ) from None
    if isinstance(options.header, tuple):
        return column_names(options.header, path), (sum(map(len, lines[:skipped])), skipped)
    if first is None:
        return (), (0, 0)
    if options.header is False:
        return numbered_columns(len(first)), (sum(map(len, lines[:skipped])), skipped)
    if any("\0" in name or undecodable(name) for name in first):
        raise BadInput(
            msg("{path}: the header has unreadable characters: {text}", path=path, text=shown(lines[0], 200))
        )
    used = skipped + reader.line_num
    if used == len(lines) and path.stat().st_size > 4 * PIECE:
        raise BadInput(
            msg(
                "{path}: the header is longer than {limit} bytes: {text}",
                path=path,
                limit=4 * PIECE,
                text=shown(lines[0]),
            )
        )
    return column_names(first, path), (sum(map(len, lines[:used])), used)


@frozen
class _Reader:
    path: Path
    encoding: Encoding
    dialect: Dialect
    columns: tuple[str, ...]
    header: tuple[int, int]
    max_field_bytes: int
    max_record: int  # characters of a record that are held in memory

    def parse(self, lines: list[str], number: int, final: bool, checked: bool, into: Part) -> int:
        """Parse ``lines``, of which the first is line ``number``, and return how many belong to whole records.

        With ``checked`` each cell is looked at for NUL, undecodable bytes and size.
        """
        width = len(self.columns)
        rows, numbers, problems = into.rows, into.numbers, into.problems
        delimiter, quote = self.dialect.delimiter, self.dialect.quote
        base = start = 0  # the lines where this csv.reader and where the current record begin
        while base < len(lines):
            rest = islice(lines, base, None) if base else iter(lines)
            reader = csv.reader(rest, delimiter=delimiter, quotechar=quote, strict=True)
            try:
                for row in reader:
                    if len(row) != width or checked:
                        end = base + reader.line_num
                        problem = (self.cell_fault(row) if checked else None) or self.width_fault(row)
                        if problem is not None:
                            problems.append(bad_row(number + start, problem, "".join(lines[start:end])))
                            row = []
                        if not row:
                            start = end
                            continue
                    rows.append(row)
                    numbers.append(number + start)
                    start = base + reader.line_num
                return len(lines)
            except csv.Error as error:
                if str(error) == _CUT_OFF and not final:
                    return start
                problems.append(bad_row(number + start, self.quote_fault(error), lines[start]))
                base = start = start + 1
        return len(lines)

    def width_fault(self, row: list[str]) -> Message | None:
        """Return what is wrong with a row's width. Cuts empty cells off its end, and all cells off a blank one."""
        width = len(self.columns)
        if len(row) == 1 and width > 1 and not row[0].strip():
            row.clear()
        while len(row) > width and not row[-1]:
            row.pop()
        if row and len(row) < width:
            return msg(
                "{count} cells instead of {width}: {missing} and all after it are missing",
                count=len(row),
                width=width,
                missing=self.columns[len(row)],
            )
        if len(row) > width:
            return msg(
                "{count} cells instead of {width}: “{text}” is too much; is a quote or a delimiter misplaced?",
                count=len(row),
                width=width,
                text=shown(row[width]),
            )
        return None

    def cell_fault(self, row: list[str]) -> Message | None:
        for index, cell in enumerate(row):
            if "\0" in cell:
                return msg("column {column} holds a NUL character", column=self.column(index))
            if (byte := undecodable(cell)) is not None:
                return msg(
                    "column {column} holds bytes that are not {encoding}, the first is {byte}",
                    column=self.column(index),
                    encoding=self.encoding.label,
                    byte=byte,
                )
            if 4 * len(cell) > self.max_field_bytes and (size := len(cell.encode())) > self.max_field_bytes:
                return self.size_fault(index, size)
        return None

    def size_fault(self, index: int, size: int) -> Message:
        return msg(
            "column {column} has {size} bytes, more than the limit of {limit}",
            column=self.column(index),
            size=size,
            limit=self.max_field_bytes,
        )

    def quote_fault(self, error: csv.Error) -> Message:
        if str(error) == _CUT_OFF:
            return msg("a quote {quote} is opened and never closed", quote=self.dialect.quote)
        return msg(
            "a quote {quote} stands inside a quoted cell, or a cell's quote is not closed", quote=self.dialect.quote
        )

    def column(self, index: int) -> str:
        return self.columns[index] if index < len(self.columns) else str(index + 1)


def _read(reader: _Reader) -> Iterator[Part]:
    if not reader.columns:
        return
    characters, number = reader.header[0], reader.header[1] + 1
    with TextFile(reader.path, reader.encoding) as file:
        buffer = ""
        suspicious = False
        while len(buffer) < characters:  # the header was read from the first piece, so this ends
            if not (piece := file.read()):
                return  # the file was cut since it was opened
            buffer += piece
            suspicious = suspicious or file.suspicious
        buffer = buffer[characters:]
        final = False
        while not final:
            # A growing record is parsed again with each piece, so the pieces double.
            piece = file.read(max(PIECE, min(len(buffer), reader.max_record)))
            final = not piece
            buffer += piece
            suspicious = suspicious or file.suspicious
            # Lines end with \n, \r\n or \r; a \r at the very end may be half of \r\n.
            end = len(buffer) if final else max(buffer.rfind("\n"), buffer.rfind("\r", 0, -1)) + 1
            lines = list(io.StringIO(buffer[:end], newline=""))
            part = Part([], [], [], file.position)
            used = reader.parse(lines, number, final, suspicious or 4 * len(buffer) > reader.max_field_bytes, part)
            number += used
            buffer = "".join(lines[used:]) + buffer[end:]
            if part.rows or part.problems:
                yield part
            if used:
                suspicious = suspicious and bool(buffer) and ("\0" in buffer or undecodable(buffer) is not None)
                file.release(file.place - len(buffer))
            if len(buffer) > reader.max_record:
                row, buffer, lines_skipped = _giant(reader, file, buffer, number)
                number += lines_skipped
                yield Part([], [], [row], file.position)


def _giant(reader: _Reader, file: TextFile, buffer: str, number: int) -> tuple[SourceRow, str, int]:
    """Pass over a record that is too large to be held: measure it, or find that its quote is never closed.

    Returns the bad row, the text after it and the number of lines passed.
    """
    begin = file.place - len(buffer)
    giant: Giant = measure_record(buffer, file.read, reader.dialect)
    raw = buffer[:1000] + "…"
    if giant.closed:
        if giant.size > reader.max_field_bytes:
            problem = reader.size_fault(giant.column, giant.size)
        else:
            problem = msg("the record is larger than {limit} characters", limit=reader.max_record)
        return bad_row(number, problem, raw), giant.rest, giant.lines
    problem = reader.quote_fault(csv.Error(_CUT_OFF))
    text = file.back(begin + giant.first_line)
    return bad_row(number, problem, buffer[: min(giant.first_line, 1000)]), text, 1
