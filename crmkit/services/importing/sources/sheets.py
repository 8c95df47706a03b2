"""XLSX workbooks, one table a sheet, read as a stream; formulas give the results that the file stores."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache, partial
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from crmkit.core.errors import BadInput
from crmkit.core.messages import Message, msg, shown
from crmkit.services.importing.sources.records import (
    Part,
    SourceOptions,
    TableSource,
    bad_row,
    column_names,
    numbered_columns,
)

_PART = 1000
_SPELLED = re.compile("_x([0-9A-Fa-f]{4})_")
_QUOTED = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.')


def open_sheets(path: Path, own: SourceOptions, options: Mapping[str, SourceOptions]) -> list[TableSource]:
    """Return the sheets of the workbook that are not empty. Raises BadInput for a file that is no readable workbook."""
    book = _open(path)
    try:
        tables = []
        for sheet in book.worksheets:
            table = _table(path, sheet, options.get(sheet.title, own))
            if table is not None:
                tables.append(table)
        return tables
    finally:
        book.close()


def _open(path: Path) -> Any:
    from openpyxl import load_workbook  # type: ignore[import-untyped, unused-ignore]
    from openpyxl.utils.exceptions import InvalidFileException  # type: ignore[import-untyped, unused-ignore]

    try:
        return load_workbook(path, read_only=True, data_only=True, keep_links=False)
    # Broken XML is a SyntaxError; the others come from missing or odd parts inside the archive.
    except (BadZipFile, InvalidFileException, LookupError, ValueError, TypeError, SyntaxError) as error:
        raise BadInput(
            msg(
                "{path} is not a readable XLSX workbook ({reason}); "
                "save it again as XLSX without a password, or as CSV",
                path=path,
                reason=shown(error, 200),
            )
        ) from error


def _table(path: Path, sheet: Any, options: SourceOptions) -> TableSource | None:
    where = f"{path}, sheet “{sheet.title}”"
    sheet.reset_dimensions()  # some programs state a wrong size, which would hide rows
    for index, cells in enumerate(sheet.iter_rows(), 1):
        values = [cell.value for cell in cells]
        if all(value is None for value in values):
            continue
        if isinstance(options.header, tuple):
            columns, after = column_names(options.header, where), index - 1
        elif options.header is False:
            columns, after = numbered_columns(len(values)), index - 1
        else:
            columns, after = column_names(values, where), index
        read = partial(_read, path, sheet.title, columns, after)
        return TableSource(sheet.title, columns, f"XLSX, sheet “{sheet.title}”", "rows", None, read)
    return None


def _read(path: Path, title: str, columns: tuple[str, ...], after: int) -> Iterator[Part]:
    book = _open(path)
    try:
        sheet = book[title]
        sheet.reset_dimensions()
        part = Part([], [], [], 0)
        for number, cells in enumerate(sheet.iter_rows(), 1):
            if number <= after:
                continue
            row: list[Any] = []
            problem: Message | None = None
            for index, cell in enumerate(cells):
                if cell.data_type == "e":
                    problem = problem or msg(
                        "column {column} holds the error {error}",
                        column=columns[index] if index < len(columns) else str(index + 1),
                        error=cell.value,
                    )
                row.append(_value(cell))
            while row and row[-1] is None:
                row.pop()
            if not row:
                continue
            if len(row) > len(columns):
                problem = problem or msg(
                    "{count} cells instead of {width}: “{text}” stands in a column without a name",
                    count=len(row),
                    width=len(columns),
                    text=shown(row[-1]),
                )
            row += [None] * (len(columns) - len(row))
            if problem is None:
                part.rows.append(row)
                part.numbers.append(number)
            else:
                part.problems.append(bad_row(number, problem, None, dict(zip(columns, row, strict=False))))
            if len(part.rows) + len(part.problems) >= _PART:
                yield part._replace(position=number)
                part = Part([], [], [], number)
        if part.rows or part.problems:
            yield part._replace(position=part.numbers[-1] if part.numbers else part.problems[-1].number)
    finally:
        book.close()


def _value(cell: Any) -> Any:
    """Return the cell's value: whole numbers as int, others as Decimal, dates without a time as date."""
    value = cell.value
    if isinstance(value, str):
        # How a sheet spells characters that XML lacks or changes (ECMA-376 part 1, 22.9.2.19), such as the CR of CR LF.
        return _SPELLED.sub(lambda found: chr(int(found[1], 16)), value) if "_x" in value else value
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, float):
        # The file holds a binary number; its shortest decimal form is what was typed. Above 2**53 not every int exists.
        return int(value) if value.is_integer() and abs(value) < 2**53 else Decimal(repr(value))
    if isinstance(value, datetime):
        return value if _has_time(cell.number_format) or value.time() != time() else value.date()
    if isinstance(value, time | timedelta):
        return value.isoformat() if isinstance(value, time) else str(value)
    return value if isinstance(value, int | date) else str(value)


@lru_cache(maxsize=256)
def _has_time(number_format: str) -> bool:
    return any(letter in "hHsS" for letter in _QUOTED.sub("", number_format))
